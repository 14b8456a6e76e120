#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use mayfly_config::{Parameter, SqlType};
use tiberius::ColumnData;

use super::{Bound, Template};

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
fn an_empty_list_finds_nothing_and_a_null_has_its_type() {
    let template = Template::parse(
        "WHERE id IN (@ids) AND (@type IS NULL OR type = @type)",
        &ids(),
        &[],
    )
    .unwrap();
    let filled = template.fill(&ids(), &[list(0), Bound::Null]);
    assert_eq!(
        filled.text,
        "WHERE id IN (CAST(NULL AS int)) AND (CAST(NULL AS nvarchar(4000)) IS NULL OR type = CAST(NULL AS nvarchar(4000)))"
    );
    assert_eq!(filled.values.len(), 0);
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
            "the list `@ids` stands outside of `IN (@ids)`",
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
            "parameter `A` is declared twice; SQL Server does not tell case apart",
            "parameter `A` is declared but the text does not use it"
        ]
    );
    assert_eq!(
        complaints("SELECT 'a", &[]),
        ["the text has a string that never ends"]
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
        ["the text declares `@p1`, which the host needs"]
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
