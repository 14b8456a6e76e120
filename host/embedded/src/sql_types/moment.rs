//! Dates and times: as text in SQLite, and as the numbers of the wire.
//!
//! In SQLite a date is `2026-01-31`, a time `10:00:00`, a date with time `2026-01-31 10:00:00`, each with up to seven digits of a
//! second and no trailing zeros, so that text compares as time does; an offset follows as ` +01:00`.

use std::fmt;

use chrono::{FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};

use super::error::SqlError;

/// A point in time, with an offset if it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    local: NaiveDateTime,
    offset: Option<FixedOffset>,
}

/// Days from 0001-01-01 to 1900-01-01, the first day of the old types.
const DAYS_TO_1900: i64 = 693_595;

impl Moment {
    /// Without an offset.
    pub(crate) fn of(local: NaiveDateTime) -> Self {
        Self {
            local,
            offset: None,
        }
    }

    /// From UTC, seen at an offset.
    pub(crate) fn at_offset(utc: NaiveDateTime, minutes: i16) -> Option<Self> {
        let offset = FixedOffset::east_opt(i32::from(minutes) * 60)?;
        Some(Self {
            local: utc.checked_add_offset(offset)?,
            offset: Some(offset),
        })
    }

    /// Reads `2026-01-31`, `2026-01-31T10:00:00.5Z`, `10:00`, `2026-01-31 10:00:00 +01:00`, `20260131`.
    pub(crate) fn parse(text: &str) -> Result<Self, SqlError> {
        read(text.trim()).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            SqlError::new(241, format!("Conversion failed when converting date and/or time from character string '{shown}'."))
        })
    }

    /// The time on the clock.
    pub(crate) fn local(self) -> NaiveDateTime {
        self.local
    }

    /// The time in UTC; a moment without an offset is in UTC.
    pub(crate) fn utc(self) -> NaiveDateTime {
        self.offset
            .and_then(|offset| self.local.checked_sub_offset(offset))
            .unwrap_or(self.local)
    }

    /// Whether it was written with an offset.
    pub(crate) fn has_offset(self) -> bool {
        self.offset.is_some()
    }

    /// The offset in minutes.
    pub(crate) fn offset_minutes(self) -> i16 {
        self.offset.map_or(0, |offset| {
            i16::try_from(offset.local_minus_utc() / 60).unwrap_or(0)
        })
    }

    /// The same moment with an offset written, `+00:00` if it had none.
    pub(crate) fn with_offset(self) -> String {
        let minutes = self.offset_minutes();
        let sign = if minutes < 0 { '-' } else { '+' };
        format!(
            "{} {sign}{:02}:{:02}",
            Self::of(self.local),
            minutes.abs() / 60,
            minutes.abs() % 60
        )
    }

    /// Rounded to `10^-scale` seconds, as the server does.
    pub(crate) fn rounded(self, scale: u8) -> Self {
        let unit = 10_i64.pow(9 - u32::from(scale.min(9)));
        let nanos = i64::from(self.local.nanosecond());
        let rounded = (nanos + unit / 2) / unit * unit;
        let local = self
            .local
            .checked_add_signed(TimeDelta::nanoseconds(rounded - nanos))
            .unwrap_or(self.local);
        Self { local, ..self }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.local.date(), time_text(self.local.time()))
    }
}

/// A time of day as SQLite has it.
pub(crate) fn time_text(time: NaiveTime) -> String {
    let whole = time.format("%H:%M:%S").to_string();
    let ticks = time.nanosecond() / 100;
    if ticks == 0 {
        whole
    } else {
        format!("{whole}.{ticks:07}")
            .trim_end_matches('0')
            .to_owned()
    }
}

/// Days since 0001-01-01.
pub(crate) fn days(date: NaiveDate) -> u32 {
    use chrono::Datelike;
    u32::try_from(date.num_days_from_ce() - 1).unwrap_or(0)
}

/// The date that many days after 0001-01-01.
pub(crate) fn date(days: u32) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(i32::try_from(days).ok()?.checked_add(1)?)
}

/// Units of `10^-scale` seconds since midnight.
pub(crate) fn increments(time: NaiveTime, scale: u8) -> u64 {
    let nanos =
        u64::from(time.num_seconds_from_midnight()) * 1_000_000_000 + u64::from(time.nanosecond());
    nanos / 10_u64.pow(9 - u32::from(scale.min(9)))
}

/// The time that many units of `10^-scale` seconds after midnight.
pub(crate) fn time(increments: u64, scale: u8) -> Option<NaiveTime> {
    let nanos = increments.checked_mul(10_u64.pow(9_u32.checked_sub(scale.into())?))?;
    let seconds = u32::try_from(nanos / 1_000_000_000).ok()?;
    NaiveTime::from_num_seconds_from_midnight_opt(
        seconds,
        u32::try_from(nanos % 1_000_000_000).ok()?,
    )
}

/// `datetime`: days since 1900 and 300ths of a second since midnight.
pub(crate) fn to_datetime(moment: NaiveDateTime) -> (i32, u32) {
    let nanos = u64::from(moment.num_seconds_from_midnight()) * 1_000_000_000
        + u64::from(moment.nanosecond());
    let mut ticks = (nanos * 3 + 5_000_000) / 10_000_000;
    let mut days = i64::from(days(moment.date())) - DAYS_TO_1900;
    if ticks >= 25_920_000 {
        ticks -= 25_920_000;
        days += 1;
    }
    (
        i32::try_from(days).unwrap_or(0),
        u32::try_from(ticks).unwrap_or(0),
    )
}

/// The inverse of [`to_datetime`], rounded to milliseconds as the server shows it.
pub(crate) fn from_datetime(days: i32, ticks: u32) -> Option<NaiveDateTime> {
    let date = date(u32::try_from(i64::from(days) + DAYS_TO_1900).ok()?)?;
    let millis = (i64::from(ticks) * 10 + 1) / 3;
    date.and_time(NaiveTime::MIN)
        .checked_add_signed(TimeDelta::milliseconds(millis))
}

fn read(text: &str) -> Option<Moment> {
    let (text, offset) = split_offset(text);
    let (date_part, time_part) = match text.split_once([' ', 'T']) {
        Some((date, time)) => (date, time.trim()),
        None if text.contains(':') => ("1900-01-01", text),
        None => (text, "00:00:00"),
    };
    let date = NaiveDate::parse_from_str(date_part, "%Y-%m-%d")
        .or_else(|_| NaiveDate::parse_from_str(date_part, "%Y%m%d"))
        .ok()?;
    let time = ["%H:%M:%S%.f", "%H:%M"]
        .iter()
        .find_map(|format| NaiveTime::parse_from_str(time_part, format).ok())?;
    Some(Moment {
        local: date.and_time(time),
        offset,
    })
}

/// Takes `Z` or `+01:00` off the end.
fn split_offset(text: &str) -> (&str, Option<FixedOffset>) {
    if let Some(local) = text.strip_suffix(['Z', 'z']) {
        return (local, FixedOffset::east_opt(0));
    }
    let Some(at) = text.rfind(['+', '-']).filter(|at| *at > 10) else {
        return (text, None);
    };
    let (local, offset) = text.split_at(at);
    match offset.parse() {
        Ok(offset) => (local.trim_end(), Some(offset)),
        Err(_) => (text, None),
    }
}
