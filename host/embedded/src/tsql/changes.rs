//! `INSERT`, `UPDATE`, `DELETE`: from tokens to the tree.

use super::lexer::Kind;
use super::parser::Parser;
use super::tree::{Command, Cte, Expr, Item};
use crate::sql_types::SqlError;

impl Parser<'_> {
    fn output(&mut self) -> Result<Vec<Item>, SqlError> {
        if !self.accept("OUTPUT") {
            return Ok(Vec::new());
        }
        let items = self.items()?;
        if self.is("INTO") {
            return Err(SqlError::unsupported("OUTPUT … INTO"));
        }
        Ok(items)
    }

    pub(super) fn insert(&mut self, ctes: Vec<Cte>) -> Result<Command, SqlError> {
        if self.is("TOP") {
            return Err(SqlError::unsupported("INSERT TOP"));
        }
        self.accept("INTO");
        let table = self.table_name()?;
        let columns = self.column_names()?;
        let output = self.output()?;
        let rows = if self.accept("DEFAULT") {
            self.expect("VALUES")?;
            None
        } else if self.is_any(&["EXEC", "EXECUTE"]) {
            return Err(SqlError::unsupported("INSERT … EXEC"));
        } else {
            Some(self.query()?)
        };
        Ok(Command::Insert {
            ctes,
            table,
            columns,
            output,
            rows,
        })
    }

    pub(super) fn update(&mut self, ctes: Vec<Cte>) -> Result<Command, SqlError> {
        if self.is("TOP") {
            return Err(SqlError::unsupported("UPDATE TOP"));
        }
        let table = self.table_name()?;
        self.expect("SET")?;
        let sets = self.list(Self::assignment)?;
        let output = self.output()?;
        let from = if self.accept("FROM") {
            self.sources()?
        } else {
            Vec::new()
        };
        let filter = self.filter()?;
        Ok(Command::Update {
            ctes,
            table,
            sets,
            output,
            from,
            filter,
        })
    }

    /// `column = value`, `column += value`.
    fn assignment(&mut self) -> Result<(String, Expr), SqlError> {
        if self
            .peek()
            .is_some_and(|token| token.kind == Kind::Variable)
        {
            return Err(SqlError::unsupported("SET of a variable in an UPDATE"));
        }
        let column = self.table_name()?;
        let operator = self
            .peek()
            .map(|token| token.text.clone())
            .unwrap_or_default();
        let compound = operator
            .strip_suffix('=')
            .and_then(|sign| sign.chars().next());
        if !operator.ends_with('=') || operator.len() > 2 {
            return Err(self.near());
        }
        self.at += 1;
        if self.is("DEFAULT") {
            return Err(SqlError::unsupported("DEFAULT as a value"));
        }
        let value = self.expression()?;
        Ok(match compound {
            None => (column, value),
            Some(sign) => {
                let before = Expr::Column(vec![column.clone()]);
                (
                    column,
                    Expr::Binary2(Box::new(before), sign, Box::new(value)),
                )
            }
        })
    }

    pub(super) fn delete(&mut self, ctes: Vec<Cte>) -> Result<Command, SqlError> {
        if self.is("TOP") {
            return Err(SqlError::unsupported("DELETE TOP"));
        }
        self.accept("FROM");
        let table = self.table_name()?;
        let output = self.output()?;
        let from = if self.accept("FROM") {
            self.sources()?
        } else {
            Vec::new()
        };
        let filter = self.filter()?;
        Ok(Command::Delete {
            ctes,
            table,
            output,
            from,
            filter,
        })
    }
}
