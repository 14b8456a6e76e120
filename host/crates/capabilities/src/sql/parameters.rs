//! A guest's values for a statement: a JSON object by parameter name, checked against the declaration.
//!
//! A value that is missing is an error, as is one nobody declared: a misspelt name must not become NULL. Errors name the statement,
//! the parameter and the type that was expected, and never repeat the value.

use crate::sql::configuration::Parameter;
use mayfly_error::{CallCode, CallError};
use mayfly_json::{ErrorKind, Limits, Tree, Value};

use super::template::{Bound, MAX_VALUES};
use super::values::value;

/// Parameters and elements of lists, at most: a key and a value for each. The sizes of values are bounded by the budget of bytes
/// that a guest may hand over.
const PARAMETERS: Limits = Limits::of_bytes(usize::MAX)
    .with_values(1 + 2 * MAX_VALUES)
    .with_depth(2);

/// What is said of more values than the server takes; they are counted once more when everything is read.
pub(super) const TOO_MANY: &str =
    "more than 2098 values; SQL Server takes no more, so pass shorter lists";

/// Characters of a name that messages show, at most.
const SHOWN: usize = 100;

/// What a value of a statement counts besides its text, in bytes: the driver describes each to the server.
const VALUE_BYTES: usize = 128;

/// What a call of a statement counts of the bytes that a guest may hand over: its texts are held twice, and sent as UTF-16 in buffers that
/// grow. More values than are read count nothing.
#[must_use]
pub fn statement_weight(statement: &str, parameters: &str) -> usize {
    let values = mayfly_json::most_values(parameters).min(PARAMETERS.values);
    statement.len() + 2 * parameters.len() + values * VALUE_BYTES
}

/// Reads the values in the order of the declaration.
pub(super) fn bind(
    statement: &str,
    declared: &[Parameter],
    given: &str,
) -> Result<Vec<Bound>, CallError> {
    let fail = |problem: String| {
        CallError::new(
            CallCode::Invalid,
            format!("statement `{statement}`: {problem}"),
        )
    };
    let given = match given.trim() {
        "" => "{}",
        given => given,
    };
    let tree = Tree::read(given, PARAMETERS).map_err(|error| {
        fail(match error.problem {
            ErrorKind::TooManyValues(_) => TOO_MANY.to_owned(),
            _ => format!("parameters: {error}"),
        })
    })?;
    let entries = tree.root().members().ok_or_else(|| {
        let found = tree.root().kind().name();
        fail(format!("parameters: {found} where an object was expected"))
    })?;
    let mut bound: Vec<Option<Bound>> = vec![None; declared.len()];
    for (name, value) in entries {
        let name = name.value();
        let Some(index) = declared.iter().position(|parameter| parameter.name == name) else {
            return Err(fail(format!("has no parameter `{name:.SHOWN$}`")));
        };
        let (Some(parameter), Some(slot)) = (declared.get(index), bound.get_mut(index)) else {
            continue;
        };
        let value = bind_one(parameter, value)
            .map_err(|problem| fail(format!("parameter `{name}`: {problem}")))?;
        *slot = Some(value);
    }
    let missing = |(slot, parameter): (Option<Bound>, &Parameter)| match slot {
        Some(value) => Ok(value),
        // What a procedure fills in needs no value.
        None if parameter.output => Ok(Bound::Null),
        None => Err(fail(format!(
            "parameter `{}` is missing; pass null to mean NULL",
            parameter.name
        ))),
    };
    bound.into_iter().zip(declared).map(missing).collect()
}

fn bind_one(parameter: &Parameter, given: Value<'_>) -> Result<Bound, String> {
    if !parameter.list {
        return Ok(value(parameter.sql_type, given)?.map_or(Bound::Null, Bound::Value));
    }
    let Some(elements) = given.elements() else {
        return Err("not an array, and the parameter is a list".to_owned());
    };
    let mut list = Vec::with_capacity(elements.clone().count());
    for (index, element) in elements.enumerate() {
        let value = value(parameter.sql_type, element)
            .map_err(|problem| format!("element {index}: {problem}"))?;
        // NULL equals nothing, so in a list it could only make `NOT IN` find nothing at all.
        list.push(value.ok_or_else(|| {
            format!("element {index} is null, and no value equals null; leave it out")
        })?);
    }
    Ok(Bound::List(list))
}
