//! Queries: sources, select lists, unions, order.

use super::scope::{Scope, Table, typed};
use super::{Compiled, Compiler, Typed, quoted};
use crate::sql_types::{SqlError, SqlType};
use crate::tsql::tree::{Body, Cte, Expr, Item, Order, Query, Select, Source};
use crate::tsql::typing::{Ty, common};

/// The name and type of each column.
type Columns = Vec<(String, Ty)>;

/// What a select list is emitted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Purpose {
    /// Rows are compared with one another, so columns carry their collation.
    compared: bool,
}

impl Compiler<'_> {
    /// A query that sees what `outer` sees.
    pub(super) fn query(&self, query: &Query, outer: &Scope<'_>) -> Result<Compiled, SqlError> {
        let mut scope = outer.inside();
        let with = self.ctes(&query.ctes, &mut scope)?;
        let plain = query.order.is_empty() && query.offset.is_none();
        let (mut sql, columns) = match &query.body {
            Body::Select(select) => {
                let (sql, columns, order) =
                    self.select(select, &query.order, &scope, Purpose { compared: false })?;
                (format!("{sql}{order}"), columns)
            }
            body if plain => {
                let compiled = self.body(body, &scope, Purpose { compared: false })?;
                (compiled.sql, compiled.columns)
            }
            body => {
                let compiled = self.body(body, &scope, Purpose { compared: false })?;
                let mut named = Scope::default();
                named.tables.push(Table {
                    name: String::new(),
                    columns: compiled.columns.clone(),
                });
                let order = self.order(&query.order, &named, &compiled.columns)?;
                (format!("{}{order}", compiled.sql), compiled.columns)
            }
        };
        if let Some(limit) = self.limit(query, &scope)? {
            sql.push_str(&limit);
        }
        Ok(Compiled {
            sql: format!("{with}{sql}"),
            columns,
        })
    }

    /// `LIMIT`, of `TOP` or of `OFFSET … FETCH`.
    fn limit(&self, query: &Query, scope: &Scope<'_>) -> Result<Option<String>, SqlError> {
        let count = |value: &Expr| {
            let value = self.value(value, scope)?;
            Ok::<_, SqlError>(self.converted(&value, SqlType::BigInt))
        };
        if let Some(offset) = &query.offset {
            if query.order.is_empty() {
                return Err(SqlError::syntax("OFFSET"));
            }
            let fetch = query.fetch.as_ref().map(count).transpose()?;
            let fetch = fetch.unwrap_or_else(|| "-1".into());
            return Ok(Some(format!(" LIMIT {fetch} OFFSET {}", count(offset)?)));
        }
        match &query.body {
            Body::Select(select) => match &select.top {
                Some(top) => Ok(Some(format!(" LIMIT {}", count(top)?))),
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// `WITH …`, whose queries the scope then knows.
    pub(super) fn ctes(&self, ctes: &[Cte], scope: &mut Scope<'_>) -> Result<String, SqlError> {
        let mut parts = Vec::new();
        for cte in ctes {
            if let Body::Set(anchor, "UNION ALL", _) = &cte.query.body {
                // It may name itself: its columns are those of its first part.
                let first = self.body(anchor, scope, Purpose { compared: false })?;
                scope.ctes.push(Table {
                    name: cte.name.clone(),
                    columns: renamed(first.columns, &cte.columns)?,
                });
            }
            let compiled = self.query(&cte.query, scope)?;
            let columns = renamed(compiled.columns, &cte.columns)?;
            let names: Vec<String> = columns.iter().map(|(name, _)| quoted(name)).collect();
            parts.push(format!(
                "{}({}) AS ({})",
                quoted(&cte.name),
                names.join(", "),
                compiled.sql
            ));
            scope.ctes.push(Table {
                name: cte.name.clone(),
                columns,
            });
        }
        Ok(if parts.is_empty() {
            String::new()
        } else {
            format!("WITH {} ", parts.join(", "))
        })
    }

    fn body(&self, body: &Body, scope: &Scope<'_>, purpose: Purpose) -> Result<Compiled, SqlError> {
        match body {
            Body::Select(select) => {
                let (sql, columns, _) = self.select(select, &[], scope, purpose)?;
                let top = select
                    .top
                    .as_ref()
                    .map(|top| self.value(top, scope))
                    .transpose()?;
                let sql = match top {
                    Some(top) => format!(
                        "SELECT * FROM ({sql} LIMIT {})",
                        self.converted(&top, SqlType::BigInt)
                    ),
                    None => sql,
                };
                Ok(Compiled { sql, columns })
            }
            Body::Query(query) => {
                let compiled = self.query(query, scope)?;
                Ok(Compiled {
                    sql: format!("SELECT * FROM ({})", compiled.sql),
                    columns: compiled.columns,
                })
            }
            Body::Values(rows) => self.rows(rows, scope),
            Body::Set(left, operator, right) => self.set(left, operator, right, scope),
        }
    }

    fn set(
        &self,
        left: &Body,
        operator: &str,
        right: &Body,
        scope: &Scope<'_>,
    ) -> Result<Compiled, SqlError> {
        let purpose = Purpose {
            compared: operator != "UNION ALL",
        };
        let nested = matches!(right, Body::Set(..));
        let (left, right) = (
            self.body(left, scope, purpose)?,
            self.body(right, scope, purpose)?,
        );
        if left.columns.len() != right.columns.len() {
            return Err(SqlError::new(
                205,
                "All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of expressions in their target lists.",
            ));
        }
        let pairs = left.columns.iter().zip(&right.columns);
        let columns: Vec<(String, Ty)> = pairs
            .map(|((name, one), (_, other))| (name.clone(), common(*one, *other)))
            .collect();
        let (one, other) = (self.brought(left, &columns), self.brought(right, &columns));
        let other = if nested {
            format!("SELECT * FROM ({other})")
        } else {
            other
        };
        Ok(Compiled {
            sql: format!("{one} {operator} {other}"),
            columns,
        })
    }

    /// A query whose columns have these types.
    pub(super) fn brought(&self, compiled: Compiled, wanted: &[(String, Ty)]) -> String {
        let fits = compiled
            .columns
            .iter()
            .zip(wanted)
            .all(|((_, ty), (_, wanted))| ty == wanted || !self.needs_conversion(*ty, *wanted));
        if fits {
            return compiled.sql;
        }
        let items = compiled.columns.iter().zip(wanted).enumerate();
        let items: Vec<String> = items
            .map(|(at, ((_, ty), (name, wanted)))| {
                let column = Typed::new(format!("\"c{at}\""), *ty);
                format!("{} AS {}", self.brought_to(&column, *wanted), quoted(name))
            })
            .collect();
        selected_from(&compiled, &items.join(", "))
    }

    /// Rows of constants, each column of one type.
    fn rows(&self, rows: &[Vec<Expr>], scope: &Scope<'_>) -> Result<Compiled, SqlError> {
        let width = rows.first().map_or(0, Vec::len);
        if rows.iter().any(|row| row.len() != width) {
            return Err(SqlError::new(
                10_709,
                "The number of columns for each row in a table value constructor must be the same.",
            ));
        }
        let rows = rows
            .iter()
            .map(|row| {
                row.iter()
                    .map(|value| self.value(value, scope))
                    .collect::<Result<Vec<_>, _>>()
            })
            .collect::<Result<Vec<_>, _>>()?;
        let types: Vec<Ty> = (0..width)
            .map(|at| {
                let values = rows.iter().filter_map(|row| row.get(at));
                values.fold(Ty::Null, |ty, value| common(ty, value.ty))
            })
            .collect();
        let shown: Vec<String> = rows
            .iter()
            .map(|row| {
                let values = row.iter().zip(&types);
                let values: Vec<String> = values
                    .map(|(value, ty)| self.brought_to(value, *ty))
                    .collect();
                format!("({})", values.join(", "))
            })
            .collect();
        Ok(Compiled {
            sql: format!("VALUES {}", shown.join(", ")),
            columns: types
                .into_iter()
                .enumerate()
                .map(|(at, ty)| (format!("column{}", at + 1), ty))
                .collect(),
        })
    }

    /// One `SELECT`: its text, its columns, and the text of `ORDER BY`.
    fn select(
        &self,
        select: &Select,
        order: &[Order],
        outer: &Scope<'_>,
        purpose: Purpose,
    ) -> Result<(String, Columns, String), SqlError> {
        let mut scope = outer.inside();
        let mut sources = Vec::new();
        for source in &select.from {
            sources.push(self.source(source, &mut scope, outer)?);
        }
        super::grouping::check(select, order)?;
        let compared = purpose.compared || select.distinct;
        let (items, columns) = self.items(&select.items, &scope, compared)?;
        let mut sql = format!(
            "SELECT {}{items}",
            if select.distinct { "DISTINCT " } else { "" }
        );
        if !sources.is_empty() {
            sql.push_str(&format!(" FROM {}", sources.join(", ")));
        }
        if let Some(filter) = &select.filter {
            sql.push_str(&format!(" WHERE {}", self.condition(filter, &scope)?));
        }
        if !select.group.is_empty() {
            let group = select
                .group
                .iter()
                .map(|value| self.value(value, &scope).map(|value| value.collated()));
            sql.push_str(&format!(
                " GROUP BY {}",
                group.collect::<Result<Vec<_>, _>>()?.join(", ")
            ));
        }
        if let Some(having) = &select.having {
            sql.push_str(&format!(" HAVING {}", self.condition(having, &scope)?));
        }
        let order = self.order(order, &scope, &columns)?;
        Ok((sql, columns, order))
    }

    /// A select list: its text, and the name and type of each column.
    pub(super) fn items(
        &self,
        items: &[Item],
        scope: &Scope<'_>,
        compared: bool,
    ) -> Result<(String, Vec<(String, Ty)>), SqlError> {
        let (mut texts, mut columns) = (Vec::new(), Vec::new());
        let mut add = |value: &Typed, name: String| {
            let text = if compared {
                value.collated()
            } else {
                value.sql.clone()
            };
            texts.push(if name.is_empty() {
                text
            } else {
                format!("{text} AS {}", quoted(&name))
            });
            columns.push((name, value.ty));
        };
        for item in items {
            match item {
                Item::Value(value, alias) => {
                    let name = match (alias, value) {
                        (Some(alias), _) => alias.clone(),
                        (None, Expr::Column(parts)) => parts.last().cloned().unwrap_or_default(),
                        (None, _) => String::new(),
                    };
                    add(&self.value(value, scope)?, name);
                }
                Item::Star(wanted) => {
                    let of = |table: &&Table| {
                        wanted
                            .as_ref()
                            .is_none_or(|wanted| table.name.eq_ignore_ascii_case(wanted))
                    };
                    let mut found = false;
                    for table in scope.tables.iter().filter(of) {
                        found = true;
                        for (column, ty) in &table.columns {
                            let value = Typed::new(
                                format!("{}.{}", quoted(&table.name), quoted(column)),
                                *ty,
                            );
                            add(&value, column.clone());
                        }
                    }
                    if !found {
                        return Err(match wanted {
                            Some(wanted) => SqlError::new(
                                107,
                                format!(
                                    "The column prefix '{wanted}' does not match with a table name or alias name used in the query."
                                ),
                            ),
                            None => SqlError::new(263, "Must specify table to select from."),
                        });
                    }
                }
            }
        }
        Ok((texts.join(", "), columns))
    }

    /// ` ORDER BY …`; a name of the select list comes before one of a table.
    pub(super) fn order(
        &self,
        order: &[Order],
        scope: &Scope<'_>,
        columns: &[(String, Ty)],
    ) -> Result<String, SqlError> {
        let mut terms = Vec::new();
        for Order { value, descending } in order {
            let position = match value {
                Expr::Number(text) => text.parse::<usize>().ok(),
                _ => None,
            };
            let named = match value {
                Expr::Column(parts) if parts.len() == 1 => {
                    let name = parts.last().map_or("", String::as_str);
                    columns
                        .iter()
                        .find(|(column, _)| column.eq_ignore_ascii_case(name))
                }
                _ => None,
            };
            let term = match (position, named) {
                (Some(position), _) => {
                    let column = position.checked_sub(1).and_then(|at| columns.get(at));
                    let (_, ty) = column.ok_or_else(|| {
                        SqlError::new(108, format!("The ORDER BY position number {position} is out of range of the number of items in the select list."))
                    })?;
                    Typed::new(position.to_string(), *ty)
                }
                (None, Some((name, ty))) => Typed::new(quoted(name), *ty),
                (None, None) => self.value(value, scope)?,
            };
            terms.push(format!(
                "{}{}",
                term.collated(),
                if *descending { " DESC" } else { "" }
            ));
        }
        Ok(if terms.is_empty() {
            String::new()
        } else {
            format!(" ORDER BY {}", terms.join(", "))
        })
    }

    /// A source, whose columns the scope then knows.
    pub(super) fn source(
        &self,
        source: &Source,
        scope: &mut Scope<'_>,
        outer: &Scope<'_>,
    ) -> Result<String, SqlError> {
        match source {
            Source::Table { name, alias } => {
                let columns = match outer.cte(name) {
                    Some(cte) => cte.columns.clone(),
                    None => self.columns(name)?,
                };
                let seen_as = alias.as_ref().unwrap_or(name);
                scope.tables.push(Table {
                    name: seen_as.clone(),
                    columns,
                });
                Ok(format!("{} AS {}", quoted(name), quoted(seen_as)))
            }
            Source::Derived {
                query,
                alias,
                columns,
            } => {
                let compiled = self.query(query, outer)?;
                let named = renamed(compiled.columns.clone(), columns)?;
                let items: Vec<String> = named
                    .iter()
                    .enumerate()
                    .map(|(at, (name, _))| format!("\"c{at}\" AS {}", quoted(name)))
                    .collect();
                let sql = if columns.is_empty() {
                    compiled.sql
                } else {
                    selected_from(&compiled, &items.join(", "))
                };
                scope.tables.push(Table {
                    name: alias.clone(),
                    columns: named,
                });
                Ok(format!("({sql}) AS {}", quoted(alias)))
            }
            Source::Function {
                name,
                arguments,
                alias,
                columns,
            } => {
                let (sql, found) = self.table_function(name, arguments, columns, scope)?;
                let seen_as = alias.as_ref().unwrap_or(name);
                scope.tables.push(Table {
                    name: seen_as.clone(),
                    columns: found,
                });
                Ok(format!("{sql} AS {}", quoted(seen_as)))
            }
            Source::Join(left, kind, right, on) => {
                let left = self.source(left, scope, outer)?;
                let right_sql = self.source(right, scope, outer)?;
                let right_sql = if matches!(**right, Source::Join(..)) {
                    format!("({right_sql})")
                } else {
                    right_sql
                };
                let on = on
                    .as_ref()
                    .map(|on| self.condition(on, scope))
                    .transpose()?;
                let on = on.map_or_else(String::new, |on| format!(" ON {on}"));
                Ok(format!("{left} {kind} JOIN {right_sql}{on}"))
            }
        }
    }

    /// The columns of a table.
    pub(super) fn columns(&self, table: &str) -> Result<Vec<(String, Ty)>, SqlError> {
        self.catalog
            .columns(table)
            .map(typed)
            .ok_or_else(|| SqlError::new(208, format!("Invalid object name '{table}'.")))
    }

    /// The one value of a query.
    pub(super) fn scalar(&self, query: &Query, scope: &Scope<'_>) -> Result<Typed, SqlError> {
        let compiled = self.query(query, scope)?;
        let [(_, ty)] = compiled.columns.as_slice() else {
            return Err(SqlError::new(
                116,
                "Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.",
            ));
        };
        let ty = *ty;
        let single = match &query.body {
            Body::Select(select) => {
                let one = Some(Expr::Number("1".into()));
                select.top == one
                    || (select.group.is_empty() && super::grouping::aggregates(select))
            }
            _ => false,
        };
        let sql = if single {
            compiled.sql
        } else {
            // A second row is an error, where SQLite would take the first.
            selected_from(&compiled, "only_one(\"c0\")")
        };
        Ok(Typed::new(format!("({sql})"), ty))
    }
}

/// Items selected from a query, whose columns go by the names `c0`, `c1` and so on.
pub(super) fn selected_from(compiled: &Compiled, items: &str) -> String {
    let names: Vec<String> = (0..compiled.columns.len())
        .map(|at| format!("\"c{at}\""))
        .collect();
    format!(
        "SELECT * FROM (WITH \"rows\"({}) AS ({}) SELECT {items} FROM \"rows\")",
        names.join(", "),
        compiled.sql
    )
}

/// The columns under other names; every one needs a name.
fn renamed(columns: Vec<(String, Ty)>, names: &[String]) -> Result<Vec<(String, Ty)>, SqlError> {
    if names.is_empty() {
        if let Some(at) = columns.iter().position(|(name, _)| name.is_empty()) {
            return Err(SqlError::new(
                8155,
                format!(
                    "No column name was specified for column {} of a derived table.",
                    at + 1
                ),
            ));
        }
        return Ok(columns);
    }
    if names.len() != columns.len() {
        return Err(SqlError::new(
            8158,
            "A derived table has more or fewer columns than were specified in its column list.",
        ));
    }
    Ok(names
        .iter()
        .cloned()
        .zip(columns.into_iter().map(|(_, ty)| ty))
        .collect())
}
