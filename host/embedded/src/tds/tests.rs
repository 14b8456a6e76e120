//! Types, values and messages, without a connection.
#![expect(
    clippy::unwrap_used,
    reason = "a test that meets something unexpected fails"
)]

use rusqlite::types::{Value, ValueRef};

use super::encoding::encode;
use super::packet::{self, Message};
use super::{login, request};
use crate::sql_types::value::decimal_value;
use crate::sql_types::{Length, decimal_text};
use crate::sql_types::{Moment, SqlType, coerce};

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
fn decimals_keep_every_digit_of_38() {
    let number = 99_999_999_999_999_999_999_999_999_999_999_999_999_i128;
    assert_eq!(
        decimal_text(-number, 10),
        "-9999999999999999999999999999.9999999999"
    );
    assert_eq!(decimal_text(5, 3), "0.005");
    let lies_as = decimal_value(number, 10);
    let mut bytes = Vec::new();
    encode(
        ValueRef::from(&lies_as),
        SqlType::Decimal {
            precision: 38,
            scale: 10,
        },
        0,
        &mut bytes,
    )
    .unwrap();
    assert_eq!(bytes.get(..2).unwrap(), [17, 1]);
    assert_eq!(
        i128::from_le_bytes(bytes.get(2..).unwrap().try_into().unwrap()),
        number
    );
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

#[test]
fn messages_of_any_bytes_are_refused_and_never_panic() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..20_000 {
        let mut body = Vec::new();
        for _ in 0..seed % 64 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            body.extend(seed.to_le_bytes().into_iter().take(1));
        }
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let _ = login::read(&body);
        for kind in [packet::BATCH, packet::RPC, packet::TRANSACTION] {
            // With headers that pass, so that what follows is reached too.
            let mut whole = 22_u32.to_le_bytes().to_vec();
            whole.extend(18_u32.to_le_bytes());
            whole.extend([2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
            whole.extend(&body);
            let _ = request::read(&Message { kind, body: whole });
            let _ = request::read(&Message {
                kind,
                body: body.clone(),
            });
        }
    }
}
