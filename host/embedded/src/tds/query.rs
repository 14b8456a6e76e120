//! One statement on SQLite: bind, lock, step, and its rows as an answer.

use std::collections::HashMap;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Statement};

use super::answer::Answer;
use super::flight::{Flight, Stop};
use super::tokens::Column;
use crate::sql_types::{Length, SqlError, SqlType};
use crate::tsql::{Catalog, Output};

/// Rows looked at before the type of a column is settled that neither a table nor the statement declares.
const LOOK_AHEAD: usize = 256;

/// `@name` in lower case, its type and value.
pub(super) type Variables = HashMap<String, (Option<SqlType>, Value)>;

/// What the database of a connection has.
pub(super) struct Schema<'a>(pub &'a Connection);

impl Catalog for Schema<'_> {
    fn columns(&self, table: &str) -> Option<Vec<(String, Option<SqlType>)>> {
        if table.to_ascii_lowercase().starts_with("sqlite_") {
            return None;
        }
        let select = format!("SELECT * FROM \"{}\"", table.replace('"', "\"\""));
        let statement = self.0.prepare_cached(&select).ok()?;
        let columns = statement.columns();
        let described = columns.iter().map(|column| {
            let ty = column.decl_type().and_then(SqlType::parse);
            (column.name().to_owned(), ty)
        });
        Some(described.collect())
    }

    fn has_identity(&self, table: &str) -> bool {
        const KEYS: &str = "SELECT count(*) = 1 AND max(upper(type)) = 'INTEGER' FROM pragma_table_info(?1) WHERE pk > 0";
        let found = self
            .0
            .prepare_cached(KEYS)
            .and_then(|mut keys| keys.query_row([table], |row| row.get(0)));
        found.unwrap_or(false)
    }
}

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
    outputs: &[Output],
    answer: &mut Answer<'_>,
    flight: &Flight,
    text_size: usize,
) -> Result<u64, Stop> {
    let (names, known): (Vec<String>, Vec<Option<SqlType>>) = outputs
        .iter()
        .map(|output| (output.name.clone(), output.ty))
        .unzip();
    let width = names.len();
    let mut rows = statement.raw_query();
    let mut ahead: Vec<Vec<Value>> = Vec::new();
    // A statement that was stepped to its end must not be stepped again: SQLite would start it again.
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
