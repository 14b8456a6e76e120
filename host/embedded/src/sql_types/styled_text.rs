//! Values as text: what a conversion to a text type gives, in the styles of `CONVERT`.

use chrono::{NaiveDateTime, Timelike};
use rusqlite::types::{Value, ValueRef};

use super::code_page::from_1252;
use super::error::SqlError;
use super::moment::{Moment, time_text};
use super::sql_type::{Length, SqlType};
use super::value::{coerce, plain_text};

/// A value as text, before it is cut to a length.
pub(super) fn styled_text(
    value: ValueRef<'_>,
    from: Option<SqlType>,
    style: i64,
) -> Result<String, SqlError> {
    let text = || coerce(value.into(), SqlType::NVarChar(Length::Max)).map(plain_text);
    Ok(match from {
        Some(SqlType::Decimal { .. }) => plain_decimal(value, from)?,
        Some(SqlType::Money | SqlType::SmallMoney) => {
            let scale = if style == 2 { 4 } else { 2 };
            let rounded = SqlType::Decimal {
                precision: 38,
                scale,
            };
            plain_text(coerce(value.into(), rounded)?)
        }
        Some(SqlType::Float | SqlType::Real) => match coerce(value.into(), SqlType::Float)? {
            Value::Real(number) => float_text(number, style),
            _ => text()?,
        },
        Some(ty) if ty.is_time() => match value {
            ValueRef::Text(_) => time_shown(Moment::parse(&text()?)?, ty, style)?,
            _ => text()?,
        },
        Some(SqlType::VarBinary(_) | SqlType::Binary(_)) => match (value, style) {
            (ValueRef::Blob(bytes), 1) => format!("0x{}", hex(bytes)),
            (ValueRef::Blob(bytes), 2) => hex(bytes),
            (ValueRef::Blob(bytes), _) => from_1252(bytes),
            _ => text()?,
        },
        _ => match value {
            ValueRef::Real(number) => float_text(number, style),
            _ => text()?,
        },
    })
}

/// All digits of the declared scale.
fn plain_decimal(value: ValueRef<'_>, from: Option<SqlType>) -> Result<String, SqlError> {
    match (from, value) {
        (Some(ty), _) => coerce(value.into(), ty).map(|value| match value {
            Value::Text(text) => text,
            Value::Integer(number) => number.to_string(),
            _ => String::new(),
        }),
        (None, _) => Ok(String::new()),
    }
}

/// Six digits at most, or with a style 16 and 17, as the server prints a `float`.
fn float_text(number: f64, style: i64) -> String {
    let digits = match style {
        1 => 8,
        2 => 16,
        3 => 17,
        _ => 6,
    };
    if number == 0.0 {
        return "0".into();
    }
    let scientific = format!("{number:.places$e}", places = digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    let most = i32::try_from(digits).unwrap_or(6);
    if style == 0 && (-4..most).contains(&exponent) {
        let places = usize::try_from((most - 1 - exponent).max(0)).unwrap_or(0);
        return trim(&format!("{number:.places$}"));
    }
    let mantissa = if style == 0 {
        trim(mantissa)
    } else {
        mantissa.to_owned()
    };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:03}", exponent.abs())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// A moment in a style of `CONVERT`. Style 0 is what a `CAST` gives.
fn time_shown(moment: Moment, ty: SqlType, style: i64) -> Result<String, SqlError> {
    let at = moment.local();
    let fraction = |digits: usize| {
        let nanos = format!("{:09}", at.nanosecond());
        nanos.get(..digits).map_or_else(String::new, |shown| {
            if digits == 0 {
                String::new()
            } else {
                format!(".{shown}")
            }
        })
    };
    let digits = match ty {
        SqlType::DateTime => 3,
        SqlType::SmallDateTime | SqlType::Date => 0,
        SqlType::Time { scale }
        | SqlType::DateTime2 { scale }
        | SqlType::DateTimeOffset { scale } => usize::from(scale),
        _ => 0,
    };
    let date_only = ty == SqlType::Date;
    let time_only = matches!(ty, SqlType::Time { .. });
    let is_old = matches!(ty, SqlType::DateTime | SqlType::SmallDateTime);
    // The newer types have a form of their own.
    if style == 0 && !is_old {
        return Ok(match ty {
            SqlType::Date => at.date().to_string(),
            SqlType::Time { .. } => format!("{}{}", at.format("%H:%M:%S"), fraction(digits)),
            SqlType::DateTimeOffset { .. } => format!(
                "{}{} {}",
                at.format("%Y-%m-%d %H:%M:%S"),
                fraction(digits),
                offset(moment)
            ),
            _ => format!("{}{}", at.format("%Y-%m-%d %H:%M:%S"), fraction(digits)),
        });
    }
    let with_time = |date: String, time: String| match (date_only, time_only) {
        (true, _) => date,
        (_, true) => time,
        _ => format!("{date} {time}"),
    };
    let date = |format: &str| at.format(format).to_string();
    let millis = || {
        format!(
            "{}{}",
            at.format("%H:%M:%S"),
            fraction(if digits == 0 {
                0
            } else {
                digits.min(if is_old { 3 } else { 7 })
            })
        )
    };
    Ok(match style {
        0 | 100 => with_time(spaced(at, "%b", "%Y"), twelve(at, "")),
        1 => date("%m/%d/%y"),
        101 => date("%m/%d/%Y"),
        2 => date("%y.%m.%d"),
        102 => date("%Y.%m.%d"),
        3 => date("%d/%m/%y"),
        103 => date("%d/%m/%Y"),
        4 => date("%d.%m.%y"),
        104 => date("%d.%m.%Y"),
        5 => date("%d-%m-%y"),
        105 => date("%d-%m-%Y"),
        6 => date("%d %b %y"),
        106 => date("%d %b %Y"),
        7 => date("%b %d, %y"),
        107 => date("%b %d, %Y"),
        8 | 24 | 108 => date("%H:%M:%S"),
        10 => date("%m-%d-%y"),
        110 => date("%m-%d-%Y"),
        11 => date("%y/%m/%d"),
        111 => date("%Y/%m/%d"),
        12 => date("%y%m%d"),
        112 => date("%Y%m%d"),
        14 | 114 => format!(
            "{}:{:03}",
            at.format("%H:%M:%S"),
            at.nanosecond() / 1_000_000
        ),
        20 | 120 => with_time(date("%Y-%m-%d"), date("%H:%M:%S")),
        21 | 25 | 121 => with_time(
            date("%Y-%m-%d"),
            if is_old {
                format!(
                    "{}.{:03}",
                    at.format("%H:%M:%S"),
                    at.nanosecond() / 1_000_000
                )
            } else {
                millis()
            },
        ),
        23 => date("%Y-%m-%d"),
        126 | 127 => {
            let time = time_text(at.time());
            match (date_only, time_only) {
                (true, _) => date("%Y-%m-%d"),
                (_, true) => time,
                _ if is_old && at.nanosecond() != 0 => format!(
                    "{}.{:03}",
                    at.format("%Y-%m-%dT%H:%M:%S"),
                    at.nanosecond() / 1_000_000
                ),
                _ if is_old => date("%Y-%m-%dT%H:%M:%S"),
                _ => format!("{}{}", at.format("%Y-%m-%dT%H:%M:%S"), fraction(digits)),
            }
        }
        _ => return Err(SqlError::unsupported(&format!("style {style} of CONVERT"))),
    })
}

fn offset(moment: Moment) -> String {
    let text = moment.with_offset();
    text.rsplit(' ').next().unwrap_or_default().to_owned()
}

/// `Jan  1 2026`: days below ten have a blank before them.
fn spaced(at: NaiveDateTime, month: &str, year: &str) -> String {
    format!(
        "{} {} {}",
        at.format(month),
        at.format("%e"),
        at.format(year)
    )
}

/// ` 8:05AM`.
fn twelve(at: NaiveDateTime, seconds: &str) -> String {
    format!(
        "{}:{}{seconds}{}",
        at.format("%l"),
        at.format("%M"),
        at.format("%p")
    )
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that meets something unexpected fails"
    )]

    use super::super::conversion::convert;
    use super::*;

    #[test]
    fn moments_are_shown_in_the_styles_of_convert() {
        let at = ValueRef::Text(b"2026-01-05 08:09:07.123");
        let cases = [
            (SqlType::DateTime, 0, "Jan  5 2026  8:09AM"),
            (SqlType::DateTime, 101, "01/05/2026"),
            (SqlType::DateTime, 103, "05/01/2026"),
            (SqlType::DateTime, 104, "05.01.2026"),
            (SqlType::DateTime, 108, "08:09:07"),
            (SqlType::DateTime, 112, "20260105"),
            (SqlType::DateTime, 120, "2026-01-05 08:09:07"),
            (SqlType::DateTime, 121, "2026-01-05 08:09:07.123"),
            (SqlType::DateTime, 126, "2026-01-05T08:09:07.123"),
            (
                SqlType::DateTime2 { scale: 7 },
                0,
                "2026-01-05 08:09:07.1230000",
            ),
            (SqlType::DateTime2 { scale: 0 }, 126, "2026-01-05T08:09:07"),
            (SqlType::Date, 0, "2026-01-05"),
            (SqlType::Date, 112, "20260105"),
        ];
        for (ty, style, wanted) in cases {
            let text = convert(at, Some(ty), SqlType::VarChar(Length::Limited(40)), style);
            assert_eq!(text.unwrap(), Value::Text(wanted.into()), "{ty:?} {style}");
        }
    }

    #[test]
    fn floats_are_shown_with_six_digits() {
        for (number, wanted) in [
            (0.1, "0.1"),
            (1.0, "1"),
            (1_234_567.0, "1.23457e+006"),
            (0.000_012_3, "1.23e-005"),
            (-2.5, "-2.5"),
            (123_456.0, "123456"),
        ] {
            assert_eq!(float_text(number, 0), wanted);
        }
    }
}
