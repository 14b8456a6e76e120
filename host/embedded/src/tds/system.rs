//! The system procedures that are served: application locks of a session, and describing a batch without running it.

use rusqlite::types::{Value, ValueRef};

use super::describe::{self, Described};
use super::execute::Run;
use super::flight::Stop;
use super::parameters::Parameter;
use super::tokens::{self, Column, Done};
use crate::sql_types::{Length, SqlError, SqlType};

const NAME: SqlType = SqlType::NVarChar(Length::Limited(128));
const TYPE_NAME: SqlType = SqlType::NVarChar(Length::Limited(256));

/// Runs a system procedure; false if it is none that is served.
pub(super) fn procedure(
    run: &mut Run<'_>,
    name: &str,
    parameters: &[Parameter],
) -> Result<bool, Stop> {
    let text = |position: usize, name: &str| argument(parameters, position, name);
    match name.to_ascii_lowercase().as_str() {
        "sp_getapplock" => {
            let resource = text(0, "@resource").ok_or_else(|| missing(name, "@Resource"))?;
            owned_by_session(&text(2, "@lockowner").unwrap_or_default())?;
            let granted = run.databases.lock(&resource, run.session.number);
            run.return_status = if granted { 0 } else { -1 };
        }
        "sp_releaseapplock" => {
            let resource = text(0, "@resource").ok_or_else(|| missing(name, "@Resource"))?;
            owned_by_session(&text(1, "@lockowner").unwrap_or_default())?;
            if !run.databases.unlock(&resource, run.session.number) {
                let message = format!(
                    "Cannot release the application lock (resource: '{resource}') because it is not currently held."
                );
                return Err(SqlError::new(1223, message).into());
            }
        }
        "sp_describe_first_result_set" => {
            let batch = text(0, "@tsql").ok_or_else(|| missing(name, "@tsql"))?;
            let columns =
                describe::first_result_set(run, &batch, &text(1, "@params").unwrap_or_default())?;
            let layout = [
                ("is_hidden", SqlType::Bit),
                ("column_ordinal", SqlType::Int),
                ("name", NAME),
                ("is_nullable", SqlType::Bit),
                ("system_type_name", TYPE_NAME),
                ("collation_name", NAME),
            ];
            let utf8_collation = run.utf8_collation;
            let rows = columns
                .iter()
                .enumerate()
                .map(|(at, Described { name, ty })| {
                    let name = if name.is_empty() {
                        Value::Null
                    } else {
                        Value::Text(name.clone())
                    };
                    vec![
                        Value::Integer(0),
                        ordinal(at),
                        name,
                        Value::Integer(1),
                        type_name(*ty),
                        collation_name(*ty, utf8_collation),
                    ]
                });
            send(run, &layout, rows)?;
        }
        "sp_describe_undeclared_parameters" => {
            let batch = text(0, "@tsql").ok_or_else(|| missing(name, "@tsql"))?;
            let found = describe::undeclared_parameters(
                run,
                &batch,
                &text(1, "@params").unwrap_or_default(),
            )?;
            let layout = [
                ("parameter_ordinal", SqlType::Int),
                ("name", NAME),
                ("suggested_system_type_name", TYPE_NAME),
            ];
            let rows = found.iter().enumerate();
            let rows = rows.map(|(at, Described { name, ty })| {
                vec![ordinal(at), Value::Text(name.clone()), type_name(*ty)]
            });
            send(run, &layout, rows)?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// An argument by its name, or by its position if it has none.
fn argument(parameters: &[Parameter], position: usize, name: &str) -> Option<String> {
    let by_name = parameters.iter().find(|parameter| parameter.name == name);
    let found = by_name.or_else(|| {
        parameters
            .get(position)
            .filter(|parameter| parameter.name.is_empty())
    })?;
    match &found.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

fn missing(procedure: &str, parameter: &str) -> SqlError {
    SqlError::new(
        201,
        format!(
            "Procedure or function '{procedure}' expects parameter '{parameter}', which was not supplied."
        ),
    )
}

fn owned_by_session(owner: &str) -> Result<(), SqlError> {
    if owner.eq_ignore_ascii_case("session") {
        Ok(())
    } else {
        Err(SqlError::unsupported(
            "an application lock of a transaction",
        ))
    }
}

fn ordinal(at: usize) -> Value {
    Value::Integer(i64::try_from(at + 1).unwrap_or(0))
}

/// NULL where SQLite cannot tell before it has seen values.
fn type_name(ty: Option<SqlType>) -> Value {
    ty.map_or(Value::Null, |ty| Value::Text(ty.declaration()))
}

/// NULL for what is not a text.
fn collation_name(ty: Option<SqlType>, utf8_collation: bool) -> Value {
    let name = match ty {
        Some(SqlType::VarChar(_) | SqlType::Char(_)) if utf8_collation => {
            "Latin1_General_100_CI_AS_SC_UTF8"
        }
        Some(ty) if ty.is_text() => "SQL_Latin1_General_CP1_CI_AS",
        _ => return Value::Null,
    };
    Value::Text(name.to_owned())
}

/// Sends a result set of ours.
fn send(
    run: &mut Run<'_>,
    layout: &[(&str, SqlType)],
    rows: impl Iterator<Item = Vec<Value>>,
) -> Result<(), Stop> {
    let columns: Vec<Column> = layout
        .iter()
        .map(|(name, ty)| Column {
            name: (*name).to_owned(),
            ty: *ty,
        })
        .collect();
    run.answer.columns(&columns)?;
    let mut count = 0;
    for row in rows {
        run.answer
            .row(&columns, row.iter().map(ValueRef::from), usize::MAX)?;
        count += 1;
    }
    run.answer.statement(Done {
        status: tokens::DONE_COUNT,
        command: 0xc1,
        rows: count,
    })
}
