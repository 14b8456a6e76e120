//! How deep introspection may go: its types lead in circles, so a short query could list the schema within itself again and again.

use crate::syntax::{Document, Field, Selection, SelectionSet};

/// Lists inside one another from which on a query is refused; the reference implementation's number.
const MAX_LISTS: usize = 3;

/// Whether a field is one of introspection, and asks for lists within lists within lists.
pub(super) fn is_too_deep(document: &Document<'_>, field: &Field<'_>) -> bool {
    matches!(field.name.text, "__schema" | "__type") && field_is_too_deep(document, field, 0)
}

fn field_is_too_deep(document: &Document<'_>, field: &Field<'_>, lists: usize) -> bool {
    let is_list = matches!(
        field.name.text,
        "fields" | "interfaces" | "possibleTypes" | "inputFields"
    );
    let lists = lists + usize::from(is_list);
    lists >= MAX_LISTS
        || field
            .selection
            .as_ref()
            .is_some_and(|set| set_is_too_deep(document, set, lists))
}

fn set_is_too_deep(document: &Document<'_>, set: &SelectionSet<'_>, lists: usize) -> bool {
    set.items.iter().any(|item| match item {
        Selection::Field(field) => field_is_too_deep(document, field, lists),
        Selection::Inline(inline) => set_is_too_deep(document, &inline.selection, lists),
        Selection::Spread(spread) => document
            .fragment(spread.name.text)
            .is_some_and(|fragment| set_is_too_deep(document, &fragment.selection, lists)),
    })
}
