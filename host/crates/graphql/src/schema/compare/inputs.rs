//! What clients give: input objects, and the types and defaults of arguments and input fields.

use super::{ChangeKind, Changes, Pair};
use crate::schema::types::{InputDef, InputObject, Type};
use mayfly_json::{Kind, Limits, Tree, Value};

pub(super) fn compare(
    pair: Pair<'_>,
    owner: &str,
    old: &InputObject,
    new: &InputObject,
    changes: &mut Changes,
) {
    if new.one_of && !old.one_of {
        changes.add(
            ChangeKind::InputBecameOneOf,
            owner,
            "became @oneOf: exactly one of its fields must now be given",
        );
    }
    for (name, was) in &old.fields {
        let coordinate = format!("{owner}.{name}");
        let Some(is) = new.fields.get(name) else {
            changes.add(ChangeKind::FieldRemoved, coordinate, "was removed");
            continue;
        };
        if !is_safe(pair, &was.ty, &is.ty) {
            let message = format!(
                "took `{}` and now takes `{}`",
                pair.old.print(&was.ty),
                pair.new.print(&is.ty)
            );
            changes.add(ChangeKind::FieldChangedType, coordinate, message);
        } else if is.is_required() && !was.is_required() {
            changes.add(
                ChangeKind::InputFieldBecameRequired,
                coordinate,
                "lost its default and is now required",
            );
        } else if let Some(message) = default_changed(was, is) {
            changes.add(ChangeKind::InputFieldDefaultChanged, coordinate, message);
        }
    }
    for (name, added) in new
        .fields
        .iter()
        .filter(|(name, _)| !old.fields.contains_key(*name))
    {
        let coordinate = format!("{owner}.{name}");
        if added.is_required() {
            changes.add(
                ChangeKind::RequiredInputFieldAdded,
                coordinate,
                "was added and is required",
            );
        } else {
            changes.add(
                ChangeKind::OptionalInputFieldAdded,
                coordinate,
                "was added and is optional",
            );
        }
    }
}

/// Whether every value of the old type, and every variable declared with it, is taken by the new one.
pub(super) fn is_safe(pair: Pair<'_>, old: &Type, new: &Type) -> bool {
    match (old, new) {
        (Type::NonNull(old), Type::NonNull(new)) => is_safe(pair, old, new),
        (Type::NonNull(old), new) => is_safe(pair, old, new),
        (_, Type::NonNull(_)) => false,
        (Type::List(old), Type::List(new)) => is_safe(pair, old, new),
        (Type::Named(old), Type::Named(new)) => pair.old.get(*old).name == pair.new.get(*new).name,
        _ => false,
    }
}

/// What happened to a default that was there; a new default surprises nobody, for not giving a value was a client's choice.
pub(super) fn default_changed(old: &InputDef, new: &InputDef) -> Option<String> {
    let was = old.default.as_ref()?;
    match &new.default {
        None => Some(format!("lost its default, which was `{}`", was.value)),
        Some(is) if same_value(&was.json, &is.json) => None,
        Some(is) => {
            let (mut before, mut after) = (was.value.to_string(), is.value.to_string());
            if before == after {
                // A default inside its type changed, which only the coerced values show.
                (before, after) = (was.json.clone(), is.json.clone());
            }
            Some(format!("had the default `{before}` and now has `{after}`"))
        }
    }
}

/// Whether two defaults, coerced to their type, are the same value; the order of an object's fields is none of it.
fn same_value(old: &str, new: &str) -> bool {
    let read = |json| Tree::read(json, Limits::of_bytes(usize::MAX));
    match (read(old), read(new)) {
        (Ok(old), Ok(new)) => same(old.root(), new.root()),
        _ => old == new,
    }
}

fn same(old: Value<'_>, new: Value<'_>) -> bool {
    if old.kind() != new.kind() {
        return false;
    }
    match old.kind() {
        Kind::Number => old.raw() == new.raw() || same_number(old.raw(), new.raw()),
        Kind::String => old.as_str() == new.as_str(),
        Kind::Null | Kind::Bool => old.raw() == new.raw(),
        Kind::Array => {
            let (old, new) = (
                old.elements().unwrap_or_default(),
                new.elements().unwrap_or_default(),
            );
            old.clone().count() == new.clone().count()
                && old.zip(new).all(|(old, new)| same(old, new))
        }
        Kind::Object => {
            let mut members = old.members().unwrap_or_default();
            members.clone().count() == new.members().unwrap_or_default().count()
                && members
                    .all(|(name, old)| new.get(&name.value()).is_some_and(|new| same(old, new)))
        }
    }
}

/// Whether two numbers are equal however they are written; digits that a double cannot hold count too.
fn same_number(old: &str, new: &str) -> bool {
    decimal(old).is_some_and(|old| decimal(new).is_some_and(|new| old == new))
}

/// A JSON number as its sign, its digits without zeros around them, and the power of ten behind them; none for an exponent past
/// any use.
fn decimal(text: &str) -> Option<(bool, String, i64)> {
    let (negative, text) = text
        .strip_prefix('-')
        .map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let kept = digits.trim_end_matches('0');
    let dropped = i64::try_from(digits.len() - kept.len()).ok()?;
    let kept = kept.trim_start_matches('0');
    if kept.is_empty() {
        return Some((false, String::new(), 0));
    }
    let exponent = exponent
        .parse::<i64>()
        .ok()?
        .checked_add(dropped)?
        .checked_sub(i64::try_from(fraction.len()).ok()?)?;
    Some((negative, kept.to_owned(), exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_is_the_same_however_its_number_is_written() {
        for (old, new) in [
            ("1", "1.0"),
            ("10", "1e1"),
            ("0.5", "5E-1"),
            ("-0", "0.00"),
            ("100", "1.0e2"),
            ("[1.50]", "[1.5]"),
        ] {
            assert!(same_value(old, new), "{old} {new}");
        }
        for (old, new) in [
            ("1", "-1"),
            ("1", "10"),
            ("9007199254740993", "9007199254740992"),
            ("1", "\"1\""),
            ("[1]", "[1,1]"),
        ] {
            assert!(!same_value(old, new), "{old} {new}");
        }
        assert!(same_value(r#"{"a":1,"b":[2]}"#, r#"{"b":[2.0],"a":1}"#));
        assert!(!same_value(r#"{"a":1}"#, r#"{"a":1,"b":null}"#));
    }
}
