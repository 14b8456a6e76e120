//! How text and exact numbers compare: as the server's default collation has it, and by value.
//!
//! `TSQL` is `SQL_Latin1_General_CP1_CI_AS` as far as text of western languages goes: letters without regard to case, accents only
//! where nothing else differs, blanks at the end as nothing; punctuation before digits before letters. `DECIMAL` compares numbers
//! that lie as text.

use std::cmp::Ordering;

use rusqlite::Connection;

/// The collation of text.
pub(crate) const TEXT: &str = "TSQL";
/// The collation of exact numbers.
pub(crate) const DECIMAL: &str = "DECIMAL";

/// Adds the collations to a connection.
pub(crate) fn register(connection: &Connection) -> rusqlite::Result<()> {
    connection.create_collation(TEXT, text_order)?;
    connection.create_collation(DECIMAL, decimal_order)
}

/// How two texts compare.
pub(crate) fn text_order(one: &str, other: &str) -> Ordering {
    let (one, other) = (one.trim_end_matches(' '), other.trim_end_matches(' '));
    let weights = |text: &'_ str| text.chars().map(weight).collect::<Vec<_>>();
    if one.is_ascii() && other.is_ascii() {
        return one.chars().map(weight).cmp(other.chars().map(weight));
    }
    let (one, other) = (weights(one), weights(other));
    let primary = |weights: &[(u8, char, char)]| {
        weights
            .iter()
            .map(|(class, base, _)| (*class, *base))
            .collect::<Vec<_>>()
    };
    primary(&one)
        .cmp(&primary(&other))
        .then_with(|| one.cmp(&other))
}

/// Whether two characters are the same to the collation.
pub(crate) fn same(one: char, other: char) -> bool {
    one == other || lower(one) == lower(other)
}

/// Its class, the letter without its accent, and the letter.
fn weight(c: char) -> (u8, char, char) {
    let lower = lower(c);
    let class = match lower {
        c if c.is_alphabetic() => 3,
        c if c.is_numeric() => 2,
        ' ' => 0,
        _ => 1,
    };
    (class, base(lower), lower)
}

/// The lower case of one character that is one character.
fn lower(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) => lower,
        _ => c,
    }
}

/// The letter without its accent, of those that code page 1252 has.
fn base(c: char) -> char {
    const FROM: u32 = 'à' as u32;
    const BASES: [char; 32] = [
        'a', 'a', 'a', 'a', 'a', 'a', 'æ', 'c', 'e', 'e', 'e', 'e', 'i', 'i', 'i', 'i', 'ð', 'n',
        'o', 'o', 'o', 'o', 'o', '÷', 'o', 'u', 'u', 'u', 'u', 'y', 'þ', 'y',
    ];
    match c {
        'š' => 's',
        'ž' => 'z',
        _ => u32::from(c)
            .checked_sub(FROM)
            .and_then(|at| {
                BASES
                    .get(usize::try_from(at).unwrap_or(usize::MAX))
                    .copied()
            })
            .unwrap_or(c),
    }
}

/// How two numbers that lie as text compare; anything else as text.
pub(crate) fn decimal_order(one: &str, other: &str) -> Ordering {
    match (parts(one), parts(other)) {
        (Some(one), Some(other)) => match (one.0, other.0) {
            (false, false) => magnitude(&one, &other),
            (true, true) => magnitude(&other, &one),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        },
        _ => one.cmp(other),
    }
}

type Parts<'a> = (bool, &'a str, &'a str);

/// Whether it is below zero, the digits before the point, and those behind it without zeros at the end.
fn parts(text: &str) -> Option<Parts<'_>> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if digits.is_empty() || !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let (whole, fraction) = (
        whole.trim_start_matches('0'),
        fraction.trim_end_matches('0'),
    );
    let is_zero = whole.is_empty() && fraction.is_empty();
    Some((negative && !is_zero, whole, fraction))
}

fn magnitude(one: &Parts<'_>, other: &Parts<'_>) -> Ordering {
    one.1
        .len()
        .cmp(&other.1.len())
        .then_with(|| one.1.cmp(other.1))
        .then_with(|| one.2.cmp(other.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_compares_without_case_and_trailing_blanks() {
        assert_eq!(text_order("Straße", "STRAßE  "), Ordering::Equal);
        assert_eq!(text_order("Ärger", "ärger"), Ordering::Equal);
        assert_eq!(text_order("cafe", "café"), Ordering::Less);
        assert_eq!(text_order("café", "cafes"), Ordering::Less);
        assert_eq!(text_order("a_b", "a1b"), Ordering::Less);
        assert_eq!(text_order("a1", "ab"), Ordering::Less);
        assert_eq!(text_order("", "  "), Ordering::Equal);
        assert_eq!(text_order("B", "a"), Ordering::Greater);
    }

    #[test]
    fn numbers_that_lie_as_text_compare_by_value() {
        let sorted = [
            "-10.5",
            "-9",
            "-0.01",
            "0",
            "0.10",
            "0.2",
            "9.99",
            "10",
            "100000000000000000000",
        ];
        for (at, one) in sorted.iter().enumerate() {
            for (behind, other) in sorted.iter().enumerate() {
                assert_eq!(decimal_order(one, other), at.cmp(&behind), "{one} {other}");
            }
        }
        assert_eq!(decimal_order("1.50", "1.5"), Ordering::Equal);
        assert_eq!(decimal_order("-0.00", "0"), Ordering::Equal);
    }
}
