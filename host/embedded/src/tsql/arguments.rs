//! What the functions that SQLite calls read of their arguments, and how they fail.

use rusqlite::Error;
use rusqlite::functions::Context;
use rusqlite::types::{Value, ValueRef};

use crate::sql_types::{SqlError, SqlType, coerce};

/// A function for SQLite.
pub(super) type Function = fn(&Context<'_>) -> Result<Value, Error>;

pub(super) fn fail(error: SqlError) -> Error {
    Error::UserFunctionError(error.for_sqlite().into())
}

pub(super) fn is_null(context: &Context<'_>, at: usize) -> bool {
    context.get_raw(at) == ValueRef::Null
}

pub(super) fn any_null(context: &Context<'_>) -> bool {
    (0..context.len()).any(|at| is_null(context, at))
}

pub(super) fn text(context: &Context<'_>, at: usize) -> String {
    match context.get_raw(at) {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
    }
}

pub(super) fn whole(context: &Context<'_>, at: usize) -> Result<i64, Error> {
    match coerce(context.get_raw(at).into(), SqlType::BigInt).map_err(fail)? {
        Value::Integer(number) => Ok(number),
        _ => Ok(0),
    }
}
