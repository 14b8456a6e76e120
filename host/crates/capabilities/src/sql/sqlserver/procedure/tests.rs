#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use tiberius::ColumnData;
use tiberius::time::Date;

use super::{Bound, Parameter, Procedure, SqlType, quote};

fn parameter(name: &str, sql_type: SqlType, output: bool) -> Parameter {
    Parameter {
        name: name.to_owned(),
        sql_type,
        list: false,
        output,
    }
}

#[test]
fn names_are_put_into_brackets_part_by_part() {
    assert_eq!(quote("p").unwrap(), "[p]");
    assert_eq!(quote("dbo.my_proc").unwrap(), "[dbo].[my_proc]");
    assert_eq!(
        quote("[my db].dbo.[odd.name]").unwrap(),
        "[my db].[dbo].[odd.name]"
    );
    for none in [
        "",
        ".",
        "a.",
        "a b",
        "p; DROP TABLE t",
        "[a",
        "a.b.c.d.e",
        "p @x",
    ] {
        assert_eq!(quote(none), None, "{none}");
    }
}

#[test]
fn a_value_is_a_variable_of_its_declared_type() {
    let parameters = [
        parameter("id", SqlType::Int, false),
        parameter("n", SqlType::BigInt, true),
        parameter("m", SqlType::Money, false),
        parameter("t", SqlType::NVarChar(None), false),
        parameter("d", SqlType::Date, false),
    ];
    let values = [
        Bound::Null,
        Bound::Null,
        Bound::Value(ColumnData::String(Some("-1.05".into()))),
        Bound::Null,
        Bound::Value(ColumnData::Date(Some(Date::new(5)))),
    ];
    let filled = Procedure::parse("dbo.p", &parameters)
        .unwrap()
        .fill(&parameters, &values);
    assert_eq!(
        filled.text,
        "DECLARE @mayfly_r int, @mayfly_0 int = @P1, @mayfly_1 bigint = @P2, @mayfly_2 money = CAST(@P3 AS money), \
         @mayfly_3 nvarchar(max) = NULL, @mayfly_4 date = @P4; EXEC @mayfly_r = [dbo].[p] @id = @mayfly_0, \
         @n = @mayfly_1 OUTPUT, @m = @mayfly_2, @t = @mayfly_3, @d = @mayfly_4; \
         SELECT @mayfly_r AS [mayfly_return_value], @mayfly_1 AS [n]"
    );
    assert_eq!(
        filled.values,
        [
            ColumnData::I32(None),
            ColumnData::I64(None),
            ColumnData::String(Some("-1.05".into())),
            ColumnData::Date(Some(Date::new(5))),
        ]
    );
}

#[test]
fn an_output_comes_back_behind_the_return_value() {
    let parameters = [
        parameter("type", SqlType::VarChar(Some(32)), false),
        parameter("from", SqlType::Date, false),
        parameter(
            "total",
            SqlType::Decimal {
                precision: 9,
                scale: 2,
            },
            true,
        ),
    ];
    let values = [
        Bound::Value(ColumnData::String(Some("x".into()))),
        Bound::Null,
        Bound::Null,
    ];
    let filled = Procedure::parse("p", &parameters)
        .unwrap()
        .fill(&parameters, &values);
    assert_eq!(
        filled.text,
        "DECLARE @mayfly_r int, @mayfly_0 varchar(8000) = CAST(@P1 AS varchar(8000)), @mayfly_1 date = NULL, \
         @mayfly_2 decimal(9, 2) = NULL; EXEC @mayfly_r = [p] @type = @mayfly_0, @from = @mayfly_1, \
         @total = @mayfly_2 OUTPUT; SELECT @mayfly_r AS [mayfly_return_value], @mayfly_2 AS [total]"
    );
}

#[test]
fn a_null_date_has_a_type() {
    for (sql_type, text) in [
        (SqlType::Date, "date"),
        (SqlType::Time, "time"),
        (SqlType::DateTime2, "datetime2"),
        (SqlType::DateTimeOffset, "datetimeoffset"),
    ] {
        let parameters = [parameter("at", sql_type, false)];
        let filled = Procedure::parse("p", &parameters)
            .unwrap()
            .fill(&parameters, &[Bound::Null]);
        assert_eq!(
            filled.text,
            format!(
                "DECLARE @mayfly_r int, @mayfly_0 {text} = NULL; EXEC @mayfly_r = [p] @at = @mayfly_0; \
                 SELECT @mayfly_r AS [mayfly_return_value]"
            )
        );
        assert!(filled.values.is_empty());
    }
}

#[test]
fn a_procedure_has_a_name_of_its_own() {
    for (name, own) in [
        ("p", "p"),
        ("dbo.p", "p"),
        ("[my db].dbo.[odd.name]", "odd.name"),
    ] {
        assert_eq!(Procedure::parse(name, &[]).unwrap().own_name(), own);
    }
}

#[test]
fn lists_and_malformed_names_are_problems() {
    let list = Parameter {
        list: true,
        ..parameter("ids", SqlType::Int, false)
    };
    let complaints =
        Procedure::parse("a b", &[list, parameter("x y", SqlType::Int, false)]).unwrap_err();
    let problems: Vec<_> = complaints.into_iter().map(|(problem, _)| problem).collect();
    assert_eq!(
        problems,
        [
            "`a b` is not the name of a procedure",
            "parameter `ids` is a list, and procedures take no lists",
            "`x y` is not the name of a parameter"
        ]
    );
}
