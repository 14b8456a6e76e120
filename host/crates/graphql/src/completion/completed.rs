//! What a node answered: bytes, and what is to be known of them until the nodes below are there too.

use crate::plan::path::Step;
use crate::response::Position;
use mayfly_error::{Code, Error};
use std::sync::Arc;

/// Distinguishes an error from every other of the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ErrorId {
    pub number: usize,
    /// How many nodes had to answer one after another for it to be found.
    pub level: usize,
}

/// An error at a place in the response.
#[derive(Debug)]
pub(crate) struct FieldError<'p> {
    pub id: ErrorId,
    /// The answer it is in, by index.
    pub answer: usize,
    pub error: Error,
    pub path: Vec<Step<'p>>,
    /// Where in the document, when it is not the field.
    pub at: Option<Position>,
    pub module: Arc<str>,
    pub type_name: &'p str,
    pub field_name: &'p str,
}

/// A place another module's answer goes to.
#[derive(Debug)]
pub(crate) struct Hole<'p> {
    /// The byte it stands before.
    pub at: usize,
    pub node: usize,
    pub nullable: bool,
    /// The range that becomes null when it may not be null and is; none for the whole answer.
    pub anchor: Option<usize>,
    /// The parent as JSON, with what the node needs; empty where the caller may not see what the node answers for it.
    pub parent: String,
    pub path: Vec<Step<'p>>,
}

/// The bytes of a value that may be null and contains holes.
#[derive(Debug)]
pub(crate) struct Range {
    pub start: usize,
    pub end: usize,
    /// The error that made it null.
    pub nulled_by: Option<ErrorId>,
}

/// One parent's answer.
#[derive(Debug)]
pub(crate) struct CompletedAnswer {
    /// Its bytes.
    pub start: usize,
    pub end: usize,
    /// Its holes.
    pub first_hole: usize,
    pub end_hole: usize,
    /// The error that made it null although it may not be.
    pub nulled_by: Option<ErrorId>,
}

/// The first error of an answer.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The answer, by index.
    pub answer: usize,
    pub code: Code,
}

/// What a node answered.
#[derive(Debug, Default)]
pub(crate) struct Completion<'p> {
    pub bytes: Vec<u8>,
    pub answers: Vec<CompletedAnswer>,
    pub holes: Vec<Hole<'p>>,
    pub ranges: Vec<Range>,
    /// The errors that are kept to be reported.
    pub errors: Vec<FieldError<'p>>,
    /// The first that made null of a whole answer and of which there was no room to tell. The whole response may be null for it.
    pub untold: Option<Box<FieldError<'p>>>,
    /// The answers with an error, in order: also those whose errors are too many to report.
    pub failures: Vec<Failure>,
}
