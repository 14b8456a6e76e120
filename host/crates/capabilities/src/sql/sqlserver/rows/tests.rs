#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::time::Duration;

use mayfly_error::{CallCode, CallError};
use tiberius::numeric::Numeric;
use tiberius::{ColumnData, ColumnType, Row, Uuid};

use super::{Fail, Layout, Reading, SqlType, Statement};
use crate::sql::bounds::Bounds;
use crate::sql::declared::{self, Access, Body};
use crate::sql::sqlserver::SqlServerEngine;
use crate::sql::statements::prepare;
use mayfly_runtime::imports::{RowBudget, RowsLeft};

fn statement(columns: &[(&str, SqlType)], bigint_as_string: bool) -> Statement {
    prepare::<SqlServerEngine>(
        &declared::Statement {
            name: "x".to_owned(),
            line: 1,
            backend: "school".to_owned(),
            body: Body::Text("SELECT 1".to_owned()),
            access: Access::Read,
            parameters: Vec::new(),
            columns: columns
                .iter()
                .map(|(name, sql_type)| ((*name).to_owned(), *sql_type))
                .collect(),
            max_rows: 10,
            timeout: Duration::from_secs(1),
            bigint_as_string,
            lossy: false,
            alters_session: false,
        },
        &[],
    )
    .unwrap()
}

fn bounds() -> Bounds {
    let any = || RowsLeft::new(u32::MAX);
    Bounds {
        max_value_bytes: 8,
        max_answer_bytes: 1_000,
        rows: RowBudget::new(any(), any()),
    }
}

fn reading<'a>(statement: &'a Statement, bounds: &'a Bounds, is_lossy: bool) -> Reading<'a> {
    Reading {
        statement,
        bounds,
        is_lossy,
    }
}

fn told(fail: Fail) -> CallError {
    match fail {
        Fail::Cell(error) | Fail::Stopped(error) => error,
        Fail::Driver(error) => CallError::new(CallCode::Backend, error.to_string()),
    }
}

fn written(statement: &Statement, row: &Row) -> Result<String, CallError> {
    let mut out = String::new();
    let bounds = bounds();
    let layout = Layout::new(reading(statement, &bounds, false), row.columns())?;
    layout.write(&mut out, row).map_err(told)?;
    Ok(out)
}

fn one(column_type: ColumnType, data: ColumnData<'static>) -> String {
    written(
        &statement(&[], false),
        &Row::builder().column("c", column_type, data).build(),
    )
    .unwrap()
}

fn problem(statement: &Statement, row: Row) -> String {
    let error = written(statement, &row).unwrap_err();
    assert_eq!(error.code, CallCode::Backend);
    error.message
}

#[test]
fn every_type_has_its_json() {
    use ColumnType as C;
    let guid = Uuid::parse_str("6F9619FF-8B86-D011-B42D-00C04FC964FF").unwrap();
    for (column_type, data, json) in [
        (C::Bitn, ColumnData::Bit(Some(true)), "true"),
        (C::Int1, ColumnData::U8(Some(255)), "255"),
        (
            C::Int8,
            ColumnData::I64(Some(i64::MIN)),
            "-9223372036854775808",
        ),
        (C::Float8, ColumnData::F64(Some(0.1)), "0.1"),
        (C::Float8, ColumnData::F64(Some(1e300)), "1e300"),
        (C::Float4, ColumnData::F32(Some(0.1)), "0.1"),
        (C::Money, ColumnData::F64(Some(-1234.5)), "\"-1234.5000\""),
        (
            C::Decimaln,
            ColumnData::Numeric(Some(Numeric::new_with_scale(-12_340, 3))),
            "\"-12.340\"",
        ),
        (
            C::NVarchar,
            ColumnData::String(Some("a\"\n".into())),
            "\"a\\\"\\n\"",
        ),
        (
            C::BigVarBin,
            ColumnData::Binary(Some(vec![0, 255].into())),
            "\"AP8=\"",
        ),
        (
            C::Guid,
            ColumnData::Guid(Some(guid)),
            "\"6f9619ff-8b86-d011-b42d-00c04fc964ff\"",
        ),
        (C::NVarchar, ColumnData::String(None), "null"),
        (C::Decimaln, ColumnData::Numeric(None), "null"),
    ] {
        assert_eq!(one(column_type, data), format!("{{\"c\":{json}}}"));
    }
}

#[test]
fn thirty_eight_digits_are_kept() {
    let widest = 99_999_999_999_999_999_999_999_999_999_999_999_999_i128;
    let data = ColumnData::Numeric(Some(Numeric::new_with_scale(widest, 10)));
    assert_eq!(
        one(ColumnType::Decimaln, data),
        "{\"c\":\"9999999999999999999999999999.9999999999\"}"
    );
}

#[test]
fn big_integers_are_text_where_the_operator_says_so() {
    let row = Row::builder()
        .column("c", ColumnType::Int8, ColumnData::I64(Some(1)))
        .build();
    assert_eq!(
        written(&statement(&[], true), &row).unwrap(),
        "{\"c\":\"1\"}"
    );
}

#[test]
fn columns_need_names_of_their_own() {
    let unnamed = Row::builder()
        .column("", ColumnType::Int4, ColumnData::I32(None))
        .build();
    assert_eq!(
        problem(&statement(&[], false), unnamed),
        "statement `x`: result column 1 has no name; name it with AS"
    );
    let twice = Row::builder()
        .column("a", ColumnType::Int4, ColumnData::I32(None))
        .column("a", ColumnType::Int4, ColumnData::I32(None));
    assert_eq!(
        problem(&statement(&[], false), twice.build()),
        "statement `x`: two result columns are named `a`; name one with AS"
    );
}

#[test]
fn the_answer_has_to_be_what_was_declared() {
    let score = SqlType::Decimal {
        precision: 5,
        scale: 2,
    };
    let declared = statement(&[("score", score)], false);
    let decimal = |scale| ColumnData::Numeric(Some(Numeric::new_with_scale(1, scale)));
    let row = |name, column_type, data| Row::builder().column(name, column_type, data).build();
    assert_eq!(
        written(&declared, &row("score", ColumnType::Numericn, decimal(2))).unwrap(),
        "{\"score\":\"0.01\"}"
    );
    assert_eq!(
        problem(&declared, row("other", ColumnType::Numericn, decimal(2))),
        "statement `x`: the result has no column `score`, which is declared"
    );
    assert_eq!(
        problem(
            &declared,
            row("score", ColumnType::Float8, ColumnData::F64(Some(0.1)))
        ),
        "statement `x`: column `score` is declared decimal(5, 2), and the server answers float"
    );
    assert_eq!(
        problem(&declared, row("score", ColumnType::Numericn, decimal(3))),
        "statement `x`: a value of column `score` is not of its type or out of range; cast it in the statement"
    );
}

#[test]
fn money_too_large_for_the_driver_is_refused_and_not_rounded() {
    let row = Row::builder()
        .column(
            "c",
            ColumnType::Money,
            ColumnData::F64(Some(922_337_203_685_477.6)),
        )
        .build();
    assert!(problem(&statement(&[], false), row).ends_with("cast it in the statement"));
}

#[test]
fn a_value_longer_than_allowed_is_over_budget() {
    let row = Row::builder()
        .column(
            "c",
            ColumnType::NVarchar,
            ColumnData::String(Some("123456789".into())),
        )
        .build();
    let error = written(&statement(&[], false), &row).unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (
            CallCode::Budget,
            "statement `x`: a value of column `c` is larger than 8 bytes"
        )
    );
}

#[test]
fn what_the_driver_replaced_is_found_unless_the_statement_is_lossy() {
    let statement = statement(&[], false);
    let row = Row::builder()
        .column("n", ColumnType::Int4, ColumnData::I32(Some(1)))
        .column(
            "name",
            ColumnType::NVarchar,
            ColumnData::String(Some("a\u{fffd}".into())),
        )
        .build();
    let bounds = bounds();
    let layout = Layout::new(reading(&statement, &bounds, true), row.columns()).unwrap();
    let fail = layout.write(&mut String::new(), &row).unwrap_err();
    assert!(matches!(fail, Fail::Cell(_)), "{fail:?}");
    assert_eq!(
        told(fail).message,
        "statement `x`: text of column `name` is not valid UTF-16; correct the data, or set `lossy = true` for the statement \
         to read it with U+FFFD in its place"
    );
    // Where the driver replaces nothing, it is what the column holds.
    let whole = written(&statement, &row).unwrap();
    assert_eq!(whole, "{\"n\":1,\"name\":\"a\u{fffd}\"}");
}
