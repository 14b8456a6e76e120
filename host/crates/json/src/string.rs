//! Strings between their text in JSON and their value.

use std::borrow::Cow;
use std::fmt::Write;

/// Writes a string with its quotes.
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut plain = 0;
    for (index, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(text.get(plain..index).unwrap_or_default());
        plain = index + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            control => {
                let _ = write!(out, "\\u{control:04x}");
            }
        }
    }
    out.push_str(text.get(plain..).unwrap_or_default());
    out.push('"');
}

/// A string with its quotes.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_string(&mut out, text);
    out
}

/// The value of what stands between the quotes of a string that was checked.
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
