//! Asks a version the questions of its module's configuration, and compares what comes back.

use std::sync::Arc;

use mayfly_config::Probe;
use mayfly_json::{Kind, Limits, Tree, Value};

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
        // Whether anything is expected or not: a version that answers with what nobody can read is refused here, not by clients.
        let limits = Limits::of_bytes(json.len()).with_depth(version.module.budget.output_depth);
        let tree = Tree::read(json, limits)
            .map_err(|error| format!("its answer cannot be read: {error}"))?;
        found.push(tree);
    }
    let Some(expected) = &probe.answer else {
        return Ok(());
    };
    let expected = Tree::read(expected.as_str(), Limits::of_bytes(expected.len()))
        .map_err(|error| format!("`answer` cannot be read: {error}"))?;
    let said = match (probe.parents.is_empty(), found.as_slice()) {
        (true, [only]) => difference(expected.root(), only.root(), "the answer"),
        _ => differences(expected.root(), &found),
    };
    said.map_or(Ok(()), Err)
}

/// The first answer that lacks something, of a list with one for each parent.
fn differences(expected: Value<'_>, found: &[Tree<'_>]) -> Option<String> {
    let expected: Vec<_> = expected.elements()?.collect();
    if expected.len() != found.len() {
        let (found, expected) = (found.len(), expected.len());
        return Some(format!("there are {found} answers, not {expected}"));
    }
    let mut pairs = expected.into_iter().zip(found).enumerate();
    pairs.find_map(|(index, (expected, found))| {
        difference(expected, found.root(), &format!("the answer.{index}"))
    })
}

/// Where what was found lacks something that is expected. Objects may hold more; lists have to be as long.
fn difference(expected: Value<'_>, found: Value<'_>, at: &str) -> Option<String> {
    let same = match (expected.kind(), found.kind()) {
        (Kind::Object, Kind::Object) => {
            return expected.members()?.find_map(|(key, value)| {
                let key = key.value();
                match found.get(&key) {
                    Some(found) => difference(value, found, &format!("{at}.{key}")),
                    None => Some(format!("{at} lacks `{key}`")),
                }
            });
        }
        (Kind::Array, Kind::Array) if expected.elements()?.count() == found.elements()?.count() => {
            let mut items = expected.elements()?.zip(found.elements()?).enumerate();
            return items.find_map(|(index, (expected, found))| {
                difference(expected, found, &format!("{at}.{index}"))
            });
        }
        (Kind::Number, Kind::Number) => {
            expected.raw() == found.raw() || expected.as_f64() == found.as_f64()
        }
        (Kind::String, Kind::String) => expected.as_str() == found.as_str(),
        (Kind::Array, Kind::Array) => false,
        _ => expected.raw() == found.raw(),
    };
    (!same).then(|| format!("{at} is {}, not {}", show(found), show(expected)))
}

fn show(value: Value<'_>) -> String {
    let text = value.raw();
    match text.get(..text.floor_char_boundary(SHOWN)) {
        Some(start) if start.len() < text.len() => format!("{start}…"),
        _ => text.to_owned(),
    }
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
            ("[1]", "[1, 2]", Some("the answer is [1, 2], not [1]")),
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
            let parse = |text| Tree::read(text, Limits::of_bytes(1_000)).unwrap();
            assert_eq!(
                difference(parse(expected).root(), parse(found).root(), "the answer").as_deref(),
                said,
                "{expected} {found}"
            );
        }
    }
}
