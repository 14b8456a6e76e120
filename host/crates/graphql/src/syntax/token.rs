//! A token of a text, and how messages call it.

use super::Position;
use crate::excerpt::Excerpt;
use std::borrow::Cow;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// The end of the text.
    End,
    /// `! $ & ( ) : = @ [ ] { | }`.
    Punctuator(u8),
    /// `...`.
    Spread,
    /// A name or keyword.
    Name,
    /// A whole number.
    Int,
    /// A number with fraction or exponent.
    Float,
    /// `"…"`; the token's text is its value.
    String,
    /// `"""…"""`; the token's text is its value.
    BlockString,
}

/// A token.
#[derive(Debug, Clone)]
pub(crate) struct Token<'a> {
    /// What it is.
    pub kind: TokenKind,
    /// The text, or a string's value.
    pub text: Cow<'a, str>,
    /// Byte offset of its first character.
    pub start: usize,
    /// Where it begins.
    pub at: Position,
}

impl Token<'_> {
    /// How the reference implementation calls it in messages.
    pub fn describe(&self) -> String {
        match self.kind {
            TokenKind::End => "<EOF>".to_owned(),
            TokenKind::Punctuator(_) | TokenKind::Spread => format!("\"{}\"", self.text),
            TokenKind::Name => format!("Name \"{}\"", Excerpt(&self.text)),
            TokenKind::Int => format!("Int \"{}\"", Excerpt(&self.text)),
            TokenKind::Float => format!("Float \"{}\"", Excerpt(&self.text)),
            TokenKind::String => format!("String \"{}\"", Excerpt(&self.text)),
            TokenKind::BlockString => format!("BlockString \"{}\"", Excerpt(&self.text)),
        }
    }
}
