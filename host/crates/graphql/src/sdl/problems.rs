//! What is wrong with a schema, where, and what to do about it.

use crate::syntax::Position;
use std::fmt::{Display, Formatter};

/// Problems told at once, at most: more help nobody, and a text can have more than it has words.
const MAX_PROBLEMS: usize = 100;

/// One mistake in a schema's text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SchemaProblem {
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
    /// What is wrong and what to do.
    pub message: String,
}

impl Display for SchemaProblem {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// The problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<SchemaProblem>);

impl Problems {
    /// Adds one, unless there are many already.
    pub fn add(&mut self, at: Position, message: impl FnOnce() -> String) {
        if !self.is_full() {
            self.0.push(problem(at, message()));
        }
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is no point in looking for more.
    pub fn is_full(&self) -> bool {
        self.0.len() > MAX_PROBLEMS
    }

    /// All of them by place, each once.
    pub fn into_sorted(mut self) -> Vec<SchemaProblem> {
        let is_full = self.is_full();
        self.0.truncate(MAX_PROBLEMS);
        self.0.sort();
        self.0.dedup();
        if is_full {
            let at = self.0.last().map(|last| Position {
                line: last.line,
                column: last.column,
            });
            let message = "there are more problems; they are shown once these are solved";
            self.0
                .push(problem(at.unwrap_or_default(), message.to_owned()));
        }
        self.0
    }
}

/// A problem at a place.
pub(super) fn problem(at: Position, message: String) -> SchemaProblem {
    SchemaProblem {
        line: at.line,
        column: at.column,
        message,
    }
}
