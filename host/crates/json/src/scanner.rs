//! A strict JSON reader over a text that gives out slices of it.
//!
//! It allocates nothing and decodes nothing. Skipping a value checks it fully, so that text which is not JSON is found even in
//! properties nobody asked for; `walk` does that.

use std::borrow::Cow;

use crate::error::{ErrorKind, Malformed};
use crate::limits::Limits;
use crate::string::{plain_bytes, unescape};

/// A string as it is in the text.
#[derive(Debug, Clone, Copy)]
pub struct RawString<'j> {
    /// With its quotes.
    pub quoted: &'j str,
    /// Whether it contains escapes.
    pub escaped: bool,
}

impl<'j> RawString<'j> {
    /// What is between the quotes.
    #[must_use]
    #[inline]
    pub fn inner(&self) -> &'j str {
        self.quoted
            .get(1..self.quoted.len().saturating_sub(1))
            .unwrap_or_default()
    }

    /// Its value, borrowed when it holds no escape.
    #[must_use]
    #[inline]
    pub fn value(self) -> Cow<'j, str> {
        if self.escaped {
            unescape(self.inner())
        } else {
            Cow::Borrowed(self.inner())
        }
    }

    /// Whether the string's value is `text`.
    #[must_use]
    #[inline]
    pub fn is(&self, text: &str) -> bool {
        if self.escaped {
            self.value() == text
        } else {
            self.inner() == text
        }
    }
}

/// Reads one text.
pub struct Scanner<'j> {
    text: &'j str,
    /// The byte to read next.
    pub at: usize,
    /// Arrays and objects inside one another in a value that is skipped, at most.
    pub(crate) max_depth: usize,
}

impl<'j> Scanner<'j> {
    /// Reads `text` from its start. What is skipped may be `max_depth` deep, and never more than [`Limits::MAX_DEPTH`].
    #[must_use]
    #[inline]
    pub fn new(text: &'j str, max_depth: usize) -> Self {
        Self {
            text,
            at: 0,
            max_depth: max_depth.min(Limits::MAX_DEPTH),
        }
    }

    /// The first byte of what comes next, white space left out.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b' ' | b'\n' | b'\t' | b'\r' => self.at += 1,
                other => return Some(*other),
            }
        }
        None
    }

    /// The text between two places.
    #[must_use]
    #[inline]
    pub fn slice(&self, start: usize, end: usize) -> &'j str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// What stands here is not JSON.
    ///
    /// # Errors
    ///
    /// Always.
    #[inline]
    pub fn malformed<T>(&self) -> Result<T, Malformed> {
        self.refuse(ErrorKind::Syntax)
    }

    pub(crate) fn refuse<T>(&self, problem: ErrorKind) -> Result<T, Malformed> {
        Err(Malformed {
            at: self.at,
            problem,
        })
    }

    /// Steps over a byte of punctuation if it comes next.
    #[inline]
    pub fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
        }
        found
    }

    /// Steps over a byte of punctuation that must come next.
    ///
    /// # Errors
    ///
    /// When something else does.
    #[inline]
    pub fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.eat(byte) {
            Ok(())
        } else {
            self.malformed()
        }
    }

    /// Makes sure nothing follows.
    ///
    /// # Errors
    ///
    /// When something does.
    #[inline]
    pub fn end(&mut self) -> Result<(), Malformed> {
        if self.peek().is_none() {
            Ok(())
        } else {
            self.malformed()
        }
    }

    /// Steps over `null`, `true` or `false`.
    ///
    /// # Errors
    ///
    /// When something else comes next.
    #[inline]
    pub fn word(&mut self, word: &str) -> Result<(), Malformed> {
        let end = self.at + word.len();
        if self.text.as_bytes().get(self.at..end) == Some(word.as_bytes()) {
            self.at = end;
            Ok(())
        } else {
            self.malformed()
        }
    }

    /// Reads a string.
    ///
    /// # Errors
    ///
    /// Where it is not a string.
    #[inline]
    pub fn string(&mut self) -> Result<RawString<'j>, Malformed> {
        let start = self.at;
        let mut escaped = false;
        self.at += 1;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            self.at += plain_bytes(rest);
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return self.malformed(),
            }
        }
        self.at += 1;
        Ok(RawString {
            quoted: self.slice(start, self.at),
            escaped,
        })
    }

    /// Reads a number.
    ///
    /// # Errors
    ///
    /// Where it is not a number.
    #[inline]
    pub fn number(&mut self) -> Result<&'j str, Malformed> {
        let start = self.at;
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        match self.byte() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return self.malformed(),
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(self.slice(start, self.at))
    }

    /// Reads a property's name and its colon.
    ///
    /// # Errors
    ///
    /// When something else comes next.
    #[inline]
    pub fn key(&mut self) -> Result<RawString<'j>, Malformed> {
        if self.peek() != Some(b'"') {
            return self.malformed();
        }
        let key = self.string()?;
        self.expect(b':')?;
        Ok(key)
    }

    /// Steps over a property's name and its colon if it is written as `name`, which contains nothing to be escaped.
    ///
    /// # Errors
    ///
    /// When no name comes next, or no colon behind this one.
    #[inline]
    pub fn eat_key(&mut self, name: &str) -> Result<bool, Malformed> {
        if self.peek() != Some(b'"') {
            return self.malformed();
        }
        let rest = self.text.as_bytes().get(self.at + 1..).unwrap_or_default();
        let found = rest
            .strip_prefix(name.as_bytes())
            .is_some_and(|rest| rest.first() == Some(&b'"'));
        if found {
            self.at += name.len() + 2;
            self.expect(b':')?;
        }
        Ok(found)
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn digits(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start {
            self.malformed()
        } else {
            Ok(())
        }
    }

    fn escape(&mut self) -> Result<(), Malformed> {
        self.at += 1;
        match self.byte() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => self.code_point(),
            _ => self.malformed(),
        }
    }

    /// Reads what follows a backslash and stands for one character: a surrogate has to be half of a pair, or it would be none.
    fn code_point(&mut self) -> Result<(), Malformed> {
        match self.code_unit()? {
            0xd800..0xdc00 => {
                if self.text.as_bytes().get(self.at..self.at + 2) != Some(b"\\u") {
                    return self.refuse(ErrorKind::LoneSurrogate);
                }
                self.at += 1;
                if matches!(self.code_unit()?, 0xdc00..0xe000) {
                    Ok(())
                } else {
                    self.refuse(ErrorKind::LoneSurrogate)
                }
            }
            0xdc00..0xe000 => self.refuse(ErrorKind::LoneSurrogate),
            _ => Ok(()),
        }
    }

    /// Reads `u` and four hexadecimal digits.
    fn code_unit(&mut self) -> Result<u32, Malformed> {
        self.at += 1;
        let digits = self
            .text
            .get(self.at..self.at + 4)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(unit) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
            return self.malformed();
        };
        self.at += 4;
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

    use super::*;

    #[test]
    fn a_string_ends_at_its_quote_and_no_control_character_passes_wherever_they_stand() {
        for before in 0..20 {
            let plain = "\u{e9}x\u{7f}\u{10ffff}!# "
                .chars()
                .cycle()
                .take(before)
                .collect::<String>();
            for after in 0..20 {
                let rest = "y".repeat(after);
                let string = |inner: &str| {
                    let text = format!("\"{inner}\" {rest}");
                    let mut scanner = Scanner::new(&text, 64);
                    scanner
                        .string()
                        .map(|string| (string.inner().to_owned(), string.escaped))
                        .map_err(|malformed| malformed.at)
                };
                assert_eq!(string(&plain), Ok((plain.clone(), false)));
                let escaped = format!("{plain}\\\"{rest}");
                assert_eq!(string(&escaped), Ok((escaped, true)));
                for control in ['\0', '\u{1f}', '\n'] {
                    assert_eq!(
                        string(&format!("{plain}{control}{rest}")),
                        Err(plain.len() + 1),
                        "{control:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn only_the_very_name_is_stepped_over() {
        let eaten = |text: &str| {
            let mut scanner = Scanner::new(text, 64);
            scanner
                .eat_key("id")
                .map(|found| found.then_some(scanner.at))
                .map_err(|malformed| malformed.at)
        };
        assert_eq!(eaten(r#" "id" : 1"#), Ok(Some(7)));
        for other in [r#""ids":1"#, r#""i":1"#, r#""i\u0064":1"#] {
            assert_eq!(eaten(other), Ok(None), "{other}");
        }
        assert_eq!(eaten("id"), Err(0));
        assert_eq!(eaten(r#""id"#), Ok(None));
        assert_eq!(eaten(r#""id" 1"#), Err(5));
    }
}
