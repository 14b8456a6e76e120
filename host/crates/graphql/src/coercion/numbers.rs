//! Numbers as texts: which are whole, which fit `Int`, and which are finite. No digit is invented or lost.

use std::borrow::Cow;

/// Digits from which a number with a fraction or an exponent is not written in plain notation: the reference implementation
/// writes an exponent then.
const MAX_DIGITS: usize = 21;

/// The digits of a JSON number whose value is whole, in plain notation; none for any other number.
pub(crate) fn whole(text: &str) -> Option<Cow<'_, str>> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits.is_empty() && are_digits(digits) {
        return Some(if text == "-0" {
            Cow::Borrowed("0")
        } else {
            Cow::Borrowed(text)
        });
    }
    let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if integer.is_empty() || !are_digits(integer) || !are_digits(fraction) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let digits = [integer, fraction].concat();
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        return Some(Cow::Borrowed("0"));
    }
    // Where the digits end as seen from the point: right of it, when negative.
    let exponent: i64 = exponent.parse().ok()?;
    let shift = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let plain = match usize::try_from(shift) {
        Ok(zeros) if zeros > MAX_DIGITS => return None,
        Ok(zeros) => format!("{significant}{}", "0".repeat(zeros)),
        Err(_) => {
            let dropped = usize::try_from(shift.unsigned_abs()).ok()?;
            let kept = significant.len().checked_sub(dropped)?;
            let (plain, rest) = significant.split_at_checked(kept)?;
            if plain.is_empty() || rest.bytes().any(|byte| byte != b'0') {
                return None;
            }
            plain.to_owned()
        }
    };
    (plain.len() <= MAX_DIGITS).then(|| Cow::Owned(format!("{sign}{plain}")))
}

/// Whether digits in plain notation are an `Int`.
pub(crate) fn fits_int(whole: &str) -> bool {
    whole.parse::<i32>().is_ok()
}

/// Whether a number is one that `Float` holds: not so large that it is only larger than all others.
pub(crate) fn is_finite(text: &str) -> bool {
    // The largest has 309 digits.
    let is_small = text.len() < 300 && !text.bytes().any(|byte| matches!(byte, b'e' | b'E'));
    is_small || text.parse::<f64>().is_ok_and(f64::is_finite)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_keep_their_digits_however_they_are_written() {
        for (text, digits) in [
            ("7", "7"),
            ("-7", "-7"),
            ("-0", "0"),
            ("0.0", "0"),
            ("-0.0e5", "0"),
            ("0e99999999999999999999", "0"),
            ("1.0", "1"),
            ("1e2", "100"),
            ("1.50E+1", "15"),
            ("120e-1", "12"),
            ("0.5e1", "5"),
            ("-2147483648.0", "-2147483648"),
            ("9007199254740993.0", "9007199254740993"),
            ("9007199254740993e0", "9007199254740993"),
            ("900719925474099.3e1", "9007199254740993"),
            ("90071992547409930e-1", "9007199254740993"),
            ("123456789012345678901.0", "123456789012345678901"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
            ("1e20", "100000000000000000000"),
        ] {
            assert_eq!(whole(text).as_deref(), Some(digits), "{text}");
        }
    }

    #[test]
    fn what_is_not_whole_or_not_to_be_written_in_digits_is_none() {
        for text in [
            "1.5",
            "1e-1",
            "0.99999999999999999999999",
            "1e-400",
            "1e30",
            "1e21",
            "1e400",
            "1e99999999999999999999",
            "1e-99999999999999999999",
            "12345678901234567890.5e2",
            "",
            "-",
            ".5",
            "e5",
            "1e",
            "NaN",
        ] {
            assert_eq!(whole(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_beyond_the_largest_float_are_not_finite() {
        for text in ["0", "-1.5", "1e308", "-1.7976931348623157e308", "1e-400"] {
            assert!(is_finite(text), "{text}");
        }
        let long = format!("1{}", "0".repeat(308));
        assert!(is_finite(&long));
        for text in [
            "1e309",
            "1e400",
            "-1E+400",
            "1e99999999999",
            &format!("{long}0"),
        ] {
            assert!(!is_finite(text), "{text}");
        }
    }
}
