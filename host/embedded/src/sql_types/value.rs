//! Values: SQLite's five kinds as SQL Server's types. How they are encoded on the wire is the business of `tds`.
//!
//! How values are stored in SQLite: `bit` and integers as INTEGER; `float` and `real` as REAL; decimals and money as text with
//! all their digits; dates and times as text (see `moment`); `uniqueidentifier` as upper-case text; text as
//! TEXT; bytes as BLOB.

use rusqlite::types::{Value, ValueRef};

use super::error::SqlError;
use super::moment::{Moment, time_text};
use super::sql_type::{Length, SqlType};

/// Makes a value one of a type, as it is stored in SQLite.
pub(crate) fn coerce(value: Value, ty: SqlType) -> Result<Value, SqlError> {
    let borrowed = ValueRef::from(&value);
    if borrowed == ValueRef::Null {
        return Ok(Value::Null);
    }
    Ok(match ty {
        SqlType::Bit => Value::Integer(bit(borrowed)?.into()),
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt => {
            Value::Integer(integer(borrowed, ty)?)
        }
        SqlType::Real | SqlType::Float => Value::Real(float(borrowed, ty)?),
        SqlType::Decimal { precision, scale } => {
            decimal_value(decimal(borrowed, precision, scale)?, scale)
        }
        SqlType::Money | SqlType::SmallMoney => decimal_value(decimal(borrowed, 19, 4)?, 4),
        SqlType::Date => Value::Text(date_time(borrowed, ty)?.local().date().to_string()),
        SqlType::Time { scale } => Value::Text(time_text(
            date_time(borrowed, ty)?.rounded(scale).local().time(),
        )),
        SqlType::SmallDateTime => {
            Value::Text(Moment::of(date_time(borrowed, ty)?.rounded(0).local()).to_string())
        }
        SqlType::DateTime => {
            Value::Text(Moment::of(date_time(borrowed, ty)?.rounded(3).local()).to_string())
        }
        SqlType::DateTime2 { scale } => {
            Value::Text(Moment::of(date_time(borrowed, ty)?.rounded(scale).local()).to_string())
        }
        SqlType::DateTimeOffset { scale } => {
            Value::Text(date_time(borrowed, ty)?.rounded(scale).with_offset())
        }
        SqlType::UniqueIdentifier => Value::Text(guid(borrowed)?.to_string().to_uppercase()),
        SqlType::NVarChar(Length::Limited(most))
        | SqlType::VarChar(Length::Limited(most))
        | SqlType::NChar(most)
        | SqlType::Char(most) => Value::Text(text(borrowed).chars().take(most.into()).collect()),
        SqlType::NVarChar(Length::Max) | SqlType::VarChar(Length::Max) => {
            Value::Text(text(borrowed))
        }
        SqlType::VarBinary(_) | SqlType::Binary(_) => Value::Blob(bytes(borrowed).to_vec()),
    })
}

/// A decimal as SQLite keeps it: text, with all its digits.
pub(crate) fn decimal_value(number: i128, scale: u8) -> Value {
    Value::Text(decimal_text(number, scale))
}

/// All digits of a scaled number.
pub(crate) fn decimal_text(number: i128, scale: u8) -> String {
    let digits = format!(
        "{:0width$}",
        number.unsigned_abs(),
        width = usize::from(scale) + 1
    );
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
    let sign = if number < 0 { "-" } else { "" };
    if scale == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}

/// Whether a value is true.
pub(crate) fn bit(value: ValueRef<'_>) -> Result<bool, SqlError> {
    match value {
        ValueRef::Text(bytes) if bytes.eq_ignore_ascii_case(b"true") => Ok(true),
        ValueRef::Text(bytes) if bytes.eq_ignore_ascii_case(b"false") => Ok(false),
        _ => Ok(float(value, SqlType::Bit)? != 0.0),
    }
}

/// A whole number within the range of its type, without its fraction.
pub(crate) fn integer(value: ValueRef<'_>, ty: SqlType) -> Result<i64, SqlError> {
    let number = match value {
        ValueRef::Integer(number) => number,
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the server cuts the fraction off; the range is checked"
        )]
        ValueRef::Real(number) if number.abs() < 9.3e18 => number as i64,
        ValueRef::Real(_) => return Err(SqlError::overflow(ty.name())),
        _ => text(value)
            .trim()
            .parse()
            .map_err(|_| SqlError::conversion(&text(value), ty.name()))?,
    };
    let range = match ty {
        SqlType::TinyInt => 0..=255,
        SqlType::SmallInt => i16::MIN.into()..=i16::MAX.into(),
        SqlType::Int => i32::MIN.into()..=i32::MAX.into(),
        _ => i64::MIN..=i64::MAX,
    };
    if range.contains(&number) {
        Ok(number)
    } else {
        Err(SqlError::overflow(ty.name()))
    }
}

/// The nearest floating-point number.
pub(crate) fn float(value: ValueRef<'_>, ty: SqlType) -> Result<f64, SqlError> {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "a float is the nearest number")]
        ValueRef::Integer(number) => Ok(number as f64),
        ValueRef::Real(number) => Ok(number),
        _ => text(value)
            .trim()
            .parse()
            .map_err(|_| SqlError::conversion(&text(value), ty.name())),
    }
}

/// A number times `10^scale`, rounded half away from zero.
pub(crate) fn decimal(value: ValueRef<'_>, precision: u8, scale: u8) -> Result<i128, SqlError> {
    let failed = || SqlError::conversion(&text(value), "numeric");
    let digits = match value {
        ValueRef::Integer(number) => number.to_string(),
        // One digit more than asked for, so that rounding sees it; 15 digits are exact.
        ValueRef::Real(number) if number.is_finite() => {
            format!("{number:.places$}", places = usize::from(scale))
        }
        // What a seed computed may have been a floating-point number before it became text.
        _ => match text(value).trim() {
            text if text.contains(['e', 'E']) => text.parse::<f64>().map_or_else(
                |_| text.to_owned(),
                |number| format!("{number:.places$}", places = usize::from(scale)),
            ),
            text => text.to_owned(),
        },
    };
    let (negative, digits) = match digits.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, digits.strip_prefix('+').unwrap_or(&digits)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if (whole.is_empty() && fraction.is_empty())
        || !whole
            .chars()
            .chain(fraction.chars())
            .all(|digit| digit.is_ascii_digit())
    {
        return Err(failed());
    }
    let kept: String = fraction
        .chars()
        .chain(std::iter::repeat('0'))
        .take(scale.into())
        .collect();
    let mut number: i128 = format!("0{whole}{kept}")
        .parse()
        .map_err(|_| SqlError::overflow("numeric"))?;
    if fraction
        .chars()
        .nth(scale.into())
        .is_some_and(|digit| digit >= '5')
    {
        number += 1;
    }
    if number >= 10_i128.pow(precision.min(38).into()) {
        return Err(SqlError::overflow("numeric"));
    }
    Ok(if negative { -number } else { number })
}

/// A date, a time or both, from text.
pub(crate) fn date_time(value: ValueRef<'_>, ty: SqlType) -> Result<Moment, SqlError> {
    match value {
        ValueRef::Text(_) => Moment::parse(&text(value)),
        _ => Err(SqlError::new(
            206,
            format!(
                "Operand type clash: a number is incompatible with {}.",
                ty.name()
            ),
        )),
    }
}

/// A `uniqueidentifier`, from its text or its bytes.
pub(crate) fn guid(value: ValueRef<'_>) -> Result<uuid::Uuid, SqlError> {
    let failed = |_| {
        SqlError::new(
            8169,
            "Conversion failed when converting from a character string to uniqueidentifier.",
        )
    };
    match value {
        ValueRef::Blob(bytes) => uuid::Uuid::from_slice_le(bytes).map_err(failed),
        _ => uuid::Uuid::parse_str(text(value).trim()).map_err(failed),
    }
}

/// A value as SQLite writes it.
pub(crate) fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
    }
}

/// The bytes of text or a BLOB; none of anything else.
pub(crate) fn bytes(value: ValueRef<'_>) -> &[u8] {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
        _ => &[],
    }
}

/// The text that a value is; none of anything else.
pub(super) fn plain_text(value: Value) -> String {
    match value {
        Value::Text(text) => text,
        _ => String::new(),
    }
}
