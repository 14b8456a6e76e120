//! What counts as the same answer.
//!
//! Of several mistakes in a document any may be told first: the first that Mayfly tells is at a place where the reference sees one.
//! Where the reference sees one mistake only, that is the place.
//!
//! Numbers are compared as values, not as digits: Mayfly keeps the digits a guest wrote. Messages are not compared.
//!
//! Where several errors make the same value null, the specification lets a server tell any of them, and the reference tells others
//! when resolvers answer later than when they answer at once. It is asked both ways; of the errors that explain one null, Mayfly
//! tells at least one, and none that the reference never tells.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// In one word, what differs between the answer of `reference.mjs` and a GraphQL response; none when nothing does.
pub(crate) fn difference(reference: &Value, mayfly: &Value) -> Option<&'static str> {
    assert!(reference.get("broken").is_none(), "the reference broke: {reference}");
    let errors = mayfly.get("errors").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let Some(data) = mayfly.get("data") else {
        let first = errors.first().expect("a response without data has errors");
        if reference.get("rejected").is_none() {
            return Some("rejected");
        }
        let location = first.pointer("/locations/0").unwrap_or(&Value::Null);
        let is_known = reference["places"].as_array().is_some_and(|places| places.contains(location));
        return (!is_known).then_some("location");
    };
    if reference.get("rejected").is_some() {
        return Some("accepted");
    }
    if !same(&reference["data"], data) {
        return Some("data");
    }
    let told = explanations(data, errors.iter().map(|error| &error["path"]));
    let possible = explanations(data, reference["paths"].as_array().expect("paths"));
    let explains = |(null, paths): (&String, &BTreeSet<String>)| possible.get(null).is_some_and(|known| paths.is_subset(known));
    let once = told.values().map(BTreeSet::len).sum::<usize>() == errors.len();
    (told.len() != possible.len() || !told.iter().all(explains) || !once).then_some("paths")
}

/// Where two values first differ, as a JSON pointer.
pub(crate) fn first_difference(one: &Value, other: &Value) -> String {
    let inside = |name: &dyn std::fmt::Display, one, other| format!("/{name}{}", first_difference(one, other));
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            let differs = one.iter().zip(other).enumerate().find(|(_, (one, other))| !same(one, other));
            differs.map_or_else(
                || format!(" lengths {} and {}", one.len(), other.len()),
                |(index, (one, other))| inside(&index, one, other),
            )
        }
        (Value::Object(one), Value::Object(other)) if one.keys().eq(other.keys()) => {
            let differs = one.iter().zip(other.values()).find(|((_, one), other)| !same(one, other));
            differs.map_or_else(String::new, |((key, one), other)| inside(key, one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            format!(" fields {:?} and {:?}", one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>())
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
            one.len() == other.len() && fields.into_iter().all(|((key, value), (name, other))| key == name && same(value, other))
        }
        _ => one == other,
    }
}

/// The paths of errors by the value in `data` that is null because of them.
fn explanations<'v>(data: &Value, paths: impl IntoIterator<Item = &'v Value>) -> BTreeMap<String, BTreeSet<String>> {
    let mut by_null: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in paths {
        let steps = path.as_array().unwrap_or_else(|| panic!("an error has no path: {path}"));
        let mut value = data;
        let mut length = 0;
        for step in steps {
            let next = match step {
                Value::String(key) => value.get(key),
                index => index.as_u64().and_then(|index| value.get(usize::try_from(index).ok()?)),
            };
            let Some(next) = next else { break };
            (value, length) = (next, length + 1);
        }
        by_null.entry(format!("{:?}", &steps[..length])).or_default().insert(path.to_string());
    }
    by_null
}
