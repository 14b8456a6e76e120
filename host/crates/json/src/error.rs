//! Why a text is refused, and where. Messages name the place and never repeat the text.

use std::fmt;

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// It is not JSON.
    Syntax,
    /// A string holds half of a surrogate pair, which is not a character.
    LoneSurrogate,
    /// An object has the same key twice.
    DuplicateKey,
    /// More arrays and objects are inside one another than this.
    TooDeep(usize),
    /// It has more values and keys than this.
    TooManyValues(usize),
    /// It has more bytes than this.
    TooLong(usize),
}

/// A text is refused, by what stands at a byte of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// The byte at which that shows.
    pub at: usize,
    /// What it is.
    pub problem: ErrorKind,
}

impl Malformed {
    /// The same in words for people, for whom lines and columns are counted.
    #[must_use]
    pub fn in_text(self, text: &str) -> Error {
        let before = text.as_bytes().get(..self.at).unwrap_or_default();
        let line_start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |newline| newline + 1);
        Error {
            problem: self.problem,
            at_end: self.at >= text.len(),
            line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
            column: 1 + before.len() - line_start,
        }
    }
}

/// Why a text is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Error {
    /// What is wrong.
    pub problem: ErrorKind,
    /// Whether the text ended before it was whole.
    at_end: bool,
    /// The line, from 1.
    line: usize,
    /// The column, from 1, in bytes.
    column: usize,
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problem {
            ErrorKind::Syntax if self.at_end => {
                formatter.write_str("invalid JSON: it ends too early")?
            }
            ErrorKind::Syntax => formatter.write_str("invalid JSON")?,
            ErrorKind::LoneSurrogate => {
                formatter.write_str("invalid JSON: half of a surrogate pair")?;
            }
            ErrorKind::DuplicateKey => formatter.write_str("duplicate key")?,
            ErrorKind::TooDeep(most) => {
                write!(formatter, "more than {most} nested arrays and objects")?;
            }
            ErrorKind::TooManyValues(most) => write!(formatter, "more than {most} values")?,
            ErrorKind::TooLong(most) => return write!(formatter, "longer than {most} bytes"),
        }
        write!(formatter, " at line {}, column {}", self.line, self.column)
    }
}

impl std::error::Error for Error {}
