//! Asks a version the questions of its module's configuration, and compares what comes back.

use std::sync::Arc;

use mayfly_config::Probe;
use serde_json::Value;

use super::Version;
use crate::imports::{Backends, Operation};
use crate::sandbox::{Request, Sandbox};

/// Characters of an answer that a refusal shows.
const SHOWN: usize = 300;

/// Asks every probe, one after the other.
///
/// # Errors
///
/// What the first one that fails was answered.
pub(super) async fn ask_all(
    sandbox: &Sandbox,
    version: &Version,
    backends: &Arc<Backends>,
) -> Result<(), String> {
    for (index, probe) in version.module.probes.iter().enumerate() {
        let (type_name, field_name) = &probe.field;
        let failed = |message| {
            format!(
                "probe {} of `{type_name}.{field_name}`: {message}",
                index + 1
            )
        };
        ask(sandbox, version, backends, probe)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

/// A request for a field, with nothing else in it.
pub(super) fn request(
    version: &Version,
    backends: &Arc<Backends>,
    (type_name, field_name): (&str, &str),
) -> Request {
    let operation = Operation {
        trace_id: format!("{:032x}", rand::random::<u128>().max(1)),
        ..Operation::default()
    };
    Request {
        module: version.module.clone(),
        version: version.digest.clone(),
        backends: backends.clone(),
        operation: Arc::new(operation),
        type_name: type_name.into(),
        field_name: field_name.into(),
        arguments: String::new(),
        parents: Vec::new(),
        selection: Arc::new([]),
    }
}

async fn ask(
    sandbox: &Sandbox,
    version: &Version,
    backends: &Arc<Backends>,
    probe: &Probe,
) -> Result<(), String> {
    let (type_name, field_name) = &probe.field;
    let request = Request {
        arguments: probe.arguments.clone(),
        parents: probe.parents.clone(),
        selection: probe.selection.clone().into(),
        ..request(version, backends, (type_name, field_name))
    };
    let outcome = sandbox.invoke(&version.prepared, request).await;
    let answers = outcome
        .answers
        .map_err(|error| format!("{} ({})", error.log_message(), error.code()))?;
    let mut found = Vec::new();
    for answer in answers {
        let json = answer.map_err(|error| {
            format!(
                "it answered with an error: {} ({})",
                error.log_message(),
                error.code()
            )
        })?;
        found.push(
            serde_json::from_str::<Value>(&json)
                .map_err(|error| format!("its answer is not JSON: {error}"))?,
        );
    }
    let found = match (probe.parents.is_empty(), found.len()) {
        (true, 1) => found.swap_remove(0),
        _ => Value::Array(found),
    };
    match &probe.answer {
        Some(expected) => match difference(expected, &found, "the answer") {
            Some(said) => Err(said),
            None => Ok(()),
        },
        None => Ok(()),
    }
}

/// Where what was found lacks something that is expected. Objects may hold more; lists have to be as long.
fn difference(expected: &Value, found: &Value, at: &str) -> Option<String> {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            expected
                .iter()
                .find_map(|(key, value)| match found.get(key) {
                    Some(found) => difference(value, found, &format!("{at}.{key}")),
                    None => Some(format!("{at} lacks `{key}`")),
                })
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            let mut items = expected.iter().zip(found).enumerate();
            items.find_map(|(index, (expected, found))| {
                difference(expected, found, &format!("{at}.{index}"))
            })
        }
        (Value::Number(expected), Value::Number(found)) if expected.as_f64() == found.as_f64() => {
            None
        }
        _ if expected == found => None,
        _ => Some(format!("{at} is {}, not {}", show(found), show(expected))),
    }
}

fn show(value: &Value) -> String {
    let mut text = value.to_string();
    if text.len() > SHOWN {
        text.truncate(text.floor_char_boundary(SHOWN));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use super::*;

    #[test]
    fn an_answer_may_hold_more_than_is_expected_and_never_less() {
        let table = [
            ("1", "1", None),
            ("1", "1.0", None),
            ("null", "null", None),
            (r#"{"a": 1}"#, r#"{"a": 1, "b": 2}"#, None),
            (
                r#"{"a": {"b": null}}"#,
                r#"{"a": {"b": null, "c": 3}}"#,
                None,
            ),
            ("[1, 2]", "[1, 2]", None),
            ("[1]", "[1, 2]", Some("the answer is [1,2], not [1]")),
            (r#"{"a": 1}"#, "{}", Some("the answer lacks `a`")),
            (
                r#"{"a": [{"b": 1}]}"#,
                r#"{"a": [{"b": 2}]}"#,
                Some("the answer.a.0.b is 2, not 1"),
            ),
            ("null", "1", Some("the answer is 1, not null")),
            (r#""1""#, "1", Some(r#"the answer is 1, not "1""#)),
        ];
        for (expected, found, said) in table {
            let parse = |text| serde_json::from_str::<Value>(text).unwrap();
            assert_eq!(
                difference(&parse(expected), &parse(found), "the answer").as_deref(),
                said,
                "{expected} {found}"
            );
        }
    }
}
