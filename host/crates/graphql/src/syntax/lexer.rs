//! The text as tokens, within bounds.
//!
//! The lexer counts tokens and open brackets as it goes and refuses the document at the first one too many. The parser reads one
//! token ahead and recurses only on brackets, so its depth is bounded by the same count. Strings are decoded here. Positions are
//! those of the reference implementation: lines from 1, columns from 1 in UTF-16 units.

use super::error::SyntaxError;
use super::token::{Token, TokenKind};
use super::{Position, strings};
use mayfly_config::Limits;
use std::borrow::Cow;

/// How much text is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub tokens: usize,
    /// Nested brackets of any kind.
    pub nesting: usize,
}

impl From<&Limits> for Bounds {
    fn from(limits: &Limits) -> Self {
        Self {
            tokens: limits.tokens,
            nesting: limits.nesting,
        }
    }
}

/// Reads tokens from a text.
pub(crate) struct Lexer<'a> {
    source: &'a str,
    /// Byte offset of what is read next.
    offset: usize,
    line: u32,
    /// Byte offset of the line's first character.
    line_start: usize,
    /// Bytes of the line so far that are no UTF-16 unit of their own.
    line_surplus: usize,
    tokens: usize,
    open: usize,
    bounds: Bounds,
}

impl<'a> Lexer<'a> {
    /// Reads `source` within `bounds`.
    pub fn new(source: &'a str, bounds: Bounds) -> Self {
        Self {
            source,
            offset: 0,
            line: 1,
            line_start: 0,
            line_surplus: 0,
            tokens: 0,
            open: 0,
            bounds,
        }
    }

    /// The next token; `End` again and again at the end.
    pub fn next_token(&mut self) -> Result<Token<'a>, SyntaxError> {
        self.skip_ignored();
        let at = self.position();
        let Some(byte) = self.peek(0) else {
            return Ok(Token {
                kind: TokenKind::End,
                text: Cow::Borrowed(""),
                start: self.offset,
                at,
            });
        };
        self.count_token(at)?;
        match byte {
            b'!' | b'$' | b'&' | b'(' | b')' | b':' | b'=' | b'@' | b'[' | b']' | b'{' | b'|'
            | b'}' => {
                self.count_bracket(byte, at)?;
                Ok(self.token(TokenKind::Punctuator(byte), 1, at))
            }
            b'.' if self.peek(1) == Some(b'.') && self.peek(2) == Some(b'.') => {
                Ok(self.token(TokenKind::Spread, 3, at))
            }
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                let length = self
                    .rest()
                    .bytes()
                    .take_while(|byte| is_name_byte(*byte))
                    .count();
                Ok(self.token(TokenKind::Name, length, at))
            }
            b'-' | b'0'..=b'9' => self.number(at),
            b'"' if self.peek(1) == Some(b'"') && self.peek(2) == Some(b'"') => {
                self.block_string(at)
            }
            b'"' => self.string(at),
            _ => Err(self.unexpected_character(at)),
        }
    }

    /// Byte offset behind the last token read.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// A part of the text, by byte offsets.
    pub fn slice(&self, start: usize, end: usize) -> &'a str {
        self.source.get(start..end).unwrap_or_default()
    }

    fn rest(&self) -> &'a str {
        self.source.get(self.offset..).unwrap_or_default()
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.source.as_bytes().get(self.offset + ahead).copied()
    }

    fn position(&self) -> Position {
        let column = (self.offset - self.line_start).saturating_sub(self.line_surplus) + 1;
        Position {
            line: self.line,
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }

    fn token(&mut self, kind: TokenKind, length: usize, at: Position) -> Token<'a> {
        let start = self.offset;
        self.offset += length;
        Token {
            kind,
            text: Cow::Borrowed(self.slice(start, self.offset)),
            start,
            at,
        }
    }

    fn count_token(&mut self, at: Position) -> Result<(), SyntaxError> {
        self.tokens += 1;
        if self.tokens > self.bounds.tokens {
            return Err(SyntaxError::too_many_tokens(self.bounds.tokens, at));
        }
        Ok(())
    }

    fn count_bracket(&mut self, byte: u8, at: Position) -> Result<(), SyntaxError> {
        match byte {
            b'(' | b'[' | b'{' => self.open += 1,
            b')' | b']' | b'}' => self.open = self.open.saturating_sub(1),
            _ => {}
        }
        if self.open > self.bounds.nesting {
            return Err(SyntaxError::too_deep(self.open, self.bounds.nesting, at));
        }
        Ok(())
    }

    /// Skips white space, commas, comments and byte order marks.
    fn skip_ignored(&mut self) {
        while let Some(byte) = self.peek(0) {
            match byte {
                b' ' | b'\t' | b',' => self.offset += 1,
                b'\n' | b'\r' => self.new_line(),
                b'#' => {
                    while let Some(byte) =
                        self.peek(0).filter(|byte| !matches!(byte, b'\n' | b'\r'))
                    {
                        self.advance_counting(byte);
                    }
                }
                0xEF if self.rest().starts_with('\u{feff}') => {
                    self.offset += 3;
                    self.line_surplus += 2;
                }
                _ => return,
            }
        }
    }

    /// Steps over one line terminator.
    fn new_line(&mut self) {
        self.offset += if self.peek(0) == Some(b'\r') && self.peek(1) == Some(b'\n') {
            2
        } else {
            1
        };
        self.line += 1;
        self.line_start = self.offset;
        self.line_surplus = 0;
    }

    /// Steps over one byte of text that may be outside ASCII, keeping the column in UTF-16 units.
    fn advance_counting(&mut self, byte: u8) {
        match byte {
            0x80..=0xBF => self.line_surplus = self.line_surplus.wrapping_add(1),
            // Four bytes are two units: of the three bytes that follow, one is a unit after all. It is taken off in advance.
            0xF0..=0xFF => self.line_surplus = self.line_surplus.wrapping_sub(1),
            _ => {}
        }
        self.offset += 1;
    }

    fn number(&mut self, at: Position) -> Result<Token<'a>, SyntaxError> {
        let bytes = self.rest().as_bytes();
        let digits_from = |from: usize| {
            bytes
                .iter()
                .skip(from)
                .take_while(|byte| byte.is_ascii_digit())
                .count()
        };
        let mut length = usize::from(bytes.first() == Some(&b'-'));
        let whole = digits_from(length);
        if bytes.get(length) == Some(&b'0') && whole > 1 {
            return Err(self.number_error(at, length + 1, "unexpected digit after 0: "));
        }
        if whole == 0 {
            return Err(self.number_error(at, length, "expected digit but got: "));
        }
        length += whole;
        let mut kind = TokenKind::Int;
        if bytes.get(length) == Some(&b'.') {
            let fraction = digits_from(length + 1);
            if fraction == 0 {
                return Err(self.number_error(at, length + 1, "expected digit but got: "));
            }
            (kind, length) = (TokenKind::Float, length + 1 + fraction);
        }
        if matches!(bytes.get(length), Some(b'e' | b'E')) {
            length += 1 + usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
            let exponent = digits_from(length);
            if exponent == 0 {
                return Err(self.number_error(at, length, "expected digit but got: "));
            }
            (kind, length) = (TokenKind::Float, length + exponent);
        }
        if bytes
            .get(length)
            .is_some_and(|byte| *byte == b'.' || (is_name_byte(*byte) && !byte.is_ascii_digit()))
        {
            return Err(self.number_error(at, length, "expected digit but got: "));
        }
        Ok(self.token(kind, length, at))
    }

    fn number_error(&self, at: Position, offset: usize, problem: &str) -> SyntaxError {
        let found = self
            .rest()
            .get(offset..)
            .and_then(|rest| rest.chars().next())
            .map_or("<EOF>".to_owned(), |c| format!("\"{c}\""));
        let column = at
            .column
            .saturating_add(u32::try_from(offset).unwrap_or(u32::MAX));
        SyntaxError::malformed(
            format!("Invalid number, {problem}{found}."),
            Position {
                line: at.line,
                column,
            },
        )
    }

    fn string(&mut self, at: Position) -> Result<Token<'a>, SyntaxError> {
        self.offset += 1;
        let start = self.offset;
        let mut decoded: Option<String> = None;
        loop {
            match self.peek(0) {
                Some(b'"') => break,
                None | Some(b'\n' | b'\r') => {
                    return Err(SyntaxError::malformed(
                        "Unterminated string.",
                        self.position(),
                    ));
                }
                Some(b'\\') => {
                    let so_far = self.slice(start, self.offset);
                    let text = decoded.get_or_insert_with(|| so_far.to_owned());
                    let escape = strings::escape(self.rest());
                    let (character, length) = escape
                        .map_err(|message| SyntaxError::malformed(message, self.position()))?;
                    text.push(character);
                    self.offset += length;
                }
                Some(byte) => {
                    if let (Some(text), Some(character)) = (
                        &mut decoded,
                        self.rest().chars().next().filter(|_| is_char_start(byte)),
                    ) {
                        text.push(character);
                    }
                    self.advance_counting(byte);
                }
            }
        }
        let raw = self.slice(start, self.offset);
        self.offset += 1;
        Ok(Token {
            kind: TokenKind::String,
            text: decoded.map_or(Cow::Borrowed(raw), Cow::Owned),
            start: start - 1,
            at,
        })
    }

    fn block_string(&mut self, at: Position) -> Result<Token<'a>, SyntaxError> {
        self.offset += 3;
        let start = self.offset;
        while !self.rest_bytes().starts_with(b"\"\"\"") {
            match self.peek(0) {
                None => {
                    return Err(SyntaxError::malformed(
                        "Unterminated string.",
                        self.position(),
                    ));
                }
                Some(b'\\') if self.rest_bytes().starts_with(b"\\\"\"\"") => self.offset += 4,
                Some(b'\n' | b'\r') => self.new_line(),
                Some(byte) => self.advance_counting(byte),
            }
        }
        let raw = self.slice(start, self.offset);
        self.offset += 3;
        Ok(Token {
            kind: TokenKind::BlockString,
            text: strings::block(raw),
            start: start - 3,
            at,
        })
    }

    fn rest_bytes(&self) -> &'a [u8] {
        self.source
            .as_bytes()
            .get(self.offset..)
            .unwrap_or_default()
    }

    fn unexpected_character(&self, at: Position) -> SyntaxError {
        let message = match self.rest().chars().next() {
            Some('\'') => {
                "Unexpected single quote character ('), did you mean to use a double quote (\")?"
                    .to_owned()
            }
            Some(character) if character.is_ascii() && !character.is_ascii_control() => {
                format!("Unexpected character: \"{character}\".")
            }
            Some(character) => format!("Unexpected character: U+{:04X}.", character as u32),
            None => "Unexpected <EOF>.".to_owned(),
        };
        SyntaxError::malformed(message, at)
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

fn is_char_start(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}
