//! All the answers of one node, completed into one buffer.
//!
//! Invariants: fields are completed in the order of the response, so the first error of an object is the one that nulls it; what
//! was written, left open or noted since a value began is taken back when the value becomes null; a hole that may not be null
//! knows the nearest range of bytes around it that may be.

use super::completed::{Answer, Completion, ErrorId, FieldError, Hole, Range, Step};
use super::scanner::{Malformed, Scanner};
use crate::coercion::values::Values;
use crate::plan::node::{FieldPlan, Node, Output, Shape};
use crate::response::Position;
use crate::schema::Schema;
use mayfly_error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a hole counts of the response's bytes: what the host holds for it. A guest writes the object around it in ten bytes;
/// without a bound a small answer could stand for a large part of the process.
const HOLE_BYTES: usize = 256;

/// Errors of one response that are told, at most; values beyond are null without a word. Nobody reads more, and each takes some
/// hundred bytes in the host and in the response.
const MAX_ERRORS: usize = 1_000;

/// What the nodes of one operation have completed together. Answers are limited where they leave the guest, but a document may
/// write one property under a hundred aliases.
pub(crate) struct Tally {
    /// The number of the next error.
    errors: AtomicUsize,
    /// Bytes completed, holes included.
    bytes: AtomicUsize,
    /// The most they may be.
    most_bytes: usize,
}

impl Tally {
    /// Nothing completed yet, of at most `most_bytes`.
    pub fn new(most_bytes: usize) -> Self {
        Self {
            errors: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            most_bytes,
        }
    }
}

/// Completes answers one after another.
pub(crate) struct Completer<'p, 'j, 'e> {
    pub(super) schema: &'p Schema,
    pub(super) values: &'p Values,
    pub(super) module: &'p Arc<str>,
    pub(super) done: Completion<'p>,
    pub(super) scanner: Scanner<'j>,
    pub(super) path: Vec<Step<'p>>,
    /// The type and field whose value is being read, for messages.
    pub(super) owner: (&'p str, &'p str),
    /// The properties found in the objects under way, innermost last.
    pub(super) slots: Vec<Option<(usize, usize)>>,
    /// The holes of the objects under way whose parents are not written yet.
    pub(super) pending: Vec<usize>,
    /// What the operation has completed, this node's part not yet counted.
    tally: &'e Tally,
    /// Bytes this node may complete, holes included.
    room: usize,
    /// Arrays and objects inside one another in an answer, at most.
    max_depth: usize,
    /// The last error noted.
    last_error: ErrorId,
}

/// What there was when a value began.
#[derive(Clone, Copy)]
struct Mark {
    bytes: usize,
    holes: usize,
    ranges: usize,
}

impl<'p, 'j, 'e> Completer<'p, 'j, 'e> {
    /// Completes what `node`, so many nodes below the root, answered, behind the bytes that are there already.
    pub fn new(
        schema: &'p Schema,
        values: &'p Values,
        node: &'p Node,
        level: usize,
        max_depth: usize,
        tally: &'e Tally,
        bytes: Vec<u8>,
    ) -> Self {
        Self {
            schema,
            values,
            module: &node.module,
            done: Completion {
                bytes,
                ..Completion::default()
            },
            scanner: Scanner::new("", max_depth),
            path: Vec::new(),
            owner: (&node.type_name, &node.field_name),
            slots: Vec::new(),
            pending: Vec::new(),
            room: tally
                .most_bytes
                .saturating_sub(tally.bytes.load(Ordering::Relaxed)),
            tally,
            max_depth,
            last_error: ErrorId { number: 0, level },
        }
    }

    /// Adds the answer for the parent at `path`.
    pub fn add(&mut self, output: &'p Output, path: Vec<Step<'p>>, answer: Result<&'j str, Error>) {
        let owner = self.owner;
        let depth = path.len();
        self.path = path;
        let mark = self.mark();
        let errors = self.done.errors.len();
        let written = match answer {
            Ok(text) => {
                self.scanner = Scanner::new(text, self.max_depth);
                self.whole(output).unwrap_or_else(|malformed| {
                    // What was found before says nothing of a text that is not JSON.
                    self.undo(mark);
                    self.done.errors.truncate(errors);
                    self.path.truncate(depth);
                    self.owner = owner;
                    self.slots.clear();
                    self.pending.clear();
                    if self.scanner.too_deep {
                        self.refuse_depth();
                    } else {
                        self.refuse(&format!("answer is not JSON at byte {}", malformed.at));
                    }
                    self.null(output)
                })
            }
            Err(error) => {
                self.note(error);
                self.null(output)
            }
        };
        let nulled_by = (!written).then_some(self.last_error);
        if !written {
            self.done.bytes.extend_from_slice(b"null");
        }
        let (start, end) = (mark.bytes, self.done.bytes.len());
        let (first_hole, end_hole) = (mark.holes, self.done.holes.len());
        self.done.answers.push(Answer {
            start,
            end,
            first_hole,
            end_hole,
            nulled_by,
        });
    }

    /// Fails the field at the parent at `path` for what stands at `at` in the document.
    pub fn fail(
        &mut self,
        output: &'p Output,
        path: Vec<Step<'p>>,
        error: Error,
        at: Option<Position>,
    ) {
        self.add(output, path, Err(error));
        if let Some(error) = self.done.errors.last_mut() {
            error.at = at;
        }
    }

    /// Everything completed.
    pub fn finish(self) -> Completion<'p> {
        self.tally.bytes.fetch_add(self.used(), Ordering::Relaxed);
        self.done
    }

    /// Completes a value that is all of the text.
    fn whole(&mut self, output: &'p Output) -> Result<bool, Malformed> {
        let written = self.value(output)?;
        if !written {
            self.scanner.at = 0;
            self.scanner.skip()?;
        }
        self.scanner.end()?;
        Ok(written)
    }

    /// Completes the value the scanner is at. False when it is null and may not be: the error is noted, and the scanner is
    /// somewhere in the value.
    pub(super) fn value(&mut self, output: &'p Output) -> Result<bool, Malformed> {
        let mark = self.mark();
        if self.scanner.peek() == Some(b'n') {
            self.scanner.word("null")?;
            if !output.nullable {
                self.refuse_null();
            }
            return Ok(self.null(output));
        }
        let start = self.scanner.at;
        if self.shape(&output.shape)? && self.has_room() {
            if output.nullable {
                self.anchor(mark);
            }
            return Ok(true);
        }
        self.undo(mark);
        if output.nullable {
            self.scanner.at = start;
            self.scanner.skip()?;
        }
        Ok(self.null(output))
    }

    /// Writes null where it may stand.
    pub(super) fn null(&mut self, output: &Output) -> bool {
        if output.nullable {
            self.done.bytes.extend_from_slice(b"null");
        }
        output.nullable
    }

    /// Notes that a value does not fit.
    pub(super) fn refuse(&mut self, message: &str) {
        let message = format!("{}.{}: {message}", self.owner.0, self.owner.1);
        self.note(Error::InvalidOutput {
            module: self.module.to_string(),
            message,
        });
    }

    /// Notes that an answer has too many arrays and objects inside one another.
    fn refuse_depth(&mut self) {
        let module = self.module.to_string();
        let reached = format!(
            "limit of {} arrays and objects inside one another in an answer reached",
            self.max_depth
        );
        let remedy = format!("raise `modules.{module}.limits.output_depth` or answer with less");
        self.note(Error::BudgetExceeded {
            module,
            reached,
            remedy,
        });
    }

    /// Notes a null where there must be a value.
    pub(super) fn refuse_null(&mut self) {
        let message = format!(
            "cannot return null for non-nullable field {}.{}",
            self.owner.0, self.owner.1
        );
        self.note(Error::InvalidOutput {
            module: self.module.to_string(),
            message,
        });
    }

    /// Notes that a condition is null, by which nobody can say what an object consists of.
    pub(super) fn refuse_condition(&mut self, at: Position) {
        let before = self.done.errors.len();
        self.note(null_condition());
        if let Some(error) = self.done.errors.get_mut(before) {
            error.at = Some(at);
        }
    }

    fn note(&mut self, error: Error) {
        let id = ErrorId {
            number: self.tally.errors.fetch_add(1, Ordering::Relaxed),
            ..self.last_error
        };
        self.last_error = id;
        if id.number >= MAX_ERRORS {
            return;
        }
        let (type_name, field_name) = self.owner;
        let (path, module) = (self.path.clone(), self.module.clone());
        let answer = self.done.answers.len();
        self.done.errors.push(FieldError {
            id,
            answer,
            error,
            path,
            at: None,
            module,
            type_name,
            field_name,
        });
    }

    fn shape(&mut self, shape: &'p Shape) -> Result<bool, Malformed> {
        match shape {
            Shape::Scalar(scalar) => self.scalar(scalar),
            Shape::Enum(id) => self.enumeration(*id),
            Shape::List(item, _) => self.list(item),
            Shape::Object(plan) => self.object(plan),
            Shape::Abstract(plan) => match self.runtime_type(plan)? {
                Some(object) => self.object(object),
                None => Ok(false),
            },
        }
    }

    fn list(&mut self, item: &'p Output) -> Result<bool, Malformed> {
        if self.scanner.peek() != Some(b'[') {
            return self.mismatch("a list");
        }
        self.scanner.at += 1;
        self.done.bytes.push(b'[');
        if self.scanner.eat(b']') {
            self.done.bytes.push(b']');
            return Ok(true);
        }
        for index in 0.. {
            if index > 0 {
                self.done.bytes.push(b',');
            }
            self.path.push(Step::Index(index));
            let written = self.value(item)?;
            self.path.pop();
            if !written {
                return Ok(false);
            }
            if !self.scanner.eat(b',') {
                break;
            }
        }
        self.scanner.expect(b']')?;
        self.done.bytes.push(b']');
        Ok(true)
    }

    /// Notes what was expected and what kind of value is there instead.
    pub(super) fn mismatch(&mut self, expected: &str) -> Result<bool, Malformed> {
        let found = match self.scanner.peek() {
            Some(b'{') => "an object",
            Some(b'[') => "a list",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'-' | b'0'..=b'9') => "a number",
            _ => return self.scanner.malformed(),
        };
        self.refuse(&format!("expected {expected}, found {found}"));
        Ok(false)
    }

    fn mark(&self) -> Mark {
        Mark {
            bytes: self.done.bytes.len(),
            holes: self.done.holes.len(),
            ranges: self.done.ranges.len(),
        }
    }

    fn undo(&mut self, mark: Mark) {
        self.done.bytes.truncate(mark.bytes);
        self.done.holes.truncate(mark.holes);
        self.done.ranges.truncate(mark.ranges);
    }

    /// Makes the value since `mark` the one that becomes null for its holes that may not be.
    fn anchor(&mut self, mark: Mark) {
        let Some(holes) = self.done.holes.get_mut(mark.holes..) else {
            return;
        };
        let index = self.done.ranges.len();
        let mut used = false;
        for hole in holes
            .iter_mut()
            .filter(|hole| !hole.nullable && hole.anchor.is_none())
        {
            hole.anchor = Some(index);
            used = true;
        }
        if used {
            self.done.ranges.push(Range {
                start: mark.bytes,
                end: self.done.bytes.len(),
                nulled_by: None,
            });
        }
    }

    /// Runs `read` with the scanner somewhere else, and comes back.
    pub(super) fn elsewhere<T>(
        &mut self,
        at: usize,
        read: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Result<T, Malformed> {
        let back = std::mem::replace(&mut self.scanner.at, at);
        let value = read(self)?;
        self.scanner.at = back;
        Ok(value)
    }

    /// Whether what was completed has room in the response; if not, the error is noted.
    pub(super) fn has_room(&mut self) -> bool {
        let fits = self.used() <= self.room;
        if !fits {
            let limit = self.tally.most_bytes as u64;
            self.note(Error::LimitExceeded {
                what: "response, in bytes,".to_owned(),
                limit,
                setting: "response",
            });
        }
        fits
    }

    fn used(&self) -> usize {
        self.done.bytes.len() + self.done.holes.len() * HOLE_BYTES
    }

    /// Opens a hole for a node below the object under way.
    pub(super) fn open(&mut self, field: &'p FieldPlan, node: usize, nullable: bool) {
        let mut path = Vec::with_capacity(self.path.len() + 1);
        path.extend_from_slice(&self.path);
        path.push(Step::Key(field));
        self.pending.push(self.done.holes.len());
        let at = self.done.bytes.len();
        self.done.holes.push(Hole {
            at,
            node,
            nullable,
            anchor: None,
            parent: String::new(),
            path,
        });
    }
}

/// What is said of a condition of `@skip` or `@include` that is null.
pub(crate) fn null_condition() -> Error {
    Error::InvalidVariables(
        "Argument \"if\" of non-null type \"Boolean!\" must not be null.".to_owned(),
    )
}
