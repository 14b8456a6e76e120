//! Operations and fragments as a whole: which fragments an operation reaches, and whether every fragment is used.

use super::Errors;
use super::directives::repeated;
use crate::excerpt::Excerpt;
use crate::syntax::{Document, Operation, Selection, SelectionSet};
use indexmap::IndexSet;

/// Variables are defined once.
pub(super) fn unique_variables(operation: &Operation<'_>, errors: &mut Errors) {
    for (name, places) in repeated(operation.variables.iter().map(|variable| variable.name)) {
        errors.add(
            format_args!(
                "There can be only one variable named \"${}\".",
                Excerpt(name)
            ),
            places,
        );
    }
}

/// Every fragment is spread by an operation, directly or through others.
pub(super) fn unused_fragments(document: &Document<'_>, errors: &mut Errors) {
    let used = reachable(
        document,
        document
            .operations
            .iter()
            .map(|operation| &operation.selection),
    );
    for fragment in document
        .fragments
        .iter()
        .filter(|fragment| !used.contains(fragment.name.text))
    {
        errors.add(
            format_args!(
                "Fragment \"{}\" is never used.",
                Excerpt(fragment.name.text)
            ),
            vec![fragment.at],
        );
    }
}

/// The names selections spread, directly or through fragments, in the order in which the reference comes to them.
pub(super) fn reachable<'d, 'a>(
    document: &'d Document<'a>,
    sets: impl Iterator<Item = &'d SelectionSet<'a>>,
) -> IndexSet<&'a str>
where
    'a: 'd,
{
    let mut found = IndexSet::new();
    sets.for_each(|set| spreads(set, &mut found));
    let mut next = 0;
    while let Some(name) = found.get_index(next) {
        if let Some(fragment) = document.fragment(name) {
            spreads(&fragment.selection, &mut found);
        }
        next += 1;
    }
    found
}

/// The names a selection spreads, those of the sets in it included.
pub(super) fn directly_spread<'a>(set: &SelectionSet<'a>) -> IndexSet<&'a str> {
    let mut found = IndexSet::new();
    spreads(set, &mut found);
    found
}

/// The names one selection spreads: those of a set before those of the sets in it, of which the last comes first.
fn spreads<'a>(set: &SelectionSet<'a>, found: &mut IndexSet<&'a str>) {
    let mut sets = vec![set];
    while let Some(set) = sets.pop() {
        for item in &set.items {
            match item {
                Selection::Field(field) => sets.extend(&field.selection),
                Selection::Inline(inline) => sets.push(&inline.selection),
                Selection::Spread(spread) => {
                    found.insert(spread.name.text);
                }
            }
        }
    }
}
