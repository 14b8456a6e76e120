//! What follows `FROM`: tables, queries, functions, and how they are joined.

use super::lexer::Kind;
use super::parser::{AFTER_TABLE, Parser, RESERVED};
use super::tree::{Expr, JsonColumn, Source};
use crate::sql_types::SqlError;

impl Parser<'_> {
    pub(super) fn sources(&mut self) -> Result<Vec<Source>, SqlError> {
        self.list(Self::joined)
    }

    fn joined(&mut self) -> Result<Source, SqlError> {
        let mut left = self.source()?;
        loop {
            let apply = self.is_any(&["CROSS", "OUTER"])
                && self.ahead(1).is_some_and(|token| token.is("APPLY"));
            let kind = if apply {
                let outer = self.is("OUTER");
                self.at += 2;
                let right = self.source()?;
                if !matches!(right, Source::Function { .. }) {
                    return Err(SqlError::unsupported("APPLY of a query"));
                }
                let kind = if outer { "LEFT" } else { "CROSS" };
                let on = outer.then(|| {
                    Expr::Compare(
                        Box::new(Expr::Number("1".into())),
                        "=",
                        Box::new(Expr::Number("1".into())),
                    )
                });
                left = Source::Join(Box::new(left), kind, Box::new(right), on);
                continue;
            } else if self.accept("CROSS") {
                "CROSS"
            } else if self.is_any(&["LEFT", "RIGHT", "FULL"]) {
                let kind = ["LEFT", "RIGHT", "FULL"]
                    .into_iter()
                    .find(|kind| self.is(kind))
                    .unwrap_or("LEFT");
                self.at += 1;
                self.accept("OUTER");
                kind
            } else if self.is("JOIN") || self.accept("INNER") {
                "INNER"
            } else {
                return Ok(left);
            };
            if self.is_any(&["HASH", "LOOP", "MERGE", "REMOTE"]) {
                // A hint to the optimizer.
                self.at += 1;
            }
            self.expect("JOIN")?;
            let right = self.source()?;
            let on = if kind == "CROSS" {
                None
            } else {
                self.expect("ON")?;
                Some(self.expression()?)
            };
            left = Source::Join(Box::new(left), kind, Box::new(right), on);
        }
    }

    fn source(&mut self) -> Result<Source, SqlError> {
        if self.is_symbol("(") {
            let begins_query = self.ahead(1).is_some_and(|token| {
                token.is_any(&["SELECT", "VALUES", "WITH"]) || token.is_symbol("(")
            });
            if !begins_query {
                self.at += 1;
                let source = self.joined()?;
                self.expect_symbol(")")?;
                return Ok(source);
            }
            let query = Box::new(self.parenthesized()?);
            let alias = self.alias()?.ok_or_else(|| self.near())?;
            let columns = self.column_names()?;
            return Ok(Source::Derived {
                query,
                alias,
                columns,
            });
        }
        let called = self.ahead(1).is_some_and(|token| token.is_symbol("("));
        let name = self.table_name()?;
        if called {
            return self.table_function(name.to_uppercase());
        }
        let alias = self.alias()?;
        if self.is_any(&["PIVOT", "UNPIVOT", "TABLESAMPLE"])
            || (self.is("FOR") && self.ahead(1).is_some_and(|token| token.is("SYSTEM_TIME")))
        {
            let word = self.peek().map_or("", |token| &token.text).to_uppercase();
            return Err(SqlError::unsupported(&word));
        }
        if self.is("WITH") {
            return Err(SqlError::unsupported("this table hint"));
        }
        Ok(Source::Table { name, alias })
    }

    fn table_function(&mut self, name: String) -> Result<Source, SqlError> {
        if !["STRING_SPLIT", "OPENJSON", "GENERATE_SERIES"].contains(&name.as_str()) {
            return Err(SqlError::unsupported(&format!("the table function {name}")));
        }
        self.expect_symbol("(")?;
        let arguments = self.list(Self::expression)?;
        self.expect_symbol(")")?;
        let mut columns = Vec::new();
        if name == "OPENJSON" && self.accept("WITH") {
            self.expect_symbol("(")?;
            columns = self.list(Self::json_column)?;
            self.expect_symbol(")")?;
        }
        let alias = self.alias()?;
        Ok(Source::Function {
            name,
            arguments,
            alias,
            columns,
        })
    }

    fn json_column(&mut self) -> Result<JsonColumn, SqlError> {
        let name = self.name()?;
        let ty = self.type_name()?;
        let path = match self.peek() {
            Some(token) if matches!(token.kind, Kind::Literal | Kind::National) => {
                let path = token.text.trim_matches('\'').replace("''", "'");
                self.at += 1;
                Some(path)
            }
            _ => None,
        };
        let as_json = self.accept("AS");
        if as_json {
            self.expect("JSON")?;
        }
        Ok(JsonColumn {
            name,
            ty,
            path,
            as_json,
        })
    }

    /// `AS name`, `name`, `AS 'name'`.
    pub(super) fn alias(&mut self) -> Result<Option<String>, SqlError> {
        let written = self.accept("AS");
        if let Some(token) = self.peek()
            && matches!(token.kind, Kind::Literal | Kind::National)
            && token.text.starts_with('\'')
        {
            let name = token.text.trim_matches('\'').replace("''", "'");
            self.at += 1;
            return Ok(Some(name));
        }
        if written {
            return self.name().map(Some);
        }
        let follows = self.peek().is_some_and(|token| {
            token.kind == Kind::Quoted
                || (token.kind == Kind::Word
                    && !token.is_any(&RESERVED)
                    && !token.is_any(&AFTER_TABLE))
        });
        if follows {
            self.name().map(Some)
        } else {
            Ok(None)
        }
    }
}
