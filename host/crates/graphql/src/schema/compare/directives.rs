//! Directives: what documents may write with an `@`.

use super::inputs::is_safe;
use super::{ChangeKind, Changes, Pair, Severity};
use crate::schema::types::DirectiveDef;

/// The places in a document, as opposed to those in a schema.
const IN_DOCUMENTS: [&str; 8] = [
    "QUERY",
    "MUTATION",
    "SUBSCRIPTION",
    "FIELD",
    "FRAGMENT_DEFINITION",
    "FRAGMENT_SPREAD",
    "INLINE_FRAGMENT",
    "VARIABLE_DEFINITION",
];

pub(super) fn compare(pair: Pair<'_>, changes: &mut Changes) {
    for old in pair.old.shown_directives() {
        let severity = severity(&old.locations);
        match pair.new.directive(&old.name) {
            None => changes.add_as(
                severity,
                ChangeKind::DirectiveRemoved,
                format!("@{}", old.name),
                "was removed",
            ),
            Some(new) => directive(pair, old, new, severity, changes),
        }
    }
}

/// Only a document can break, so only what documents use breaks.
fn severity(locations: &[&'static str]) -> Severity {
    if locations
        .iter()
        .any(|location| IN_DOCUMENTS.contains(location))
    {
        Severity::Breaking
    } else {
        Severity::Dangerous
    }
}

fn directive(
    pair: Pair<'_>,
    old: &DirectiveDef,
    new: &DirectiveDef,
    severe: Severity,
    changes: &mut Changes,
) {
    let name = &old.name;
    for (argument, was) in &old.arguments {
        let coordinate = format!("@{name}({argument}:)");
        let Some(is) = new.arguments.get(argument) else {
            changes.add_as(
                severe,
                ChangeKind::DirectiveArgumentRemoved,
                coordinate,
                "was removed",
            );
            continue;
        };
        if !is_safe(pair, &was.ty, &is.ty) {
            let message = format!(
                "took `{}` and now takes `{}`",
                pair.old.print(&was.ty),
                pair.new.print(&is.ty)
            );
            changes.add_as(
                severe,
                ChangeKind::DirectiveArgumentChanged,
                coordinate,
                message,
            );
        } else if is.is_required() && !was.is_required() {
            let message = "lost its default and is now required";
            changes.add_as(
                severe,
                ChangeKind::DirectiveArgumentChanged,
                coordinate,
                message,
            );
        }
    }
    let added = new
        .arguments
        .iter()
        .filter(|(argument, _)| !old.arguments.contains_key(*argument));
    for (argument, _) in added.filter(|(_, argument)| argument.is_required()) {
        let coordinate = format!("@{name}({argument}:)");
        changes.add_as(
            severe,
            ChangeKind::RequiredDirectiveArgumentAdded,
            coordinate,
            "was added and is required",
        );
    }
    if old.repeatable && !new.repeatable {
        let message = "can now be used only once in a place";
        changes.add_as(
            severe,
            ChangeKind::DirectiveNoLongerRepeatable,
            format!("@{name}"),
            message,
        );
    }
    for location in old
        .locations
        .iter()
        .filter(|location| !new.locations.contains(location))
    {
        let message = format!("can no longer be used at {location}");
        changes.add_as(
            severity(&[location]),
            ChangeKind::DirectiveLocationRemoved,
            format!("@{name}"),
            message,
        );
    }
}
