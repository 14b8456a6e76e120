//! What changes tables. Each value is put into its column as an assignment does it: converted, and refused when it is too long.

use super::scope::{Scope, Table};
use super::{Compiled, Compiler, Typed, literal, quoted};
use crate::sql_types::{Length, SqlError, SqlType};
use crate::tsql::tree::{Body, Command, Expr, Item, JsonColumn, Source};
use crate::tsql::typing::Ty;

impl Compiler<'_> {
    /// `INSERT`.
    pub(super) fn insert(&self, command: &Command) -> Result<Compiled, SqlError> {
        let Command::Insert {
            ctes,
            table,
            columns,
            output,
            rows,
        } = command
        else {
            return Err(SqlError::syntax("INSERT"));
        };
        let mut scope = Scope::default();
        let with = self.ctes(ctes, &mut scope)?;
        let known = self.columns(table)?;
        let targets = if columns.is_empty() {
            known.clone()
        } else {
            columns
                .iter()
                .map(|name| target(&known, name))
                .collect::<Result<Vec<_>, _>>()?
        };
        let names: Vec<String> = targets.iter().map(|(name, _)| quoted(name)).collect();
        let Some(query) = rows else {
            let (returning, columns) = self.returning(output, table, &known, "inserted")?;
            return Ok(Compiled {
                sql: format!(
                    "{with}INSERT INTO {} DEFAULT VALUES{returning}",
                    quoted(table)
                ),
                columns,
            });
        };
        let count = |found: usize| {
            if found == targets.len() {
                return Ok(());
            }
            Err(if columns.is_empty() {
                SqlError::new(
                    213,
                    "Column name or number of supplied values does not match table definition.",
                )
            } else {
                SqlError::new(
                    110,
                    "There are fewer or more columns in the INSERT statement than values specified. The number of values must match the number of columns.",
                )
            })
        };
        let source = match &query.body {
            Body::Values(rows) => {
                let mut shown = Vec::new();
                for row in rows {
                    count(row.len())?;
                    let values = row.iter().zip(&targets).map(|(value, (column, ty))| {
                        Ok(self.stored(&self.value(value, &scope)?, *ty, table, column))
                    });
                    shown.push(format!(
                        "({})",
                        values.collect::<Result<Vec<_>, SqlError>>()?.join(", ")
                    ));
                }
                format!("VALUES {}", shown.join(", "))
            }
            _ => {
                let compiled = self.query(query, &scope)?;
                count(compiled.columns.len())?;
                let items: Vec<String> = compiled
                    .columns
                    .iter()
                    .zip(&targets)
                    .enumerate()
                    .map(|(at, ((_, from), (column, ty)))| {
                        self.stored(&Typed::new(format!("\"c{at}\""), *from), *ty, table, column)
                    })
                    .collect();
                super::query::selected_from(&compiled, &items.join(", "))
            }
        };
        let (returning, columns) = self.returning(output, table, &known, "inserted")?;
        Ok(Compiled {
            sql: format!(
                "{with}INSERT INTO {} ({}) {source}{returning}",
                quoted(table),
                names.join(", ")
            ),
            columns,
        })
    }

    /// `UPDATE`.
    pub(super) fn update(&self, command: &Command) -> Result<Compiled, SqlError> {
        let Command::Update {
            ctes,
            table,
            sets,
            output,
            from,
            filter,
        } = command
        else {
            return Err(SqlError::syntax("UPDATE"));
        };
        let mut scope = Scope::default();
        let with = self.ctes(ctes, &mut scope)?;
        let target_table = self.target(table, from)?;
        let known = self.columns(&target_table.name)?;
        let mut inner = scope.inside();
        inner.tables.push(Table {
            name: target_table.alias.clone(),
            columns: known.clone(),
        });
        let (others, joins) = self.others(&target_table, &mut inner, &scope)?;
        let mut assignments = Vec::new();
        for (column, value) in sets {
            let (name, ty) = target(&known, column)?;
            let value = self.value(value, &inner)?;
            assignments.push(format!(
                "{} = {}",
                quoted(&name),
                self.stored(&value, ty, &target_table.name, &name)
            ));
        }
        let mut conditions = joins;
        conditions.extend(
            filter
                .as_ref()
                .map(|filter| self.condition(filter, &inner))
                .transpose()?,
        );
        let (returning, columns) =
            self.returning(output, &target_table.name, &known, "inserted")?;
        let others = if others.is_empty() {
            String::new()
        } else {
            format!(" FROM {}", others.join(", "))
        };
        let sql = format!(
            "{with}UPDATE {} AS {} SET {}{others}{}{returning}",
            quoted(&target_table.name),
            quoted(&target_table.alias),
            assignments.join(", "),
            filtered(&conditions),
        );
        Ok(Compiled { sql, columns })
    }

    /// `DELETE`.
    pub(super) fn delete(&self, command: &Command) -> Result<Compiled, SqlError> {
        let Command::Delete {
            ctes,
            table,
            output,
            from,
            filter,
        } = command
        else {
            return Err(SqlError::syntax("DELETE"));
        };
        let mut scope = Scope::default();
        let with = self.ctes(ctes, &mut scope)?;
        let target_table = self.target(table, from)?;
        let known = self.columns(&target_table.name)?;
        let mut inner = scope.inside();
        inner.tables.push(Table {
            name: target_table.alias.clone(),
            columns: known.clone(),
        });
        let (others, joins) = self.others(&target_table, &mut inner, &scope)?;
        let mut conditions = joins;
        conditions.extend(
            filter
                .as_ref()
                .map(|filter| self.condition(filter, &inner))
                .transpose()?,
        );
        let condition = if others.is_empty() {
            filtered(&conditions)
        } else {
            format!(
                " WHERE EXISTS (SELECT 1 FROM {}{})",
                others.join(", "),
                filtered(&conditions)
            )
        };
        let (returning, columns) = self.returning(output, &target_table.name, &known, "deleted")?;
        let sql = format!(
            "{with}DELETE FROM {} AS {}{condition}{returning}",
            quoted(&target_table.name),
            quoted(&target_table.alias),
        );
        Ok(Compiled { sql, columns })
    }

    /// A value as it is stored in a column.
    pub(super) fn stored(&self, value: &Typed, to: Ty, table: &str, column: &str) -> String {
        let Ty::Of(to) = to else {
            return value.sql.clone();
        };
        let from = match value.ty {
            Ty::Null => return "NULL".into(),
            Ty::Of(from) if from == to && !is_sized(to) => return value.sql.clone(),
            Ty::Of(from) => from.declaration(),
            Ty::Unknown => String::new(),
        };
        format!(
            "store('{}', '{from}', {}, {})",
            to.declaration(),
            literal(&format!("{table}.{column}")),
            value.sql
        )
    }

    /// The table that is changed: what `FROM` calls by its alias, and what is beside it there.
    fn target<'s>(&self, name: &str, from: &'s [Source]) -> Result<Target<'s>, SqlError> {
        let mut found = None;
        let mut others = Vec::new();
        let mut on = Vec::new();
        for source in from {
            collect(source, name, &mut found, &mut others, &mut on)?;
        }
        let (name, alias) = match found {
            Some((table, alias)) => (table, alias),
            None => (name.to_owned(), name.to_owned()),
        };
        Ok(Target {
            name,
            alias,
            others,
            on,
        })
    }

    /// The sources beside the changed table, and the conditions that join them.
    fn others(
        &self,
        target: &Target<'_>,
        scope: &mut Scope<'_>,
        outer: &Scope<'_>,
    ) -> Result<(Vec<String>, Vec<String>), SqlError> {
        let others = target
            .others
            .iter()
            .map(|source| self.source(source, scope, outer));
        let others = others.collect::<Result<Vec<_>, _>>()?;
        let joins = target.on.iter().map(|on| self.condition(on, scope));
        Ok((others, joins.collect::<Result<Vec<_>, _>>()?))
    }

    /// ` RETURNING …`, of `OUTPUT inserted.x` or `OUTPUT deleted.x`.
    fn returning(
        &self,
        output: &[Item],
        table: &str,
        known: &[(String, Ty)],
        source: &str,
    ) -> Result<(String, Vec<(String, Ty)>), SqlError> {
        if output.is_empty() {
            return Ok((String::new(), Vec::new()));
        }
        let mut scope = Scope::default();
        scope.tables.push(Table {
            name: source.to_owned(),
            columns: known.to_vec(),
        });
        let (items, columns) =
            self.items(output, &scope, false)
                .map_err(|error| match error.number {
                    // The other state of the row is gone when SQLite gives rows back.
                    4104 | 107 => SqlError::unsupported("this OUTPUT of deleted or inserted rows"),
                    _ => error,
                })?;
        // SQLite knows the row by its table only.
        let _ = table;
        Ok((
            format!(
                " RETURNING {}",
                items.replace(&format!("\"{source}\"."), "")
            ),
            columns,
        ))
    }

    /// A function in `FROM`: its text, and its columns.
    pub(super) fn table_function(
        &self,
        name: &str,
        arguments: &[Expr],
        columns: &[JsonColumn],
        scope: &Scope<'_>,
    ) -> Result<(String, Vec<(String, Ty)>), SqlError> {
        let values = arguments
            .iter()
            .map(|argument| self.value(argument, scope))
            .collect::<Result<Vec<_>, _>>()?;
        let text = |at: usize| values.get(at).map(|value| self.as_text(value));
        let max = Ty::Of(SqlType::NVarChar(Length::Max));
        match (name, values.len()) {
            ("STRING_SPLIT", 2) => {
                let (text, separator) = (text(0).unwrap_or_default(), text(1).unwrap_or_default());
                Ok((
                    format!("json_each(split({text}, {separator}))"),
                    vec![("value".into(), max)],
                ))
            }
            ("OPENJSON", 1 | 2) if columns.is_empty() => {
                let path = text(1).map_or_else(String::new, |path| format!(", {path}"));
                let columns = vec![("key".into(), max), ("value".into(), max)];
                Ok((
                    format!("json_each({}{path})", text(0).unwrap_or_default()),
                    columns,
                ))
            }
            ("OPENJSON", _) => Err(SqlError::unsupported("OPENJSON … WITH")),
            _ => Err(SqlError::unsupported(&format!(
                "{name} with these arguments"
            ))),
        }
    }
}

/// What a statement changes.
struct Target<'s> {
    name: String,
    alias: String,
    others: Vec<&'s Source>,
    on: Vec<&'s Expr>,
}

/// Finds the changed table among sources that are joined by plain joins.
fn collect<'s>(
    source: &'s Source,
    wanted: &str,
    found: &mut Option<(String, String)>,
    others: &mut Vec<&'s Source>,
    on: &mut Vec<&'s Expr>,
) -> Result<(), SqlError> {
    match source {
        Source::Table { name, alias }
            if found.is_none() && alias.as_ref().unwrap_or(name).eq_ignore_ascii_case(wanted) =>
        {
            *found = Some((name.clone(), alias.clone().unwrap_or_else(|| name.clone())));
        }
        Source::Join(left, "INNER" | "CROSS", right, condition) => {
            collect(left, wanted, found, others, on)?;
            collect(right, wanted, found, others, on)?;
            on.extend(condition);
        }
        Source::Join(..) => {
            return Err(SqlError::unsupported(
                "an outer join in the FROM of an UPDATE or DELETE",
            ));
        }
        other => others.push(other),
    }
    Ok(())
}

fn filtered(conditions: &[String]) -> String {
    if conditions.is_empty() {
        String::new()
    } else {
        format!(" WHERE {}", conditions.join(" AND "))
    }
}

/// A column of the table that is changed.
fn target(known: &[(String, Ty)], name: &str) -> Result<(String, Ty), SqlError> {
    known
        .iter()
        .find(|(column, _)| column.eq_ignore_ascii_case(name))
        .cloned()
        .ok_or_else(|| SqlError::new(207, format!("Invalid column name '{name}'.")))
}

/// Whether a type has room for this much and no more, so that even a value of it has to be looked at.
fn is_sized(ty: SqlType) -> bool {
    matches!(
        ty,
        SqlType::NChar(_) | SqlType::Char(_) | SqlType::Binary(_)
    )
}
