//! Values: SQLite's five kinds as SQL Server's types, on the way in (`coerce`) and on the way out (`encode`).
//!
//! How values lie in SQLite: `bit` and integers as INTEGER; `float` and `real` as REAL; decimals and money as text with
//! all their digits; dates and times as text (see `moment`); `uniqueidentifier` as upper-case text; text as
//! TEXT; bytes as BLOB.

use rusqlite::types::{Value, ValueRef};

use super::errors::SqlError;
use super::moment::{self, Moment, time_text};
use super::types::{Length, SqlType, decimal_bytes, time_bytes};
use super::wire::Out;

/// Makes a value one of a type, as it lies in SQLite.
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

/// Writes a value that is not NULL, as `ty` lies on the wire. `text_size` is the session's `TEXTSIZE`, in bytes.
pub(crate) fn encode(
    value: ValueRef<'_>,
    ty: SqlType,
    text_size: usize,
    out: &mut Vec<u8>,
) -> Result<(), SqlError> {
    match ty {
        SqlType::Bit => out.extend([1, u8::from(bit(value)?)]),
        SqlType::TinyInt => counted(
            out,
            &u8::try_from(integer(value, ty)?).unwrap_or(0).to_le_bytes(),
        ),
        SqlType::SmallInt => counted(
            out,
            &i16::try_from(integer(value, ty)?)
                .unwrap_or(0)
                .to_le_bytes(),
        ),
        SqlType::Int => counted(
            out,
            &i32::try_from(integer(value, ty)?)
                .unwrap_or(0)
                .to_le_bytes(),
        ),
        SqlType::BigInt => counted(out, &integer(value, ty)?.to_le_bytes()),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "real is the nearest single-precision number"
        )]
        SqlType::Real => counted(out, &(float(value, ty)? as f32).to_le_bytes()),
        SqlType::Float => counted(out, &float(value, ty)?.to_le_bytes()),
        SqlType::Decimal { precision, scale } => {
            let number = decimal(value, precision, scale)?;
            let size = decimal_bytes(precision);
            out.extend([size + 1, u8::from(number >= 0)]);
            out.extend(number.unsigned_abs().to_le_bytes().iter().take(size.into()));
        }
        SqlType::Money => {
            let number =
                i64::try_from(decimal(value, 19, 4)?).map_err(|_| SqlError::overflow("money"))?;
            out.push(8);
            // The upper half comes first.
            out.extend(number.to_le_bytes().iter().skip(4));
            out.extend(number.to_le_bytes().iter().take(4));
        }
        SqlType::SmallMoney => {
            let number = i32::try_from(decimal(value, 10, 4)?)
                .map_err(|_| SqlError::overflow("smallmoney"))?;
            counted(out, &number.to_le_bytes());
        }
        SqlType::UniqueIdentifier => counted(out, &guid(value)?.to_bytes_le()),
        SqlType::Date
        | SqlType::Time { .. }
        | SqlType::SmallDateTime
        | SqlType::DateTime
        | SqlType::DateTime2 { .. }
        | SqlType::DateTimeOffset { .. } => encode_time(date_time(value, ty)?, ty, out),
        SqlType::NVarChar(Length::Max) => {
            let units: Vec<u16> = text(value).encode_utf16().take(text_size / 2).collect();
            whole(
                out,
                &units
                    .into_iter()
                    .flat_map(u16::to_le_bytes)
                    .collect::<Vec<_>>(),
            );
        }
        SqlType::VarChar(Length::Max) => whole(
            out,
            &to_1252(&text(value))
                .into_iter()
                .take(text_size)
                .collect::<Vec<_>>(),
        ),
        SqlType::VarBinary(Length::Max) => whole(
            out,
            &bytes(value)
                .iter()
                .copied()
                .take(text_size)
                .collect::<Vec<_>>(),
        ),
        SqlType::NVarChar(Length::Limited(most)) => {
            let units = text(value)
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect();
            limited(out, units, usize::from(most) * 2, None)?;
        }
        SqlType::NChar(most) => {
            let mut units: Vec<u16> = text(value).encode_utf16().collect();
            units.resize(units.len().max(most.into()), b' '.into());
            limited(
                out,
                units.into_iter().flat_map(u16::to_le_bytes).collect(),
                usize::from(most) * 2,
                None,
            )?;
        }
        SqlType::VarChar(Length::Limited(most)) => {
            limited(out, to_1252(&text(value)), most.into(), None)?
        }
        SqlType::Char(most) => limited(out, to_1252(&text(value)), most.into(), Some(b' '))?,
        SqlType::VarBinary(Length::Limited(most)) => {
            limited(out, bytes(value).to_vec(), most.into(), None)?
        }
        SqlType::Binary(most) => limited(out, bytes(value).to_vec(), most.into(), Some(0))?,
    }
    Ok(())
}

/// Writes NULL of a type.
pub(crate) fn encode_null(ty: SqlType, out: &mut Vec<u8>) {
    match ty {
        SqlType::NVarChar(Length::Max)
        | SqlType::VarChar(Length::Max)
        | SqlType::VarBinary(Length::Max) => out.put_u64(u64::MAX),
        SqlType::NVarChar(_)
        | SqlType::VarChar(_)
        | SqlType::NChar(_)
        | SqlType::Char(_)
        | SqlType::VarBinary(_)
        | SqlType::Binary(_) => {
            out.put_u16(u16::MAX);
        }
        _ => out.push(0),
    }
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

fn encode_time(moment: Moment, ty: SqlType, out: &mut Vec<u8>) {
    let day = |at: chrono::NaiveDateTime| moment::days(at.date()).to_le_bytes().into_iter().take(3);
    let clock = |at: chrono::NaiveDateTime, scale: u8| {
        moment::increments(at.time(), scale)
            .to_le_bytes()
            .into_iter()
            .take(time_bytes(scale))
            .collect::<Vec<_>>()
    };
    let bytes: Vec<u8> = match ty {
        SqlType::Date => day(moment.local()).collect(),
        SqlType::Time { scale } => clock(moment.rounded(scale).local(), scale),
        SqlType::DateTime2 { scale } => {
            let at = moment.rounded(scale).local();
            clock(at, scale).into_iter().chain(day(at)).collect()
        }
        SqlType::DateTimeOffset { scale } => {
            let at = moment.rounded(scale).utc();
            clock(at, scale)
                .into_iter()
                .chain(day(at))
                .chain(moment.offset_minutes().to_le_bytes())
                .collect()
        }
        SqlType::SmallDateTime => {
            let (days, ticks) = moment::to_datetime(moment.local());
            let days = u16::try_from(days).unwrap_or(0);
            let minutes = u16::try_from((ticks + 9_000) / 18_000).unwrap_or(0);
            days.to_le_bytes()
                .into_iter()
                .chain(minutes.to_le_bytes())
                .collect()
        }
        _ => {
            let (days, ticks) = moment::to_datetime(moment.local());
            days.to_le_bytes()
                .into_iter()
                .chain(ticks.to_le_bytes())
                .collect()
        }
    };
    counted(out, &bytes);
}

/// Bytes behind their number in one byte.
fn counted(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(u8::try_from(bytes.len()).unwrap_or(0));
    out.extend(bytes);
}

/// Bytes behind their number in two bytes, filled up if the type has a fixed length.
fn limited(
    out: &mut Vec<u8>,
    mut bytes: Vec<u8>,
    most: usize,
    fill: Option<u8>,
) -> Result<(), SqlError> {
    if let Some(fill) = fill {
        bytes.resize(bytes.len().max(most), fill);
    }
    if bytes.len() > most {
        return Err(SqlError::truncation());
    }
    out.put_u16(u16::try_from(bytes.len()).map_err(|_| SqlError::truncation())?);
    out.extend(bytes);
    Ok(())
}

/// A value of a `max` type: the whole length, one chunk, the end.
fn whole(out: &mut Vec<u8>, bytes: &[u8]) {
    out.put_u64(bytes.len() as u64);
    for chunk in bytes.chunks(1 << 20) {
        out.put_u32(u32::try_from(chunk.len()).unwrap_or(0));
        out.extend(chunk);
    }
    out.put_u32(0);
}

fn bit(value: ValueRef<'_>) -> Result<bool, SqlError> {
    match value {
        ValueRef::Text(bytes) if bytes.eq_ignore_ascii_case(b"true") => Ok(true),
        ValueRef::Text(bytes) if bytes.eq_ignore_ascii_case(b"false") => Ok(false),
        _ => Ok(float(value, SqlType::Bit)? != 0.0),
    }
}

fn integer(value: ValueRef<'_>, ty: SqlType) -> Result<i64, SqlError> {
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

fn float(value: ValueRef<'_>, ty: SqlType) -> Result<f64, SqlError> {
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
fn decimal(value: ValueRef<'_>, precision: u8, scale: u8) -> Result<i128, SqlError> {
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

fn date_time(value: ValueRef<'_>, ty: SqlType) -> Result<Moment, SqlError> {
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

fn guid(value: ValueRef<'_>) -> Result<uuid::Uuid, SqlError> {
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

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
    }
}

fn bytes(value: ValueRef<'_>) -> &[u8] {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
        _ => &[],
    }
}

/// The characters of code page 1252 between 0x80 and 0x9f; U+FFFD where it has none.
const CP1252: [char; 32] = [
    '€', '\u{fffd}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{fffd}', 'Ž',
    '\u{fffd}', '\u{fffd}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{fffd}',
    'ž', 'Ÿ',
];

/// Text in code page 1252; what it lacks becomes `?`, as on the server.
pub(super) fn to_1252(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| match u8::try_from(u32::from(c)) {
            Ok(byte) if !(0x80..0xa0).contains(&byte) => byte,
            _ => CP1252
                .iter()
                .zip(0x80..)
                .find_map(|(known, byte)| (*known == c && c != '\u{fffd}').then_some(byte))
                .unwrap_or(b'?'),
        })
        .collect()
}

/// Text from code page 1252.
pub(crate) fn from_1252(bytes: &[u8]) -> String {
    let special = |byte: u8| {
        byte.checked_sub(0x80)
            .and_then(|at| CP1252.get(usize::from(at)))
    };
    bytes
        .iter()
        .map(|byte| special(*byte).copied().unwrap_or(char::from(*byte)))
        .collect()
}
