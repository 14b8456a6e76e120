//! Numbers as texts: which are whole, and which fit `Int`.

use std::borrow::Cow;

/// The digits of a JSON number whose value is whole, in plain notation; none for any other number.
pub(crate) fn whole(text: &str) -> Option<Cow<'_, str>> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(if text == "-0" {
            Cow::Borrowed("0")
        } else {
            Cow::Borrowed(text)
        });
    }
    let value: f64 = text.parse().ok()?;
    // Beyond this the reference implementation writes an exponent, and the digits would be an invention.
    if value.fract() != 0.0 || value.abs() >= 1e21 {
        return None;
    }
    Some(Cow::Owned(if value == 0.0 {
        "0".to_owned()
    } else {
        format!("{value:.0}")
    }))
}

/// Whether digits in plain notation are an `Int`.
pub(crate) fn fits_int(whole: &str) -> bool {
    whole.parse::<i32>().is_ok()
}
