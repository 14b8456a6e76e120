//! Decimal numbers as text: every digit kept, no floating point anywhere.
//!
//! JSON puts no limit on digits; DynamoDB holds 38 of them and SQL Server's `decimal` as well. This reads a number once into sign,
//! digits and exponent, from which both check their limits and write their own form.

use std::fmt::Write;

/// A number: `digits` × 10^`exponent`, negated when `negative`. Two equal numbers have equal fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decimal {
    /// Whether it is below zero.
    pub(crate) negative: bool,
    /// Significant digits without leading or trailing zeros; empty for zero.
    pub(crate) digits: String,
    /// The power of ten of the last digit.
    pub(crate) exponent: i64,
}

impl Decimal {
    /// Reads a number as JSON writes it; a leading `+`, a missing digit on one side of the point and leading zeros are taken too,
    /// because backends may write them.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, power) = match text.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, Some(power)),
            None => (text, None),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction)
        {
            return None;
        }
        let power = match power {
            None => 0,
            Some(power) => parse_power(power)?,
        };
        let joined = format!("{whole}{fraction}");
        let trimmed = joined.trim_start_matches('0');
        let digits = trimmed.trim_end_matches('0');
        if digits.is_empty() {
            return Some(Self {
                negative: false,
                digits: String::new(),
                exponent: 0,
            });
        }
        let dropped = i64::try_from(trimmed.len() - digits.len()).ok()?;
        let exponent = power
            .saturating_sub(i64::try_from(fraction.len()).ok()?)
            .saturating_add(dropped);
        Some(Self {
            negative,
            digits: digits.to_owned(),
            exponent,
        })
    }

    /// The power of ten of the first digit; 0 for zero.
    pub(crate) fn magnitude(&self) -> i64 {
        if self.digits.is_empty() {
            return 0;
        }
        self.exponent
            .saturating_add(i64::try_from(self.digits.len()).unwrap_or(i64::MAX))
            .saturating_sub(1)
    }

    /// The digits before the point that are not leading zeros.
    pub(crate) fn whole_digits(&self) -> i64 {
        if self.digits.is_empty() {
            0
        } else {
            self.magnitude().saturating_add(1).max(0)
        }
    }

    /// The digits after the point that are needed.
    pub(crate) fn fraction_digits(&self) -> i64 {
        self.exponent.saturating_neg().max(0)
    }

    /// A valid JSON number, with an exponent where there is one.
    pub(crate) fn to_json(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        match (self.digits.is_empty(), self.exponent) {
            (true, _) => "0".to_owned(),
            (false, 0) => format!("{sign}{}", self.digits),
            (false, exponent) => format!("{sign}{}E{exponent}", self.digits),
        }
    }

    /// The number written out, without an exponent. Only for numbers whose size was checked: it writes every zero.
    pub(crate) fn to_plain(&self) -> String {
        let mut out = String::with_capacity(self.digits.len() + 4);
        if self.negative {
            out.push('-');
        }
        let point = self.whole_digits();
        let fraction = self.fraction_digits();
        if point == 0 {
            out.push('0');
        }
        let mut digits = self.digits.chars();
        for _ in 0..point {
            out.push(digits.next().unwrap_or('0'));
        }
        if fraction > 0 {
            out.push('.');
            let zeros = fraction.saturating_sub(i64::try_from(digits.as_str().len()).unwrap_or(0));
            for _ in 0..zeros {
                out.push('0');
            }
            out.push_str(digits.as_str());
        }
        out
    }
}

/// Writes an integer with a decimal point `scale` digits from its end: all digits, as SQL Server shows them.
pub(crate) fn write_scaled(out: &mut String, value: i128, scale: u8) {
    if value < 0 {
        out.push('-');
    }
    let magnitude = value.unsigned_abs();
    let Some(unit) = 10u128.checked_pow(u32::from(scale)).filter(|_| scale > 0) else {
        let _ = write!(out, "{magnitude}");
        return;
    };
    let _ = write!(
        out,
        "{}.{:0width$}",
        magnitude / unit,
        magnitude % unit,
        width = usize::from(scale)
    );
}

/// Whether the text is a number as JSON's grammar wants it.
pub(crate) fn is_json_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let run = |bytes: &[u8]| {
        bytes
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let whole = run(unsigned);
    if whole == 0 || (whole > 1 && unsigned.first() == Some(&b'0')) {
        return false;
    }
    let mut rest = unsigned.get(whole..).unwrap_or_default();
    if let Some(after) = rest.strip_prefix(b".") {
        let fraction = run(after);
        if fraction == 0 {
            return false;
        }
        rest = after.get(fraction..).unwrap_or_default();
    }
    if let Some((b'e' | b'E', after)) = rest.split_first() {
        let after = after
            .strip_prefix(b"+")
            .or_else(|| after.strip_prefix(b"-"))
            .unwrap_or(after);
        return !after.is_empty() && run(after) == after.len();
    }
    rest.is_empty()
}

/// The power after `e`. One too long for any backend becomes the largest there is, so that it is refused as out of range.
fn parse_power(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let power = digits
        .parse::<i64>()
        .unwrap_or(i64::MAX / 4)
        .min(i64::MAX / 4);
    Some(if negative { -power } else { power })
}

#[cfg(test)]
mod tests;
