//! A strict JSON reader over a text that gives out slices of it.
//!
//! It allocates nothing and decodes nothing. Skipping a value checks it fully, so that text which is not JSON is found even in
//! properties nobody asked for. Recursion is bounded.

/// The text is not JSON, or deeper than it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed {
    /// The byte at which that shows.
    pub at: usize,
}

/// A string as it stands in the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct RawString<'j> {
    /// With its quotes.
    pub quoted: &'j str,
    /// Whether it contains escapes.
    pub escaped: bool,
}

impl<'j> RawString<'j> {
    /// What stands between the quotes.
    pub fn inner(&self) -> &'j str {
        self.quoted
            .get(1..self.quoted.len().saturating_sub(1))
            .unwrap_or_default()
    }

    /// Whether the string's value is `text`.
    pub fn is(&self, text: &str) -> bool {
        if self.escaped {
            serde_json::from_str::<String>(self.quoted).is_ok_and(|value| value == text)
        } else {
            self.inner() == text
        }
    }
}

/// Reads one text.
pub(super) struct Scanner<'j> {
    text: &'j str,
    /// The byte to read next.
    pub at: usize,
    /// Arrays and objects inside one another, at most; only custom scalars and dropped properties can be as deep as a guest likes.
    max_depth: usize,
    /// Whether it stopped for being deeper than that.
    pub too_deep: bool,
}

impl<'j> Scanner<'j> {
    /// Reads `text` from its start.
    pub fn new(text: &'j str, max_depth: usize) -> Self {
        Self {
            text,
            at: 0,
            max_depth,
            too_deep: false,
        }
    }

    /// The first byte of what comes next, white space left out.
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
    pub fn slice(&self, start: usize, end: usize) -> &'j str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// What is wrong here.
    pub fn malformed<T>(&self) -> Result<T, Malformed> {
        Err(Malformed { at: self.at })
    }

    /// Steps over a byte of punctuation if it comes next.
    pub fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
        }
        found
    }

    /// Steps over a byte of punctuation that must come next.
    pub fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.eat(byte) {
            Ok(())
        } else {
            self.malformed()
        }
    }

    /// Makes sure nothing follows.
    pub fn end(&mut self) -> Result<(), Malformed> {
        if self.peek().is_none() {
            Ok(())
        } else {
            self.malformed()
        }
    }

    /// Steps over `null`, `true` or `false`.
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
    pub fn string(&mut self) -> Result<RawString<'j>, Malformed> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut escaped = false;
        self.at += 1;
        loop {
            match bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(0..0x20) | None => return self.malformed(),
                Some(_) => self.at += self.plain_bytes().max(1),
            }
        }
        self.at += 1;
        Ok(RawString {
            quoted: self.slice(start, self.at),
            escaped,
        })
    }

    /// How many of the next eight bytes stand for themselves in a string; none when fewer than eight are left. Answers are strings
    /// for the most part, and their bytes are most of what is read of them.
    fn plain_bytes(&self) -> usize {
        const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
        const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
        let bytes = self
            .text
            .as_bytes()
            .get(self.at..)
            .and_then(<[u8]>::first_chunk);
        let Some(word) = bytes.map(|bytes| u64::from_le_bytes(*bytes)) else {
            return 0;
        };
        // The high bit of a byte is set where it is less than `limit`; above the first such byte a borrow may set others.
        let below =
            |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word & HIGH;
        let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
        let special = below(word, 0x20) | is(b'"') | is(b'\\');
        special.trailing_zeros() as usize / 8
    }

    /// Reads a number.
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

    /// Steps over any value, checking it.
    pub fn skip(&mut self) -> Result<(), Malformed> {
        self.skip_within(self.max_depth)
    }

    fn skip_within(&mut self, depth: usize) -> Result<(), Malformed> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number().map(drop),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            Some(open @ (b'[' | b'{')) if depth > 0 => {
                self.at += 1;
                let close = if open == b'[' { b']' } else { b'}' };
                if self.eat(close) {
                    return Ok(());
                }
                loop {
                    if open == b'{' {
                        self.key()?;
                    }
                    self.skip_within(depth - 1)?;
                    if !self.eat(b',') {
                        return self.expect(close);
                    }
                }
            }
            Some(b'[' | b'{') => {
                self.too_deep = true;
                self.malformed()
            }
            _ => self.malformed(),
        }
    }

    /// Reads a property's name and its colon.
    pub fn key(&mut self) -> Result<RawString<'j>, Malformed> {
        if self.peek() != Some(b'"') {
            return self.malformed();
        }
        let key = self.string()?;
        self.expect(b':')?;
        Ok(key)
    }

    /// Steps over a property's name and its colon if it is written as `name`, which contains nothing to be escaped.
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

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

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

    /// Reads what follows a backslash and stands for one character: a surrogate has to be half of a pair, or clients could not
    /// read the response.
    fn code_point(&mut self) -> Result<(), Malformed> {
        match self.code_unit()? {
            0xd800..0xdc00 => {
                if self.text.as_bytes().get(self.at..self.at + 2) != Some(b"\\u") {
                    return self.malformed();
                }
                self.at += 1;
                if matches!(self.code_unit()?, 0xdc00..0xe000) {
                    Ok(())
                } else {
                    self.malformed()
                }
            }
            0xdc00..0xe000 => self.malformed(),
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
