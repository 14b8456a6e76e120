//! Typed parameters of an RPC request, of every kind a TDS 7.4 client sends, as values for SQLite.

use rusqlite::types::Value;

use super::wire::{In, Malformed, utf16};
use crate::sql_types::moment::time_text;
use crate::sql_types::value::decimal_value;
use crate::sql_types::{Length, Moment, SqlType, from_1252, moment};

/// One parameter of a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parameter {
    /// `@name` in lower case, or empty when it goes by position.
    pub name: String,
    /// Whether the client wants its value back.
    pub output: bool,
    /// The type it was sent as; none for the untyped NULL.
    pub ty: Option<SqlType>,
    pub value: Value,
}

/// Reads all parameters of a request, the rest of the message.
pub(super) fn read_all(input: &mut In<'_>) -> Result<Vec<Parameter>, Malformed> {
    let mut parameters = Vec::new();
    while !input.is_empty() {
        let name = input.short_text()?.to_lowercase();
        let status = input.u8()?;
        let (ty, value) = read(input)?;
        parameters.push(Parameter {
            name,
            output: status & 1 != 0,
            ty,
            value,
        });
    }
    Ok(parameters)
}

/// One `TYPE_INFO` and its value.
fn read(input: &mut In<'_>) -> Result<(Option<SqlType>, Value), Malformed> {
    let id = input.u8()?;
    match id {
        0x1f => Ok((None, Value::Null)),
        0x30 | 0x32 | 0x34 | 0x38 | 0x7f => {
            let size = match id {
                0x30 | 0x32 => 1,
                0x34 => 2,
                0x38 => 4,
                _ => 8,
            };
            number(
                input,
                if id == 0x32 {
                    SqlType::Bit
                } else {
                    integer_type(size)?
                },
                size,
            )
        }
        0x3b => number(input, SqlType::Real, 4),
        0x3e => number(input, SqlType::Float, 8),
        0x3a => number(input, SqlType::SmallDateTime, 4),
        0x3d => number(input, SqlType::DateTime, 8),
        0x3c => number(input, SqlType::Money, 8),
        0x7a => number(input, SqlType::SmallMoney, 4),
        0x24 | 0x26 | 0x68 | 0x6d | 0x6e | 0x6f => nullable_number(input, id),
        0x6a | 0x6c => decimal(input),
        0x28 => date(input),
        0x29..=0x2b => time(input, id),
        0xa5 | 0xa7 | 0xad | 0xaf | 0xe7 | 0xef => text_or_bytes(input, id),
        0xf1 => {
            if input.u8()? != 0 {
                return Err(Malformed("an XML schema"));
            }
            let text = partial(input)?.map_or(Value::Null, |bytes| Value::Text(utf16(&bytes)));
            Ok((Some(SqlType::NVarChar(Length::Max)), text))
        }
        0xf3 => Err(Malformed("a table-valued parameter")),
        _ => Err(Malformed("an unknown type")),
    }
}

fn integer_type(size: u8) -> Result<SqlType, Malformed> {
    match size {
        1 => Ok(SqlType::TinyInt),
        2 => Ok(SqlType::SmallInt),
        4 => Ok(SqlType::Int),
        8 => Ok(SqlType::BigInt),
        _ => Err(Malformed("an integer of an odd size")),
    }
}

fn nullable_number(input: &mut In<'_>, id: u8) -> Result<(Option<SqlType>, Value), Malformed> {
    let most = input.u8()?;
    let size = input.u8()?;
    let ty = match (id, most) {
        (0x24, _) => SqlType::UniqueIdentifier,
        (0x26, _) => integer_type(most)?,
        (0x68, _) => SqlType::Bit,
        (0x6d, 4) => SqlType::Real,
        (0x6d, _) => SqlType::Float,
        (0x6e, 4) => SqlType::SmallMoney,
        (0x6e, _) => SqlType::Money,
        (_, 4) => SqlType::SmallDateTime,
        _ => SqlType::DateTime,
    };
    if size == 0 {
        return Ok((Some(ty), Value::Null));
    }
    if ty == SqlType::UniqueIdentifier {
        let guid = uuid::Uuid::from_bytes_le(input.array()?);
        return Ok((Some(ty), Value::Text(guid.to_string().to_uppercase())));
    }
    number(input, ty, size)
}

fn number(
    input: &mut In<'_>,
    ty: SqlType,
    size: u8,
) -> Result<(Option<SqlType>, Value), Malformed> {
    let no_date = Malformed("a date out of range");
    let value = match ty {
        SqlType::Bit => Value::Integer(i64::from(input.u8()? != 0)),
        SqlType::TinyInt => Value::Integer(input.u8()?.into()),
        SqlType::SmallInt => Value::Integer(i16::from_le_bytes(input.array()?).into()),
        SqlType::Int => Value::Integer(i32::from_le_bytes(input.array()?).into()),
        SqlType::BigInt => Value::Integer(i64::from_le_bytes(input.array()?)),
        SqlType::Real => Value::Real(f32::from_le_bytes(input.array()?).into()),
        SqlType::Float => Value::Real(f64::from_le_bytes(input.array()?)),
        SqlType::SmallMoney => decimal_value(i32::from_le_bytes(input.array()?).into(), 4),
        SqlType::Money => {
            let high = i32::from_le_bytes(input.array()?);
            decimal_value((i128::from(high) << 32) | i128::from(input.u32()?), 4)
        }
        SqlType::SmallDateTime if size == 4 => {
            let (days, minutes) = (input.u16()?, input.u16()?);
            let at =
                moment::from_datetime(days.into(), u32::from(minutes) * 18_000).ok_or(no_date)?;
            Value::Text(Moment::of(at).to_string())
        }
        _ => {
            let (days, ticks) = (i32::from_le_bytes(input.array()?), input.u32()?);
            Value::Text(Moment::of(moment::from_datetime(days, ticks).ok_or(no_date)?).to_string())
        }
    };
    Ok((Some(ty), value))
}

fn decimal(input: &mut In<'_>) -> Result<(Option<SqlType>, Value), Malformed> {
    let _most = input.u8()?;
    let (precision, scale) = (input.u8()?, input.u8()?);
    if !(1..=38).contains(&precision) || scale > precision {
        return Err(Malformed("a decimal of an impossible precision"));
    }
    let ty = Some(SqlType::Decimal { precision, scale });
    let size = input.u8()?;
    if size == 0 {
        return Ok((ty, Value::Null));
    }
    let positive = input.u8()? == 1;
    let magnitude = input.unsigned(usize::from(size) - 1)?;
    let number =
        i128::try_from(magnitude).map_err(|_| Malformed("a decimal of more than 38 digits"))?;
    let number = if positive { number } else { -number };
    Ok((ty, decimal_value(number, scale)))
}

fn date(input: &mut In<'_>) -> Result<(Option<SqlType>, Value), Malformed> {
    if input.u8()? == 0 {
        return Ok((Some(SqlType::Date), Value::Null));
    }
    Ok((Some(SqlType::Date), Value::Text(day(input)?.to_string())))
}

fn day(input: &mut In<'_>) -> Result<chrono::NaiveDate, Malformed> {
    let days = u32::try_from(input.unsigned(3)?).unwrap_or(u32::MAX);
    moment::date(days).ok_or(Malformed("a date out of range"))
}

fn time(input: &mut In<'_>, id: u8) -> Result<(Option<SqlType>, Value), Malformed> {
    let scale = input.u8()?;
    let size = usize::from(input.u8()?);
    let ty = match id {
        0x29 => SqlType::Time { scale },
        0x2a => SqlType::DateTime2 { scale },
        _ => SqlType::DateTimeOffset { scale },
    };
    if size == 0 {
        return Ok((Some(ty), Value::Null));
    }
    let behind = match id {
        0x29 => 0,
        0x2a => 3,
        _ => 5,
    };
    let clock_bytes = size
        .checked_sub(behind)
        .filter(|bytes| (3..=5).contains(bytes))
        .ok_or(Malformed("a time of an odd size"))?;
    let increments = u64::try_from(input.unsigned(clock_bytes)?).unwrap_or(u64::MAX);
    let clock = moment::time(increments, scale).ok_or(Malformed("a time out of range"))?;
    let value = match id {
        0x29 => time_text(clock),
        0x2a => Moment::of(day(input)?.and_time(clock)).to_string(),
        _ => {
            let utc = day(input)?.and_time(clock);
            let minutes = i16::from_le_bytes(input.array()?);
            Moment::at_offset(utc, minutes)
                .ok_or(Malformed("an offset out of range"))?
                .with_offset()
        }
    };
    Ok((Some(ty), Value::Text(value)))
}

fn text_or_bytes(input: &mut In<'_>, id: u8) -> Result<(Option<SqlType>, Value), Malformed> {
    let most = input.u16()?;
    let is_text = !matches!(id, 0xa5 | 0xad);
    if is_text {
        input.take(5)?;
    }
    let length = |unit: u16| {
        if most == u16::MAX {
            Length::Max
        } else {
            Length::Limited((most / unit).max(1))
        }
    };
    let ty = match id {
        0xa5 | 0xad => SqlType::VarBinary(length(1)),
        0xa7 | 0xaf => SqlType::VarChar(length(1)),
        _ => SqlType::NVarChar(length(2)),
    };
    let bytes = if most == u16::MAX {
        partial(input)?
    } else {
        match input.u16()? {
            u16::MAX => None,
            size => Some(input.take(size.into())?.to_vec()),
        }
    };
    let value = match bytes {
        None => Value::Null,
        Some(bytes) if !is_text => Value::Blob(bytes),
        Some(bytes) if matches!(id, 0xa7 | 0xaf) => Value::Text(from_1252(&bytes)),
        Some(bytes) => Value::Text(utf16(&bytes)),
    };
    Ok((Some(ty), value))
}

/// A value in chunks (`max` types).
fn partial(input: &mut In<'_>) -> Result<Option<Vec<u8>>, Malformed> {
    if input.u64()? == u64::MAX {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    loop {
        let size = usize::try_from(input.u32()?).unwrap_or(usize::MAX);
        if size == 0 {
            return Ok(Some(bytes));
        }
        // An empty value may end with its only chunk, of no bytes, and no terminator: that is the case above.
        bytes.extend(input.take(size)?);
    }
}
