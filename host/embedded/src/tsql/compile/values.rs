//! Expressions: constants, columns, conditions, conversions.

use super::scope::Scope;
use super::{Compiler, Typed, literal};
use crate::sql_types::{Length, SqlError, SqlType};
use crate::tsql::tree::{Body, Conversion, Expr, Item};
use crate::tsql::typing::{Family, Ty, common, family, length, number, operand_digits};

/// The longest texts of the types that are not `max`.
const MOST_NATIONAL: usize = 4000;
const MOST_PLAIN: usize = 8000;

impl Compiler<'_> {
    /// An expression as SQLite writes it.
    pub(super) fn value(&self, value: &Expr, scope: &Scope<'_>) -> Result<Typed, SqlError> {
        Ok(match value {
            Expr::Null => Typed::new("NULL", Ty::Null),
            Expr::Number(text) => constant(text, ""),
            Expr::Text(text, is_national) => {
                Typed::new(literal(text), Ty::Of(text_type(text, *is_national)))
            }
            Expr::Binary(digits) => {
                let bytes = u16::try_from(digits.len().div_ceil(2))
                    .ok()
                    .filter(|bytes| *bytes <= 8000);
                let length = bytes.map_or(Length::Max, |bytes| Length::Limited(bytes.max(1)));
                Typed::new(format!("X'{digits}'"), Ty::Of(SqlType::VarBinary(length)))
            }
            Expr::Variable(name) if name.starts_with("@@") => self.global(name)?,
            Expr::Variable(name) => match self.globals.variables.get(name) {
                Some(ty) => Typed::new(name.clone(), ty.map_or(Ty::Null, Ty::Of)),
                None => return Err(SqlError::undeclared(name)),
            },
            Expr::Column(parts) => {
                let (sql, ty) = scope.column(parts)?;
                Typed::new(sql, ty)
            }
            Expr::Unary('-', inner) if matches!(**inner, Expr::Number(_)) => match &**inner {
                Expr::Number(text) => constant(text, "-"),
                _ => return Err(SqlError::syntax("-")),
            },
            Expr::Unary(sign, inner) => self.unary(*sign, inner, scope)?,
            Expr::Binary2(left, operator, right) => {
                let (one, other) = (self.value(left, scope)?, self.value(right, scope)?);
                let digits = (
                    operand_digits_of(left, &one),
                    operand_digits_of(right, &other),
                );
                self.arithmetic(*operator, &one, &other, digits)?
            }
            Expr::Subquery(query) => self.scalar(query, scope)?,
            Expr::Case(operand, branches, otherwise) => {
                self.case(operand.as_deref(), branches, otherwise.as_deref(), scope)?
            }
            Expr::Convert(conversion) => self.conversion(conversion, scope)?,
            Expr::Call(call) => self.call(call, scope)?,
            Expr::Collate(inner, name) => {
                let inner = self.value(inner, scope)?;
                Typed {
                    collation: Some(collation(name)?),
                    ..inner
                }
            }
            Expr::Compare(..)
            | Expr::And(..)
            | Expr::Or(..)
            | Expr::Not(_)
            | Expr::IsNull(_)
            | Expr::Like(..)
            | Expr::Between(..)
            | Expr::InList(..)
            | Expr::InQuery(..)
            | Expr::Exists(_) => {
                return Err(SqlError::syntax("a condition where a value is expected"));
            }
        })
    }

    /// A condition as SQLite writes it.
    pub(super) fn condition(
        &self,
        condition: &Expr,
        scope: &Scope<'_>,
    ) -> Result<String, SqlError> {
        Ok(match condition {
            Expr::And(one, other) => format!(
                "({} AND {})",
                self.condition(one, scope)?,
                self.condition(other, scope)?
            ),
            Expr::Or(one, other) => format!(
                "({} OR {})",
                self.condition(one, scope)?,
                self.condition(other, scope)?
            ),
            Expr::Not(inner) => format!("(NOT {})", self.condition(inner, scope)?),
            Expr::IsNull(inner) => format!("({} IS NULL)", self.value(inner, scope)?.sql),
            Expr::Exists(query) => format!("EXISTS ({})", self.query(query, scope)?.sql),
            Expr::Compare(one, operator, other) => self.compared(
                &self.value(one, scope)?,
                operator,
                &self.value(other, scope)?,
            ),
            Expr::Like(value, pattern, escape) => {
                let (value, pattern) = (self.value(value, scope)?, self.value(pattern, scope)?);
                let escape = escape
                    .as_ref()
                    .map(|escape| self.value(escape, scope))
                    .transpose()?;
                let escape = escape.map_or_else(|| "NULL".to_owned(), |escape| escape.sql);
                let exactly = u8::from(value.collation.or(pattern.collation) == Some(EXACT));
                format!(
                    "matches({}, {}, {escape}, {exactly})",
                    self.as_text(&value),
                    self.as_text(&pattern)
                )
            }
            Expr::Between(value, low, high) => {
                let value = self.value(value, scope)?;
                let (low, high) = (self.value(low, scope)?, self.value(high, scope)?);
                format!(
                    "({} AND {})",
                    self.compared(&value, ">=", &low),
                    self.compared(&value, "<=", &high)
                )
            }
            Expr::InList(value, list) => {
                let value = self.value(value, scope)?;
                let list = list
                    .iter()
                    .map(|item| self.value(item, scope))
                    .collect::<Result<Vec<_>, _>>()?;
                self.in_list(&value, &list)
            }
            Expr::InQuery(_, query) if names_collation(&query.body) => {
                return Err(SqlError::unsupported("COLLATE in a query behind IN"));
            }
            Expr::InQuery(value, query) => {
                let value = self.value(value, scope)?;
                self.in_query(&value, self.query(query, scope)?)?
            }
            _ => {
                return Err(SqlError::new(
                    4145,
                    "An expression of non-boolean type specified in a context where a condition is expected.",
                ));
            }
        })
    }

    /// The value as text, as a function of text takes it.
    pub(super) fn as_text(&self, value: &Typed) -> String {
        match value.ty {
            Ty::Of(ty) if family(ty) != Family::Text => {
                self.converted(value, SqlType::NVarChar(Length::Max))
            }
            _ => value.sql.clone(),
        }
    }

    /// The value as an assignment to this type makes it.
    pub(super) fn converted(&self, value: &Typed, to: SqlType) -> String {
        match value.ty {
            Ty::Null => "NULL".into(),
            Ty::Of(from) if is_same(from, to) => value.sql.clone(),
            Ty::Of(from) => converting(&value.sql, Some(from), to, "0"),
            Ty::Unknown => converting(&value.sql, None, to, "0"),
        }
    }

    /// Whether a value has to be converted to stand beside those of a type.
    pub(super) fn needs_conversion(&self, from: Ty, to: Ty) -> bool {
        match (from, to) {
            (Ty::Of(from), Ty::Of(to)) => !is_same(from, to),
            _ => false,
        }
    }

    /// The value as one of the type that several share.
    pub(super) fn brought_to(&self, value: &Typed, ty: Ty) -> String {
        match ty {
            Ty::Of(to) if self.needs_conversion(value.ty, ty) => self.converted(value, to),
            _ => value.sql.clone(),
        }
    }

    fn case(
        &self,
        operand: Option<&Expr>,
        branches: &[(Expr, Expr)],
        otherwise: Option<&Expr>,
        scope: &Scope<'_>,
    ) -> Result<Typed, SqlError> {
        let operand = operand
            .map(|operand| self.value(operand, scope))
            .transpose()?;
        let mut conditions = Vec::new();
        let mut values = Vec::new();
        for (when, then) in branches {
            conditions.push(match &operand {
                Some(operand) => self.compared(operand, "=", &self.value(when, scope)?),
                None => self.condition(when, scope)?,
            });
            values.push(self.value(then, scope)?);
        }
        let otherwise = otherwise
            .map(|otherwise| self.value(otherwise, scope))
            .transpose()?;
        let all = values.iter().chain(&otherwise);
        let ty = all.clone().fold(Ty::Null, |ty, value| common(ty, value.ty));
        let collation = all.into_iter().find_map(|value| value.collation);
        let mut sql = String::from("CASE");
        for (condition, value) in conditions.iter().zip(&values) {
            sql.push_str(&format!(
                " WHEN {condition} THEN {}",
                self.brought_to(value, ty)
            ));
        }
        if let Some(otherwise) = &otherwise {
            sql.push_str(&format!(" ELSE {}", self.brought_to(otherwise, ty)));
        }
        sql.push_str(" END");
        Ok(Typed {
            collation,
            ..Typed::new(format!("({sql})"), ty)
        })
    }

    fn conversion(&self, conversion: &Conversion, scope: &Scope<'_>) -> Result<Typed, SqlError> {
        let value = self.value(&conversion.value, scope)?;
        let to =
            SqlType::parse(&conversion.ty).ok_or_else(|| SqlError::unknown_type(&conversion.ty))?;
        // A type without a length has 30 characters or bytes in a conversion.
        let to = match (to, conversion.ty.contains('(')) {
            (SqlType::NVarChar(Length::Limited(1)), false) => {
                SqlType::NVarChar(Length::Limited(30))
            }
            (SqlType::VarChar(Length::Limited(1)), false) => SqlType::VarChar(Length::Limited(30)),
            (SqlType::NChar(1), false) => SqlType::NChar(30),
            (SqlType::Char(1), false) => SqlType::Char(30),
            (SqlType::VarBinary(Length::Limited(1)), false) => {
                SqlType::VarBinary(Length::Limited(30))
            }
            (SqlType::Binary(1), false) => SqlType::Binary(30),
            (to, _) => to,
        };
        let style = conversion
            .style
            .as_ref()
            .map(|style| self.value(style, scope))
            .transpose()?;
        let style = style.map_or_else(|| "0".to_owned(), |style| style.sql);
        let sql = match value.ty {
            Ty::Null => "NULL".to_owned(),
            Ty::Of(from) => converting(&value.sql, Some(from), to, &style),
            Ty::Unknown => converting(&value.sql, None, to, &style),
        };
        let sql = if conversion.is_try {
            sql.replacen("convert_to(", "try_convert_to(", 1)
        } else {
            sql
        };
        Ok(Typed::new(sql, Ty::Of(to)))
    }

    /// `@@NAME` as the session has it at this moment.
    fn global(&self, name: &str) -> Result<Typed, SqlError> {
        let globals = self.globals;
        let int = |value: u64| Typed::new(value.to_string(), Ty::Of(SqlType::Int));
        let text = |text: &str| Typed::new(literal(text), Ty::Of(text_type(text, true)));
        Ok(match name {
            "@@trancount" => int(globals.transaction_count.into()),
            "@@rowcount" => int(globals.row_count),
            "@@error" => int(globals.last_error.into()),
            "@@spid" => int(globals.session.into()),
            "@@identity" => identity(globals.identity),
            "@@nestlevel" => int(globals.depth.into()),
            "@@version" => text("Mayfly embedded SQL endpoint (SQLite)"),
            "@@servername" => text("mayfly-embedded"),
            _ => return Err(SqlError::unsupported(name)),
        })
    }
}

/// An identity value: all of them are `numeric(38,0)`.
pub(super) fn identity(value: Option<i64>) -> Typed {
    let sql = value.map_or_else(|| "NULL".to_owned(), |value| literal(&value.to_string()));
    let ty = SqlType::Decimal {
        precision: 38,
        scale: 0,
    };
    Typed::new(sql, Ty::Of(ty))
}

/// A conversion at run time: SQLite's own `CAST` knows five types.
pub(super) fn converting(sql: &str, from: Option<SqlType>, to: SqlType, style: &str) -> String {
    let from = from.map_or_else(String::new, SqlType::declaration);
    format!(
        "convert_to('{}', '{from}', {style}, {sql})",
        to.declaration()
    )
}

fn operand_digits_of(value: &Expr, typed: &Typed) -> Option<(u8, u8)> {
    match typed.ty {
        Ty::Of(ty) => operand_digits(value, ty),
        Ty::Null | Ty::Unknown => None,
    }
}

/// Whether a value of the one type is stored in SQLite as one of the other would be.
fn is_same(from: SqlType, to: SqlType) -> bool {
    if from == to {
        return true;
    }
    let fits = |from: Option<Length>, to: Option<Length>| match (from, to) {
        (Some(Length::Limited(from)), Some(Length::Limited(to))) => from <= to,
        (_, to) => to == Some(Length::Max),
    };
    match (from, to) {
        (SqlType::Real, SqlType::Float) => true,
        (
            SqlType::NVarChar(_) | SqlType::VarChar(_) | SqlType::NChar(_) | SqlType::Char(_),
            SqlType::NVarChar(_),
        )
        | (SqlType::VarChar(_) | SqlType::Char(_), SqlType::VarChar(_))
        | (SqlType::VarBinary(_) | SqlType::Binary(_), SqlType::VarBinary(_)) => {
            fits(length(from), length(to))
        }
        (SqlType::DateTime | SqlType::SmallDateTime, SqlType::DateTime2 { scale: 3.. }) => true,
        (SqlType::DateTime2 { scale: from }, SqlType::DateTime2 { scale: to })
        | (SqlType::Time { scale: from }, SqlType::Time { scale: to }) => from <= to,
        _ => {
            let rank = |ty| match ty {
                SqlType::Bit => Some(0),
                SqlType::TinyInt => Some(1),
                SqlType::SmallInt => Some(2),
                SqlType::Int => Some(3),
                SqlType::BigInt => Some(4),
                _ => None,
            };
            matches!((rank(from), rank(to)), (Some(from), Some(to)) if from <= to)
        }
    }
}

/// The type of a text as it is written.
pub(super) fn text_type(text: &str, is_national: bool) -> SqlType {
    let units = if is_national {
        text.encode_utf16().count()
    } else {
        text.chars().count()
    };
    let most = if is_national {
        MOST_NATIONAL
    } else {
        MOST_PLAIN
    };
    let length = match u16::try_from(units) {
        Ok(units) if usize::from(units) <= most => Length::Limited(units.max(1)),
        _ => Length::Max,
    };
    if is_national {
        SqlType::NVarChar(length)
    } else {
        SqlType::VarChar(length)
    }
}

/// A number as it is written, with its sign.
fn constant(text: &str, sign: &str) -> Typed {
    let ty = number(text);
    let sql = match ty {
        SqlType::Decimal { .. } => {
            let whole = if text.starts_with('.') { "0" } else { "" };
            literal(&format!("{sign}{whole}{}", text.trim_end_matches('.')))
        }
        SqlType::Float => format!("{sign}{text}"),
        _ if sign.is_empty() => text.trim_end_matches('.').to_owned(),
        _ => format!("({sign}{text})"),
    };
    Typed::new(sql, Ty::Of(ty))
}

/// The collation that compares by characters, as SQLite calls it.
pub(super) const EXACT: &str = "BINARY";

/// Whether a query says by which collation its column compares: SQLite looks at the other side of `IN` only.
fn names_collation(body: &Body) -> bool {
    let is_collated = |value: &Expr| matches!(value, Expr::Collate(..));
    match body {
        Body::Select(select) => select
            .items
            .iter()
            .any(|item| matches!(item, Item::Value(value, _) if is_collated(value))),
        Body::Set(one, _, other) => names_collation(one) || names_collation(other),
        Body::Query(query) => names_collation(&query.body),
        Body::Values(rows) => rows.iter().flatten().any(is_collated),
    }
}

/// What SQLite has for a collation of the server.
fn collation(name: &str) -> Result<&'static str, SqlError> {
    let upper = name.to_uppercase();
    if upper.contains("_BIN") || upper.contains("_CS_AS") {
        return Ok(EXACT);
    }
    if upper.contains("_CI_AS") || upper == "DATABASE_DEFAULT" {
        return Ok(crate::tsql::collation::TEXT);
    }
    Err(SqlError::unsupported(&format!("the collation {name}")))
}
