//! From the tree to SQLite's text, with the type of every expression.
//!
//! T-SQL decides by types what an operator means: `+` joins or adds, `/` of two integers is an integer, two texts compare by the
//! collation. So each expression is given the type the server gives it, and SQLite gets a text that means the same: conversions,
//! collations and arithmetic are written out. How values are stored in SQLite is in `sql_types::value`.
//!
//! Reading order: [`scope`] (names), `query`, `values` (expressions), `comparison`, `arithmetic`, `calls` (functions), `aggregates`, `writes`.

mod aggregates;
mod arithmetic;
mod calls;
mod comparison;
mod grouping;
mod query;
mod scope;
mod values;
mod writes;

use super::collation;
use super::tree::Command;
use super::typing::{Family, Ty};
use super::{Globals, Output, Translated, Verb};
use crate::sql_types::{SqlError, SqlType};
pub(crate) use scope::Catalog;
use scope::Scope;

/// Makes SQLite's text of a statement.
pub(super) fn compile(
    command: &Command,
    globals: &Globals,
    catalog: &dyn Catalog,
) -> Result<Translated, SqlError> {
    let compiler = Compiler { globals, catalog };
    let scope = Scope::default();
    let (compiled, verb, identity) = match command {
        Command::Query(query) => (compiler.query(query, &scope)?, Verb::Select, false),
        Command::Insert { table, .. } => (
            compiler.insert(command)?,
            Verb::Insert,
            catalog.has_identity(table),
        ),
        Command::Update { .. } => (compiler.update(command)?, Verb::Update, false),
        Command::Delete { .. } => (compiler.delete(command)?, Verb::Delete, false),
    };
    let outputs = compiled
        .columns
        .into_iter()
        .map(|(name, ty)| Output {
            name,
            ty: ty.known(),
        })
        .collect();
    Ok(Translated {
        sql: compiled.sql,
        verb,
        outputs,
        identity,
    })
}

/// What a statement is compiled with.
struct Compiler<'a> {
    globals: &'a Globals,
    catalog: &'a dyn Catalog,
}

/// An expression for SQLite, and its type.
#[derive(Debug, Clone)]
struct Typed {
    sql: String,
    ty: Ty,
    /// The collation that was asked for.
    collation: Option<&'static str>,
}

impl Typed {
    fn new(sql: impl Into<String>, ty: Ty) -> Self {
        Self {
            sql: sql.into(),
            ty,
            collation: None,
        }
    }

    /// The expression as one that compares by the right collation, for `ORDER BY`, `GROUP BY` and `DISTINCT`.
    fn collated(&self) -> String {
        match collation_of(self.ty, self.collation) {
            Some(collation) => format!("{} COLLATE {collation}", self.sql),
            None => self.sql.clone(),
        }
    }
}

/// The collation by which values of a type compare.
fn collation_of(ty: Ty, asked_for: Option<&'static str>) -> Option<&'static str> {
    match ty.family() {
        Some(Family::Text) => Some(asked_for.unwrap_or(collation::TEXT)),
        Some(Family::Decimal) => Some(collation::DECIMAL),
        _ => None,
    }
}

/// A query for SQLite: its text, and the name and type of each column.
#[derive(Debug, Clone)]
struct Compiled {
    sql: String,
    columns: Vec<(String, Ty)>,
}

/// A name as SQLite quotes it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQLite quotes it.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Compiles the expressions of a definition.
pub(super) struct Definition<'a> {
    compiler: Compiler<'a>,
}

impl<'a> Definition<'a> {
    pub(super) fn new(globals: &'a Globals, catalog: &'a dyn Catalog) -> Self {
        Self {
            compiler: Compiler { globals, catalog },
        }
    }

    /// The query of a view.
    pub(super) fn query(&self, query: &super::tree::Query) -> Result<String, SqlError> {
        Ok(self.compiler.query(query, &Scope::default())?.sql)
    }

    /// The columns of a table, if there is one.
    pub(super) fn columns(&self, table: &str) -> Vec<(String, Option<SqlType>)> {
        self.compiler.catalog.columns(table).unwrap_or_default()
    }

    /// The condition of a `CHECK`, on the columns of its table.
    pub(super) fn condition(
        &self,
        condition: &super::tree::Expr,
        table: &str,
        columns: &[(String, Option<SqlType>)],
    ) -> Result<String, SqlError> {
        let mut scope = Scope::default();
        scope.tables.push(scope::Table {
            name: table.to_owned(),
            columns: scope::typed(columns.to_vec()),
        });
        let sql = self.compiler.condition(condition, &scope)?;
        // A new table has no other to be told from.
        Ok(sql.replace(&format!("{}.", quoted(table)), ""))
    }

    /// The value of a `DEFAULT`.
    pub(super) fn default(
        &self,
        value: &super::tree::Expr,
        table: &str,
        column: Option<&(String, SqlType)>,
    ) -> Result<String, SqlError> {
        let value = self.compiler.value(value, &Scope::default())?;
        Ok(match column {
            Some((name, ty)) => self.compiler.stored(&value, Ty::Of(*ty), table, name),
            None => value.sql,
        })
    }
}
