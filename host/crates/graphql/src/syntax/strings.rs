//! The values of strings: escapes, and the indentation of block strings.

use std::borrow::Cow;

/// The character an escape at the start of `text` stands for, and the bytes it takes.
pub(super) fn escape(text: &str) -> Result<(char, usize), String> {
    let simple = |character| Ok((character, 2));
    match text.as_bytes().get(1) {
        Some(b'"') => simple('"'),
        Some(b'\\') => simple('\\'),
        Some(b'/') => simple('/'),
        Some(b'b') => simple('\u{8}'),
        Some(b'f') => simple('\u{c}'),
        Some(b'n') => simple('\n'),
        Some(b'r') => simple('\r'),
        Some(b't') => simple('\t'),
        Some(b'u') if text.as_bytes().get(2) == Some(&b'{') => variable_width(text),
        Some(b'u') => fixed_width(text),
        _ => Err(format!(
            "Invalid character escape sequence: \"{}\".",
            first_characters(text, 2)
        )),
    }
}

/// A block string's value: common indentation and blank first and last lines removed, `\"""` unescaped.
pub(super) fn block(raw: &str) -> Cow<'_, str> {
    if !raw.contains(['\n', '\r', '\\']) {
        return if raw.trim_matches([' ', '\t']).is_empty() {
            Cow::Borrowed("")
        } else {
            Cow::Borrowed(raw)
        };
    }
    let text = raw
        .replace("\\\"\"\"", "\"\"\"")
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    let lines: Vec<&str> = text.split('\n').collect();
    let indent_of = |line: &str| {
        line.bytes()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count()
    };
    let is_blank = |line: &&str| indent_of(line) == line.len();
    let common = lines
        .iter()
        .skip(1)
        .filter(|line| !is_blank(line))
        .map(|line| indent_of(line))
        .min()
        .unwrap_or(0);
    let first = lines
        .iter()
        .position(|line| !is_blank(line))
        .unwrap_or(lines.len());
    let end = lines
        .iter()
        .rposition(|line| !is_blank(line))
        .map_or(first, |last| last + 1);
    let mut value = String::with_capacity(text.len());
    for (index, line) in lines.iter().enumerate().take(end).skip(first) {
        if index > first {
            value.push('\n');
        }
        value.push_str(if index == 0 {
            line
        } else {
            line.get(common..).unwrap_or_default()
        });
    }
    Cow::Owned(value)
}

fn variable_width(text: &str) -> Result<(char, usize), String> {
    let digits: String = text
        .chars()
        .skip(3)
        .take_while(char::is_ascii_hexdigit)
        .take(9)
        .collect();
    let length = 3 + digits.len() + 1;
    let closed = text.as_bytes().get(length - 1) == Some(&b'}');
    match u32::from_str_radix(&digits, 16)
        .ok()
        .and_then(char::from_u32)
    {
        Some(character) if closed && digits.len() <= 8 => Ok((character, length)),
        _ => Err(format!(
            "Invalid Unicode escape sequence: \"{}\".",
            first_characters(text, length)
        )),
    }
}

fn fixed_width(text: &str) -> Result<(char, usize), String> {
    let invalid = || {
        format!(
            "Invalid Unicode escape sequence: \"{}\".",
            first_characters(text, 6)
        )
    };
    let unit = four_digits(text).ok_or_else(invalid)?;
    if let Some(character) = char::from_u32(unit) {
        return Ok((character, 6));
    }
    // A leading surrogate must be followed by the trailing one.
    let trailing = text.get(6..).and_then(four_digits).ok_or_else(invalid)?;
    if (0xD800..0xDC00).contains(&unit) && (0xDC00..0xE000).contains(&trailing) {
        let scalar = 0x10000 + ((unit - 0xD800) << 10) + (trailing - 0xDC00);
        return char::from_u32(scalar)
            .map(|character| (character, 12))
            .ok_or_else(invalid);
    }
    Err(invalid())
}

fn four_digits(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then(|| u32::from_str_radix(digits, 16).ok())?
}

fn first_characters(text: &str, count: usize) -> String {
    text.chars().take(count).collect()
}
