//! `+ - * / % & | ^ ~`: what they mean for the types of their operands, and what type the result has.

use super::scope::Scope;
use super::{Compiler, Typed};
use crate::sql_types::{SqlError, SqlType};
use crate::tsql::tree::Expr;
use crate::tsql::typing::{Family, Ty, common, decimal_result, digits, family, joined};

/// Precision and scale of both operands, where they are exact numbers.
type Digits = (Option<(u8, u8)>, Option<(u8, u8)>);

impl Compiler<'_> {
    /// `one operator other`.
    pub(super) fn arithmetic(
        &self,
        operator: char,
        one: &Typed,
        other: &Typed,
        digits: Digits,
    ) -> Result<Typed, SqlError> {
        let ty = common(one.ty, other.ty);
        let Ty::Of(shared) = ty else {
            return Ok(self.untyped(operator, one, other, ty));
        };
        match family(shared) {
            Family::Text | Family::Bytes if operator == '+' => Ok(self.joined(one, other, shared)),
            Family::Text | Family::Bytes | Family::Guid | Family::Offset => {
                Err(invalid_operand(shared, operator))
            }
            Family::Time => self.moved(operator, one, other, shared),
            Family::Integer => Ok(self.integers(operator, one, other, shared)),
            Family::Float => self.floats(operator, one, other),
            Family::Decimal => self.exact(operator, one, other, shared, digits),
        }
    }

    /// Where the type of a side is not known: a NULL takes the other's, and else the values decide.
    fn untyped(&self, operator: char, one: &Typed, other: &Typed, ty: Ty) -> Typed {
        if ty == Ty::Null {
            return Typed::new("NULL", Ty::Of(SqlType::Int));
        }
        let sql = match operator {
            '+' => format!("added({}, {})", one.sql, other.sql),
            '/' | '%' => format!("({} {operator} divisor({}))", one.sql, other.sql),
            '^' => exclusive_or(&one.sql, &other.sql),
            _ => format!("({} {operator} {})", one.sql, other.sql),
        };
        Typed::new(sql, Ty::Unknown)
    }

    fn joined(&self, one: &Typed, other: &Typed, shared: SqlType) -> Typed {
        let of = |value: &Typed| match value.ty {
            Ty::Of(ty) => ty,
            Ty::Null | Ty::Unknown => shared,
        };
        let ty = joined(of(one), of(other));
        let sql = match family(shared) {
            Family::Bytes => format!("joined_bytes({}, {})", one.sql, other.sql),
            _ => format!("({} || {})", one.sql, other.sql),
        };
        Typed {
            collation: one.collation.or(other.collation),
            ..Typed::new(sql, Ty::Of(ty))
        }
    }

    fn integers(&self, operator: char, one: &Typed, other: &Typed, shared: SqlType) -> Typed {
        let (left, right) = (self.converted(one, shared), self.converted(other, shared));
        let sql = match operator {
            '/' | '%' => format!("({left} {operator} divisor({right}))"),
            '^' => exclusive_or(&left, &right),
            '&' | '|' => format!("({left} {operator} {right})"),
            _ => {
                let result = if shared == SqlType::Bit {
                    SqlType::Int
                } else {
                    shared
                };
                format!("ranged('{}', ({left} {operator} {right}))", result.name())
            }
        };
        Typed::new(sql, Ty::Of(shared))
    }

    fn floats(&self, operator: char, one: &Typed, other: &Typed) -> Result<Typed, SqlError> {
        let (left, right) = (
            self.converted(one, SqlType::Float),
            self.converted(other, SqlType::Float),
        );
        let sql = match operator {
            '/' => format!("({left} / divisor({right}))"),
            '+' | '-' | '*' => format!("({left} {operator} {right})"),
            _ => return Err(invalid_operand(SqlType::Float, operator)),
        };
        Ok(Typed::new(sql, Ty::Of(SqlType::Float)))
    }

    fn exact(
        &self,
        operator: char,
        one: &Typed,
        other: &Typed,
        shared: SqlType,
        given: Digits,
    ) -> Result<Typed, SqlError> {
        if matches!(operator, '&' | '|' | '^') {
            return Err(invalid_operand(shared, operator));
        }
        let of = |value: &Typed, given: Option<(u8, u8)>| {
            given
                .or(digits(shared))
                .map_or((self.converted(value, shared), (38, 0)), |found| {
                    // Text becomes a number of the type it meets; a number stays as exact as it is.
                    let sql = if value.ty.is(Family::Text) {
                        self.converted(value, shared)
                    } else {
                        value.sql.clone()
                    };
                    (sql, found)
                })
        };
        let ((left, one), (right, other)) = (of(one, given.0), of(other, given.1));
        let result = match shared {
            SqlType::Money | SqlType::SmallMoney => shared,
            _ => decimal_result(operator, one, other),
        };
        let (precision, scale) = digits(result).unwrap_or((38, 0));
        Ok(Typed::new(
            format!("exact('{operator}', {precision}, {scale}, {left}, {right})"),
            Ty::Of(result),
        ))
    }

    /// A `datetime` and a number of days.
    fn moved(
        &self,
        operator: char,
        one: &Typed,
        other: &Typed,
        shared: SqlType,
    ) -> Result<Typed, SqlError> {
        let is_old = matches!(shared, SqlType::DateTime | SqlType::SmallDateTime);
        let (moment, days) = if one.ty.is(Family::Time) {
            (one, other)
        } else {
            (other, one)
        };
        let counts = days.ty.is(Family::Integer) || days.ty == Ty::Null;
        if !is_old || !matches!(operator, '+' | '-') || !counts {
            return Err(match (one.ty, other.ty) {
                (Ty::Of(one), Ty::Of(other)) => SqlError::new(
                    206,
                    format!(
                        "Operand type clash: {} is incompatible with {}",
                        one.name(),
                        other.name()
                    ),
                ),
                _ => invalid_operand(shared, operator),
            });
        }
        let days = if operator == '-' {
            format!("(-{})", days.sql)
        } else {
            days.sql.clone()
        };
        Ok(Typed::new(
            format!("dateadd('day', {days}, {})", moment.sql),
            moment.ty,
        ))
    }

    /// `-value`, `~value`.
    pub(super) fn unary(
        &self,
        sign: char,
        value: &Expr,
        scope: &Scope<'_>,
    ) -> Result<Typed, SqlError> {
        let value = self.value(value, scope)?;
        let Ty::Of(ty) = value.ty else {
            return Ok(Typed::new(format!("({sign}{})", value.sql), value.ty));
        };
        Ok(match (family(ty), sign) {
            (Family::Integer, '-') => Typed::new(
                format!("ranged('{}', (-{}))", ty.name(), value.sql),
                value.ty,
            ),
            (Family::Integer, _) if ty == SqlType::Bit => {
                Typed::new(format!("(1 - {})", value.sql), value.ty)
            }
            (Family::Integer, _) => Typed::new(format!("(~{})", value.sql), value.ty),
            (Family::Float, '-') => Typed::new(format!("(-{})", value.sql), value.ty),
            (Family::Decimal, '-') => {
                let (precision, scale) = digits(ty).unwrap_or((38, 0));
                Typed::new(
                    format!("exact('-', {precision}, {scale}, 0, {})", value.sql),
                    value.ty,
                )
            }
            _ => return Err(invalid_operand(ty, sign)),
        })
    }
}

fn exclusive_or(one: &str, other: &str) -> String {
    format!("(({one} | {other}) - ({one} & {other}))")
}

fn invalid_operand(ty: SqlType, operator: char) -> SqlError {
    let name = match operator {
        '+' => "add",
        '-' => "subtract",
        '*' => "multiply",
        '/' => "divide",
        '%' => "modulo",
        '&' => "'&'",
        '|' => "'|'",
        '^' => "'^'",
        _ => "'~'",
    };
    SqlError::new(
        8117,
        format!(
            "Operand data type {} is invalid for {name} operator.",
            ty.name()
        ),
    )
}
