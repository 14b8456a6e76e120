//! `__schema` and `__type` of the operation itself: written into the response before any module is called, a little at a time.

use super::resolve::Resolve;
use crate::coercion::template::{BadArgument, Entry};
use crate::coercion::values::Values;
use crate::completion::{Completion, ErrorId, FieldError, Tally};
use crate::introspection::{Introspection, Written};
use crate::plan::node::{FieldPlan, Output, Plan};
use crate::plan::path::Step;
use crate::response::Position;
use crate::schema::Schema;
use mayfly_error::Error;
use std::sync::Arc;

/// Bytes that are written before others have their turn: some tenths of a millisecond.
pub(super) const TURN_BYTES: usize = 64 << 10;

/// An operation that asks what the schema says of itself.
pub(super) struct Introspecting<'w, 'p, R> {
    pub schema: &'p Schema,
    pub plan: &'p Plan,
    pub values: &'p Values,
    pub resolver: &'p R,
    pub tally: &'w Tally<'p>,
}

/// What is wrong at a root field or within it.
struct Fault<'p> {
    /// Where it is below the root field.
    path: Vec<Step<'p>>,
    error: Error,
    /// Where in the document, when it is not the field.
    at: Option<Position>,
    /// Whether the root field has no value for it.
    is_whole: bool,
}

impl Fault<'_> {
    /// One of the root field.
    fn whole(error: Error) -> Self {
        Self {
            path: Vec::new(),
            error,
            at: None,
            is_whole: true,
        }
    }

    fn argument(bad: BadArgument) -> Self {
        Self {
            at: bad.at,
            ..Self::whole(Error::InvalidVariables(bad.message))
        }
    }
}

impl<'p, R: Resolve> Introspecting<'_, 'p, R> {
    /// Writes the value of a root field; gives the error that makes null of the whole answer, if there is one.
    pub async fn introspect(
        &self,
        field: &'p FieldPlan,
        argument: Option<&Entry>,
        output: &'p Output,
        root: &mut Completion<'p>,
    ) -> Option<ErrorId> {
        let start = root.bytes.len();
        let begun = Introspection::new(self.schema, self.values, field, argument, output);
        let written = match begun {
            Ok(introspection) => self.write(introspection, field, output, root).await,
            Err(bad) => Err(Fault::argument(bad)),
        };
        let fault = written.err()?;
        let id = self.note(fault, field, output, root);
        root.bytes.truncate(start);
        if output.nullable {
            root.bytes.extend_from_slice(b"null");
            return None;
        }
        Some(id)
    }

    /// Writes the value of a root field, and notes what fails within it; an error is why there is no value.
    async fn write(
        &self,
        mut introspection: Introspection<'p>,
        field: &'p FieldPlan,
        output: &'p Output,
        root: &mut Completion<'p>,
    ) -> Result<(), Fault<'p>> {
        let mut turn = root.bytes.len().saturating_add(TURN_BYTES);
        loop {
            let most = self.tally.room();
            match introspection.write(&mut root.bytes, turn.min(most)) {
                Written::Whole => return Ok(()),
                Written::Failure(failure) => {
                    let fault = Fault {
                        path: failure.path,
                        is_whole: failure.is_whole,
                        ..Fault::argument(failure.bad)
                    };
                    if fault.is_whole {
                        return Err(fault);
                    }
                    self.note(fault, field, output, root);
                    continue;
                }
                Written::Part => {}
            }
            if root.bytes.len() > most {
                return Err(Fault::whole(self.tally.introspection_too_large()));
            }
            tokio::task::yield_now().await;
            if let Some(error) = self.resolver.time_is_over() {
                return Err(Fault::whole(error));
            }
            turn = root.bytes.len().saturating_add(TURN_BYTES);
        }
    }

    /// Keeps an error to be told, if there is room.
    fn note(
        &self,
        fault: Fault<'p>,
        field: &'p FieldPlan,
        output: &Output,
        root: &mut Completion<'p>,
    ) -> ErrorId {
        let id = ErrorId {
            number: self.tally.number(),
            level: 0,
        };
        let mut path = fault.path;
        path.insert(0, Step::Key(field));
        let error = FieldError {
            id,
            answer: 0,
            error: fault.error,
            path,
            at: fault.at,
            module: Arc::default(),
            type_name: &self.plan.root.type_name,
            field_name: &field.name,
        };
        if self.tally.tell(&error.error, &error.path) {
            root.errors.push(error);
        } else if fault.is_whole && !output.nullable {
            root.untold = Some(Box::new(error));
        }
        id
    }
}
