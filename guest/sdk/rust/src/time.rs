//! Dates and points in time, as text says them: enough for arguments and rows, without a calendar library's weight.
//!
//! ```
//! use mayfly_guest::time::{Date, Timestamp};
//!
//! let date: Date = "2024-02-29".parse().unwrap();
//! assert_eq!(date.next_day().to_string(), "2024-03-01");
//! let time: Timestamp = "2026-01-31T15:14:15.5+02:00".parse().unwrap();
//! assert_eq!(time.to_string(), "2026-01-31T13:14:15.500Z");
//! ```

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

const DAY_MS: i64 = 86_400_000;
/// 0001-01-01T00:00:00.000Z.
const FIRST_MS: i64 = -62_135_596_800_000;
/// 9999-12-31T23:59:59.999Z.
const LAST_MS: i64 = 253_402_300_799_999;

/// A day, from 0001-01-01 to 9999-12-31.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// A point in time, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    unix_ms: i64,
}

/// Text that is not a date or a point in time. `Display` says what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseTimeError(String);

impl Date {
    /// A day of the calendar, if there is such a day.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let exists = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in(year, month)).contains(&day);
        exists.then_some(Self { year, month, day })
    }

    /// The day after; the last day stays.
    #[must_use]
    pub fn next_day(self) -> Self {
        Self::new(self.year, self.month, self.day + 1)
            .or_else(|| Self::new(self.year, self.month + 1, 1))
            .or_else(|| Self::new(self.year + 1, 1, 1))
            .unwrap_or(self)
    }

    /// Days since 1970-01-01. The year is counted from March, so that the leap day is its last.
    fn unix_days(self) -> i64 {
        let month = u32::from(self.month);
        let year = u32::from(self.year) - u32::from(month <= 2);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + u32::from(self.day) - 1;
        i64::from(year * 365 + year / 4 - year / 100 + year / 400 + day_of_year) - 719_468
    }
}

impl Timestamp {
    /// The point this many milliseconds after 1970-01-01T00:00:00Z; the nearest within the years 1 to 9999.
    #[must_use]
    pub fn from_unix_ms(unix_ms: i64) -> Self {
        Self {
            unix_ms: unix_ms.clamp(FIRST_MS, LAST_MS),
        }
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn unix_ms(self) -> i64 {
        self.unix_ms
    }

    /// Reads a SQL Server `datetime2`, which has no offset and is taken as UTC.
    ///
    /// ```
    /// # use mayfly_guest::time::Timestamp;
    /// assert_eq!(Timestamp::from_sql("2026-01-31T13:14:15.1234567").unwrap().to_string(), "2026-01-31T13:14:15.123Z");
    /// ```
    ///
    /// # Errors
    ///
    /// When the text is not a point in time.
    pub fn from_sql(text: &str) -> Result<Self, ParseTimeError> {
        parse_local(text)
            .filter(|(_, rest)| rest.is_empty())
            .map(|(time, _)| time)
            .ok_or_else(|| not_a_time(text))
    }

    /// As a SQL Server `datetime2` in UTC, without an offset.
    #[must_use]
    pub fn to_sql(self) -> String {
        let mut text = self.to_string();
        text.pop();
        text
    }

    /// What `Display` writes. Rows have many times in them: formatting each number on its own was a fifth of a guest's instructions,
    /// and 64-bit divisions, which the target has no shortcut for, most of the rest.
    fn to_ascii(self) -> [u8; 24] {
        let (year, month, day) = civil(self.unix_ms.div_euclid(DAY_MS));
        let ms = self.unix_ms.rem_euclid(DAY_MS) as u32;
        let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let tens_and_ones = [
            (2, year % 100),
            (5, month),
            (8, day),
            (11, hour),
            (14, minute),
            (17, second),
            (21, ms % 100),
        ];
        for (at, number) in [(0, year / 100)].into_iter().chain(tens_and_ones) {
            if let Some([tens, ones]) = text.get_mut(at..at + 2) {
                (*tens, *ones) = (digit(number / 10), digit(number));
            }
        }
        text[20] = digit(ms % 1_000 / 100);
        text
    }
}

/// The last digit of a number.
fn digit(number: u32) -> u8 {
    b'0' + (number % 10) as u8
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:04}-{:02}-{:02}",
            self.year, self.month, self.day
        )
    }
}

/// RFC 3339 in UTC with milliseconds, as JavaScript's `toISOString`.
impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(std::str::from_utf8(&self.to_ascii()).unwrap_or_default())
    }
}

impl fmt::Display for ParseTimeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for ParseTimeError {}

impl FromStr for Date {
    type Err = ParseTimeError;

    fn from_str(text: &str) -> Result<Self, ParseTimeError> {
        parse_date(text)
            .filter(|(_, rest)| rest.is_empty())
            .map(|(date, _)| date)
            .ok_or_else(|| ParseTimeError(format!("`{text}` is not a date (expected YYYY-MM-DD)")))
    }
}

/// RFC 3339, with an offset or `Z`.
impl FromStr for Timestamp {
    type Err = ParseTimeError;

    fn from_str(text: &str) -> Result<Self, ParseTimeError> {
        let parse = || {
            let (local, rest) = parse_local(text)?;
            Some(Self::from_unix_ms(
                local.unix_ms - parse_offset(rest)? * 60_000,
            ))
        };
        parse().ok_or_else(|| not_a_time(text))
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.to_ascii()).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

fn not_a_time(text: &str) -> ParseTimeError {
    ParseTimeError(format!(
        "`{text}` is not a date and time (expected YYYY-MM-DDThh:mm:ssZ or an offset)"
    ))
}

/// `YYYY-MM-DD`, and what follows.
fn parse_date(text: &str) -> Option<(Date, &str)> {
    let (year, text) = digits(text, 4)?;
    let (month, text) = digits(text.strip_prefix('-')?, 2)?;
    let (day, text) = digits(text.strip_prefix('-')?, 2)?;
    Some((
        Date::new(
            u16::try_from(year).ok()?,
            u8::try_from(month).ok()?,
            u8::try_from(day).ok()?,
        )?,
        text,
    ))
}

/// `YYYY-MM-DDThh:mm:ss` with any fraction, as if it were UTC, and what follows.
fn parse_local(text: &str) -> Option<(Timestamp, &str)> {
    let (date, text) = parse_date(text)?;
    let (hour, text) = digits(text.strip_prefix(['T', 't', ' '])?, 2)?;
    let (minute, text) = digits(text.strip_prefix(':')?, 2)?;
    let (second, text) = digits(text.strip_prefix(':')?, 2)?;
    let (ms, text) = match text.strip_prefix('.') {
        Some(fraction) => {
            let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
            let ms = fraction
                .bytes()
                .take(length)
                .chain([b'0'; 3])
                .take(3)
                .fold(0, |ms, digit| ms * 10 + i64::from(digit - b'0'));
            (length > 0).then_some((ms, fraction.get(length..)?))?
        }
        None => (0, text),
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let ms_of_day = ((hour * 60 + minute) * 60 + second) * 1_000 + ms;
    Some((
        Timestamp {
            unix_ms: date.unix_days() * DAY_MS + ms_of_day,
        },
        text,
    ))
}

/// `Z`, `+hh:mm` or `-hh:mm`, in minutes.
fn parse_offset(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let (sign, text) = text
        .strip_prefix('+')
        .map(|rest| (1, rest))
        .or_else(|| text.strip_prefix('-').map(|rest| (-1, rest)))?;
    let (hours, text) = digits(text, 2)?;
    let (minutes, text) = digits(text.strip_prefix(':')?, 2)?;
    (text.is_empty() && hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// A number of exactly `count` digits, and what follows.
fn digits(text: &str, count: usize) -> Option<(i64, &str)> {
    let (number, rest) = text.split_at_checked(count)?;
    let value = number.bytes().try_fold(0, |value, byte| {
        byte.is_ascii_digit()
            .then(|| value * 10 + i64::from(byte - b'0'))
    })?;
    Some((value, rest))
}

/// Year, month and day, `unix_days` after 1970-01-01: the inverse of [`Date::unix_days`].
fn civil(unix_days: i64) -> (u32, u32, u32) {
    // No time is before the year 1, which begins 306 days after the day counted from.
    let days = (unix_days + 719_468) as u32;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let (month, day) = (
        (march_month + 2) % 12 + 1,
        day_of_year - (153 * march_month + 2) / 5 + 1,
    );
    (era * 400 + year_of_era + u32::from(month <= 2), month, day)
}

fn days_in(year: u16, month: u8) -> u8 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests;
