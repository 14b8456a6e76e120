//! The functions T-SQL has and SQLite lacks, added to every connection.

use chrono::{Datelike, Months, NaiveDateTime, TimeDelta, Timelike, Utc};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error};

use crate::tds::{Moment, SqlError, SqlType, coerce};

type Function = fn(&Context<'_>) -> Result<Value, Error>;

/// Adds the functions to a connection.
pub(crate) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let pure = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let functions: [(&str, i32, FunctionFlags, Function); 19] = [
        ("convert_to", 2, pure, convert_to),
        ("divisor", 1, pure, divisor),
        ("len", 1, pure, len),
        ("datalength", 1, pure, datalength),
        ("left_of", 2, pure, left_of),
        ("right_of", 2, pure, right_of),
        ("charindex", 2, pure, charindex),
        ("reverse", 1, pure, |context| {
            Ok(Value::Text(text(context, 0).chars().rev().collect()))
        }),
        ("dateadd", 3, pure, dateadd),
        ("datediff", 3, pure, datediff),
        ("datepart", 2, pure, |context| {
            datepart(&text(context, 0), context, 1)
        }),
        ("year", 1, pure, |context| datepart("year", context, 0)),
        ("month", 1, pure, |context| datepart("month", context, 0)),
        ("day", 1, pure, |context| datepart("day", context, 0)),
        ("getdate", 0, FunctionFlags::SQLITE_UTF8, now),
        ("getutcdate", 0, FunctionFlags::SQLITE_UTF8, now),
        ("sysdatetime", 0, FunctionFlags::SQLITE_UTF8, now),
        ("sysutcdatetime", 0, FunctionFlags::SQLITE_UTF8, now),
        ("newid", 0, FunctionFlags::SQLITE_UTF8, |_| {
            Ok(Value::Text(uuid::Uuid::new_v4().to_string().to_uppercase()))
        }),
    ];
    for (name, arguments, flags, function) in functions {
        connection.create_scalar_function(name, arguments, flags, function)?;
    }
    Ok(())
}

fn fail(error: SqlError) -> Error {
    Error::UserFunctionError(error.for_sqlite().into())
}

fn is_null(context: &Context<'_>, at: usize) -> bool {
    context.get_raw(at) == ValueRef::Null
}

fn text(context: &Context<'_>, at: usize) -> String {
    match context.get_raw(at) {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
    }
}

fn whole(context: &Context<'_>, at: usize) -> Result<i64, Error> {
    match coerce(context.get_raw(at).into(), SqlType::BigInt).map_err(fail)? {
        Value::Integer(number) => Ok(number),
        _ => Ok(0),
    }
}

fn convert_to(context: &Context<'_>) -> Result<Value, Error> {
    let name = text(context, 0);
    let ty = SqlType::parse(&name).ok_or_else(|| fail(SqlError::unknown_type(&name)))?;
    coerce(context.get_raw(1).into(), ty).map_err(fail)
}

fn divisor(context: &Context<'_>) -> Result<Value, Error> {
    match context.get_raw(0) {
        ValueRef::Integer(0) => Err(fail(SqlError::divide_by_zero())),
        ValueRef::Real(0.0) => Err(fail(SqlError::divide_by_zero())),
        value => Ok(value.into()),
    }
}

/// Without trailing blanks, in UTF-16 units, as the server counts.
fn len(context: &Context<'_>) -> Result<Value, Error> {
    if is_null(context, 0) {
        return Ok(Value::Null);
    }
    count(
        text(context, 0)
            .trim_end_matches(' ')
            .encode_utf16()
            .count(),
    )
}

fn datalength(context: &Context<'_>) -> Result<Value, Error> {
    match context.get_raw(0) {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Blob(bytes) => count(bytes.len()),
        _ => count(text(context, 0).encode_utf16().count() * 2),
    }
}

fn count(number: usize) -> Result<Value, Error> {
    Ok(Value::Integer(i64::try_from(number).unwrap_or(i64::MAX)))
}

fn left_of(context: &Context<'_>) -> Result<Value, Error> {
    if is_null(context, 0) {
        return Ok(Value::Null);
    }
    let wanted = usize::try_from(whole(context, 1)?).unwrap_or(0);
    Ok(Value::Text(text(context, 0).chars().take(wanted).collect()))
}

fn right_of(context: &Context<'_>) -> Result<Value, Error> {
    if is_null(context, 0) {
        return Ok(Value::Null);
    }
    let (text, wanted) = (
        text(context, 0),
        usize::try_from(whole(context, 1)?).unwrap_or(0),
    );
    let skip = text.chars().count().saturating_sub(wanted);
    Ok(Value::Text(text.chars().skip(skip).collect()))
}

fn charindex(context: &Context<'_>) -> Result<Value, Error> {
    if is_null(context, 0) || is_null(context, 1) {
        return Ok(Value::Null);
    }
    let (wanted, text) = (
        text(context, 0).to_lowercase(),
        text(context, 1).to_lowercase(),
    );
    count(text.find(&wanted).map_or(0, |at| {
        text.get(..at).map_or(0, |before| before.chars().count()) + 1
    }))
}

fn now(_: &Context<'_>) -> Result<Value, Error> {
    Ok(Value::Text(Moment::of(Utc::now().naive_utc()).to_string()))
}

fn moment(context: &Context<'_>, at: usize) -> Result<Option<NaiveDateTime>, Error> {
    if is_null(context, at) {
        return Ok(None);
    }
    Moment::parse(&text(context, at))
        .map(|moment| Some(moment.local()))
        .map_err(fail)
}

fn dateadd(context: &Context<'_>) -> Result<Value, Error> {
    let Some(start) = moment(context, 2)? else {
        return Ok(Value::Null);
    };
    let (part, number) = (text(context, 0), whole(context, 1)?);
    let months = |months: i64| {
        let step = Months::new(u32::try_from(months.unsigned_abs()).unwrap_or(u32::MAX));
        if months < 0 {
            start.checked_sub_months(step)
        } else {
            start.checked_add_months(step)
        }
    };
    let moved = match part.as_str() {
        "year" | "yy" | "yyyy" => months(number.saturating_mul(12)),
        "quarter" | "qq" | "q" => months(number.saturating_mul(3)),
        "month" | "mm" | "m" => months(number),
        _ => unit_ms(&part)
            .and_then(|unit| TimeDelta::try_milliseconds(number.saturating_mul(unit)))
            .and_then(|delta| start.checked_add_signed(delta)),
    };
    let moved = moved.ok_or_else(|| fail(SqlError::overflow("datetime")))?;
    let date_only = text(context, 2).len() == 10 && moved.time() == chrono::NaiveTime::MIN;
    Ok(Value::Text(if date_only {
        moved.date().to_string()
    } else {
        Moment::of(moved).to_string()
    }))
}

fn unit_ms(part: &str) -> Option<i64> {
    match part {
        "week" | "ww" | "wk" => Some(604_800_000),
        "day" | "dd" | "d" | "dayofyear" => Some(86_400_000),
        "hour" | "hh" => Some(3_600_000),
        "minute" | "mi" | "n" => Some(60_000),
        "second" | "ss" | "s" => Some(1_000),
        "millisecond" | "ms" => Some(1),
        _ => None,
    }
}

/// The number of boundaries crossed, as the server counts.
fn datediff(context: &Context<'_>) -> Result<Value, Error> {
    let (Some(from), Some(to)) = (moment(context, 1)?, moment(context, 2)?) else {
        return Ok(Value::Null);
    };
    let part = text(context, 0);
    let months = |at: NaiveDateTime| i64::from(at.year()) * 12 + i64::from(at.month0());
    let difference = match part.as_str() {
        "year" | "yy" | "yyyy" => i64::from(to.year() - from.year()),
        "quarter" | "qq" | "q" => months(to).div_euclid(3) - months(from).div_euclid(3),
        "month" | "mm" | "m" => months(to) - months(from),
        _ => {
            let unit = unit_ms(&part).ok_or_else(|| fail(SqlError::syntax(&part)))?;
            let count = |at: NaiveDateTime| at.and_utc().timestamp_millis().div_euclid(unit);
            count(to) - count(from)
        }
    };
    Ok(Value::Integer(difference))
}

fn datepart(part: &str, context: &Context<'_>, at: usize) -> Result<Value, Error> {
    let Some(moment) = moment(context, at)? else {
        return Ok(Value::Null);
    };
    let number = match part {
        "year" | "yy" | "yyyy" => i64::from(moment.year()),
        "quarter" | "qq" | "q" => i64::from(moment.month0() / 3 + 1),
        "month" | "mm" | "m" => i64::from(moment.month()),
        "day" | "dd" | "d" => i64::from(moment.day()),
        "dayofyear" | "dy" => i64::from(moment.ordinal()),
        "weekday" | "dw" => i64::from(moment.weekday().num_days_from_sunday() + 1),
        "hour" | "hh" => i64::from(moment.hour()),
        "minute" | "mi" | "n" => i64::from(moment.minute()),
        "second" | "ss" | "s" => i64::from(moment.second()),
        "millisecond" | "ms" => i64::from(moment.nanosecond() / 1_000_000),
        other => return Err(fail(SqlError::syntax(other))),
    };
    Ok(Value::Integer(number))
}
