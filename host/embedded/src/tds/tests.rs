//! Values on the wire and messages, without a connection.
#![expect(
    clippy::unwrap_used,
    reason = "a test that meets something unexpected fails"
)]

use rusqlite::types::ValueRef;

use super::encoding::encode;
use super::packet::{self, Message};
use super::{login, request};
use crate::sql_types::value::decimal_value;
use crate::sql_types::{SqlType, decimal_text};

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
