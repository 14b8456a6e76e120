//! Whether a document fits the schema: section 5 of the specification, complete, with the reference implementation's verdicts and
//! messages.
//!
//! One home for all rules: async-graphql's validation lets much through (overlapping fields, literals against input types, …) and
//! judges values of variables as well, so that its verdict could not be kept with the document. [`fields`] walks selections,
//! [`directives`] what is attached to them, [`values`] checks literals and notes where variables stand, [`variables`] holds those
//! places against the operations' definitions, [`definitions`] looks at operations and fragments as a whole, [`merging`] at fields
//! with the same response key. It runs after the guard: there are no fragment cycles, and every recursion is bounded.

mod definitions;
mod directives;
mod fields;
mod introspection;
mod merging;
pub(crate) mod values;
pub(crate) mod variables;

use crate::document::Document;
use crate::guard::Limits;
use crate::response::{Position, RequestError};
use crate::schema::Schema;
use mayfly_error::Error;
use values::Usage;

/// Mistakes told of in one response, at most; the reference implementation stops there, too.
const MAX_ERRORS: usize = 100;

/// Everything that is wrong with a document.
pub(crate) fn validate(schema: &Schema, document: &Document<'_>, limits: &Limits) -> Vec<RequestError> {
    let mut errors = Errors::default();
    definitions::check(schema, document, &mut errors);
    let mut operations = Vec::with_capacity(document.operations.len());
    for operation in &document.operations {
        operations.push(fields::operation(schema, document, operation, &mut errors));
    }
    let fragments: Vec<Vec<Usage<'_>>> =
        document.fragments.iter().map(|fragment| fields::fragment(schema, document, fragment, &mut errors)).collect();
    for (operation, usages) in document.operations.iter().zip(&operations) {
        variables::check(schema, document, operation, usages, &fragments, &mut errors);
    }
    introspection::check(document, &mut errors);
    if let Err(error) = merging::check(schema, document, limits, &mut errors) {
        errors.found.push(error);
    }
    errors.found
}

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Errors {
    found: Vec<RequestError>,
}

impl Errors {
    /// Adds one about some places.
    pub fn add(&mut self, message: String, locations: Vec<Position>) {
        match self.found.len() {
            0..MAX_ERRORS => self.found.push(RequestError { error: Error::ValidationFailed(message), locations }),
            MAX_ERRORS => {
                let message = "Too many validation errors, error limit reached. Validation aborted.".to_owned();
                self.found.push(RequestError::nowhere(Error::ValidationFailed(message)));
            }
            _ => {}
        }
    }
}
