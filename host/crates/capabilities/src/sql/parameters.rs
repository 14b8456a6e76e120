//! A guest's values for a statement: a JSON object by parameter name, checked against the declaration.
//!
//! A value that is missing is an error, as is one nobody declared: a misspelt name must not become NULL. Errors name the statement,
//! the parameter and the type that was expected, and never repeat the value.

use mayfly_error::{CallCode, CallError};
use mayfly_json::{ErrorKind, Limits, Tree, Value};

use super::declared::{DeclaredType, Parameter};

/// The most values that any database takes; one that takes fewer says so ([`Most`]).
pub const MOST_VALUES: usize = 2_098;

/// How many values a database takes.
#[derive(Debug, Clone, Copy)]
pub struct Most {
    /// At most [`MOST_VALUES`].
    pub values: usize,
    /// What is said of more.
    pub told: &'static str,
}

impl Most {
    /// Parameters and elements of lists, at most: a key and a value for each. The sizes of values are bounded by the budget of bytes
    /// that a guest may hand over.
    const fn limits(self) -> Limits {
        Limits::of_bytes(usize::MAX)
            .with_values(1 + 2 * self.values)
            .with_depth(2)
    }
}

/// A value for a parameter.
#[derive(Debug, Clone)]
pub enum Bound<V> {
    Null,
    /// One value.
    Value(V),
    /// The values of a list.
    List(Vec<V>),
}

/// Characters of a name that messages show, at most.
const SHOWN: usize = 100;

/// What a value of a statement counts besides its text, in bytes: the driver describes each to the server.
const VALUE_BYTES: usize = 128;

/// What a call of a statement counts of the bytes that a guest may hand over: its texts are held twice, and sent as UTF-16 in buffers that
/// grow. More values than are read count nothing.
#[must_use]
pub fn statement_weight(statement: &str, parameters: &str) -> usize {
    let values = mayfly_json::most_values(parameters).min(1 + 2 * MOST_VALUES);
    statement.len() + 2 * parameters.len() + values * VALUE_BYTES
}

/// Reads the values in the order of the declaration.
///
/// # Errors
///
/// What is wrong with them.
pub fn bind<T: DeclaredType>(
    statement: &str,
    declared: &[Parameter<T>],
    given: &str,
    most: Most,
) -> Result<Vec<Bound<T::Value>>, CallError> {
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
    let tree = Tree::read(given, most.limits()).map_err(|error| {
        fail(match error.problem {
            ErrorKind::TooManyValues(_) => most.told.to_owned(),
            _ => format!("parameters: {error}"),
        })
    })?;
    let entries = tree.root().members().ok_or_else(|| {
        let found = tree.root().kind().name();
        fail(format!("parameters: {found} where an object was expected"))
    })?;
    let mut bound: Vec<Option<Bound<T::Value>>> = vec![None; declared.len()];
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
    let missing = |(slot, parameter): (Option<Bound<T::Value>>, &Parameter<T>)| match slot {
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

fn bind_one<T: DeclaredType>(
    parameter: &Parameter<T>,
    given: Value<'_>,
) -> Result<Bound<T::Value>, String> {
    if !parameter.list {
        return Ok(parameter
            .sql_type
            .value(given)?
            .map_or(Bound::Null, Bound::Value));
    }
    let Some(elements) = given.elements() else {
        return Err("not an array, and the parameter is a list".to_owned());
    };
    let mut list = Vec::with_capacity(elements.clone().count());
    for (index, element) in elements.enumerate() {
        let value = parameter
            .sql_type
            .value(element)
            .map_err(|problem| format!("element {index}: {problem}"))?;
        // NULL equals nothing, so in a list it could only make `NOT IN` find nothing at all.
        list.push(value.ok_or_else(|| {
            format!("element {index} is null, and no value equals null; leave it out")
        })?);
    }
    Ok(Bound::List(list))
}
