//! Values as dates and times: what a conversion to such a type reads, in the styles of `CONVERT`.

use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta};
use rusqlite::types::{Value, ValueRef};

use super::error::SqlError;
use super::moment::Moment;
use super::sql_type::SqlType;

/// A moment from text, in the form that a style says; from a number, which counts the days since 1900.
pub(super) fn styled_moment(
    value: ValueRef<'_>,
    to: SqlType,
    style: i64,
) -> Result<Value, SqlError> {
    let days = match value {
        ValueRef::Integer(days) => Some((days, 0.0)),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "far more days than there are dates fit"
        )]
        ValueRef::Real(days) => Some((days.floor() as i64, days - days.floor())),
        _ => None,
    };
    if let Some((days, part)) = days {
        if !matches!(to, SqlType::DateTime | SqlType::SmallDateTime) {
            return Err(SqlError::new(
                206,
                format!(
                    "Operand type clash: int is incompatible with {}.",
                    to.name()
                ),
            ));
        }
        #[expect(clippy::cast_possible_truncation, reason = "a part of a day")]
        let ticks = TimeDelta::milliseconds((part * 86_400_000.0).round() as i64);
        let start = NaiveDate::from_ymd_opt(1900, 1, 1)
            .unwrap_or_default()
            .and_time(NaiveTime::MIN);
        let at = TimeDelta::try_days(days).and_then(|days| start.checked_add_signed(days + ticks));
        let at = at.ok_or_else(|| SqlError::overflow(to.name()))?;
        return Ok(Value::Text(Moment::of(at).to_string()));
    }
    let ValueRef::Text(bytes) = value else {
        return Err(SqlError::new(
            206,
            format!(
                "Operand type clash: varbinary is incompatible with {}.",
                to.name()
            ),
        ));
    };
    let text = String::from_utf8_lossy(bytes);
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(Value::Text("1900-01-01 00:00:00".into()));
    }
    let formats: &[&str] = match style {
        1 => &["%m/%d/%y"],
        3 => &["%d/%m/%y"],
        4 => &["%d.%m.%y"],
        103 => &["%d/%m/%Y"],
        104 => &["%d.%m.%Y"],
        105 => &["%d-%m-%Y"],
        _ => &[
            "%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y", "%b %d %Y", "%d %b %Y", "%Y/%m/%d",
        ],
    };
    if let Ok(moment) = Moment::parse(trimmed) {
        return Ok(Value::Text(if moment.has_offset() {
            moment.with_offset()
        } else {
            moment.to_string()
        }));
    }
    for format in formats {
        let found = NaiveDate::parse_and_remainder(trimmed, format);
        // A year has its century, unless the style says otherwise.
        if let Some((date, rest)) = found.ok().filter(|(date, _)| date.year() >= 1_000) {
            let rest = rest.trim();
            let time = if rest.is_empty() {
                Some(NaiveTime::MIN)
            } else {
                clock(rest)
            };
            if let Some(time) = time {
                return Ok(Value::Text(Moment::of(date.and_time(time)).to_string()));
            }
        }
    }
    Moment::parse(trimmed).map(|moment| Value::Text(moment.to_string()))
}

fn clock(text: &str) -> Option<NaiveTime> {
    [
        "%H:%M:%S%.f",
        "%H:%M",
        "%I:%M:%S %p",
        "%I:%M %p",
        "%I:%M:%S%p",
        "%I:%M%p",
    ]
    .iter()
    .find_map(|format| NaiveTime::parse_from_str(text, format).ok())
}
