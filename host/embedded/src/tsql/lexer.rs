//! T-SQL text as tokens.
//!
//! Owns strings, comments and quoting, so that no later step can mistake the inside of one for SQL. White space and comments are
//! dropped: SQLite does not need them, and nothing is shown to a person.

use std::ops::Range;

use crate::sql_types::SqlError;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A key word or plain identifier.
    Word,
    /// An identifier that was written `[x]` or `"x"`; the text is the bare name.
    Quoted,
    /// A string or binary literal, ready for SQLite.
    Literal,
    /// A string literal that was written `N'…'`, without its letter.
    National,
    Number,
    /// `@name` or `@@name`.
    Variable,
    /// An operator or punctuation.
    Symbol,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its text; see [`Kind`].
    pub text: String,
}

impl Token {
    /// A token of our own making.
    pub(crate) fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }

    /// A key word of our own making.
    pub(crate) fn word(text: &str) -> Self {
        Self::new(Kind::Word, text)
    }

    /// Whether this is the unquoted word `word`, in any case.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether this is one of the unquoted words.
    pub(crate) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// Whether this is the symbol `symbol`.
    pub(crate) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }

    /// Whether this names something, quoted or not.
    pub(crate) fn is_name(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Quoted)
    }

    /// How SQLite reads this token.
    fn sqlite(&self) -> String {
        match self.kind {
            Kind::Quoted => format!("\"{}\"", self.text.replace('"', "\"\"")),
            Kind::Variable => self.text.to_lowercase(),
            Kind::Word if self.text.starts_with('#') => format!("\"{}\"", self.text),
            _ => self.text.clone(),
        }
    }
}

/// The tokens as SQLite text.
pub(crate) fn render(tokens: &[Token]) -> String {
    tokens
        .iter()
        .map(Token::sqlite)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Splits T-SQL into tokens.
pub(crate) fn tokenize(text: &str) -> Result<Vec<Token>, SqlError> {
    Ok(tokenize_in_place(text)?
        .into_iter()
        .map(|(token, _)| token)
        .collect())
}

/// The same, with the bytes of the text that each token takes.
pub(crate) fn tokenize_in_place(text: &str) -> Result<Vec<(Token, Range<usize>)>, SqlError> {
    let mut lexer = Lexer { rest: text };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blank();
        let start = text.len() - lexer.rest.len();
        let Some(token) = lexer.next()? else {
            return Ok(tokens);
        };
        tokens.push((token, start..text.len() - lexer.rest.len()));
    }
}

struct Lexer<'a> {
    rest: &'a str,
}

impl Lexer<'_> {
    fn next(&mut self) -> Result<Option<Token>, SqlError> {
        self.skip_blank();
        let Some(first) = self.rest.chars().next() else {
            return Ok(None);
        };
        let second = self.rest.chars().nth(1);
        let token = match (first, second) {
            ('N' | 'n', Some('\'')) => {
                self.take(1);
                Token::new(Kind::National, self.string()?.text)
            }
            ('\'', _) => self.string()?,
            ('[', _) => Token::new(Kind::Quoted, self.delimited(']')?),
            ('"', _) => Token::new(Kind::Quoted, self.delimited('"')?),
            ('0', Some('x' | 'X')) => self.binary(),
            ('@', _) => Token::new(Kind::Variable, self.take_while(|c| is_word(c) || c == '@')),
            (c, _) if c.is_ascii_digit() => self.number(),
            ('.', Some(c)) if c.is_ascii_digit() => self.number(),
            (c, _) if is_word(c) => Token::new(Kind::Word, self.take_while(is_word)),
            _ => self.symbol(),
        };
        Ok(Some(token))
    }

    fn skip_blank(&mut self) {
        loop {
            let before = self.rest.len();
            self.rest = self.rest.trim_start();
            if self.rest.starts_with("--") {
                self.take_while(|c| c != '\n');
            } else if self.rest.starts_with("/*") {
                self.block_comment();
            }
            if self.rest.len() == before {
                return;
            }
        }
    }

    /// Block comments nest in T-SQL.
    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while !self.rest.is_empty() {
            if self.rest.starts_with("/*") {
                depth += 1;
                self.take(2);
            } else if self.rest.starts_with("*/") {
                depth -= 1;
                self.take(2);
                if depth == 0 {
                    return;
                }
            } else {
                self.take(1);
            }
        }
    }

    fn string(&mut self) -> Result<Token, SqlError> {
        let text = self.delimited('\'')?;
        Ok(Token::new(
            Kind::Literal,
            format!("'{}'", text.replace('\'', "''")),
        ))
    }

    /// Text up to `close`, which is doubled to stand for itself.
    fn delimited(&mut self, close: char) -> Result<String, SqlError> {
        let whole = self.rest;
        self.take(1);
        let mut text = String::new();
        loop {
            text.push_str(&self.take_while(|c| c != close));
            if self.rest.is_empty() {
                return Err(SqlError::unclosed(whole));
            }
            self.take(1);
            if !self.rest.starts_with(close) {
                return Ok(text);
            }
            text.push(close);
            self.take(1);
        }
    }

    fn binary(&mut self) -> Token {
        self.take(2);
        let mut digits = self.take_while(|c| c.is_ascii_hexdigit());
        if !digits.len().is_multiple_of(2) {
            digits.insert(0, '0');
        }
        Token::new(Kind::Literal, format!("X'{digits}'"))
    }

    fn number(&mut self) -> Token {
        let mut text = self.take_while(|c| c.is_ascii_digit() || c == '.');
        if self.rest.starts_with(['e', 'E']) {
            text.push_str(&self.take(1));
            if self.rest.starts_with(['+', '-']) {
                text.push_str(&self.take(1));
            }
            text.push_str(&self.take_while(|c| c.is_ascii_digit()));
        }
        Token::new(Kind::Number, text)
    }

    fn symbol(&mut self) -> Token {
        const LONG: [&str; 15] = [
            "<>", "<=", ">=", "!=", "!<", "!>", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=",
            "||",
        ];
        let length = if LONG.iter().any(|symbol| self.rest.starts_with(symbol)) {
            2
        } else {
            1
        };
        Token::new(Kind::Symbol, self.take(length))
    }

    fn take(&mut self, chars: usize) -> String {
        let at = self
            .rest
            .char_indices()
            .nth(chars)
            .map_or(self.rest.len(), |(at, _)| at);
        let (taken, rest) = self.rest.split_at(at);
        self.rest = rest;
        taken.to_owned()
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> String {
        let at = self.rest.find(|c| !accept(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(at);
        self.rest = rest;
        taken.to_owned()
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '#' | '$')
}
