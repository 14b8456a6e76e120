//! A request as it was read here, to the request that async-graphql executes.

use async_graphql::{Name, Number, Request, Value, Variables, indexmap::IndexMap};
use mayfly_json::Kind;

/// The same request.
pub(super) fn convert(request: mayfly_graphql::Request) -> Request {
    let mut converted = Request::new(request.query);
    if let Some(name) = request.operation_name {
        converted = converted.operation_name(name);
    }
    match request.variables {
        Some(variables) => converted.variables(Variables::from_value(value(variables.root()))),
        None => converted,
    }
}

/// The same value. Recurses no deeper than the reader lets values be.
fn value(from: mayfly_json::Value<'_>) -> Value {
    match from.kind() {
        Kind::Null => Value::Null,
        Kind::Bool => Value::Boolean(from.as_bool().unwrap_or_default()),
        Kind::Number => number(from.as_number().unwrap_or_default()),
        Kind::String => Value::String(from.as_str().unwrap_or_default().into_owned()),
        Kind::Array => Value::List(from.elements().into_iter().flatten().map(value).collect()),
        Kind::Object => {
            let members = from.members().into_iter().flatten();
            let members = members.map(|(key, member)| (Name::new(key.value()), value(member)));
            Value::Object(members.collect::<IndexMap<_, _>>())
        }
    }
}

/// A number; null when it has no value that a double has, so that it fits no type but one that takes null.
fn number(digits: &str) -> Value {
    let whole = digits.parse::<i64>().map(Number::from);
    let whole = whole.or_else(|_| digits.parse::<u64>().map(Number::from));
    let number = whole
        .ok()
        .or_else(|| Number::from_f64(digits.parse().ok()?));
    number.map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use mayfly_json::{Limits, Tree};

    use super::*;

    #[test]
    fn values_are_what_they_were() {
        let text = r#"{"a":[1,-2,2.5,18446744073709551615,true,null],"b":{"c":"\u00e4\"x"},"":""}"#;
        let tree = Tree::read(text, Limits::of_bytes(1_000)).unwrap();
        let converted = value(tree.root());
        assert_eq!(
            converted.to_string(),
            r#"{a: [1, -2, 2.5, 18446744073709551615, true, null], b: {c: "ä\"x"}, : ""}"#
        );
    }
}
