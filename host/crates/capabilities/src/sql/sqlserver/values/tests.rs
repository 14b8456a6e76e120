#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use mayfly_error::{CallCode, CallError};
use mayfly_json::{Limits, Tree};
use tiberius::ColumnData;

use super::SqlType;
use crate::sql::declared::DeclaredType;
use crate::sql::engine::Engine;
use crate::sql::parameters::bind;
use crate::sql::sqlserver::SqlServerEngine;
use crate::sql::sqlserver::filled::{Bound, Parameter};

fn given(sql_type: SqlType, json: &str) -> Result<Option<ColumnData<'static>>, String> {
    let tree = Tree::read(json, Limits::of_bytes(json.len())).unwrap();
    sql_type.value(tree.root())
}

fn sent_text(sql_type: SqlType, json: &str) -> Option<String> {
    match given(sql_type, json) {
        Ok(Some(ColumnData::String(Some(text)))) => Some(text.into_owned()),
        _ => None,
    }
}

const MONEY_LIKE: SqlType = SqlType::Decimal {
    precision: 5,
    scale: 2,
};

#[test]
fn values_have_the_declared_type() {
    for (sql_type, json, sent) in [
        (SqlType::Bit, "true", ColumnData::Bit(Some(true))),
        (SqlType::TinyInt, "255", ColumnData::U8(Some(255))),
        (SqlType::SmallInt, "-32768", ColumnData::I16(Some(-32768))),
        (SqlType::Int, "7", ColumnData::I32(Some(7))),
        (
            SqlType::BigInt,
            "\"9223372036854775807\"",
            ColumnData::I64(Some(i64::MAX)),
        ),
        (SqlType::Float, "1e3", ColumnData::F64(Some(1000.0))),
        (SqlType::Real, "0.5", ColumnData::F32(Some(0.5))),
        (
            SqlType::VarBinary(Some(2)),
            "\"AP8=\"",
            ColumnData::Binary(Some(vec![0, 255].into())),
        ),
    ] {
        assert_eq!(given(sql_type, json), Ok(Some(sent)), "{json}");
    }
    assert_eq!(given(SqlType::Int, "null"), Ok(None));
}

#[test]
fn decimals_keep_their_digits_and_are_never_rounded() {
    assert_eq!(
        sent_text(MONEY_LIKE, "\"123.40\""),
        Some("123.4".to_owned())
    );
    assert_eq!(sent_text(MONEY_LIKE, "1.2e2"), Some("120".to_owned()));
    for too_large in ["1000", "0.123", "\"x\"", "true"] {
        assert_eq!(sent_text(MONEY_LIKE, too_large), None, "{too_large}");
    }
    let widest = SqlType::Decimal {
        precision: 38,
        scale: 38,
    };
    assert!(sent_text(widest, "0.00000000000000000000000000000000000001").is_some());
    assert_eq!(
        sent_text(SqlType::Money, "922337203685477.5807"),
        Some("922337203685477.5807".to_owned())
    );
    assert_eq!(sent_text(SqlType::Money, "922337203685477.5808"), None);
    assert_eq!(
        sent_text(SqlType::Money, "-922337203685477.5808"),
        Some("-922337203685477.5808".to_owned())
    );
}

#[test]
fn what_does_not_fit_names_the_type_and_not_the_value() {
    for (sql_type, json, problem) in [
        (
            SqlType::Int,
            "2147483648",
            "a number where an integer of 32 bits (int) was expected",
        ),
        (
            SqlType::Int,
            "1.0",
            "a number where an integer of 32 bits (int) was expected",
        ),
        (
            SqlType::Bit,
            "1",
            "a number where true or false (bit) was expected",
        ),
        (
            SqlType::Float,
            "1e999",
            "a number where a number (float) was expected",
        ),
        (
            SqlType::NVarChar(Some(1)),
            "\"😀\"",
            "text where text of at most 1 UTF-16 units (nvarchar) was expected",
        ),
        (
            SqlType::Date,
            "\"2026-02-30\"",
            "text where text like 2026-01-31 (date) was expected",
        ),
        (
            SqlType::UniqueIdentifier,
            "\"x\"",
            "text where text of 36 characters (uniqueidentifier) was expected",
        ),
    ] {
        assert_eq!(given(sql_type, json).unwrap_err(), problem, "{json}");
    }
}

fn bound(json: &str) -> Result<Vec<Bound>, CallError> {
    bind("x", &declared(), json, SqlServerEngine::MOST_VALUES)
}

fn declared() -> Vec<Parameter> {
    let parameter = |name: &str, sql_type, list, output| Parameter {
        name: name.to_owned(),
        sql_type,
        list,
        output,
    };
    vec![
        parameter("ids", SqlType::Int, true, false),
        parameter("from", SqlType::Date, false, false),
        parameter("count", SqlType::Int, false, true),
    ]
}

#[test]
fn every_parameter_has_to_be_given_and_no_other() {
    let problem = |json: &str| bound(json).unwrap_err().message;
    assert!(bound(r#"{"ids": [1], "from": null}"#).is_ok());
    assert_eq!(
        problem(""),
        "statement `x`: parameter `ids` is missing; pass null to mean NULL"
    );
    assert_eq!(
        problem(r#"{"ids": [], "form": null}"#),
        "statement `x`: has no parameter `form`"
    );
    assert_eq!(
        problem(r#"{"ids": [], "ids": []}"#),
        "statement `x`: parameters: duplicate key at line 1, column 13"
    );
    assert_eq!(
        problem(r#"{"ids": 1}"#),
        "statement `x`: parameter `ids`: not an array, and the parameter is a list"
    );
    assert_eq!(
        problem(r#"{"ids": [1, null]}"#),
        "statement `x`: parameter `ids`: element 1 is null, and no value equals null; leave it out"
    );
    assert_eq!(
        problem(r#"{"ids": [1, "secret"]}"#),
        "statement `x`: parameter `ids`: element 1: text where an integer of 32 bits (int) was expected"
    );
    assert_eq!(
        problem("[]"),
        "statement `x`: parameters: an array where an object was expected"
    );
    assert_eq!(bound("{").unwrap_err().code, CallCode::Invalid);
}
