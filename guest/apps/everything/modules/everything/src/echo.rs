//! Fields that show what they were given.

use crate::data::{Raw, data};
use mayfly_guest::prelude::*;
use serde_json::value::RawValue;

/// The arguments, as the host wrote them.
pub(crate) fn echo(arguments: Box<RawValue>) -> Result<Box<RawValue>> {
    Ok(arguments)
}

#[derive(Deserialize)]
pub(crate) struct AddArguments {
    values: Vec<i32>,
}

/// The sum, which may be too large for the field's type.
pub(crate) fn add(arguments: AddArguments) -> Result<i64> {
    Ok(arguments.values.into_iter().map(i64::from).sum())
}

#[derive(Serialize)]
pub(crate) struct Written {
    got: Box<RawValue>,
    shape: Raw,
    query: Nothing,
}

#[derive(Serialize)]
struct Nothing {}

pub(crate) fn write(arguments: Box<RawValue>) -> Result<Written> {
    Ok(Written {
        got: arguments,
        shape: data()?.fixture("plain")?,
        query: Nothing {},
    })
}
