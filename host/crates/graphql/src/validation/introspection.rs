//! How deep introspection may go: its types lead in circles, so a short query could list the schema within itself again and again.

use super::Errors;
use crate::document::{Document, Field, Selection, SelectionSet};

/// Lists inside one another from which on a query is refused; the reference implementation's number.
const MAX_LISTS: usize = 3;

/// Checks every `__schema` and `__type`.
pub(super) fn check(document: &Document<'_>, errors: &mut Errors) {
    let operations = document.operations.iter().map(|operation| &operation.selection);
    let fragments = document.fragments.iter().map(|fragment| &fragment.selection);
    for set in operations.chain(fragments) {
        find(document, set, errors);
    }
}

fn find(document: &Document<'_>, set: &SelectionSet<'_>, errors: &mut Errors) {
    for item in &set.items {
        match item {
            Selection::Field(field) if matches!(field.name.text, "__schema" | "__type") => {
                if field_is_too_deep(document, field, 0) {
                    errors.add("Maximum introspection depth exceeded".to_owned(), vec![field.at]);
                }
            }
            Selection::Field(field) => field.selection.iter().for_each(|set| find(document, set, errors)),
            Selection::Inline(inline) => find(document, &inline.selection, errors),
            Selection::Spread(_) => {}
        }
    }
}

fn field_is_too_deep(document: &Document<'_>, field: &Field<'_>, lists: usize) -> bool {
    let is_list = matches!(field.name.text, "fields" | "interfaces" | "possibleTypes" | "inputFields");
    let lists = lists + usize::from(is_list);
    lists >= MAX_LISTS || field.selection.as_ref().is_some_and(|set| is_too_deep(document, set, lists))
}

fn is_too_deep(document: &Document<'_>, set: &SelectionSet<'_>, lists: usize) -> bool {
    set.items.iter().any(|item| match item {
        Selection::Field(field) => field_is_too_deep(document, field, lists),
        Selection::Inline(inline) => is_too_deep(document, &inline.selection, lists),
        Selection::Spread(spread) => {
            document.fragment(spread.name.text).is_some_and(|fragment| is_too_deep(document, &fragment.selection, lists))
        }
    })
}
