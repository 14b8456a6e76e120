//! Strings between their text in JSON and their value.

use std::borrow::Cow;
use std::fmt::Write;

/// Writes a string with its quotes.
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    loop {
        let (plain, after) = rest
            .split_at_checked(plain_bytes(rest.as_bytes()))
            .unwrap_or((rest, ""));
        out.push_str(plain);
        let mut characters = after.chars();
        match characters.next() {
            None => break,
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(control) => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
        }
        rest = characters.as_str();
    }
    out.push('"');
}

/// How many bytes stand for themselves in a string before the first that does not: a quote, a backslash or a control character.
/// Answers are strings for the most part, so it looks at eight bytes at once.
#[inline]
pub(crate) fn plain_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    // The high bit of a byte is set where it is less than `limit`; above the first such byte a borrow may set others.
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word & HIGH;
    let (words, tail) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
        let special = below(word, 0x20) | is(b'"') | is(b'\\');
        if special != 0 {
            return index * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let special = tail
        .iter()
        .position(|byte| matches!(byte, 0..0x20 | b'"' | b'\\'));
    bytes.len() - tail.len() + special.unwrap_or(tail.len())
}

/// A string with its quotes.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_string(&mut out, text);
    out
}

/// The value of what is between the quotes of a string that was checked.
pub(crate) fn unescape(inner: &str) -> Cow<'_, str> {
    let Some(first) = inner.find('\\') else {
        return Cow::Borrowed(inner);
    };
    // An escape is never shorter than what it stands for.
    let mut value = String::with_capacity(inner.len());
    let (mut plain, mut rest) = inner.split_at(first);
    loop {
        value.push_str(plain);
        let mut characters = rest.chars();
        characters.next();
        match characters.next() {
            None => return Cow::Owned(value),
            Some('b') => value.push('\u{8}'),
            Some('f') => value.push('\u{c}'),
            Some('n') => value.push('\n'),
            Some('r') => value.push('\r'),
            Some('t') => value.push('\t'),
            Some('u') => value.push(code_point(&mut characters)),
            Some(itself) => value.push(itself),
        }
        let after = characters.as_str();
        (plain, rest) = after.split_at(after.find('\\').unwrap_or(after.len()));
    }
}

/// The character of four hexadecimal digits, or of two such escapes.
fn code_point(characters: &mut std::str::Chars<'_>) -> char {
    let first = code_unit(characters);
    let code = match first {
        0xd800..0xdc00 => {
            // A checked string has the other half here.
            characters.next();
            characters.next();
            let second = code_unit(characters);
            0x1_0000 + ((first & 0x3ff) << 10) + (second & 0x3ff)
        }
        other => other,
    };
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn code_unit(characters: &mut std::str::Chars<'_>) -> u32 {
    characters
        .by_ref()
        .take(4)
        .filter_map(|digit| digit.to_digit(16))
        .fold(0, |unit, digit| unit * 16 + digit)
}
