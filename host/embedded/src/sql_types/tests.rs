//! Declarations of types, and values of them.
#![expect(
    clippy::unwrap_used,
    reason = "a test that meets something unexpected fails"
)]

use rusqlite::types::Value;

use super::{Length, Moment, SqlType, coerce};

#[test]
fn declared_types_are_read_in_any_case_and_wrong_ones_refused() {
    let cases = [
        (
            "Decimal(5, 2)",
            Some(SqlType::Decimal {
                precision: 5,
                scale: 2,
            }),
        ),
        (
            "numeric",
            Some(SqlType::Decimal {
                precision: 18,
                scale: 0,
            }),
        ),
        ("NVARCHAR(64)", Some(SqlType::NVarChar(Length::Limited(64)))),
        ("nvarchar(max)", Some(SqlType::NVarChar(Length::Max))),
        ("float(24)", Some(SqlType::Real)),
        ("datetime2(3)", Some(SqlType::DateTime2 { scale: 3 })),
        ("decimal(39,0)", None),
        ("decimal(5,6)", None),
        ("nvarchar(4001)", None),
        ("datetime2(8)", None),
        ("thing", None),
    ];
    for (declared, wanted) in cases {
        assert_eq!(SqlType::parse(declared), wanted, "{declared}");
    }
}

#[test]
fn values_become_those_of_the_type_or_an_error_with_its_number() {
    let text = |text: &str| Value::Text(text.into());
    let cases = [
        (text("12"), SqlType::Int, Ok(Value::Integer(12))),
        (Value::Real(-1.9), SqlType::Int, Ok(Value::Integer(-1))),
        (text("x"), SqlType::Int, Err(245)),
        (Value::Integer(256), SqlType::TinyInt, Err(8115)),
        (
            text("1.005"),
            SqlType::Decimal {
                precision: 5,
                scale: 2,
            },
            Ok(text("1.01")),
        ),
        (
            text("1000"),
            SqlType::Decimal {
                precision: 5,
                scale: 2,
            },
            Err(8115),
        ),
        (text("2026-02-30"), SqlType::Date, Err(241)),
        (
            text("2026-01-31T10:00:00.5Z"),
            SqlType::DateTime2 { scale: 7 },
            Ok(text("2026-01-31 10:00:00.5")),
        ),
        (
            text("2026-01-31 10:00"),
            SqlType::Date,
            Ok(text("2026-01-31")),
        ),
        (
            text("23:59:59.99999999"),
            SqlType::Time { scale: 3 },
            Ok(text("00:00:00")),
        ),
        (text("true"), SqlType::Bit, Ok(Value::Integer(1))),
        (
            text("abc"),
            SqlType::NVarChar(Length::Limited(2)),
            Ok(text("ab")),
        ),
        (text("no"), SqlType::UniqueIdentifier, Err(8169)),
        (Value::Null, SqlType::Int, Ok(Value::Null)),
    ];
    for (value, ty, wanted) in cases {
        assert_eq!(
            coerce(value.clone(), ty).map_err(|error| error.number),
            wanted,
            "{value:?} as {ty:?}"
        );
    }
}

#[test]
fn an_offset_moves_a_moment_to_utc() {
    let moment = Moment::parse("2026-01-01T00:30:00+05:30").unwrap();
    assert_eq!(moment.with_offset(), "2026-01-01 00:30:00 +05:30");
    assert_eq!(moment.utc().to_string(), "2025-12-31 19:00:00");
    assert_eq!(moment.offset_minutes(), 330);
}
