//! Text to syntax tree: recursive descent over the lexer, with the reference implementation's grammar.
//!
//! One reader for both kinds of text: [`executable`] reads what clients send, [`type_system`] schemas, and [`values`] what occurs
//! in both. It reads one token ahead and recurses only on brackets, which the lexer counts, so its depth is bounded.

mod executable;
mod type_system;
mod values;

pub(crate) use executable::parse;
pub(crate) use type_system::parse_schema;

use super::error::{SyntaxError, Wanted};
use super::lexer::{Bounds, Lexer};
use super::token::{Token, TokenKind};
use super::{Name, Position};
use std::borrow::Cow;

type Parsed<T> = Result<T, SyntaxError>;

/// Characters of the text that a message quotes to say where it is.
const MAX_CONTEXT: usize = 60;

struct Parser<'a> {
    lexer: Lexer<'a>,
    /// The token read ahead.
    token: Token<'a>,
    /// Where the token before it begins and ends, in bytes.
    previous: (usize, usize),
    /// Where the innermost definition, field or value under way begins, in bytes.
    item: usize,
    /// Where the one before it begins, or the one around it if it is the first.
    last_item: usize,
    /// A bracket that may stand where the token read ahead does, and where that is.
    alternative: Option<(&'static str, usize)>,
}

impl<'a> Parser<'a> {
    fn new(source: &'a str, bounds: Bounds) -> Parsed<Self> {
        let mut lexer = Lexer::new(source, bounds);
        let token = lexer.next_token()?;
        Ok(Self {
            lexer,
            token,
            previous: (0, 0),
            item: 0,
            last_item: 0,
            alternative: None,
        })
    }

    /// A name; `wanted` says of what.
    fn name(&mut self, wanted: &'static str) -> Parsed<Name<'a>> {
        match self.token {
            // Names are never decoded, so they always borrow from the text.
            Token {
                kind: TokenKind::Name,
                text: Cow::Borrowed(text),
                at,
                ..
            } => {
                self.advance()?;
                Ok(Name { text, at })
            }
            _ => Err(self.expected(Wanted::name(wanted))),
        }
    }

    /// One or more items between brackets.
    fn many<T>(
        &mut self,
        (open, close): (&'static str, &'static str),
        mut item: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        self.expect(open)?;
        self.last_item = self.item;
        let mut items = vec![self.item(&mut item)?];
        while !self.skip(close)? {
            self.alternative = Some((close, self.token.start));
            items.push(self.item(&mut item)?);
        }
        Ok(items)
    }

    /// One or more items between brackets, or nothing.
    fn optional_many<T>(
        &mut self,
        brackets: (&'static str, &'static str),
        item: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        if self.at(brackets.0) {
            return self.many(brackets, item);
        }
        if brackets.0 == "{" {
            self.alternative = Some(("{", self.token.start));
        }
        Ok(Vec::new())
    }

    /// Any number of items between brackets.
    fn any<T>(
        &mut self,
        (open, close): (&'static str, &'static str),
        mut item: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        self.expect(open)?;
        self.last_item = self.item;
        let mut items = Vec::new();
        while !self.skip(close)? {
            self.alternative = Some((close, self.token.start));
            items.push(self.item(&mut item)?);
        }
        Ok(items)
    }

    /// Reads an item, and notes where it begins for what an error in it says.
    fn item<T>(&mut self, item: &mut impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let start = self.token.start;
        let outer = std::mem::replace(&mut self.item, start);
        let read = item(self)?;
        self.item = outer;
        self.last_item = start;
        Ok(read)
    }

    /// Whether a punctuator of one character comes next.
    fn at(&self, punctuator: &str) -> bool {
        matches!(self.token.kind, TokenKind::Punctuator(byte) if punctuator.as_bytes() == [byte])
    }

    fn at_keyword(&self, keyword: &str) -> bool {
        self.token.kind == TokenKind::Name && self.token.text == keyword
    }

    fn expect(&mut self, punctuator: &str) -> Parsed<Position> {
        if self.at(punctuator) {
            return Ok(self.advance()?.at);
        }
        Err(self.expected(Wanted::token(punctuator)))
    }

    fn skip(&mut self, punctuator: &str) -> Parsed<bool> {
        let found = self.at(punctuator);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn skip_keyword(&mut self, keyword: &str) -> Parsed<bool> {
        let found = self.at_keyword(keyword);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    /// A description, if one comes next.
    fn description(&mut self) -> Parsed<Option<Cow<'a, str>>> {
        if !matches!(self.token.kind, TokenKind::String | TokenKind::BlockString) {
            return Ok(None);
        }
        let text = self.advance()?.text;
        // What follows an item's description is more to the point than the description.
        self.item = self.token.start;
        Ok(Some(text))
    }

    fn advance(&mut self) -> Parsed<Token<'a>> {
        let end = self.lexer.offset();
        let next = self.lexer.next_token()?;
        self.previous = (self.token.start, end);
        Ok(std::mem::replace(&mut self.token, next))
    }

    /// The token read ahead, which is not `wanted`, as an error.
    fn expected(&self, mut wanted: Wanted) -> SyntaxError {
        if let Some((bracket, start)) = self.alternative
            && start == self.token.start
            && wanted.plain != format!("\"{bracket}\"")
        {
            wanted.plain = Cow::Owned(format!("\"{bracket}\" or {}", wanted.plain));
        }
        let start = if self.item == self.token.start {
            self.last_item
        } else {
            self.item
        };
        SyntaxError::expected(wanted, &self.token, self.before(start))
    }

    /// The token read ahead as an error where several things may stand; `plain` says which.
    fn unexpected(&self, plain: &'static str) -> SyntaxError {
        self.expected(Wanted::any(plain))
    }

    /// What was read since `start`, for messages; if that is long, only the last token.
    fn before(&self, start: usize) -> String {
        let (last, end) = self.previous;
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let read = self.lexer.slice(start, end);
        if read.len() <= MAX_CONTEXT && !read.contains(['#', '"']) && start < end {
            return one_line(read);
        }
        let token = self.lexer.slice(last, end);
        if token.len() <= MAX_CONTEXT && !token.contains('"') {
            token.to_owned()
        } else {
            String::new()
        }
    }
}
