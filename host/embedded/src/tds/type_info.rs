//! `TYPE_INFO`: how a type is described on the wire.

use super::wire::Out;
use crate::sql_types::{Length, SqlType, decimal_bytes};

/// `SQL_Latin1_General_CP1_CI_AS`: what a fresh server has; its code page is 1252.
pub(super) const COLLATION: [u8; 5] = [0x09, 0x04, 0xd0, 0x00, 0x34];

/// Writes `TYPE_INFO`; every type is its nullable form.
pub(super) fn write_type_info(ty: SqlType, out: &mut Vec<u8>) {
    match ty {
        SqlType::Bit => out.extend([0x68, 1]),
        SqlType::TinyInt => out.extend([0x26, 1]),
        SqlType::SmallInt => out.extend([0x26, 2]),
        SqlType::Int => out.extend([0x26, 4]),
        SqlType::BigInt => out.extend([0x26, 8]),
        SqlType::Real => out.extend([0x6d, 4]),
        SqlType::Float => out.extend([0x6d, 8]),
        SqlType::Decimal { precision, scale } => {
            out.extend([0x6c, decimal_bytes(precision) + 1, precision, scale])
        }
        SqlType::Money => out.extend([0x6e, 8]),
        SqlType::SmallMoney => out.extend([0x6e, 4]),
        SqlType::Date => out.push(0x28),
        SqlType::Time { scale } => out.extend([0x29, scale]),
        SqlType::SmallDateTime => out.extend([0x6f, 4]),
        SqlType::DateTime => out.extend([0x6f, 8]),
        SqlType::DateTime2 { scale } => out.extend([0x2a, scale]),
        SqlType::DateTimeOffset { scale } => out.extend([0x2b, scale]),
        SqlType::UniqueIdentifier => out.extend([0x24, 16]),
        SqlType::NVarChar(length) => text_info(out, 0xe7, length, 2),
        SqlType::VarChar(length) => text_info(out, 0xa7, length, 1),
        SqlType::NChar(length) => text_info(out, 0xef, Length::Limited(length), 2),
        SqlType::Char(length) => text_info(out, 0xaf, Length::Limited(length), 1),
        SqlType::VarBinary(length) => {
            out.push(0xa5);
            out.put_u16(wire_length(length, 1));
        }
        SqlType::Binary(length) => {
            out.push(0xad);
            out.put_u16(length);
        }
    }
}

fn wire_length(length: Length, unit: u16) -> u16 {
    match length {
        Length::Limited(length) => length.saturating_mul(unit),
        Length::Max => 0xffff,
    }
}

fn text_info(out: &mut Vec<u8>, id: u8, length: Length, unit: u16) {
    out.push(id);
    out.put_u16(wire_length(length, unit));
    out.extend(COLLATION);
}
