//! `BatchGetItem` with some keys left unprocessed: which are taken out of the request, and how they come back in the answer.

use serde_json::{Map, Value, json};

/// A request without some of its keys.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Split {
    /// What is asked for; none if no key is left.
    pub request: Option<Value>,
    /// `UnprocessedKeys` of the answer.
    pub unprocessed: Map<String, Value>,
}

/// Takes up to `count` keys of each table out of a request, from the end. None: this is no `BatchGetItem`.
pub(super) fn split(mut request: Value, count: usize) -> Option<Split> {
    let tables = request.get_mut("RequestItems")?.as_object_mut()?;
    let mut unprocessed = Map::new();
    for (table, wanted) in tables.iter_mut() {
        let keys = wanted.get_mut("Keys")?.as_array_mut()?;
        let left_out = keys.split_off(keys.len().saturating_sub(count));
        let mut rest = wanted.clone();
        *rest.get_mut("Keys")? = Value::Array(left_out);
        unprocessed.insert(table.clone(), rest);
    }
    tables.retain(|_, wanted| {
        wanted
            .get("Keys")
            .and_then(Value::as_array)
            .is_some_and(|keys| !keys.is_empty())
    });
    let request = (!tables.is_empty()).then_some(request);
    Some(Split {
        request,
        unprocessed,
    })
}

/// Puts the keys into an answer; into an empty one if nothing was asked for.
pub(super) fn join(answer: Option<Value>, unprocessed: Map<String, Value>) -> Value {
    let mut answer = answer.unwrap_or_else(|| json!({"Responses": {}, "UnprocessedKeys": {}}));
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("UnprocessedKeys".into(), Value::Object(unprocessed));
    }
    answer
}
