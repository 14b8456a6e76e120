//! Values as they are encoded on the wire.

use rusqlite::types::ValueRef;

use super::wire::Out;
use crate::sql_types::value::{bit, bytes, date_time, decimal, float, guid, integer, text};
use crate::sql_types::{
    Length, Moment, SqlError, SqlType, decimal_bytes, moment, time_bytes, to_1252,
};

/// Writes a value that is not NULL, as `ty` is encoded on the wire. `text_size` is the session's `TEXTSIZE`, in bytes.
pub(super) fn encode(
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
pub(super) fn encode_null(ty: SqlType, out: &mut Vec<u8>) {
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
