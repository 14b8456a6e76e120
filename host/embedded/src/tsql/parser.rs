//! Queries and what changes tables: from tokens to a [`tree`](super::tree).
//!
//! What T-SQL has and the tree has not is an error that names it.

use super::lexer::{Kind, Token};
use super::tree::{Body, Command, Cte, Expr, Item, Order, Query, Select};
use crate::sql_types::SqlError;

/// Words that end an expression or name, and so are no alias.
pub(super) const RESERVED: [&str; 56] = [
    "ALL",
    "AND",
    "ANY",
    "APPLY",
    "AS",
    "ASC",
    "BETWEEN",
    "BY",
    "CASE",
    "COLLATE",
    "CROSS",
    "DEFAULT",
    "DELETE",
    "DESC",
    "DISTINCT",
    "ELSE",
    "END",
    "ESCAPE",
    "EXCEPT",
    "EXISTS",
    "FETCH",
    "FOR",
    "FROM",
    "FULL",
    "GROUP",
    "HAVING",
    "IN",
    "INNER",
    "INSERT",
    "INTERSECT",
    "INTO",
    "IS",
    "JOIN",
    "LEFT",
    "LIKE",
    "NOT",
    "NULL",
    "OFFSET",
    "ON",
    "OPTION",
    "OR",
    "ORDER",
    "OUTER",
    "OUTPUT",
    "OVER",
    "PIVOT",
    "RIGHT",
    "SELECT",
    "SET",
    "THEN",
    "TOP",
    "UNION",
    "UNPIVOT",
    "UPDATE",
    "VALUES",
    "WHEN",
];

/// Words besides those that begin what follows a table's name.
pub(super) const AFTER_TABLE: [&str; 5] = ["WHERE", "WITH", "USING", "TABLESAMPLE", "WITHIN"];

/// Reads one statement; the tokens must be used up.
pub(super) fn command(tokens: &[Token]) -> Result<Command, SqlError> {
    let mut parser = Parser { tokens, at: 0 };
    let command = parser.command()?;
    match parser.peek() {
        None => Ok(command),
        Some(_) => Err(parser.near()),
    }
}

pub(super) struct Parser<'a> {
    pub(super) tokens: &'a [Token],
    pub(super) at: usize,
}

impl Parser<'_> {
    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    pub(super) fn ahead(&self, by: usize) -> Option<&Token> {
        self.tokens.get(self.at + by)
    }

    pub(super) fn is(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| token.is(word))
    }

    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        self.peek().is_some_and(|token| token.is_any(words))
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.peek().is_some_and(|token| token.is_symbol(symbol))
    }

    pub(super) fn accept(&mut self, word: &str) -> bool {
        let found = self.is(word);
        self.at += usize::from(found);
        found
    }

    pub(super) fn accept_symbol(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(symbol);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, word: &str) -> Result<(), SqlError> {
        if self.accept(word) {
            Ok(())
        } else {
            Err(self.near())
        }
    }

    pub(super) fn expect_symbol(&mut self, symbol: &str) -> Result<(), SqlError> {
        if self.accept_symbol(symbol) {
            Ok(())
        } else {
            Err(self.near())
        }
    }

    /// Where parsing fails: near the next token, as the server words it.
    pub(super) fn near(&self) -> SqlError {
        SqlError::syntax(
            self.peek()
                .or(self.tokens.last())
                .map_or("", |token| &token.text),
        )
    }

    /// A name that is not reserved.
    pub(super) fn name(&mut self) -> Result<String, SqlError> {
        match self.peek() {
            Some(token)
                if token.kind == Kind::Quoted
                    || (token.kind == Kind::Word && !token.is_any(&RESERVED)) =>
            {
                let name = token.text.clone();
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.near()),
        }
    }

    /// `database.schema.name`: the name alone. Every database has one schema here.
    pub(super) fn table_name(&mut self) -> Result<String, SqlError> {
        if let Some(variable) = self.peek().filter(|token| token.kind == Kind::Variable) {
            return Err(SqlError::unsupported(&format!(
                "the table variable {}",
                variable.text
            )));
        }
        let mut parts = vec![self.name()?];
        while self.accept_symbol(".") {
            while self.accept_symbol(".") {}
            parts.push(self.name()?);
        }
        let name = parts.pop().unwrap_or_default();
        match parts.last() {
            Some(schema) if !schema.eq_ignore_ascii_case("dbo") && parts.len() < 2 => {
                let is_system = ["sys", "INFORMATION_SCHEMA"]
                    .iter()
                    .any(|system| schema.eq_ignore_ascii_case(system));
                Err(if is_system {
                    SqlError::unsupported(&format!("{schema}.{name}"))
                } else {
                    SqlError::new(208, format!("Invalid object name '{schema}.{name}'."))
                })
            }
            _ => Ok(name),
        }
    }

    pub(super) fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, SqlError>,
    ) -> Result<Vec<T>, SqlError> {
        let mut items = vec![item(self)?];
        while self.accept_symbol(",") {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn command(&mut self) -> Result<Command, SqlError> {
        let ctes = self.ctes()?;
        if self.accept("INSERT") {
            return self.insert(ctes);
        }
        if self.accept("UPDATE") {
            return self.update(ctes);
        }
        if self.accept("DELETE") {
            return self.delete(ctes);
        }
        Ok(Command::Query(Query {
            ctes,
            ..self.query()?
        }))
    }

    pub(super) fn ctes(&mut self) -> Result<Vec<Cte>, SqlError> {
        if !self.accept("WITH") {
            return Ok(Vec::new());
        }
        self.list(|parser| {
            let name = parser.name()?;
            let columns = parser.column_names()?;
            parser.expect("AS")?;
            let query = parser.parenthesized()?;
            Ok(Cte {
                name,
                columns,
                query,
            })
        })
    }

    /// `(a, b)`, or nothing.
    pub(super) fn column_names(&mut self) -> Result<Vec<String>, SqlError> {
        if !self.accept_symbol("(") {
            return Ok(Vec::new());
        }
        let names = self.list(Self::name)?;
        self.expect_symbol(")")?;
        Ok(names)
    }

    pub(super) fn parenthesized(&mut self) -> Result<Query, SqlError> {
        self.expect_symbol("(")?;
        let query = self.query()?;
        self.expect_symbol(")")?;
        Ok(query)
    }

    /// A query with what belongs to it as a whole.
    pub(super) fn query(&mut self) -> Result<Query, SqlError> {
        let ctes = self.ctes()?;
        let body = self.unions()?;
        let order = self.order_by()?;
        let (mut offset, mut fetch) = (None, None);
        if self.accept("OFFSET") {
            offset = Some(self.expression()?);
            self.rows_word()?;
            if self.accept("FETCH") {
                if !self.accept("NEXT") {
                    self.expect("FIRST")?;
                }
                fetch = Some(self.expression()?);
                self.rows_word()?;
                self.expect("ONLY")?;
            }
        }
        if self.is("FOR") {
            let word = self.ahead(1).map_or("", |token| &token.text);
            return Err(SqlError::unsupported(&format!(
                "FOR {}",
                word.to_uppercase()
            )));
        }
        if self.accept("OPTION") {
            // A hint to the optimizer: how, not what.
            self.skip_parentheses()?;
        }
        Ok(Query {
            ctes,
            body,
            order,
            offset,
            fetch,
        })
    }

    fn rows_word(&mut self) -> Result<(), SqlError> {
        if self.accept("ROWS") {
            Ok(())
        } else {
            self.expect("ROW")
        }
    }

    fn skip_parentheses(&mut self) -> Result<(), SqlError> {
        let close = super::clauses::closing(self.tokens, self.at).filter(|_| self.is_symbol("("));
        self.at = close.ok_or_else(|| self.near())? + 1;
        Ok(())
    }

    pub(super) fn order_by(&mut self) -> Result<Vec<Order>, SqlError> {
        if !self.accept("ORDER") {
            return Ok(Vec::new());
        }
        self.expect("BY")?;
        self.list(|parser| {
            let value = parser.expression()?;
            let descending = parser.accept("DESC");
            if !descending {
                parser.accept("ASC");
            }
            Ok(Order { value, descending })
        })
    }

    /// `INTERSECT` binds tighter than the others.
    fn unions(&mut self) -> Result<Body, SqlError> {
        let mut body = self.intersections()?;
        loop {
            let operator = if self.accept("UNION") {
                if self.accept("ALL") {
                    "UNION ALL"
                } else {
                    "UNION"
                }
            } else if self.accept("EXCEPT") {
                "EXCEPT"
            } else {
                return Ok(body);
            };
            body = Body::Set(Box::new(body), operator, Box::new(self.intersections()?));
        }
    }

    fn intersections(&mut self) -> Result<Body, SqlError> {
        let mut body = self.body()?;
        while self.accept("INTERSECT") {
            body = Body::Set(Box::new(body), "INTERSECT", Box::new(self.body()?));
        }
        Ok(body)
    }

    fn body(&mut self) -> Result<Body, SqlError> {
        if self.is_symbol("(") {
            return Ok(Body::Query(Box::new(self.parenthesized()?)));
        }
        if self.accept("VALUES") {
            let rows = self.list(|parser| {
                parser.expect_symbol("(")?;
                let row = parser.list(Self::value_or_default)?;
                parser.expect_symbol(")")?;
                Ok(row)
            })?;
            return Ok(Body::Values(rows));
        }
        self.select().map(|select| Body::Select(Box::new(select)))
    }

    /// A value of a row to insert.
    fn value_or_default(&mut self) -> Result<Expr, SqlError> {
        if self.is("DEFAULT") {
            return Err(SqlError::unsupported("DEFAULT as a value"));
        }
        self.expression()
    }

    fn select(&mut self) -> Result<Select, SqlError> {
        self.expect("SELECT")?;
        let distinct = self.accept("DISTINCT");
        if !distinct {
            self.accept("ALL");
        }
        let top = self.top()?;
        let items = self.items()?;
        if self.is("INTO") {
            return Err(SqlError::unsupported("SELECT … INTO"));
        }
        let from = if self.accept("FROM") {
            self.sources()?
        } else {
            Vec::new()
        };
        let filter = self.filter()?;
        let mut group = Vec::new();
        if self.accept("GROUP") {
            self.expect("BY")?;
            if self.is_any(&["ROLLUP", "CUBE", "GROUPING"]) {
                let word = self.peek().map_or("", |token| &token.text).to_uppercase();
                return Err(SqlError::unsupported(&format!("GROUP BY {word}")));
            }
            group = self.list(Self::expression)?;
        }
        let having = if self.accept("HAVING") {
            Some(self.expression()?)
        } else {
            None
        };
        if self.is("WINDOW") {
            return Err(SqlError::unsupported("WINDOW"));
        }
        Ok(Select {
            distinct,
            top,
            items,
            from,
            filter,
            group,
            having,
        })
    }

    fn top(&mut self) -> Result<Option<Expr>, SqlError> {
        if !self.accept("TOP") {
            return Ok(None);
        }
        let count = if self.accept_symbol("(") {
            let count = self.expression()?;
            self.expect_symbol(")")?;
            count
        } else {
            self.primary()?
        };
        if self.is("PERCENT") {
            return Err(SqlError::unsupported("TOP … PERCENT"));
        }
        if self.is("WITH") {
            return Err(SqlError::unsupported("TOP … WITH TIES"));
        }
        Ok(Some(count))
    }

    pub(super) fn filter(&mut self) -> Result<Option<Expr>, SqlError> {
        if !self.accept("WHERE") {
            return Ok(None);
        }
        if self.is("CURRENT") && self.ahead(1).is_some_and(|token| token.is("OF")) {
            return Err(SqlError::unsupported("WHERE CURRENT OF"));
        }
        self.expression().map(Some)
    }

    pub(super) fn items(&mut self) -> Result<Vec<Item>, SqlError> {
        self.list(Self::item)
    }

    fn item(&mut self) -> Result<Item, SqlError> {
        if self.accept_symbol("*") {
            return Ok(Item::Star(None));
        }
        let qualified_star = self.ahead(1).is_some_and(|token| token.is_symbol("."))
            && self.ahead(2).is_some_and(|token| token.is_symbol("*"));
        if qualified_star {
            let table = self.name()?;
            self.at += 2;
            return Ok(Item::Star(Some(table)));
        }
        let is_alias = self.peek().is_some_and(Token::is_name)
            && self.ahead(1).is_some_and(|token| token.is_symbol("="));
        if is_alias {
            let alias = self.name()?;
            self.at += 1;
            return Ok(Item::Value(self.expression()?, Some(alias)));
        }
        let value = self.expression()?;
        let alias = self.alias()?;
        Ok(Item::Value(value, alias))
    }
}
