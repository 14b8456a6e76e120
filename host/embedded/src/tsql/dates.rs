//! Functions of dates and times.

use chrono::{Datelike, Months, NaiveDate, NaiveDateTime, TimeDelta, Timelike, Utc};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::Value;
use rusqlite::{Connection, Error};

use super::arguments::{Function, any_null, fail, is_null, text, whole};
use crate::sql_types::{Moment, SqlError, SqlType, coerce};

/// Adds the functions to a connection.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let pure = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let functions: [(&str, i32, FunctionFlags, Function); 8] = [
        ("dateadd", 3, pure, dateadd),
        ("datediff", 3, pure, datediff),
        ("datepart", 2, pure, |context| {
            datepart(&text(context, 0), context, 1)
        }),
        ("datename", 2, pure, datename),
        ("month_end", 2, pure, month_end),
        ("date_of", 3, pure, date_of),
        ("in_utc", 1, pure, in_utc),
        ("now_to", 1, FunctionFlags::SQLITE_UTF8, now_to),
    ];
    for (name, arguments, flags, function) in functions {
        connection.create_scalar_function(name, arguments, flags, function)?;
    }
    Ok(())
}

/// Now, as a type has it.
fn now_to(context: &Context<'_>) -> Result<Value, Error> {
    let ty = SqlType::parse(&text(context, 0)).unwrap_or(SqlType::DateTime2 { scale: 7 });
    let now = Value::Text(Moment::of(Utc::now().naive_utc()).to_string());
    coerce(now, ty).map_err(fail)
}

/// A moment with an offset as one that compares with others.
fn in_utc(context: &Context<'_>) -> Result<Value, Error> {
    if is_null(context, 0) {
        return Ok(Value::Null);
    }
    let moment = Moment::parse(&text(context, 0)).map_err(fail)?;
    Ok(Value::Text(Moment::of(moment.utc()).to_string()))
}

fn datename(context: &Context<'_>) -> Result<Value, Error> {
    let Some(at) = moment(context, 1)? else {
        return Ok(Value::Null);
    };
    Ok(match text(context, 0).as_str() {
        "month" | "mm" | "m" => Value::Text(at.format("%B").to_string()),
        "weekday" | "dw" => Value::Text(at.format("%A").to_string()),
        part => match datepart(part, context, 1)? {
            Value::Integer(number) => Value::Text(number.to_string()),
            other => other,
        },
    })
}

/// `month_end(moment, months after it)`.
fn month_end(context: &Context<'_>) -> Result<Value, Error> {
    let Some(at) = moment(context, 0)? else {
        return Ok(Value::Null);
    };
    let months = i64::from(at.year()) * 12 + i64::from(at.month0()) + whole(context, 1)? + 1;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
    let next = NaiveDate::from_ymd_opt(
        i32::try_from(year).unwrap_or(i32::MAX),
        u32::try_from(month).unwrap_or(1),
        1,
    );
    let last = next.and_then(|next| next.pred_opt());
    last.map(|last| Value::Text(last.to_string()))
        .ok_or_else(|| fail(SqlError::overflow("date")))
}

fn date_of(context: &Context<'_>) -> Result<Value, Error> {
    if any_null(context) {
        return Ok(Value::Null);
    }
    let date = NaiveDate::from_ymd_opt(
        i32::try_from(whole(context, 0)?).unwrap_or(0),
        u32::try_from(whole(context, 1)?).unwrap_or(0),
        u32::try_from(whole(context, 2)?).unwrap_or(0),
    );
    date.map(|date| Value::Text(date.to_string())).ok_or_else(|| {
        let message = "Cannot construct data type date, some of the arguments have values which are not valid.";
        fail(SqlError::new(289, message))
    })
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
    if is_null(context, 1) {
        return Ok(Value::Null);
    }
    let written = Moment::parse(&text(context, 2)).map_err(fail)?;
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
    let minutes = written.offset_minutes();
    Ok(Value::Text(if date_only {
        moved.date().to_string()
    } else if written.has_offset() {
        moved
            .checked_sub_signed(TimeDelta::minutes(minutes.into()))
            .and_then(|utc| Moment::at_offset(utc, minutes))
            .map_or_else(String::new, Moment::with_offset)
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
        // Weeks begin on Sunday: the fourth day before the one that time is counted from.
        "week" | "ww" | "wk" => {
            let weeks =
                |at: NaiveDateTime| (at.and_utc().timestamp().div_euclid(86_400) + 4).div_euclid(7);
            weeks(to) - weeks(from)
        }
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
