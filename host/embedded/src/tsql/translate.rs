//! One T-SQL statement as SQLite text, and what is known of its answer.

use std::collections::HashMap;

use super::compile::{Catalog, compile};
use super::lexer::Token;
use super::{clauses, definitions, parser};
use crate::sql_types::{SqlError, SqlType};

/// What only the session knows, at this moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Globals {
    /// `@@TRANCOUNT`.
    pub transaction_count: u32,
    /// `CURRENT_TRANSACTION_ID()`; 0 outside of a transaction.
    pub transaction_id: u64,
    /// `XACT_STATE()`.
    pub transaction_state: i32,
    /// `@@ROWCOUNT`.
    pub row_count: u64,
    /// `@@ERROR`.
    pub last_error: u32,
    /// `@@SPID`.
    pub session: u16,
    /// `@@NESTLEVEL`.
    pub depth: u8,
    /// `SCOPE_IDENTITY()`.
    pub scope_identity: Option<i64>,
    /// `@@IDENTITY`.
    pub identity: Option<i64>,
    /// `DB_NAME()`.
    pub database: String,
    /// The error that the innermost `CATCH` block is about, and the procedure it comes from.
    pub caught: Option<(SqlError, String)>,
    /// The variables by their names in lower case; none: an untyped NULL.
    pub variables: HashMap<String, Option<SqlType>>,
}

/// What a statement does, as far as its answer depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// `SELECT`.
    Select,
    /// `INSERT`.
    Insert,
    /// `UPDATE`.
    Update,
    /// `DELETE`.
    Delete,
    /// Anything that counts no rows.
    Other,
}

/// One column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output {
    /// Its name; empty for an expression without an alias.
    pub name: String,
    /// Its type; none: the values decide.
    pub ty: Option<SqlType>,
}

/// A statement for SQLite.
#[derive(Debug, Clone)]
pub(crate) struct Translated {
    /// Its text.
    pub sql: String,
    /// What it does.
    pub verb: Verb,
    /// Its columns; empty if it gives no rows.
    pub outputs: Vec<Output>,
    /// Whether it inserts into a table whose rows are numbered.
    pub identity: bool,
}

/// Translates one statement.
pub(crate) fn translate(
    statement: &[Token],
    globals: &Globals,
    catalog: &dyn Catalog,
) -> Result<Translated, SqlError> {
    let tokens = clauses::hints(statement.to_vec());
    let is_definition = tokens
        .first()
        .is_some_and(|token| token.is_any(&["CREATE", "ALTER", "DROP", "TRUNCATE"]));
    if is_definition {
        return definitions::translate(&tokens, globals, catalog);
    }
    compile(&parser::command(&tokens)?, globals, catalog)
}
