//! The coerced values of an operation's variables: JSON, all in one buffer, because most requests have only a few short ones.

use std::ops::Range;

/// Bytes reserved for each variable; longer values make the buffer grow.
const EXPECTED_BYTES: usize = 32;

/// The values of the variables, by index.
#[derive(Debug, Default)]
pub(crate) struct Values {
    json: String,
    /// None for a variable that was not given and has no default.
    spans: Vec<Option<Range<usize>>>,
}

impl Values {
    /// Room for this many variables.
    pub fn with_capacity(variables: usize) -> Self {
        Self {
            json: String::with_capacity(variables * EXPECTED_BYTES),
            spans: Vec::with_capacity(variables),
        }
    }

    /// Adds the next variable's value as `write` writes it.
    pub fn push(&mut self, write: impl FnOnce(&mut String)) {
        let start = self.json.len();
        write(&mut self.json);
        self.spans.push(Some(start..self.json.len()));
    }

    /// Adds that the next variable has no value.
    pub fn push_missing(&mut self) {
        self.spans.push(None);
    }

    /// The JSON of a variable's value, if it has one.
    pub fn get(&self, index: usize) -> Option<&str> {
        self.json.get(self.spans.get(index)?.clone()?)
    }
}
