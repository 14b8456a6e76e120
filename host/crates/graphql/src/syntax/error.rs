//! Why a text is not GraphQL, and how that is told: to clients in the reference implementation's words, to the author of a schema
//! in Mayfly's.

use super::Position;
use super::token::{Token, TokenKind};
use crate::excerpt::Excerpt;
use mayfly_error::Error;
use std::borrow::Cow;

/// The first mistake in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub at: Position,
    problem: SyntaxProblem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum SyntaxProblem {
    TooManyTokens {
        limit: usize,
    },
    TooDeep {
        open: usize,
        limit: usize,
    },
    /// A sentence of the reference implementation.
    Malformed(String),
    /// Something else should stand there.
    Expected(Box<Expectation>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Expectation {
    wanted: Wanted,
    /// What stands there, in the reference implementation's words and plainly.
    found: (String, String),
    /// What comes before it.
    after: String,
    /// A word that may have been meant.
    meant: Option<&'static str>,
}

/// What should stand in a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// In the reference implementation's words, which has none where several things may stand.
    pub reference: Option<Cow<'static, str>>,
    /// In plain words.
    pub plain: Cow<'static, str>,
}

impl Wanted {
    /// A name; `plain` says of what.
    pub fn name(plain: &'static str) -> Self {
        Self {
            reference: Some(Cow::Borrowed("Name")),
            plain: Cow::Borrowed(plain),
        }
    }

    /// A punctuator or keyword.
    pub fn token(text: &str) -> Self {
        let quoted = format!("\"{text}\"");
        Self {
            reference: Some(Cow::Owned(quoted.clone())),
            plain: Cow::Owned(quoted),
        }
    }

    /// One of several things.
    pub fn any(plain: &'static str) -> Self {
        Self {
            reference: None,
            plain: Cow::Borrowed(plain),
        }
    }
}

impl SyntaxError {
    /// More tokens than the reader takes.
    pub(super) fn too_many_tokens(limit: usize, at: Position) -> Self {
        let problem = SyntaxProblem::TooManyTokens { limit };
        Self { at, problem }
    }

    /// More brackets inside one another than the reader takes.
    pub(super) fn too_deep(open: usize, limit: usize, at: Position) -> Self {
        let problem = SyntaxProblem::TooDeep { open, limit };
        Self { at, problem }
    }

    /// A mistake for which the reference implementation has a sentence.
    pub(super) fn malformed(sentence: impl Into<String>, at: Position) -> Self {
        let problem = SyntaxProblem::Malformed(sentence.into());
        Self { at, problem }
    }

    /// `found` stands, after `after`, where something else should.
    pub(super) fn expected(wanted: Wanted, found: &Token<'_>, after: String) -> Self {
        Self {
            at: found.at,
            problem: SyntaxProblem::Expected(Box::new(Expectation {
                wanted,
                found: (found.describe(), plain(found)),
                after,
                meant: None,
            })),
        }
    }

    /// Adds a word that may have been meant.
    pub(super) fn meaning(mut self, meant: Option<&'static str>) -> Self {
        if let SyntaxProblem::Expected(expectation) = &mut self.problem {
            expectation.meant = meant;
        }
        self
    }

    /// What a client is told.
    pub fn in_document(&self) -> Error {
        let limit = |what, limit: usize, setting| Error::LimitExceeded {
            what,
            limit: limit as u64,
            setting,
        };
        let sentence = match &self.problem {
            SyntaxProblem::TooManyTokens { limit: most } => {
                let what = format!("document has more than {most} tokens,");
                return limit(what, *most, "tokens");
            }
            SyntaxProblem::TooDeep { open, limit: most } => {
                let what = format!("document nests brackets {open} deep,");
                return limit(what, *most, "nesting");
            }
            SyntaxProblem::Malformed(sentence) => sentence.clone(),
            SyntaxProblem::Expected(expectation) => match &expectation.wanted.reference {
                Some(wanted) => format!("Expected {wanted}, found {}.", expectation.found.0),
                None => format!("Unexpected {}.", expectation.found.0),
            },
        };
        Error::ParseFailed(format!("Syntax Error: {sentence}"))
    }

    /// What the author of a schema is told.
    pub fn in_schema(&self) -> String {
        match &self.problem {
            SyntaxProblem::TooManyTokens { limit } => {
                format!(
                    "the schema has more than {limit} tokens, which is the limit; make it smaller"
                )
            }
            SyntaxProblem::TooDeep { limit, .. } => {
                format!("brackets nest more than {limit} deep, which is the limit; nest fewer")
            }
            SyntaxProblem::Malformed(sentence) => {
                let mut characters = sentence.strip_suffix('.').unwrap_or(sentence).chars();
                let first = characters.next().map(|first| first.to_ascii_lowercase());
                first.into_iter().chain(characters).collect()
            }
            SyntaxProblem::Expected(expectation) => {
                let Expectation {
                    wanted,
                    found,
                    after,
                    meant,
                } = expectation.as_ref();
                let mut text = format!("expected {}", wanted.plain);
                if !after.is_empty() {
                    text.push_str(&format!(" after \"{after}\""));
                }
                text.push_str(&format!(", found {}", found.1));
                if let Some(meant) = meant {
                    text.push_str(&format!("; did you mean \"{meant}\"?"));
                }
                text
            }
        }
    }
}

fn plain(token: &Token<'_>) -> String {
    match token.kind {
        TokenKind::End => "the end of the text".to_owned(),
        TokenKind::String | TokenKind::BlockString => {
            format!("the string \"{}\"", Excerpt(&token.text))
        }
        _ => format!("\"{}\"", Excerpt(&token.text)),
    }
}
