#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use tiberius::ColumnData;

use super::{Bound, Parameter, Template};
use crate::sql::sqlserver::sql_type::SqlType;

fn parameter(name: &str, sql_type: SqlType, list: bool) -> Parameter {
    Parameter {
        name: name.to_owned(),
        sql_type,
        list,
        output: false,
    }
}

fn ids() -> Vec<Parameter> {
    vec![
        parameter("ids", SqlType::Int, true),
        parameter("type", SqlType::NVarChar(Some(32)), false),
    ]
}

fn list(count: i32) -> Bound {
    Bound::List(
        (0..count)
            .map(|value| ColumnData::I32(Some(value)))
            .collect(),
    )
}

fn complaints(text: &str, parameters: &[Parameter]) -> Vec<String> {
    Template::parse(text, parameters, &[])
        .unwrap_err()
        .into_iter()
        .map(|(problem, _)| problem)
        .collect()
}

#[test]
fn a_list_grows_by_powers_of_two_and_repeats_its_last_value() {
    let template = Template::parse(
        "SELECT 1 FROM t WHERE id IN (@ids) AND type = @type",
        &ids(),
        &[],
    )
    .unwrap();
    let text = Bound::Value(ColumnData::String(Some("x".into())));
    let filled = template.fill(&ids(), &[list(3), text]);
    assert_eq!(
        filled.text,
        "SELECT 1 FROM t WHERE id IN (@P1, @P2, @P3, @P4) AND type = @P5"
    );
    let sent: Vec<_> = filled.values.into_iter().take(4).collect();
    assert_eq!(sent, [0, 1, 2, 2].map(|value| ColumnData::I32(Some(value))));
}

#[test]
fn a_null_has_its_type() {
    let template = Template::parse(
        "WHERE id IN (@ids) AND (@type IS NULL OR type = @type)",
        &ids(),
        &[],
    )
    .unwrap();
    let filled = template.fill(&ids(), &[list(0), Bound::Null]);
    assert_eq!(
        filled.text,
        "WHERE (id IS NULL AND id IS NOT NULL) AND (CAST(NULL AS nvarchar(4000)) IS NULL OR type = CAST(NULL AS nvarchar(4000)))"
    );
    assert_eq!(filled.values.len(), 0);
}

#[test]
fn an_empty_list_leaves_a_condition_over_its_operand() {
    let parameters = [
        parameter("a", SqlType::Int, true),
        parameter("b", SqlType::Int, true),
        parameter("n", SqlType::Int, false),
    ];
    let n = || Bound::Value(ColumnData::I32(Some(7)));
    for (text, filled) in [
        (
            "x NOT IN (@a) AND y IN (@b, @n)",
            "(x IS NULL OR x IS NOT NULL) AND y IN (@P1, @P2, @P3)",
        ),
        (
            "NOT (x IN ( @a /* none */ ) OR y NOT IN (@n, @b))",
            "NOT ((x IS NULL AND x IS NOT NULL) OR y NOT IN (@P1, @P2, @P3))",
        ),
        (
            "SUM(CASE WHEN x + @n IN (@a) THEN 1 END), y IN (@b)",
            "SUM(CASE WHEN (x + @P1 IS NULL AND x + @P1 IS NOT NULL) THEN 1 END), y IN (@P2, @P3)",
        ),
        (
            "CASE WHEN x IN (@b) THEN @n END NOT IN (@a)",
            "(CASE WHEN x IN (@P1, @P2) THEN @P3 END IS NULL OR CASE WHEN x IN (@P1, @P2) THEN @P3 END IS NOT NULL)",
        ),
        ("x IN (@a, @b) AND y = @n", "x IN (@P1, @P2) AND y = @P3"),
    ] {
        let template = Template::parse(&format!("IF {text}"), &parameters, &[]).unwrap();
        let written = template.fill(&parameters, &[list(0), list(2), n()]);
        assert_eq!(written.text, format!("IF {filled}"));
        assert_eq!(written.values.len(), 3);
    }
}

#[test]
fn padding_never_costs_a_value() {
    let parameters = [
        parameter("a", SqlType::Int, true),
        parameter("b", SqlType::Int, true),
    ];
    let template = Template::parse("IF x IN (@a) AND y IN (@b)", &parameters, &[]).unwrap();
    for (a, b, sent) in [
        (3, 5, 12),
        (2_098, 0, 2_098),
        (2_049, 0, 2_098),
        (1_025, 60, 2_098),
        (1_000, 1_098, 2_098),
        (1, 2_097, 2_098),
        (2_098, 1, 2_099),
    ] {
        let filled = template.fill(&parameters, &[list(a), list(b)]);
        assert_eq!(filled.values.len(), sent, "{a} and {b}");
    }
}

#[test]
fn a_list_is_compared_with_one_value() {
    for text in [
        "IF (x, y) IN (@ids) AND @type = 1",
        "IF IN (@ids) AND @type = 1",
    ] {
        assert_eq!(
            complaints(text, &ids()),
            ["a list cannot be compared with a single value"]
        );
    }
}

#[test]
fn a_value_is_sent_once_however_often_it_is_used() {
    let parameters = [
        parameter("a", SqlType::Int, false),
        parameter("b", SqlType::VarChar(Some(9)), false),
    ];
    let template = Template::parse("SELECT @A + @a, @b, @b", &parameters, &[]).unwrap();
    let values = [
        Bound::Value(ColumnData::I32(Some(1))),
        Bound::Value(ColumnData::String(Some("x".into()))),
    ];
    let filled = template.fill(&parameters, &values);
    assert_eq!(
        filled.text,
        "SELECT @P1 + @P1, CAST(@P2 AS varchar(8000)), CAST(@P2 AS varchar(8000))"
    );
    assert_eq!(filled.values.len(), 2);
}

#[test]
fn typed_nulls_that_the_driver_can_send_are_sent() {
    let parameters = [parameter("a", SqlType::Int, false)];
    let filled = Template::parse("SELECT @a", &parameters, &[])
        .unwrap()
        .fill(&parameters, &[Bound::Null]);
    assert_eq!(
        (filled.text.as_str(), filled.values.as_slice()),
        ("SELECT @P1", [ColumnData::I32(None)].as_slice())
    );
}

#[test]
fn nothing_in_strings_comments_or_names_is_replaced() {
    let parameters = [parameter("a", SqlType::Int, false)];
    let text = "SELECT '@a', [@a] /* @a */ -- @a\n, @a";
    let filled = Template::parse(text, &parameters, &[])
        .unwrap()
        .fill(&parameters, &[Bound::Null]);
    assert_eq!(filled.text, "SELECT '@a', [@a] /* @a */ -- @a\n, @P1");
}

#[test]
fn parameters_and_text_have_to_agree() {
    assert_eq!(
        complaints("SELECT @b", &[]),
        ["the text uses `@b`, which is not declared"]
    );
    assert_eq!(
        complaints("SELECT 1", &[parameter("a", SqlType::Int, false)]),
        ["parameter `a` is declared but the text does not use it"]
    );
    assert_eq!(
        complaints(
            "SELECT 1 WHERE x = @ids",
            &[parameter("ids", SqlType::Int, true)]
        ),
        [
            "the list `@ids` is used outside `IN (@ids)`",
            "parameter `ids` is declared but the text does not use it"
        ]
    );
    assert_eq!(
        complaints(
            "SELECT @a",
            &[
                parameter("a", SqlType::Int, false),
                parameter("A", SqlType::Int, false)
            ]
        ),
        [
            "parameter `A` is declared twice; SQL Server ignores case",
            "parameter `A` is declared but the text does not use it"
        ]
    );
    assert_eq!(
        complaints("SELECT 'a", &[]),
        ["the text has an unclosed string"]
    );
}

#[test]
fn variables_of_the_text_are_left_alone() {
    let parameters = [parameter("a", SqlType::Int, false)];
    let text = "DECLARE @x int = (SELECT 1), @y int; SET @x = @a; EXEC @y = dbo.p @name = @x, @other = @a; SELECT @@ROWCOUNT";
    let filled = Template::parse(text, &parameters, &[])
        .unwrap()
        .fill(&parameters, &[Bound::Null]);
    assert_eq!(filled.text, text.replace("@a", "@P1"));
    assert_eq!(
        complaints("DECLARE @p1 int; SELECT @p1", &[]),
        ["the text declares `@p1`, which is reserved for the host"]
    );
}

#[test]
fn what_a_text_does_to_its_connection_is_known_once_it_is_read() {
    let effects = |text: &str| {
        let parsed = Template::parse(text, &[], &["p".to_owned()]).unwrap();
        (parsed.alters_session, parsed.effects.may_change)
    };
    assert_eq!(effects("SELECT 1 -- USE other"), (false, false));
    assert_eq!(effects("SET LANGUAGE German"), (true, true));
    assert_eq!(effects("BEGIN TRAN"), (false, true));
    assert_eq!(effects("EXEC dbo.p"), (true, true));
}
