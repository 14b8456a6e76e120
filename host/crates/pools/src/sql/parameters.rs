//! A guest's values for a statement: a JSON object by parameter name, checked against the declaration.
//!
//! A value that is missing is an error, as is one nobody declared: a misspelt name must not become NULL. Errors name the statement,
//! the parameter and the type that was expected, and never repeat the value.

use mayfly_config::Parameter;
use mayfly_error::{CallCode, CallError};
use serde_json::value::RawValue;

use super::template::Bound;
use super::values::value;
use crate::json::{self, Shape};

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
    let entries = match given.trim() {
        "" => Vec::new(),
        given => match json::parse(given) {
            Ok(Shape::Object(entries)) => entries,
            Ok(other) => {
                return Err(fail(format!(
                    "parameters: {} where an object was expected",
                    other.name()
                )));
            }
            Err(problem) => return Err(fail(format!("parameters: {problem}"))),
        },
    };
    let mut bound: Vec<Option<Bound>> = vec![None; declared.len()];
    for (name, raw) in entries {
        let Some(index) = declared.iter().position(|parameter| parameter.name == name) else {
            return Err(fail(format!("has no parameter `{name}`")));
        };
        let (Some(parameter), Some(slot)) = (declared.get(index), bound.get_mut(index)) else {
            continue;
        };
        let value = bind_one(parameter, raw)
            .map_err(|problem| fail(format!("parameter `{name}`: {problem}")))?;
        if slot.replace(value).is_some() {
            return Err(fail(format!("parameter `{name}` is given twice")));
        }
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

fn bind_one(parameter: &Parameter, raw: &RawValue) -> Result<Bound, String> {
    if !parameter.list {
        return Ok(value(parameter.sql_type, raw)?.map_or(Bound::Null, Bound::Value));
    }
    let Shape::Array(elements) = json::shape(raw)? else {
        return Err("no array, and the parameter is a list".to_owned());
    };
    let mut list = Vec::with_capacity(elements.len());
    for (index, element) in elements.into_iter().enumerate() {
        let value = value(parameter.sql_type, element)
            .map_err(|problem| format!("element {index}: {problem}"))?;
        // NULL equals nothing, so in a list it could only make `NOT IN` find nothing at all.
        list.push(value.ok_or_else(|| format!("element {index} is null, which equals nothing"))?);
    }
    Ok(Bound::List(list))
}
