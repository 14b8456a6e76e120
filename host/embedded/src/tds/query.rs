//! One statement on SQLite: bind, lock, step, and its rows as an answer.

use std::collections::HashMap;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Statement};

use super::answer::Answer;
use super::errors::SqlError;
use super::flight::{Flight, Stop};
use super::tokens::Column;
use super::types::{Length, SqlType};
use crate::tsql::{Aggregate, Guess, Output};

/// Rows looked at before the type of a column is settled that neither a table nor the statement declares.
const LOOK_AHEAD: usize = 256;

/// `@name` in lower case, its type and value.
pub(super) type Variables = HashMap<String, (Option<SqlType>, Value)>;

/// Binds the variables a statement names.
pub(super) fn bind(statement: &mut Statement<'_>, variables: &Variables) -> Result<(), SqlError> {
    for position in 1..=statement.parameter_count() {
        let name = statement
            .parameter_name(position)
            .unwrap_or_default()
            .to_owned();
        let (_, value) = variables
            .get(&name)
            .ok_or_else(|| SqlError::undeclared(&name))?;
        statement
            .raw_bind_parameter(position, value)
            .map_err(|error| SqlError::from_sqlite(&error))?;
    }
    Ok(())
}

/// SQLite's error in a statement; an interruption is the request's own doing.
pub(super) fn failure(error: &rusqlite::Error, flight: &Flight) -> Stop {
    if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted)
        && let Err(stop) = flight.check()
    {
        return stop;
    }
    SqlError::from_sqlite(error).into()
}

/// Sends the rows of a statement. How many there were.
pub(super) fn send_rows(
    statement: &mut Statement<'_>,
    connection: &Connection,
    outputs: &[Output],
    variables: &Variables,
    answer: &mut Answer<'_>,
    flight: &Flight,
    text_size: usize,
) -> Result<u64, Stop> {
    let (names, known) = known_columns(statement, connection, outputs, variables);
    let width = names.len();
    let mut rows = statement.raw_query();
    let mut ahead: Vec<Vec<Value>> = Vec::new();
    // A statement that was stepped to its end must not be stepped again: SQLite would start it anew.
    let mut exhausted = false;
    while known.contains(&None) && ahead.len() < LOOK_AHEAD && !exhausted {
        flight.check()?;
        match rows.next().map_err(|error| failure(&error, flight))? {
            Some(row) => ahead.push(
                (0..width)
                    .map(|at| row.get_ref(at).map_or(Value::Null, Value::from))
                    .collect(),
            ),
            None => exhausted = true,
        }
    }
    let columns: Vec<Column> = names
        .into_iter()
        .zip(known)
        .enumerate()
        .map(|(at, (name, ty))| Column {
            name,
            ty: ty.unwrap_or_else(|| by_values(ahead.iter().filter_map(|row| row.get(at)))),
        })
        .collect();
    answer.columns(&columns)?;
    let mut count = 0;
    for row in &ahead {
        answer.row(&columns, row.iter().map(ValueRef::from), text_size)?;
        count += 1;
    }
    if !exhausted {
        while let Some(row) = rows.next().map_err(|error| failure(&error, flight))? {
            answer.row(
                &columns,
                (0..width).map(|at| row.get_ref(at).unwrap_or(ValueRef::Null)),
                text_size,
            )?;
            count += 1;
        }
    }
    answer.rows_end()?;
    Ok(count)
}

/// The name of each column, and its type where it is known before any row.
pub(super) fn known_columns(
    statement: &Statement<'_>,
    connection: &Connection,
    outputs: &[Output],
    variables: &Variables,
) -> (Vec<String>, Vec<Option<SqlType>>) {
    let columns = statement.columns();
    let outputs = if outputs.len() == columns.len() {
        outputs
    } else {
        &[]
    };
    columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let output = outputs.get(at);
            let name = output
                .and_then(|output| output.name.clone())
                .unwrap_or_else(|| column.name().to_owned());
            let declared = column.decl_type().and_then(SqlType::parse);
            let ty = declared.or_else(|| {
                output.and_then(|output| guessed(&output.guess, connection, variables))
            });
            (name, ty)
        })
        .unzip()
}

fn guessed(guess: &Guess, connection: &Connection, variables: &Variables) -> Option<SqlType> {
    match guess {
        Guess::Unknown => None,
        Guess::Type(ty) => Some(*ty),
        Guess::Variable(name) => variables.get(name).and_then(|(ty, _)| *ty),
        Guess::Column(select, sum) => {
            let probe = connection
                .prepare_cached(&crate::tsql::render(select))
                .ok()?;
            let declared = probe
                .columns()
                .first()
                .and_then(|column| column.decl_type().and_then(SqlType::parse))?;
            Some(match (sum, declared) {
                (Aggregate::None, ty) => ty,
                (Aggregate::Sum, SqlType::Decimal { scale, .. }) => SqlType::Decimal {
                    precision: 38,
                    scale,
                },
                (Aggregate::Average, SqlType::Decimal { scale, .. }) => SqlType::Decimal {
                    precision: 38,
                    scale: scale.max(6),
                },
                (_, SqlType::TinyInt | SqlType::SmallInt) => SqlType::Int,
                (_, SqlType::Real) => SqlType::Float,
                (_, ty) => ty,
            })
        }
    }
}

/// The type that holds all values seen: `int` for nothing but NULLs, as on the server.
fn by_values<'a>(values: impl Iterator<Item = &'a Value>) -> SqlType {
    let mut ty = None;
    for value in values {
        let one = match value {
            Value::Null => continue,
            Value::Integer(number) if i32::try_from(*number).is_ok() => SqlType::Int,
            Value::Integer(_) => SqlType::BigInt,
            Value::Real(_) => SqlType::Float,
            Value::Text(text) if text.encode_utf16().count() <= 4000 => {
                SqlType::NVarChar(Length::Limited(4000))
            }
            Value::Text(_) => SqlType::NVarChar(Length::Max),
            Value::Blob(bytes) if bytes.len() <= 8000 => SqlType::VarBinary(Length::Limited(8000)),
            Value::Blob(_) => SqlType::VarBinary(Length::Max),
        };
        ty = Some(match (ty, one) {
            (None, one) => one,
            (Some(before), one) if before == one => one,
            (Some(SqlType::Int), SqlType::BigInt) | (Some(SqlType::BigInt), SqlType::Int) => {
                SqlType::BigInt
            }
            (
                Some(SqlType::Int | SqlType::BigInt | SqlType::Float),
                SqlType::Int | SqlType::BigInt | SqlType::Float,
            ) => SqlType::Float,
            (Some(SqlType::VarBinary(_)), SqlType::VarBinary(_)) => SqlType::VarBinary(Length::Max),
            _ => SqlType::NVarChar(Length::Max),
        });
    }
    ty.unwrap_or(SqlType::Int)
}
