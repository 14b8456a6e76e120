//! All the answers of one node, completed into one buffer.
//!
//! Invariants: fields are completed in the order of the response, so the first error of an object is the one that nulls it; what
//! was written, left open or noted since a value began is taken back when the value becomes null; a hole that may not be null
//! knows the nearest range of bytes around it that may be.

use super::completed::{CompletedAnswer, Completion, ErrorId, Failure, FieldError, Hole, Range};
use super::tally::Tally;
use crate::coercion::template::BadArgument;
use crate::coercion::values::Values;
use crate::introspection::{Failure as IntrospectionFailure, Introspection, Written};
use crate::plan::node::{FieldPlan, Node, Output, Shape};
use crate::plan::path::Step;
use crate::response::Position;
use crate::schema::Schema;
use mayfly_error::Error;
use mayfly_json::{ErrorKind, Malformed, Scanner};
use std::fmt::Arguments;
use std::sync::Arc;

/// What a hole counts of the response's bytes besides its path and parent: what the host holds for it. A guest writes the object
/// around it in ten bytes; without a bound a small answer could stand for a large part of the process.
const HOLE_BYTES: usize = 256;

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
    /// What the operation has completed, this node's part since [`Self::count`] left out.
    pub(super) tally: &'e Tally<'p>,
    /// Bytes that are in the tally already.
    counted: usize,
    /// Bytes this node may complete beyond them, holes included.
    room: usize,
    /// Bytes held for holes.
    hole_bytes: usize,
    /// Fields written, and how many may be.
    fields: usize,
    fields_left: usize,
    /// How many of the values around the one being read may be null.
    pub(super) nullable_around: usize,
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
    hole_bytes: usize,
    ranges: usize,
    fields: usize,
}

impl<'p, 'j, 'e> Completer<'p, 'j, 'e> {
    /// Completes what `node`, this many nodes below the root, answered, behind the bytes that are there already.
    pub fn new(
        schema: &'p Schema,
        values: &'p Values,
        node: &'p Node,
        level: usize,
        max_depth: usize,
        tally: &'e Tally<'p>,
        bytes: Vec<u8>,
    ) -> Self {
        Self {
            schema,
            values,
            module: &node.module,
            counted: bytes.len(),
            room: bytes.len() + tally.room(),
            done: Completion {
                bytes,
                ..Completion::default()
            },
            scanner: Scanner::new("", max_depth),
            path: Vec::new(),
            owner: (&node.type_name, &node.field_name),
            slots: Vec::new(),
            pending: Vec::new(),
            tally,
            hole_bytes: 0,
            fields: 0,
            fields_left: tally.fields_left(),
            nullable_around: 0,
            max_depth,
            last_error: ErrorId { number: 0, level },
        }
    }

    /// Adds the answer for the parent at `path`.
    pub fn add(&mut self, output: &'p Output, path: Vec<Step<'p>>, answer: Result<&'j str, Error>) {
        let owner = self.owner;
        let depth = path.len();
        self.path = path;
        // A value counts itself; what fails before there is one does not.
        self.nullable_around = 0;
        let mark = self.mark();
        let errors = self.done.errors.len();
        let had_untold = self.done.untold.is_some();
        let failures = self.done.failures.len();
        let written = match answer {
            Ok(text) => {
                self.scanner = Scanner::new(text, self.max_depth);
                self.whole(output).unwrap_or_else(|malformed| {
                    // What was found before says nothing of a text that is not JSON.
                    self.undo(mark);
                    for error in self.done.errors.drain(errors..) {
                        self.tally.forget(&error.error, &error.path);
                    }
                    if !had_untold {
                        self.done.untold = None;
                    }
                    self.done.failures.truncate(failures);
                    self.path.truncate(depth);
                    self.nullable_around = usize::from(output.nullable);
                    self.owner = owner;
                    self.slots.clear();
                    self.pending.clear();
                    if matches!(malformed.problem, ErrorKind::TooDeep(_)) {
                        self.refuse_depth();
                    } else {
                        self.refuse(format_args!("answer is not JSON at byte {}", malformed.at));
                    }
                    self.null(output)
                })
            }
            Err(error) => {
                self.nullable_around = usize::from(output.nullable);
                self.note(|| error);
                self.null(output)
            }
        };
        let nulled_by = (!written).then_some(self.last_error);
        if !written {
            self.done.bytes.extend_from_slice(b"null");
        }
        let (start, end) = (mark.bytes, self.done.bytes.len());
        let (first_hole, end_hole) = (mark.holes, self.done.holes.len());
        self.done.answers.push(CompletedAnswer {
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
        let before = self.done.errors.len();
        self.add(output, path, Err(error));
        if let Some(error) = self.done.errors.get_mut(before) {
            error.at = at;
        }
    }

    /// Bytes completed since they were last counted.
    pub fn uncounted(&self) -> usize {
        self.used().saturating_sub(self.counted)
    }

    /// Counts what was completed, so that other nodes see it; after this they may complete something, too.
    pub fn count(&mut self) {
        self.tally
            .add(self.uncounted(), std::mem::take(&mut self.fields));
        self.counted = self.used();
    }

    /// Goes on after others may have completed something.
    pub fn resume(&mut self) {
        self.room = self.counted + self.tally.room();
        self.fields_left = self.tally.fields_left();
    }

    /// Everything completed.
    pub fn finish(mut self) -> Completion<'p> {
        self.count();
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
        self.nullable_around += usize::from(output.nullable);
        let written = if self.scanner.peek() == Some(b'n') {
            self.null_of_guest(output)?
        } else {
            match &output.shape {
                Shape::Scalar(scalar) => self.leaf(output, |this| this.scalar(scalar))?,
                Shape::Enum(id) => self.leaf(output, |this| this.enumeration(*id))?,
                Shape::List(item, _) => self.composite(output, |this| this.list(item))?,
                Shape::Object(plan) => self.composite(output, |this| this.object(plan))?,
                Shape::Abstract(plan) => self.composite(output, |this| {
                    let object = this.runtime_type(plan)?;
                    object.map_or(Ok(false), |object| this.object(object))
                })?,
            }
        };
        self.nullable_around -= usize::from(output.nullable);
        Ok(written)
    }

    /// Completes a scalar or an enum, of which `write` writes everything, where it has room, or nothing.
    fn leaf(
        &mut self,
        output: &'p Output,
        write: impl FnOnce(&mut Self) -> Result<bool, Malformed>,
    ) -> Result<bool, Malformed> {
        let start = self.scanner.at;
        if write(self)? {
            return Ok(true);
        }
        self.skip_if_null(output, start)
    }

    /// Completes a list or an object, of which `write` may have written a part when it fails.
    fn composite(
        &mut self,
        output: &'p Output,
        write: impl FnOnce(&mut Self) -> Result<bool, Malformed>,
    ) -> Result<bool, Malformed> {
        let (mark, start) = (self.mark(), self.scanner.at);
        if write(self)? && self.has_room() {
            if output.nullable {
                self.anchor(mark);
            }
            return Ok(true);
        }
        self.undo(mark);
        self.skip_if_null(output, start)
    }

    /// Completes the null that the guest answered.
    fn null_of_guest(&mut self, output: &Output) -> Result<bool, Malformed> {
        self.scanner.word("null")?;
        if !output.nullable {
            self.refuse_null();
        }
        Ok(self.null(output))
    }

    /// Makes null of the value that began at `start`, and steps over it, where that is allowed.
    fn skip_if_null(&mut self, output: &Output, start: usize) -> Result<bool, Malformed> {
        if output.nullable {
            self.scanner.at = start;
            self.scanner.skip()?;
        }
        Ok(self.null(output))
    }

    /// Writes null where it is allowed.
    pub(super) fn null(&mut self, output: &Output) -> bool {
        if output.nullable {
            self.done.bytes.extend_from_slice(b"null");
        }
        output.nullable
    }

    /// Notes that a value does not fit.
    pub(super) fn refuse(&mut self, message: Arguments<'_>) {
        let (module, owner) = (self.module, self.owner);
        self.note(|| Error::InvalidOutput {
            module: module.to_string(),
            message: format!("{}.{}: {message}", owner.0, owner.1),
        });
    }

    /// Notes that an answer has too many nested arrays and objects.
    fn refuse_depth(&mut self) {
        let (module, max_depth) = (self.module, self.max_depth);
        self.note(|| Error::BudgetExceeded {
            module: module.to_string(),
            reached: format!("limit of {max_depth} nested arrays and objects in an answer reached"),
            remedy: format!("raise `modules.{module}.limits.output_depth` or answer with less"),
        });
    }

    /// Notes a null where there must be a value.
    pub(super) fn refuse_null(&mut self) {
        let (module, owner) = (self.module, self.owner);
        self.note(|| Error::InvalidOutput {
            module: module.to_string(),
            message: format!(
                "cannot return null for non-nullable field {}.{}",
                owner.0, owner.1
            ),
        });
    }

    /// Notes that the caller may not see something, unless they may.
    pub(super) fn refuse_unseen(
        &mut self,
        guard: usize,
        allows: impl FnOnce(&Self) -> bool,
    ) -> bool {
        let is_refused = !allows(self);
        if is_refused {
            let tally = self.tally;
            self.note(|| match tally.decisions() {
                Some(decisions) => decisions.refusal(guard),
                None => Error::Internal("a guard without a caller".to_owned()),
            });
        }
        is_refused
    }

    /// Notes that a condition is null, by which nobody can say what an object consists of.
    pub(super) fn refuse_condition(&mut self, at: Position) {
        self.note_at(Some(at), null_condition);
    }

    /// Notes that an argument of introspection does not fit.
    pub(super) fn refuse_argument(&mut self, bad: BadArgument) {
        self.note_at(bad.at, || Error::InvalidVariables(bad.message));
    }

    /// Notes an error and where it is in the document, if that is not the field.
    fn note_at(&mut self, at: Option<Position>, error: impl FnOnce() -> Error) {
        let before = self.done.errors.len();
        self.note(error);
        if let Some(error) = self.done.errors.get_mut(before) {
            error.at = at;
        }
    }

    /// Notes an error, which is only made when it is kept, or is the first of its answer.
    pub(super) fn note(&mut self, error: impl FnOnce() -> Error) {
        self.last_error.number = self.tally.number();
        let answer = self.done.answers.len();
        // Without a value around it that may be null, it makes null of the whole answer and perhaps of the whole response.
        let nulls_answer = self.nullable_around == 0 && self.done.untold.is_none();
        let is_kept = !self.tally.is_full() || nulls_answer;
        let failures = &mut self.done.failures;
        let is_first = failures.last().is_none_or(|last| last.answer != answer);
        if !is_kept && !is_first {
            return;
        }
        let error = error();
        if is_first {
            let code = error.code();
            failures.push(Failure { answer, code });
        }
        if !is_kept {
            return;
        }
        let (type_name, field_name) = self.owner;
        let error = FieldError {
            id: self.last_error,
            answer,
            error,
            path: self.path.clone(),
            at: None,
            module: self.module.clone(),
            type_name,
            field_name,
        };
        if self.tally.tell(&error.error, &error.path) {
            self.done.errors.push(error);
            self.room = self.counted + self.tally.room();
        } else if nulls_answer {
            self.done.untold = Some(Box::new(error));
        }
    }

    fn list(&mut self, item: &'p Output) -> Result<bool, Malformed> {
        if self.scanner.peek() != Some(b'[') {
            return self.mismatch(format_args!("a list"));
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
    pub(super) fn mismatch(&mut self, expected: Arguments<'_>) -> Result<bool, Malformed> {
        let found = match self.scanner.peek() {
            Some(b'{') => "an object",
            Some(b'[') => "a list",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'-' | b'0'..=b'9') => "a number",
            _ => return self.scanner.malformed(),
        };
        self.refuse(format_args!("expected {expected}, found {found}"));
        Ok(false)
    }

    fn mark(&self) -> Mark {
        Mark {
            bytes: self.done.bytes.len(),
            holes: self.done.holes.len(),
            hole_bytes: self.hole_bytes,
            ranges: self.done.ranges.len(),
            fields: self.fields,
        }
    }

    fn undo(&mut self, mark: Mark) {
        self.done.bytes.truncate(mark.bytes);
        self.done.holes.truncate(mark.holes);
        self.done.ranges.truncate(mark.ranges);
        self.hole_bytes = mark.hole_bytes;
        self.fields = mark.fields;
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
    fn has_room(&mut self) -> bool {
        if self.fields > self.fields_left {
            let tally = self.tally;
            self.note(|| tally.too_many_fields());
            return false;
        }
        self.fits(0)
    }

    /// Whether this many bytes more have room in the response; if not, the error is noted.
    #[inline]
    pub(super) fn fits(&mut self, bytes: usize) -> bool {
        let fits = self.used().saturating_add(bytes) <= self.room;
        if !fits {
            self.refuse_size();
        }
        fits
    }

    /// Notes that the response would be too large.
    #[cold]
    fn refuse_size(&mut self) {
        let tally = self.tally;
        self.note(|| tally.too_large());
    }

    /// Counts the fields of an object.
    pub(super) fn count_fields(&mut self, fields: usize) {
        self.fields += fields;
    }

    /// Counts bytes of what a hole's node is given, if they have room; if not, the error is noted.
    pub(super) fn hold(&mut self, bytes: usize) -> bool {
        let fits = self.fits(bytes);
        if fits {
            self.hole_bytes += bytes;
        }
        fits
    }

    /// Writes the value of a field of introspection; false when it fails as a whole, the error noted.
    pub(super) fn introspect(&mut self, mut introspection: Introspection<'p>) -> bool {
        let tally = self.tally;
        while !tally.is_too_small() {
            let before = self.used() - self.done.bytes.len();
            let until = self.room.saturating_sub(before);
            match introspection.write(&mut self.done.bytes, until) {
                Written::Whole => return true,
                Written::Part => break,
                Written::Failure(failure) => {
                    let is_whole = failure.is_whole;
                    self.refuse_within(failure);
                    if is_whole {
                        return false;
                    }
                }
            }
        }
        self.note(|| tally.introspection_too_large());
        false
    }

    /// Notes what failed within introspection.
    fn refuse_within(&mut self, failure: IntrospectionFailure<'p>) {
        let depth = self.path.len();
        let inside = usize::from(!failure.is_whole);
        self.path.extend(failure.path);
        self.nullable_around += inside;
        self.refuse_argument(failure.bad);
        self.nullable_around -= inside;
        self.path.truncate(depth);
    }

    /// Bytes completed and held.
    fn used(&self) -> usize {
        self.done.bytes.len() + self.hole_bytes
    }

    /// Opens a hole for a node below the object under way.
    pub(super) fn open(&mut self, field: &'p FieldPlan, node: usize, nullable: bool) {
        let mut path = Vec::with_capacity(self.path.len() + 1);
        path.extend_from_slice(&self.path);
        path.push(Step::Key(field));
        self.hole_bytes += HOLE_BYTES + path.len() * size_of::<Step<'_>>();
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
