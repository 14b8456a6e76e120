#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::conditions;
use crate::sql::sqlserver::lexer::{Kind, Token, tokens};

/// The operand and the values of each condition with the list `@l`.
fn found(text: &str) -> Vec<(String, bool, usize)> {
    let tokens: Vec<Token<'_>> = tokens(text)
        .unwrap()
        .into_iter()
        .filter(|token| token.kind != Kind::Blank)
        .collect();
    let is_list = |place: usize| tokens.get(place).is_some_and(|token| token.text == "@l");
    let text_of = |from: usize, to: usize| {
        let texts = tokens.get(from..to).unwrap().iter().map(|token| token.text);
        texts.collect::<Vec<_>>().join(" ")
    };
    conditions(&tokens, is_list)
        .into_iter()
        .map(|condition| {
            assert!(!condition.is_malformed(&tokens), "{text}");
            (
                text_of(condition.operand, condition.behind_operand),
                condition.negated,
                condition.values.len(),
            )
        })
        .collect()
}

#[test]
fn an_operand_begins_where_a_condition_can() {
    for (text, operand, negated) in [
        ("SELECT 1 WHERE a IN (@l)", "a", false),
        ("WHERE NOT a.[b] IN (@l)", "a . [b]", false),
        (
            "WHERE a = 1 AND dbo.f(x, y) NOT IN (@l)",
            "dbo . f ( x , y )",
            true,
        ),
        ("WHERE (a + b IN (@l) OR c = 1)", "a + b", false),
        ("SELECT SUM(CASE WHEN a IN (@l) THEN 1 END)", "a", false),
        (
            "SELECT IIF(a COLLATE Latin1_General_BIN NOT IN (@l), 1, 0)",
            "a COLLATE Latin1_General_BIN",
            true,
        ),
        ("HAVING COUNT(*) IN (@l)", "COUNT ( * )", false),
        ("IF @x IN (@l) SELECT 1", "@x", false),
        ("JOIN t ON t.a IN (@l)", "t . a", false),
        (
            "WHERE CASE WHEN a = 1 AND b = 2 THEN c ELSE d END IN (@l)",
            "CASE WHEN a = 1 AND b = 2 THEN c ELSE d END",
            false,
        ),
        (
            "WHERE (SELECT MAX(a) FROM t WHERE b = 1) IN (@l)",
            "( SELECT MAX ( a ) FROM t WHERE b = 1 )",
            false,
        ),
        ("WHERE a IN (1, @l, f(2, 3))", "a", false),
    ] {
        let conditions = found(text);
        assert_eq!(conditions.len(), 1, "{text}");
        assert_eq!(
            conditions
                .first()
                .map(|(operand, negated, _)| (operand.as_str(), *negated)),
            Some((operand, negated)),
            "{text}"
        );
    }
    let values = found("WHERE a IN (1, @l, f(2, 3))")
        .first()
        .map(|(.., values)| *values);
    assert_eq!(values, Some(3));
}

#[test]
fn brackets_without_a_list_are_none_of_our_business() {
    for text in [
        "WHERE a IN (1, 2)",
        "WHERE a IN (SELECT @l)",
        "WHERE a IN (@l + 1)",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}
