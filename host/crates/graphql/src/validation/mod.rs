//! Whether a document fits the schema: section 5 of the specification, complete, with the reference implementation's verdicts and
//! messages, in its order.
//!
//! One home for all rules: async-graphql's validation lets much through (overlapping fields, literals against input types, …) and
//! judges values of variables as well, so that its verdict could not be kept with the document. [`walker`] goes through the
//! definitions in the order of the text; where it enters or leaves a node, it asks the rules about it in the order the reference
//! has them, so that mistakes are found in the order they are reported. [`directives`], [`values`], [`merging`] and [`introspection`]
//! are the rules about what their names say; what a rule can only say of an operation or document as a whole, when the reference
//! leaves it, is in [`variables`] and [`definitions`]. All of it runs after the guard: there are no fragment cycles, and every
//! recursion is bounded.

mod definitions;
mod directives;
pub(crate) mod introspection;
mod merging;
pub(crate) mod values;
pub(crate) mod variables;
mod walker;

use crate::response::{Position, RequestError};
use crate::schema::Schema;
use crate::syntax::{Document, Fragment, Operation};
use mayfly_config::Limits;
use mayfly_error::Error;
use std::fmt::Arguments;
use variables::Usages;
use walker::Walker;

/// Mistakes told of in one response, at most; the reference implementation stops there, too.
const MAX_ERRORS: usize = 100;

/// Everything that is wrong with a document.
pub(crate) fn validate(
    schema: &Schema,
    document: &Document<'_>,
    limits: &Limits,
) -> Vec<RequestError> {
    let mut walker = Walker::new(schema, document, limits);
    let mut usages = Usages::new(schema, document);
    let mut walked = Vec::with_capacity(document.operations.len() + document.fragments.len());
    for definition in in_order(document) {
        match definition {
            Definition::Operation(operation) => {
                let own = walker.operation(operation);
                walked.push((walker.errors.take(), Some((operation, own))));
            }
            Definition::Fragment(fragment) => {
                usages.add_fragment(walker.fragment(fragment));
                walked.push((walker.errors.take(), None));
            }
        }
    }
    // The rules about an operation's variables speak when it is left, but look into fragments that may stand below it.
    let mut errors = Errors::default();
    for (found, operation) in walked {
        errors.append(found);
        if let Some((operation, own)) = operation.filter(|_| !errors.is_full()) {
            usages.check(operation, own, &mut errors);
        }
    }
    definitions::unused_fragments(document, &mut errors);
    let mut found = errors.into_found();
    found.extend(walker.refusal());
    found
}

/// One definition of a document.
enum Definition<'d, 'a> {
    Operation(&'d Operation<'a>),
    Fragment(&'d Fragment<'a>),
}

/// The definitions of a document in the order of its text.
fn in_order<'d, 'a>(document: &'d Document<'a>) -> impl Iterator<Item = Definition<'d, 'a>> {
    let mut operations = document.operations.iter().peekable();
    let mut fragments = document.fragments.iter().peekable();
    std::iter::from_fn(move || match (operations.peek(), fragments.peek()) {
        (Some(operation), Some(fragment)) if operation.at > fragment.at => {
            fragments.next().map(Definition::Fragment)
        }
        (Some(_), _) => operations.next().map(Definition::Operation),
        (None, _) => fragments.next().map(Definition::Fragment),
    })
}

/// The mistakes found so far. A message is only written when it is told.
#[derive(Debug)]
pub(crate) struct Errors {
    found: Vec<RequestError>,
    /// Mistakes that may still be told of, with the one that says that there are more.
    left: usize,
}

impl Default for Errors {
    fn default() -> Self {
        Self {
            found: Vec::new(),
            left: MAX_ERRORS + 1,
        }
    }
}

impl Errors {
    /// Adds one about some places.
    pub fn add(&mut self, message: Arguments<'_>, locations: Vec<Position>) {
        if self.is_full() {
            return;
        }
        self.push(RequestError {
            error: Error::ValidationFailed(message.to_string()),
            locations,
        });
    }

    /// Whether nothing more is reported.
    pub fn is_full(&self) -> bool {
        self.left == 0
    }

    /// What was found since it was last taken.
    fn take(&mut self) -> Vec<RequestError> {
        std::mem::take(&mut self.found)
    }

    fn append(&mut self, others: Vec<RequestError>) {
        others.into_iter().for_each(|error| self.push(error));
    }

    fn push(&mut self, error: RequestError) {
        self.left = self.left.saturating_sub(1);
        self.found.push(error);
    }

    /// All that was found; after a hundred only that there is more.
    fn into_found(mut self) -> Vec<RequestError> {
        if self.found.len() > MAX_ERRORS {
            let message = "Too many validation errors, error limit reached. Validation aborted.";
            self.found.truncate(MAX_ERRORS);
            self.found
                .push(RequestError::nowhere(Error::ValidationFailed(
                    message.to_owned(),
                )));
        }
        self.found
    }
}
