//! Dates and times between ISO 8601 text and the driver's counts of days and fractions.
//!
//! All digits are kept: SQL Server counts in tenths of microseconds, and so does the text. `datetime` counts in three-hundredths of
//! a second; it is written in milliseconds, as the server itself shows it.

use std::fmt::Write;

use chrono::{Datelike, NaiveDate};
use tiberius::time::{Date, DateTime, DateTime2, DateTimeOffset, SmallDateTime, Time};

/// Fraction digits of what is sent: the server's finest.
const SCALE: u8 = 7;
const TICKS_PER_SECOND: i64 = 10_000_000;
const TICKS_PER_DAY: i64 = 86_400 * TICKS_PER_SECOND;
const TICKS_PER_MINUTE: i64 = 60 * TICKS_PER_SECOND;
/// From 0001-01-01 to 1900-01-01, where `datetime` counts from.
const DAYS_TO_1900: i64 = 693_595;
/// What the server takes: fourteen hours.
const MAX_OFFSET_MINUTES: i64 = 14 * 60;
/// From 0001-01-01 to 9999-12-31.
const LAST_DAY: i64 = 3_652_058;

/// `2026-01-31`.
pub(super) fn parse_date(text: &str) -> Option<Date> {
    date_of(days(text)?)
}

/// `13:14:15`, with up to seven digits of a second.
pub(super) fn parse_time(text: &str) -> Option<Time> {
    time_of(ticks(text)?)
}

/// A date and a time with `T` or a blank between.
pub(super) fn parse_datetime(text: &str) -> Option<DateTime2> {
    let (days, ticks) = local(text)?;
    Some(DateTime2::new(date_of(days)?, time_of(ticks)?))
}

/// The same with `Z` or an offset.
pub(super) fn parse_datetime_offset(text: &str) -> Option<DateTimeOffset> {
    let (local_text, minutes) = match text.strip_suffix(['Z', 'z']) {
        Some(rest) => (rest, 0),
        None => {
            let at = text.len().checked_sub(6)?;
            (text.get(..at)?, offset(text.get(at..)?)?)
        }
    };
    let (days, ticks) = local(local_text)?;
    // The server keeps the moment in UTC beside the offset.
    let utc = days * TICKS_PER_DAY + ticks - minutes * TICKS_PER_MINUTE;
    let datetime = DateTime2::new(
        date_of(utc.div_euclid(TICKS_PER_DAY))?,
        time_of(utc.rem_euclid(TICKS_PER_DAY))?,
    );
    Some(DateTimeOffset::new(datetime, i16::try_from(minutes).ok()?))
}

/// Writes a date; nothing if the count is none of a date.
pub(super) fn write_date(out: &mut String, date: Date) -> Option<()> {
    write_days(out, i64::from(date.days()))
}

/// Writes a time with as many digits of a second as it has.
pub(super) fn write_time(out: &mut String, time: Time) -> Option<()> {
    write_fraction(out, time.increments(), time.scale())
}

/// Writes a `datetime2`.
pub(super) fn write_datetime2(out: &mut String, value: DateTime2) -> Option<()> {
    write_date(out, value.date())?;
    out.push('T');
    write_time(out, value.time())
}

/// Writes a `datetimeoffset` as the local time it stands for.
pub(super) fn write_datetime_offset(out: &mut String, value: DateTimeOffset) -> Option<()> {
    let time = value.datetime2().time();
    let per_second = i64::try_from(10u64.checked_pow(u32::from(time.scale()))?).ok()?;
    let per_day = per_second.checked_mul(86_400)?;
    let minutes = i64::from(value.offset());
    let local = i64::try_from(time.increments())
        .ok()?
        .checked_add(minutes * 60 * per_second)?;
    write_days(
        out,
        i64::from(value.datetime2().date().days()) + local.div_euclid(per_day),
    )?;
    out.push('T');
    write_fraction(
        out,
        u64::try_from(local.rem_euclid(per_day)).ok()?,
        time.scale(),
    )?;
    let sign = if minutes < 0 { '-' } else { '+' };
    write!(
        out,
        "{sign}{:02}:{:02}",
        minutes.abs() / 60,
        minutes.abs() % 60
    )
    .ok()
}

/// Writes a `datetime`.
pub(super) fn write_datetime(out: &mut String, value: DateTime) -> Option<()> {
    let milliseconds = (u64::from(value.seconds_fragments()) * 10 + 1) / 3;
    write_days(out, i64::from(value.days()) + DAYS_TO_1900)?;
    out.push('T');
    write_fraction(out, milliseconds, 3)
}

/// Writes a `smalldatetime`: its fragments are minutes.
pub(super) fn write_small_datetime(out: &mut String, value: SmallDateTime) -> Option<()> {
    write_days(out, i64::from(value.days()) + DAYS_TO_1900)?;
    out.push('T');
    write_fraction(out, u64::from(value.seconds_fragments()) * 60, 0)
}

fn write_days(out: &mut String, days: i64) -> Option<()> {
    // An offset moves the last day of 9999 to a year that ISO 8601 has no four digits for.
    if !(0..=LAST_DAY).contains(&days) {
        return None;
    }
    let date = NaiveDate::from_num_days_from_ce_opt(i32::try_from(days.checked_add(1)?).ok()?)?;
    write!(
        out,
        "{:04}-{:02}-{:02}",
        date.year(),
        date.month(),
        date.day()
    )
    .ok()
}

fn write_fraction(out: &mut String, increments: u64, scale: u8) -> Option<()> {
    let per_second = 10u64.checked_pow(u32::from(scale))?;
    let (seconds, fraction) = (increments / per_second, increments % per_second);
    write!(
        out,
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
    .ok()?;
    if scale > 0 {
        write!(out, ".{fraction:0width$}", width = usize::from(scale)).ok()?;
    }
    Some(())
}

/// Days since 0001-01-01.
fn days(text: &str) -> Option<i64> {
    let (year, month, day) = (text.get(..4)?, text.get(5..7)?, text.get(8..)?);
    if text.get(4..5)? != "-" || text.get(7..8)? != "-" || day.len() != 2 {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(
        digits(year)?.try_into().ok()?,
        digits(month)?.try_into().ok()?,
        digits(day)?.try_into().ok()?,
    )?;
    Some(i64::from(date.num_days_from_ce()) - 1).filter(|days| (0..=LAST_DAY).contains(days))
}

/// Tenths of microseconds since midnight.
fn ticks(text: &str) -> Option<i64> {
    let (hour, minute, second) = (text.get(..2)?, text.get(3..5)?, text.get(6..8)?);
    if text.get(2..3)? != ":" || text.get(5..6)? != ":" {
        return None;
    }
    let fraction = match text.get(8..)? {
        "" => 0,
        rest => {
            let fraction = rest.strip_prefix('.')?;
            if fraction.is_empty() || fraction.len() > usize::from(SCALE) {
                return None;
            }
            digits(&format!("{fraction:0<7}"))?
        }
    };
    let (hour, minute, second) = (digits(hour)?, digits(minute)?, digits(second)?);
    (hour < 24 && minute < 60 && second < 60)
        .then(|| ((hour * 60 + minute) * 60 + second) * TICKS_PER_SECOND + fraction)
}

fn local(text: &str) -> Option<(i64, i64)> {
    if !matches!(text.get(10..11)?, "T" | "t" | " ") {
        return None;
    }
    Some((days(text.get(..10)?)?, ticks(text.get(11..)?)?))
}

/// `+02:00` in minutes.
fn offset(text: &str) -> Option<i64> {
    let sign = match text.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = (digits(text.get(1..3)?)?, digits(text.get(4..6)?)?);
    let total = hours * 60 + minutes;
    (text.get(3..4)? == ":" && minutes < 60 && total <= MAX_OFFSET_MINUTES).then_some(sign * total)
}

/// Digits and nothing else; `parse` alone would take a sign.
fn digits(text: &str) -> Option<i64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

fn date_of(days: i64) -> Option<Date> {
    (0..=LAST_DAY)
        .contains(&days)
        .then(|| u32::try_from(days).ok().map(Date::new))?
}

fn time_of(ticks: i64) -> Option<Time> {
    Some(Time::new(u64::try_from(ticks).ok()?, SCALE))
}

#[cfg(test)]
mod tests;
