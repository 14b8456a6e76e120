//! What counts as the same answer.
//!
//! A document is refused by both or by neither, and then the first mistake told is at the same place. An error without a path is no
//! field's and refuses the operation, whether or not `data` stands beside it.
//!
//! Numbers are compared as values, not as digits: Mayfly keeps the digits a guest wrote. Messages are not compared.
//!
//! Each null that an error made is explained by an error in both answers. Where several errors make the same value null, which of
//! them are told depends on the order of execution, and the reference tells others when resolvers answer later than when they
//! answer at once. It is asked both ways, and Mayfly tells of such a null nothing that the reference tells in neither. Where the
//! reference has one error for a null, Mayfly has that one. (Mayfly looks at properties before it calls resolvers, which is a third
//! order: about one generated document in six thousand has a null that only this order explains so.)

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// In one word, what differs between the answer of `reference.mjs` and a GraphQL response; none when nothing does.
pub(crate) fn difference(reference: &Value, mayfly: &Value) -> Option<&'static str> {
    let errors = mayfly
        .get("errors")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let refusal = errors.iter().find(|error| error.get("path").is_none());
    match (refusal, reference.get("places").and_then(Value::as_array)) {
        (Some(refusal), Some(places)) => return misplaced(refusal, places),
        (Some(_), None) => return Some("rejected"),
        (None, Some(_)) => return Some("accepted"),
        (None, None) => {}
    }
    let data = mayfly
        .get("data")
        .expect("a response without data has errors");
    if !same(&reference["data"], data) {
        return Some("data");
    }
    let told = explanations(data, errors.iter().map(|error| &error["path"]));
    let possible = explanations(data, reference["paths"].as_array().expect("paths"));
    let explains = |(null, paths): (&String, &BTreeSet<String>)| {
        possible
            .get(null)
            .is_some_and(|known| paths.is_subset(known))
    };
    let once = told.values().map(BTreeSet::len).sum::<usize>() == errors.len();
    (told.len() != possible.len() || !told.iter().all(explains) || !once).then_some("paths")
}

/// What differs about the place of a refused document's first mistake: it is another one's, or nobody's.
fn misplaced(refusal: &Value, places: &[Value]) -> Option<&'static str> {
    let place = refusal.pointer("/locations/0").unwrap_or(&Value::Null);
    match places.iter().position(|known| known == place) {
        Some(0) => None,
        Some(_) => Some("order"),
        None => Some("location"),
    }
}

/// Where two values first differ, as a JSON pointer.
pub(crate) fn first_difference(one: &Value, other: &Value) -> String {
    let inside = |name: &dyn std::fmt::Display, one, other| {
        format!("/{name}{}", first_difference(one, other))
    };
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            let differs = one
                .iter()
                .zip(other)
                .enumerate()
                .find(|(_, (one, other))| !same(one, other));
            differs.map_or_else(
                || format!(" lengths {} and {}", one.len(), other.len()),
                |(index, (one, other))| inside(&index, one, other),
            )
        }
        (Value::Object(one), Value::Object(other)) if one.keys().eq(other.keys()) => {
            let differs = one
                .iter()
                .zip(other.values())
                .find(|((_, one), other)| !same(one, other));
            differs.map_or_else(String::new, |((key, one), other)| inside(key, one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            format!(
                " fields {:?} and {:?}",
                one.keys().collect::<Vec<_>>(),
                other.keys().collect::<Vec<_>>()
            )
        }
        _ => format!(" {one} and {other}"),
    }
}

/// Whether two values are the same, with the order of their fields.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let fields = one.iter().zip(other);
            one.len() == other.len()
                && fields
                    .into_iter()
                    .all(|((key, value), (name, other))| key == name && same(value, other))
        }
        _ => one == other,
    }
}

/// The paths of errors by the value in `data` that is null because of them.
fn explanations<'v>(
    data: &Value,
    paths: impl IntoIterator<Item = &'v Value>,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut by_null: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in paths {
        let steps = path
            .as_array()
            .unwrap_or_else(|| panic!("an error has no path: {path}"));
        let mut value = data;
        let mut length = 0;
        for step in steps {
            let next = match step {
                Value::String(key) => value.get(key),
                index => index
                    .as_u64()
                    .and_then(|index| value.get(usize::try_from(index).ok()?)),
            };
            let Some(next) = next else { break };
            (value, length) = (next, length + 1);
        }
        by_null
            .entry(format!("{:?}", &steps[..length]))
            .or_default()
            .insert(path.to_string());
    }
    by_null
}
