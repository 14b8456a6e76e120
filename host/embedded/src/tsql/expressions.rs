//! Expressions and conditions: from tokens to the tree.

use super::lexer::Kind;
use super::parser::Parser;
use super::tree::{Call, Conversion, Expr, Over};
use crate::sql_types::SqlError;

const COMPARISONS: [(&str, &str); 8] = [
    ("=", "="),
    ("<>", "<>"),
    ("!=", "<>"),
    ("<", "<"),
    ("<=", "<="),
    (">", ">"),
    (">=", ">="),
    ("!<", ">="),
];

impl Parser<'_> {
    /// A value or a condition.
    pub(super) fn expression(&mut self) -> Result<Expr, SqlError> {
        let mut left = self.conjunction()?;
        while self.accept("OR") {
            left = Expr::Or(Box::new(left), Box::new(self.conjunction()?));
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Expr, SqlError> {
        let mut left = self.negation()?;
        while self.accept("AND") {
            left = Expr::And(Box::new(left), Box::new(self.negation()?));
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Expr, SqlError> {
        if self.accept("NOT") {
            return Ok(Expr::Not(Box::new(self.negation()?)));
        }
        self.predicate()
    }

    fn predicate(&mut self) -> Result<Expr, SqlError> {
        let left = self.sum()?;
        let symbol = self.peek().filter(|token| token.kind == Kind::Symbol);
        let comparison = symbol.and_then(|symbol| {
            let mut known = COMPARISONS.iter();
            known
                .find(|(written, _)| symbol.text == *written)
                .map(|(_, meant)| *meant)
                .or((symbol.text == "!>").then_some("<="))
        });
        if let Some(operator) = comparison {
            self.at += 1;
            if self.is_any(&["ALL", "ANY", "SOME"]) {
                return Err(SqlError::unsupported("a comparison with ALL, ANY or SOME"));
            }
            let right = self.sum()?;
            return Ok(Expr::Compare(Box::new(left), operator, Box::new(right)));
        }
        if self.accept("IS") {
            let not = self.accept("NOT");
            if self.is("DISTINCT") {
                return Err(SqlError::unsupported("IS DISTINCT FROM"));
            }
            self.expect("NULL")?;
            return Ok(negated(Expr::IsNull(Box::new(left)), not));
        }
        let not = self.is("NOT")
            && self
                .ahead(1)
                .is_some_and(|token| token.is_any(&["LIKE", "BETWEEN", "IN"]));
        self.at += usize::from(not);
        if self.accept("LIKE") {
            let pattern = self.sum()?;
            let escape = if self.accept("ESCAPE") {
                Some(Box::new(self.sum()?))
            } else {
                None
            };
            return Ok(negated(
                Expr::Like(Box::new(left), Box::new(pattern), escape),
                not,
            ));
        }
        if self.accept("BETWEEN") {
            let low = self.sum()?;
            self.expect("AND")?;
            let high = self.sum()?;
            return Ok(negated(
                Expr::Between(Box::new(left), Box::new(low), Box::new(high)),
                not,
            ));
        }
        if self.accept("IN") {
            self.expect_symbol("(")?;
            let inside = if self.begins_query() {
                Expr::InQuery(Box::new(left), Box::new(self.query()?))
            } else {
                Expr::InList(Box::new(left), self.list(Self::expression)?)
            };
            self.expect_symbol(")")?;
            return Ok(negated(inside, not));
        }
        Ok(left)
    }

    fn begins_query(&self) -> bool {
        let mut at = 0;
        while self.ahead(at).is_some_and(|token| token.is_symbol("(")) {
            at += 1;
        }
        self.ahead(at)
            .is_some_and(|token| token.is_any(&["SELECT", "WITH"]))
    }

    fn sum(&mut self) -> Result<Expr, SqlError> {
        let mut left = self.product()?;
        while let Some(sign) = self.sign(&["+", "-", "&", "|", "^"]) {
            left = Expr::Binary2(Box::new(left), sign, Box::new(self.product()?));
        }
        if self.is_symbol("||") {
            return Err(SqlError::unsupported("the operator ||"));
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expr, SqlError> {
        let mut left = self.signed()?;
        while let Some(sign) = self.sign(&["*", "/", "%"]) {
            left = Expr::Binary2(Box::new(left), sign, Box::new(self.signed()?));
        }
        Ok(left)
    }

    fn sign(&mut self, signs: &[&str]) -> Option<char> {
        let token = self.peek().filter(|token| token.kind == Kind::Symbol)?;
        let sign = signs
            .iter()
            .find(|sign| token.text == **sign)?
            .chars()
            .next();
        self.at += 1;
        sign
    }

    fn signed(&mut self) -> Result<Expr, SqlError> {
        match self.sign(&["-", "+", "~"]) {
            Some('+') => self.signed(),
            Some(sign) => Ok(Expr::Unary(sign, Box::new(self.signed()?))),
            None => self.collated(),
        }
    }

    fn collated(&mut self) -> Result<Expr, SqlError> {
        let value = self.primary()?;
        if self.accept("COLLATE") {
            return Ok(Expr::Collate(Box::new(value), self.name()?));
        }
        if self.is("AT") && self.ahead(1).is_some_and(|token| token.is("TIME")) {
            return Err(SqlError::unsupported("AT TIME ZONE"));
        }
        Ok(value)
    }

    pub(super) fn primary(&mut self) -> Result<Expr, SqlError> {
        let Some(token) = self.peek().cloned() else {
            return Err(self.near());
        };
        match token.kind {
            Kind::Number => {
                self.at += 1;
                Ok(Expr::Number(token.text))
            }
            Kind::Literal | Kind::National => {
                self.at += 1;
                if let Some(digits) = token.text.strip_prefix("X'") {
                    return Ok(Expr::Binary(digits.trim_end_matches('\'').to_owned()));
                }
                let inside = token.text.get(1..token.text.len() - 1).unwrap_or_default();
                Ok(Expr::Text(
                    inside.replace("''", "'"),
                    token.kind == Kind::National,
                ))
            }
            Kind::Variable => {
                self.at += 1;
                Ok(Expr::Variable(token.text.to_lowercase()))
            }
            Kind::Symbol if token.text == "(" => self.in_parentheses(),
            Kind::Word if token.is("NULL") => {
                self.at += 1;
                Ok(Expr::Null)
            }
            Kind::Word if token.is("CASE") => self.case(),
            Kind::Word if token.is("EXISTS") => {
                self.at += 1;
                self.expect_symbol("(")?;
                let query = self.query()?;
                self.expect_symbol(")")?;
                Ok(Expr::Exists(Box::new(query)))
            }
            Kind::Word if token.is("CURRENT_TIMESTAMP") => {
                self.at += 1;
                Ok(Expr::Call(Box::new(plain_call("GETDATE", Vec::new()))))
            }
            Kind::Word | Kind::Quoted => self.column_or_call(),
            Kind::Symbol => Err(self.near()),
        }
    }

    fn in_parentheses(&mut self) -> Result<Expr, SqlError> {
        if self.begins_query() {
            self.at += 1;
            let query = self.query()?;
            self.expect_symbol(")")?;
            return Ok(Expr::Subquery(Box::new(query)));
        }
        self.at += 1;
        let value = self.expression()?;
        self.expect_symbol(")")?;
        Ok(value)
    }

    fn case(&mut self) -> Result<Expr, SqlError> {
        self.at += 1;
        let operand = if self.is("WHEN") {
            None
        } else {
            Some(Box::new(self.expression()?))
        };
        let mut branches = Vec::new();
        while self.accept("WHEN") {
            let when = self.expression()?;
            self.expect("THEN")?;
            branches.push((when, self.expression()?));
        }
        let otherwise = if self.accept("ELSE") {
            Some(Box::new(self.expression()?))
        } else {
            None
        };
        self.expect("END")?;
        if branches.is_empty() {
            return Err(self.near());
        }
        Ok(Expr::Case(operand, branches, otherwise))
    }

    fn column_or_call(&mut self) -> Result<Expr, SqlError> {
        let called = self.ahead(1).is_some_and(|token| token.is_symbol("("));
        if called
            && let Some(name) = self
                .peek()
                .filter(|token| token.kind == Kind::Word)
                .map(|token| token.text.to_uppercase())
        {
            self.at += 1;
            return self.call(name);
        }
        let mut parts = vec![self.name()?];
        while self.accept_symbol(".") {
            parts.push(self.name()?);
        }
        if self.is_symbol("(") {
            return Err(SqlError::unsupported(&format!(
                "the function {}",
                parts.join(".")
            )));
        }
        Ok(Expr::Column(parts))
    }

    fn call(&mut self, name: String) -> Result<Expr, SqlError> {
        match name.as_str() {
            "CAST" | "TRY_CAST" => {
                self.expect_symbol("(")?;
                let value = self.expression()?;
                self.expect("AS")?;
                let ty = self.type_name()?;
                self.expect_symbol(")")?;
                let is_try = name == "TRY_CAST";
                return Ok(Expr::Convert(Box::new(Conversion {
                    value,
                    ty,
                    style: None,
                    is_try,
                })));
            }
            "CONVERT" | "TRY_CONVERT" => {
                self.expect_symbol("(")?;
                let ty = self.type_name()?;
                self.expect_symbol(",")?;
                let value = self.expression()?;
                let style = if self.accept_symbol(",") {
                    Some(self.expression()?)
                } else {
                    None
                };
                self.expect_symbol(")")?;
                let is_try = name == "TRY_CONVERT";
                return Ok(Expr::Convert(Box::new(Conversion {
                    value,
                    ty,
                    style,
                    is_try,
                })));
            }
            "IIF" => {
                self.expect_symbol("(")?;
                let condition = self.expression()?;
                self.expect_symbol(",")?;
                let then = self.expression()?;
                self.expect_symbol(",")?;
                let otherwise = self.expression()?;
                self.expect_symbol(")")?;
                return Ok(Expr::Case(
                    None,
                    vec![(condition, then)],
                    Some(Box::new(otherwise)),
                ));
            }
            _ => {}
        }
        self.expect_symbol("(")?;
        let mut call = plain_call(&name, Vec::new());
        if self.accept_symbol("*") {
            call.star = true;
        } else if !self.is_symbol(")") {
            call.distinct = self.accept("DISTINCT");
            if !call.distinct {
                self.accept("ALL");
            }
            call.arguments = self.list(Self::expression)?;
        }
        self.expect_symbol(")")?;
        if self.accept("WITHIN") {
            self.expect("GROUP")?;
            self.expect_symbol("(")?;
            call.within = self.order_by()?;
            self.expect_symbol(")")?;
        }
        if self.accept("OVER") {
            call.over = Some(self.over()?);
        }
        Ok(Expr::Call(Box::new(call)))
    }

    fn over(&mut self) -> Result<Over, SqlError> {
        self.expect_symbol("(")?;
        let mut partition = Vec::new();
        if self.accept("PARTITION") {
            self.expect("BY")?;
            partition = self.list(Self::expression)?;
        }
        let order = self.order_by()?;
        let mut frame = Vec::new();
        if self.is_any(&["ROWS", "RANGE"]) {
            while !self.is_symbol(")") {
                let token = self.peek().ok_or_else(|| self.near())?;
                let known = token.is_any(&[
                    "ROWS",
                    "RANGE",
                    "BETWEEN",
                    "UNBOUNDED",
                    "PRECEDING",
                    "FOLLOWING",
                    "CURRENT",
                    "ROW",
                    "AND",
                ]);
                if !known && token.kind != Kind::Number {
                    return Err(self.near());
                }
                frame.push(token.text.to_uppercase());
                self.at += 1;
            }
        }
        self.expect_symbol(")")?;
        Ok(Over {
            partition,
            order,
            frame: frame.join(" "),
        })
    }

    /// `decimal(5, 2)` as `decimal(5,2)`.
    pub(super) fn type_name(&mut self) -> Result<String, SqlError> {
        let mut text = self.name()?;
        while self.accept_symbol(".") {
            text = self.name()?;
        }
        if self.is_symbol("(") {
            let close = super::clauses::closing(self.tokens, self.at).ok_or_else(|| self.near())?;
            let inside = self.tokens.get(self.at..=close).unwrap_or_default();
            inside.iter().for_each(|token| text.push_str(&token.text));
            self.at = close + 1;
        }
        Ok(text.to_lowercase())
    }
}

fn negated(condition: Expr, not: bool) -> Expr {
    if not {
        Expr::Not(Box::new(condition))
    } else {
        condition
    }
}

/// A call without anything behind its parentheses.
pub(super) fn plain_call(name: &str, arguments: Vec<Expr>) -> Call {
    Call {
        name: name.to_owned(),
        arguments,
        star: false,
        distinct: false,
        within: Vec::new(),
        over: None,
    }
}
