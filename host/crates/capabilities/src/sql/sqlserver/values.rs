//! Values of guests as SQL Server's types, by declaration.
//!
//! NULL always has a type. The driver sends a typed NULL of some types; for the others it would send one without, which not every
//! server takes, so `CAST(NULL AS type)` goes into the text. `varchar`, `decimal` and `money` travel as text and are cast where
//! they are used: the server then compares a `varchar` column with a `varchar` (a search by index, not a scan), and the declared
//! parameter types do not change with each value's digits.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mayfly_json::{Kind, Value};
use tiberius::{ColumnData, Uuid};

use super::sql_type::SqlType;
use super::times;
use crate::decimal::Decimal;
use crate::sql::declared::DeclaredType;

/// Digits after the point of `money`.
const MONEY_SCALE: u8 = 4;
/// Digits of `money` in all.
const MONEY_PRECISION: u8 = 19;
/// The longest `varchar` that is not `max`.
pub(super) const LONGEST_VARCHAR: u16 = 8_000;

/// A type as T-SQL writes it.
pub(super) fn type_text(sql_type: SqlType) -> Cow<'static, str> {
    let sized = |name: &str, size: Option<u16>| match size {
        Some(size) => Cow::Owned(format!("{name}({size})")),
        None => Cow::Owned(format!("{name}(max)")),
    };
    match sql_type {
        SqlType::Bit => Cow::Borrowed("bit"),
        SqlType::TinyInt => Cow::Borrowed("tinyint"),
        SqlType::SmallInt => Cow::Borrowed("smallint"),
        SqlType::Int => Cow::Borrowed("int"),
        SqlType::BigInt => Cow::Borrowed("bigint"),
        SqlType::Real => Cow::Borrowed("real"),
        SqlType::Float => Cow::Borrowed("float"),
        SqlType::Decimal { precision, scale } => {
            Cow::Owned(format!("decimal({precision}, {scale})"))
        }
        SqlType::Money => Cow::Borrowed("money"),
        SqlType::NVarChar(size) => sized("nvarchar", size),
        SqlType::VarChar(size) => sized("varchar", size),
        SqlType::VarBinary(size) => sized("varbinary", size),
        SqlType::Date => Cow::Borrowed("date"),
        SqlType::Time => Cow::Borrowed("time"),
        SqlType::DateTime2 => Cow::Borrowed("datetime2"),
        SqlType::DateTimeOffset => Cow::Borrowed("datetimeoffset"),
        SqlType::UniqueIdentifier => Cow::Borrowed("uniqueidentifier"),
    }
}

/// A placeholder with the cast its type needs.
pub(super) fn cast(sql_type: SqlType, placeholder: &str) -> String {
    match sql_type {
        // Not the declared length: a cast cuts off silently, and its length is in bytes of a code page only the server knows.
        SqlType::VarChar(Some(_)) => format!("CAST({placeholder} AS varchar({LONGEST_VARCHAR}))"),
        SqlType::VarChar(None) | SqlType::Decimal { .. } | SqlType::Money => {
            format!("CAST({placeholder} AS {})", type_text(sql_type))
        }
        _ => placeholder.to_owned(),
    }
}

/// A typed NULL as the driver sends it; none where it would send one without a type.
pub(super) fn null_value(sql_type: SqlType) -> Option<ColumnData<'static>> {
    match sql_type {
        SqlType::Bit => Some(ColumnData::Bit(None)),
        SqlType::TinyInt => Some(ColumnData::U8(None)),
        SqlType::SmallInt => Some(ColumnData::I16(None)),
        SqlType::Int => Some(ColumnData::I32(None)),
        SqlType::BigInt => Some(ColumnData::I64(None)),
        SqlType::Real => Some(ColumnData::F32(None)),
        SqlType::Float => Some(ColumnData::F64(None)),
        SqlType::UniqueIdentifier => Some(ColumnData::Guid(None)),
        _ => None,
    }
}

/// A typed NULL for the text.
pub(super) fn null_text(sql_type: SqlType) -> String {
    // A NULL of `max` length is a NULL of any length.
    let sql_type = match sql_type {
        SqlType::NVarChar(_) => SqlType::NVarChar(Some(4_000)),
        SqlType::VarChar(_) => SqlType::VarChar(Some(LONGEST_VARCHAR)),
        SqlType::VarBinary(_) => SqlType::VarBinary(Some(LONGEST_VARCHAR)),
        other => other,
    };
    format!("CAST(NULL AS {})", type_text(sql_type))
}

impl DeclaredType for SqlType {
    type Value = ColumnData<'static>;

    const KNOWN: &'static str = "use bit, tinyint, smallint, int, bigint, real, float, decimal(p,s), money, nvarchar(n), varchar(n), \
         varbinary(n), date, time, datetime2, datetimeoffset or uniqueidentifier";

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }

    fn value(self, given: Value<'_>) -> Result<Option<Self::Value>, String> {
        let converted = match given.kind() {
            Kind::Null => return Ok(None),
            Kind::Bool if self == Self::Bit => Some(ColumnData::Bit(given.as_bool())),
            Kind::Number => number(self, given.raw()),
            Kind::String => from_text(self, given.as_str().unwrap_or_default()),
            _ => None,
        };
        converted.map(Some).ok_or_else(|| {
            let (found, expected) = (given.kind().name(), expected(self));
            format!("{found} where {expected} was expected")
        })
    }
}

fn number(sql_type: SqlType, digits: &str) -> Option<ColumnData<'static>> {
    match sql_type {
        SqlType::TinyInt => digits.parse().ok().map(|value| ColumnData::U8(Some(value))),
        SqlType::SmallInt => digits
            .parse()
            .ok()
            .map(|value| ColumnData::I16(Some(value))),
        SqlType::Int => digits
            .parse()
            .ok()
            .map(|value| ColumnData::I32(Some(value))),
        SqlType::BigInt => digits
            .parse()
            .ok()
            .map(|value| ColumnData::I64(Some(value))),
        SqlType::Real => digits
            .parse::<f32>()
            .ok()
            .filter(|value| value.is_finite())
            .map(|value| ColumnData::F32(Some(value))),
        SqlType::Float => digits
            .parse::<f64>()
            .ok()
            .filter(|value| value.is_finite())
            .map(|value| ColumnData::F64(Some(value))),
        SqlType::Decimal { precision, scale } => decimal(digits, precision, scale).map(text),
        SqlType::Money => money(digits).map(text),
        _ => None,
    }
}

fn from_text(sql_type: SqlType, given: Cow<'_, str>) -> Option<ColumnData<'static>> {
    match sql_type {
        SqlType::BigInt => given.parse().ok().map(|value| ColumnData::I64(Some(value))),
        SqlType::Decimal { precision, scale } => decimal(&given, precision, scale).map(text),
        SqlType::Money => money(&given).map(text),
        SqlType::NVarChar(size) => size
            .is_none_or(|size| given.encode_utf16().count() <= usize::from(size))
            .then(|| text(given.into_owned())),
        SqlType::VarChar(size) => size
            .is_none_or(|size| given.chars().count() <= usize::from(size))
            .then(|| text(given.into_owned())),
        SqlType::VarBinary(size) => STANDARD
            .decode(given.as_bytes())
            .ok()
            .filter(|bytes| size.is_none_or(|size| bytes.len() <= usize::from(size)))
            .map(|bytes| ColumnData::Binary(Some(Cow::Owned(bytes)))),
        SqlType::Date => times::parse_date(&given).map(|value| ColumnData::Date(Some(value))),
        SqlType::Time => times::parse_time(&given).map(|value| ColumnData::Time(Some(value))),
        SqlType::DateTime2 => {
            times::parse_datetime(&given).map(|value| ColumnData::DateTime2(Some(value)))
        }
        SqlType::DateTimeOffset => times::parse_datetime_offset(&given)
            .map(|value| ColumnData::DateTimeOffset(Some(value))),
        SqlType::UniqueIdentifier if given.len() == 36 => Uuid::try_parse(&given)
            .ok()
            .map(|value| ColumnData::Guid(Some(value))),
        _ => None,
    }
}

fn text(value: String) -> ColumnData<'static> {
    ColumnData::String(Some(Cow::Owned(value)))
}

fn decimal(digits: &str, precision: u8, scale: u8) -> Option<String> {
    let number = Decimal::parse(digits)?;
    let fits = number.fraction_digits() <= i64::from(scale)
        && number.whole_digits() <= i64::from(precision.saturating_sub(scale));
    fits.then(|| number.to_plain())
}

/// Money is a 64-bit number of ten-thousandths.
fn money(digits: &str) -> Option<String> {
    let text = decimal(digits, MONEY_PRECISION, MONEY_SCALE)?;
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    format!("{whole}{fraction:0<4}").parse::<i64>().ok()?;
    Some(text)
}

/// A type in the words of whoever gives a value.
fn expected(sql_type: SqlType) -> Cow<'static, str> {
    Cow::Borrowed(match sql_type {
        SqlType::Bit => "true or false (bit)",
        SqlType::TinyInt => "an integer from 0 to 255 (tinyint)",
        SqlType::SmallInt => "an integer of 16 bits (smallint)",
        SqlType::Int => "an integer of 32 bits (int)",
        SqlType::BigInt => "an integer of 64 bits, or text of one (bigint)",
        SqlType::Real => "a number (real)",
        SqlType::Float => "a number (float)",
        SqlType::Decimal { precision, scale } => {
            return Cow::Owned(format!(
                "a number or text of one that fits decimal({precision}, {scale})"
            ));
        }
        SqlType::Money => "a number or text of one that fits money",
        SqlType::NVarChar(Some(size)) => {
            return Cow::Owned(format!("text of at most {size} UTF-16 units (nvarchar)"));
        }
        SqlType::VarChar(Some(size)) => {
            return Cow::Owned(format!("text of at most {size} characters (varchar)"));
        }
        SqlType::NVarChar(None) | SqlType::VarChar(None) => "text",
        SqlType::VarBinary(Some(size)) => {
            return Cow::Owned(format!("base64 text of at most {size} bytes (varbinary)"));
        }
        SqlType::VarBinary(None) => "base64 text (varbinary)",
        SqlType::Date => "text like 2026-01-31 (date)",
        SqlType::Time => "text like 13:14:15.1234567 (time)",
        SqlType::DateTime2 => "text like 2026-01-31T13:14:15.1234567 (datetime2)",
        SqlType::DateTimeOffset => "text like 2026-01-31T13:14:15.1234567+02:00 (datetimeoffset)",
        SqlType::UniqueIdentifier => "text of 36 characters (uniqueidentifier)",
    })
}

#[cfg(test)]
mod tests;
