//! Fields of objects and interfaces, and their arguments.

use super::inputs::{default_changed, is_safe as is_safe_input};
use super::{ChangeKind, Changes, Pair, rules};
use crate::schema::types::{FieldDef, Type};
use indexmap::IndexMap;
use std::sync::Arc;

type Fields = IndexMap<Arc<str>, FieldDef>;

pub(super) fn compare(
    pair: Pair<'_>,
    owner: &str,
    old: &Fields,
    new: &Fields,
    changes: &mut Changes,
) {
    for (name, was) in old {
        let coordinate = format!("{owner}.{name}");
        let Some(is) = new.get(name) else {
            changes.add(ChangeKind::FieldRemoved, coordinate, "was removed");
            continue;
        };
        if !is_safe_output(pair, &was.ty, &is.ty) {
            let message = format!(
                "was of type `{}` and is now of type `{}`",
                pair.old.print(&was.ty),
                pair.new.print(&is.ty)
            );
            changes.add(ChangeKind::FieldChangedType, coordinate.as_str(), message);
        }
        rules(&coordinate, &was.guard, &is.guard, changes);
        arguments(pair, &coordinate, was, is, changes);
    }
}

fn arguments(pair: Pair<'_>, field: &str, old: &FieldDef, new: &FieldDef, changes: &mut Changes) {
    for (name, was) in &old.arguments {
        let coordinate = format!("{field}({name}:)");
        let Some(is) = new.arguments.get(name) else {
            changes.add(ChangeKind::ArgumentRemoved, coordinate, "was removed");
            continue;
        };
        if !is_safe_input(pair, &was.ty, &is.ty) {
            let message = format!(
                "took `{}` and now takes `{}`",
                pair.old.print(&was.ty),
                pair.new.print(&is.ty)
            );
            changes.add(ChangeKind::ArgumentChangedType, coordinate, message);
        } else if is.is_required() && !was.is_required() {
            changes.add(
                ChangeKind::ArgumentBecameRequired,
                coordinate,
                "lost its default and is now required",
            );
        } else if let Some(message) = default_changed(was, is) {
            changes.add(ChangeKind::ArgumentDefaultChanged, coordinate, message);
        }
    }
    for (name, added) in new
        .arguments
        .iter()
        .filter(|(name, _)| !old.arguments.contains_key(*name))
    {
        let coordinate = format!("{field}({name}:)");
        if added.is_required() {
            changes.add(
                ChangeKind::RequiredArgumentAdded,
                coordinate,
                "was added and is required",
            );
        } else {
            changes.add(
                ChangeKind::OptionalArgumentAdded,
                coordinate,
                "was added and is optional",
            );
        }
    }
}

/// Whether a client that expects the old type can read every value of the new one.
fn is_safe_output(pair: Pair<'_>, old: &Type, new: &Type) -> bool {
    match (old, new) {
        (Type::NonNull(old), Type::NonNull(new)) => is_safe_output(pair, old, new),
        (Type::NonNull(_), _) => false,
        (old, Type::NonNull(new)) => is_safe_output(pair, old, new),
        (Type::List(old), Type::List(new)) => is_safe_output(pair, old, new),
        (Type::Named(old), Type::Named(new)) => pair.old.get(*old).name == pair.new.get(*new).name,
        _ => false,
    }
}
