//! Operations and fragments as a whole: their names, and whether every fragment is used.

use super::Errors;
use crate::document::{Document, OperationKind, Selection, SelectionSet};
use crate::schema::Schema;
use std::collections::{HashMap, HashSet};

/// Checks the definitions of a document.
pub(super) fn check(schema: &Schema, document: &Document<'_>, errors: &mut Errors) {
    operation_kinds(schema, document, errors);
    operation_names(document, errors);
    fragment_names(document, errors);
    unused_fragments(document, errors);
}

/// The fragments a selection spreads, directly or through others.
pub(super) fn reachable<'d>(document: &'d Document<'_>, set: &'d SelectionSet<'_>) -> HashSet<&'d str> {
    let mut found = HashSet::new();
    spreads(document, set, &mut found);
    found
}

fn spreads<'d>(document: &'d Document<'_>, set: &'d SelectionSet<'_>, found: &mut HashSet<&'d str>) {
    for item in &set.items {
        match item {
            Selection::Field(field) => field.selection.iter().for_each(|set| spreads(document, set, found)),
            Selection::Inline(inline) => spreads(document, &inline.selection, found),
            Selection::Spread(spread) => {
                if let Some(fragment) = document.fragment(spread.name.text)
                    && found.insert(fragment.name.text)
                {
                    spreads(document, &fragment.selection, found);
                }
            }
        }
    }
}

fn operation_kinds(schema: &Schema, document: &Document<'_>, errors: &mut Errors) {
    for operation in &document.operations {
        let supported = match operation.kind {
            OperationKind::Query => true,
            OperationKind::Mutation => schema.mutation().is_some(),
            OperationKind::Subscription => false,
        };
        if !supported {
            let message = format!("The {} operation is not supported by the schema.", operation.kind.as_str());
            errors.add(message, vec![operation.at]);
        }
    }
}

fn operation_names(document: &Document<'_>, errors: &mut Errors) {
    let mut seen = HashMap::new();
    for operation in &document.operations {
        match operation.name {
            None if document.operations.len() > 1 => {
                errors.add("This anonymous operation must be the only defined operation.".to_owned(), vec![operation.at]);
            }
            None => {}
            Some(name) => {
                if let Some(first) = seen.insert(name.text, name.at) {
                    errors.add(format!("There can be only one operation named \"{}\".", name.text), vec![first, name.at]);
                }
            }
        }
    }
}

fn fragment_names(document: &Document<'_>, errors: &mut Errors) {
    let mut seen = HashMap::new();
    for fragment in &document.fragments {
        let name = fragment.name;
        if let Some(first) = seen.insert(name.text, name.at) {
            errors.add(format!("There can be only one fragment named \"{}\".", name.text), vec![first, name.at]);
        }
    }
}

fn unused_fragments(document: &Document<'_>, errors: &mut Errors) {
    let mut used = HashSet::new();
    for operation in &document.operations {
        spreads(document, &operation.selection, &mut used);
    }
    for fragment in document.fragments.iter().filter(|fragment| !used.contains(fragment.name.text)) {
        errors.add(format!("Fragment \"{}\" is never used.", fragment.name.text), vec![fragment.at]);
    }
}
