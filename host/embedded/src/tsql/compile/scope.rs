//! Names: which tables a query sees, and what columns of which types they have.

use super::quoted;
use crate::sql_types::{SqlError, SqlType};
use crate::tsql::typing::Ty;

/// What the database has.
pub(crate) trait Catalog {
    /// The columns of a table or view with their declared types; none if there is no such table.
    fn columns(&self, table: &str) -> Option<Vec<(String, Option<SqlType>)>>;
    /// Whether SQLite numbers the rows of the table by itself.
    fn has_identity(&self, table: &str) -> bool;
}

/// A table as a query sees it.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// Its alias, or its name.
    pub(super) name: String,
    pub(super) columns: Vec<(String, Ty)>,
}

/// What can be named at one place.
#[derive(Debug, Default)]
pub(super) struct Scope<'a> {
    pub(super) tables: Vec<Table>,
    /// Queries that `WITH` names.
    pub(super) ctes: Vec<Table>,
    pub(super) outer: Option<&'a Scope<'a>>,
}

/// A table's columns as a compiler has them.
pub(super) fn typed(columns: Vec<(String, Option<SqlType>)>) -> Vec<(String, Ty)> {
    columns
        .into_iter()
        .map(|(name, ty)| (name, ty.map_or(Ty::Unknown, Ty::Of)))
        .collect()
}

impl<'a> Scope<'a> {
    /// A scope inside this one, which sees what this one sees.
    pub(super) fn inside(&'a self) -> Scope<'a> {
        Scope {
            tables: Vec::new(),
            ctes: Vec::new(),
            outer: Some(self),
        }
    }

    /// The query that `WITH` gives this name.
    pub(super) fn cte(&self, name: &str) -> Option<&Table> {
        self.ctes
            .iter()
            .rev()
            .find(|cte| cte.name.eq_ignore_ascii_case(name))
            .or_else(|| self.outer.and_then(|outer| outer.cte(name)))
    }

    /// A column by its name and what comes before it: as SQLite writes it, and its type.
    pub(super) fn column(&self, parts: &[String]) -> Result<(String, Ty), SqlError> {
        let (name, before) = match parts {
            [before @ .., name] => (name, before),
            [] => return Err(SqlError::syntax("")),
        };
        let found: Vec<(&Table, &(String, Ty))> = self
            .tables
            .iter()
            .filter(|table| {
                before
                    .last()
                    .is_none_or(|wanted| table.name.eq_ignore_ascii_case(wanted))
            })
            .flat_map(|table| {
                let named = |column: &&(String, Ty)| column.0.eq_ignore_ascii_case(name);
                table
                    .columns
                    .iter()
                    .filter(named)
                    .map(move |column| (table, column))
            })
            .collect();
        match (found.as_slice(), self.outer) {
            ([(table, (column, ty))], _) => {
                Ok((format!("{}.{}", quoted(&table.name), quoted(column)), *ty))
            }
            ([], Some(outer)) => outer.column(parts),
            ([], None) if before.is_empty() => {
                Err(SqlError::new(207, format!("Invalid column name '{name}'.")))
            }
            ([], None) => self.unbound(parts),
            _ => Err(SqlError::new(
                209,
                format!("Ambiguous column name '{name}'."),
            )),
        }
    }

    /// What is wrong with a column that has a table before it.
    fn unbound(&self, parts: &[String]) -> Result<(String, Ty), SqlError> {
        Err(SqlError::new(
            4104,
            format!(
                "The multi-part identifier \"{}\" could not be bound.",
                parts.join(".")
            ),
        ))
    }
}
