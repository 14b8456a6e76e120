//! What code of a module is told of SQL when it is built: the statements that it is granted, for libraries that send their text.

use mayfly_json::quoted;

use super::SqlType;
use crate::sql::configuration::{Access, Body, Parameter, Section, Statement, StatementGrants};

/// Backends, names of granted statements, and the statements, as JSON: `[[backend, …], [[name, backend, text or null, procedure or null,
/// access, [[parameter, type, is a list, is an output], …], [[column, type], …]], …]]`.
pub(in crate::sql) fn told(section: &Section, granted: &StatementGrants) -> String {
    let backends = section.backends.iter();
    let statements = section.statements.iter();
    let statements = statements.filter(|statement| granted.0.contains_key(&statement.name));
    list([
        list(backends.map(|backend| quoted(&backend.name))),
        list(statements.map(statement)),
    ])
}

fn statement(statement: &Statement) -> String {
    let null = || "null".to_owned();
    let (text, procedure) = match &statement.body {
        Body::Text(text) => (quoted(text), null()),
        Body::Procedure(name) => (null(), quoted(name)),
    };
    let access = match statement.access {
        Access::Read => "read",
        Access::Write => "write",
    };
    let columns = statement.columns.iter();
    list([
        quoted(&statement.name),
        quoted(&statement.backend),
        text,
        procedure,
        quoted(access),
        list(statement.parameters.iter().map(parameter)),
        list(columns.map(|(name, kind)| list([quoted(name), quoted(word(*kind))]))),
    ])
}

fn parameter(parameter: &Parameter) -> String {
    list([
        quoted(&parameter.name),
        quoted(word(parameter.sql_type)),
        parameter.list.to_string(),
        parameter.output.to_string(),
    ])
}

/// A type without its arguments, which decides how libraries show its values.
fn word(kind: SqlType) -> &'static str {
    match kind {
        SqlType::Bit => "bit",
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int => "int",
        SqlType::BigInt => "bigint",
        SqlType::Real | SqlType::Float => "float",
        SqlType::Decimal { .. } | SqlType::Money => "decimal",
        SqlType::NVarChar(_) | SqlType::VarChar(_) => "text",
        SqlType::VarBinary(_) => "binary",
        SqlType::Date => "date",
        SqlType::Time => "time",
        SqlType::DateTime2 => "datetime",
        SqlType::DateTimeOffset => "datetimeoffset",
        SqlType::UniqueIdentifier => "uniqueidentifier",
    }
}

fn list(elements: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", elements.into_iter().collect::<Vec<_>>().join(","))
}
