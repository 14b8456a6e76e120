//! The functions that translated statements call: conversions, ranges, and what T-SQL has and SQLite lacks.

use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error};

use super::arguments::{Function, any_null, fail, text, whole};
use super::{collation, dates, exact, numbers, texts};
use crate::sql_types::{SqlError, SqlType, coerce, convert, store};

/// Adds functions and collations to a connection.
pub(crate) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let pure = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let functions: [(&str, i32, FunctionFlags, Function); 11] = [
        ("convert_to", 4, pure, convert_to),
        ("try_convert_to", 4, pure, try_convert_to),
        ("store", 4, pure, stored),
        ("ranged", 2, pure, ranged),
        ("divisor", 1, pure, divisor),
        ("added", 2, pure, added),
        ("joined_bytes", 2, pure, joined_bytes),
        ("json_scalar", 2, pure, json_scalar),
        ("json_part", 2, pure, json_part),
        ("object_name", 1, pure, object_name),
        ("newid", 0, FunctionFlags::SQLITE_UTF8, |_| {
            Ok(Value::Text(uuid::Uuid::new_v4().to_string().to_uppercase()))
        }),
    ];
    for (name, arguments, flags, function) in functions {
        connection.create_scalar_function(name, arguments, flags, function)?;
    }
    connection.create_aggregate_function("only_one", 1, pure, OnlyOne)?;
    collation::register(connection)?;
    numbers::register(connection)?;
    texts::register(connection)?;
    dates::register(connection)?;
    exact::register(connection)
}

fn types(context: &Context<'_>) -> Result<(SqlType, Option<SqlType>), Error> {
    let name = text(context, 0);
    let to = SqlType::parse(&name).ok_or_else(|| fail(SqlError::unknown_type(&name)))?;
    Ok((to, SqlType::parse(&text(context, 1))))
}

/// `convert_to(type, type it has, style, value)`.
fn convert_to(context: &Context<'_>) -> Result<Value, Error> {
    let (to, from) = types(context)?;
    convert(context.get_raw(3), from, to, whole(context, 2)?).map_err(fail)
}

/// The same, or NULL where it fails; a conversion that is not allowed at all fails.
fn try_convert_to(context: &Context<'_>) -> Result<Value, Error> {
    let (to, from) = types(context)?;
    match convert(context.get_raw(3), from, to, whole(context, 2)?) {
        Err(error) if ![206, 529].contains(&error.number) => Ok(Value::Null),
        other => other.map_err(fail),
    }
}

/// `store(type, type it has, table and column, value)`.
fn stored(context: &Context<'_>) -> Result<Value, Error> {
    let (to, from) = types(context)?;
    store(context.get_raw(3), from, to, &text(context, 2)).map_err(fail)
}

/// `ranged(type, value)`: a whole number that its type has room for.
fn ranged(context: &Context<'_>) -> Result<Value, Error> {
    let (value, name) = (context.get_raw(1), text(context, 0));
    let ty = SqlType::parse(&name).unwrap_or(SqlType::BigInt);
    match value {
        ValueRef::Null => Ok(Value::Null),
        // What SQLite cannot hold as a whole number has become another.
        ValueRef::Real(_) => Err(fail(SqlError::overflow(ty.name()))),
        value => coerce(value.into(), ty).map_err(fail),
    }
}

fn divisor(context: &Context<'_>) -> Result<Value, Error> {
    match context.get_raw(0) {
        ValueRef::Integer(0) => Err(fail(SqlError::divide_by_zero())),
        ValueRef::Real(0.0) => Err(fail(SqlError::divide_by_zero())),
        value => Ok(value.into()),
    }
}

/// `+` where nobody knows the types: two texts are joined.
fn added(context: &Context<'_>) -> Result<Value, Error> {
    Ok(match (context.get_raw(0), context.get_raw(1)) {
        (ValueRef::Null, _) | (_, ValueRef::Null) => Value::Null,
        (ValueRef::Text(_), ValueRef::Text(_)) => Value::Text(text(context, 0) + &text(context, 1)),
        (ValueRef::Integer(one), ValueRef::Integer(other)) => one
            .checked_add(other)
            .map(Value::Integer)
            .ok_or_else(|| fail(SqlError::overflow("bigint")))?,
        _ => {
            let real = |at| match coerce(context.get_raw(at).into(), SqlType::Float) {
                Ok(Value::Real(number)) => Ok(number),
                Ok(_) => Ok(0.0),
                Err(error) => Err(fail(error)),
            };
            Value::Real(real(0)? + real(1)?)
        }
    })
}

fn joined_bytes(context: &Context<'_>) -> Result<Value, Error> {
    if any_null(context) {
        return Ok(Value::Null);
    }
    let bytes = |at| match context.get_raw(at) {
        ValueRef::Blob(bytes) | ValueRef::Text(bytes) => bytes.to_vec(),
        _ => Vec::new(),
    };
    Ok(Value::Blob([bytes(0), bytes(1)].concat()))
}

/// The value at a path such as `$.a.b[0]`; none where there is none.
fn at_path(context: &Context<'_>) -> Result<Option<serde_json::Value>, Error> {
    if any_null(context) {
        return Ok(None);
    }
    let malformed = || {
        fail(SqlError::new(
            13_609,
            "JSON text is not properly formatted.",
        ))
    };
    let mut value: serde_json::Value =
        serde_json::from_str(&text(context, 0)).map_err(|_| malformed())?;
    let path = text(context, 1);
    let bare = path
        .trim()
        .trim_start_matches("lax ")
        .trim_start_matches('$');
    let pointer = bare.replace(['.', '['], "/").replace([']', '"'], "");
    Ok(value.pointer_mut(&pointer).map(serde_json::Value::take))
}

/// `JSON_VALUE`: a text, number or truth value as text.
fn json_scalar(context: &Context<'_>) -> Result<Value, Error> {
    Ok(match at_path(context)? {
        Some(serde_json::Value::String(text)) => Value::Text(text),
        Some(value @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_))) => {
            Value::Text(value.to_string())
        }
        _ => Value::Null,
    })
}

/// `JSON_QUERY`: an object or a list.
fn json_part(context: &Context<'_>) -> Result<Value, Error> {
    Ok(match at_path(context)? {
        Some(value @ (serde_json::Value::Object(_) | serde_json::Value::Array(_))) => {
            Value::Text(value.to_string())
        }
        _ => Value::Null,
    })
}

/// `dbo.[t]` as `t`.
fn object_name(context: &Context<'_>) -> Result<Value, Error> {
    let whole = text(context, 0);
    let name = whole.rsplit('.').next().unwrap_or_default();
    Ok(Value::Text(name.trim_matches(['[', ']', '"']).to_owned()))
}

/// The value of a query that may have one row at most.
struct OnlyOne;

impl Aggregate<Option<Value>, Value> for OnlyOne {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Option<Value>> {
        Ok(None)
    }

    fn step(&self, context: &mut Context<'_>, seen: &mut Option<Value>) -> rusqlite::Result<()> {
        if seen.is_some() {
            let message = "Subquery returned more than 1 value. This is not permitted when the subquery follows =, !=, <, <= , >, >= or when the subquery is used as an expression.";
            return Err(fail(SqlError::new(512, message)));
        }
        *seen = Some(context.get_raw(0).into());
        Ok(())
    }

    fn finalize(
        &self,
        _: &mut Context<'_>,
        seen: Option<Option<Value>>,
    ) -> rusqlite::Result<Value> {
        Ok(seen.flatten().unwrap_or(Value::Null))
    }
}
