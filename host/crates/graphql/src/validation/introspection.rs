//! Whether clients may ask for the schema, and how deep: its types lead in circles, so a short query could list the schema within
//! itself again and again.

use super::MAX_ERRORS;
use crate::response::RequestError;
use crate::syntax::{Document, Field, Selection, SelectionSet};
use mayfly_error::Error;
use std::collections::HashMap;

/// Lists inside one another from which a query is refused; the reference implementation's number.
const MAX_LISTS: usize = 3;

/// An error for each field that asks for the schema, where nobody may.
pub(crate) fn refusals(document: &Document<'_>) -> Vec<RequestError> {
    let mut refusals = Vec::new();
    let of_operations = document
        .operations
        .iter()
        .map(|operation| &operation.selection);
    let of_fragments = document
        .fragments
        .iter()
        .map(|fragment| &fragment.selection);
    for set in of_operations.chain(of_fragments) {
        refuse(set, &mut refusals);
    }
    refusals
}

fn refuse(set: &SelectionSet<'_>, refusals: &mut Vec<RequestError>) {
    for item in &set.items {
        if refusals.len() >= MAX_ERRORS {
            return;
        }
        match item {
            Selection::Field(field) if matches!(field.name.text, "__schema" | "__type") => {
                let message = format!(
                    "GraphQL introspection has been disabled, but the requested query contained the field \"{}\".",
                    field.name.text
                );
                refusals.push(RequestError::new(
                    Error::ValidationFailed(message),
                    field.name.at,
                ));
            }
            Selection::Field(field) => {
                if let Some(set) = &field.selection {
                    refuse(set, refusals);
                }
            }
            Selection::Inline(inline) => refuse(&inline.selection, refusals),
            Selection::Spread(_) => {}
        }
    }
}

/// Measures fields of introspection, each fragment once.
pub(super) struct Introspection<'d, 'a> {
    document: &'d Document<'a>,
    /// By fragment: lists inside one another in it.
    fragments: HashMap<&'a str, usize>,
}

impl<'d, 'a> Introspection<'d, 'a> {
    /// Nothing measured yet.
    pub fn new(document: &'d Document<'a>) -> Self {
        Self {
            document,
            fragments: HashMap::new(),
        }
    }

    /// Whether a field is one of introspection, and asks for lists within lists within lists.
    pub fn is_too_deep(&mut self, field: &Field<'a>) -> bool {
        matches!(field.name.text, "__schema" | "__type") && self.field(field) >= MAX_LISTS
    }

    fn field(&mut self, field: &Field<'a>) -> usize {
        let is_list = matches!(
            field.name.text,
            "fields" | "interfaces" | "possibleTypes" | "inputFields"
        );
        let below = field.selection.as_ref().map_or(0, |set| self.set(set));
        usize::from(is_list) + below
    }

    fn set(&mut self, set: &SelectionSet<'a>) -> usize {
        let items = set.items.iter().map(|item| match item {
            Selection::Field(field) => self.field(field),
            Selection::Inline(inline) => self.set(&inline.selection),
            Selection::Spread(spread) => self.fragment(spread.name.text),
        });
        items.max().unwrap_or_default()
    }

    fn fragment(&mut self, name: &'a str) -> usize {
        if let Some(known) = self.fragments.get(name) {
            return *known;
        }
        let document = self.document;
        let lists = document
            .fragment(name)
            .map_or(0, |fragment| self.set(&fragment.selection));
        self.fragments.insert(name, lists);
        lists
    }
}
