//! Types of expressions: which of two wins, and how many digits a result has.
//!
//! The rules are those of "Data type precedence" and "Precision, scale, and length" in the server's documentation.

use super::tree::Expr;
use crate::sql_types::{Length, SqlType};

/// What is known about the type of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ty {
    /// The constant NULL, which takes the type of what it meets.
    Null,
    /// Nothing, as of a column that SQLite computes in a view: values keep the kind SQLite gives them.
    Unknown,
    /// This type.
    Of(SqlType),
}

/// Kinds of types that behave alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// `bit` and the integers.
    Integer,
    /// `real`, `float`.
    Float,
    /// `decimal`, `money`, `smallmoney`: text with all digits.
    Decimal,
    Text,
    Bytes,
    /// Dates and times without an offset.
    Time,
    Offset,
    Guid,
}

impl Ty {
    pub(super) fn family(self) -> Option<Family> {
        match self {
            Self::Of(ty) => Some(family(ty)),
            Self::Null | Self::Unknown => None,
        }
    }

    pub(super) fn is(self, wanted: Family) -> bool {
        self.family() == Some(wanted)
    }

    /// The type for the client; none: the values decide.
    pub(crate) fn known(self) -> Option<SqlType> {
        match self {
            Self::Of(ty) => Some(ty),
            Self::Null => Some(SqlType::Int),
            Self::Unknown => None,
        }
    }
}

pub(super) fn family(ty: SqlType) -> Family {
    match ty {
        SqlType::Bit | SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt => {
            Family::Integer
        }
        SqlType::Real | SqlType::Float => Family::Float,
        SqlType::Decimal { .. } | SqlType::Money | SqlType::SmallMoney => Family::Decimal,
        SqlType::NVarChar(_) | SqlType::VarChar(_) | SqlType::NChar(_) | SqlType::Char(_) => {
            Family::Text
        }
        SqlType::VarBinary(_) | SqlType::Binary(_) => Family::Bytes,
        SqlType::Date
        | SqlType::Time { .. }
        | SqlType::SmallDateTime
        | SqlType::DateTime
        | SqlType::DateTime2 { .. } => Family::Time,
        SqlType::DateTimeOffset { .. } => Family::Offset,
        SqlType::UniqueIdentifier => Family::Guid,
    }
}

/// The lower the number, the lower the precedence.
fn rank(ty: SqlType) -> u8 {
    match ty {
        SqlType::Binary(_) => 0,
        SqlType::VarBinary(_) => 1,
        SqlType::Char(_) => 2,
        SqlType::VarChar(_) => 3,
        SqlType::NChar(_) => 4,
        SqlType::NVarChar(_) => 5,
        SqlType::UniqueIdentifier => 6,
        SqlType::Bit => 7,
        SqlType::TinyInt => 8,
        SqlType::SmallInt => 9,
        SqlType::Int => 10,
        SqlType::BigInt => 11,
        SqlType::SmallMoney => 12,
        SqlType::Money => 13,
        SqlType::Decimal { .. } => 14,
        SqlType::Real => 15,
        SqlType::Float => 16,
        SqlType::Time { .. } => 17,
        SqlType::Date => 18,
        SqlType::SmallDateTime => 19,
        SqlType::DateTime => 20,
        SqlType::DateTime2 { .. } => 21,
        SqlType::DateTimeOffset { .. } => 22,
    }
}

/// The type two values are brought to before they are compared, or of which they are both a branch.
pub(super) fn common(one: Ty, other: Ty) -> Ty {
    match (one, other) {
        (Ty::Null, ty) | (ty, Ty::Null) => ty,
        (Ty::Unknown, _) | (_, Ty::Unknown) => Ty::Unknown,
        (Ty::Of(one), Ty::Of(other)) => Ty::Of(higher(one, other)),
    }
}

fn higher(one: SqlType, other: SqlType) -> SqlType {
    let (low, high) = if rank(one) <= rank(other) {
        (one, other)
    } else {
        (other, one)
    };
    match (high, digits(low)) {
        (SqlType::Decimal { precision, scale }, Some((low_precision, low_scale)))
            if family(low) != Family::Text =>
        {
            let places = scale.max(low_scale);
            let whole = (precision - scale).max(low_precision.saturating_sub(low_scale));
            let precision = (whole + places).min(38);
            SqlType::Decimal {
                precision,
                scale: places.min(precision),
            }
        }
        (SqlType::DateTime2 { scale }, _) => SqlType::DateTime2 {
            scale: scale.max(fraction(low)),
        },
        (SqlType::Time { scale }, _) => SqlType::Time {
            scale: scale.max(fraction(low)),
        },
        (SqlType::DateTimeOffset { scale }, _) => SqlType::DateTimeOffset {
            scale: scale.max(fraction(low)),
        },
        _ if family(high) == family(low) => of_length(high, longer(length(one), length(other))),
        _ => high,
    }
}

fn fraction(ty: SqlType) -> u8 {
    match ty {
        SqlType::Time { scale } | SqlType::DateTime2 { scale } => scale,
        SqlType::DateTime => 3,
        _ => 0,
    }
}

/// Characters or bytes, at most; none for types without a length.
pub(super) fn length(ty: SqlType) -> Option<Length> {
    match ty {
        SqlType::NVarChar(length) | SqlType::VarChar(length) | SqlType::VarBinary(length) => {
            Some(length)
        }
        SqlType::NChar(length) | SqlType::Char(length) | SqlType::Binary(length) => {
            Some(Length::Limited(length))
        }
        _ => None,
    }
}

fn longer(one: Option<Length>, other: Option<Length>) -> Option<Length> {
    match (one?, other?) {
        (Length::Limited(one), Length::Limited(other)) => Some(Length::Limited(one.max(other))),
        _ => Some(Length::Max),
    }
}

/// The type with another length, of which it has at most what it can have.
pub(super) fn of_length(ty: SqlType, length: Option<Length>) -> SqlType {
    let Some(length) = length else { return ty };
    let most = |most: u16| match length {
        Length::Limited(length) => Length::Limited(length.clamp(1, most)),
        Length::Max => Length::Max,
    };
    match (ty, length) {
        (SqlType::NVarChar(_) | SqlType::NChar(_), Length::Max) => SqlType::NVarChar(Length::Max),
        (SqlType::VarChar(_) | SqlType::Char(_), Length::Max) => SqlType::VarChar(Length::Max),
        (SqlType::VarBinary(_) | SqlType::Binary(_), Length::Max) => {
            SqlType::VarBinary(Length::Max)
        }
        (SqlType::NVarChar(_), _) => SqlType::NVarChar(most(4000)),
        (SqlType::VarChar(_), _) => SqlType::VarChar(most(8000)),
        (SqlType::VarBinary(_), _) => SqlType::VarBinary(most(8000)),
        (SqlType::NChar(_), Length::Limited(length)) => SqlType::NChar(length.clamp(1, 4000)),
        (SqlType::Char(_), Length::Limited(length)) => SqlType::Char(length.clamp(1, 8000)),
        (SqlType::Binary(_), Length::Limited(length)) => SqlType::Binary(length.clamp(1, 8000)),
        _ => ty,
    }
}

/// The type of two texts or byte strings put together.
pub(super) fn joined(one: SqlType, other: SqlType) -> SqlType {
    let sum = match (length(one), length(other)) {
        (Some(Length::Limited(one)), Some(Length::Limited(other))) => {
            Length::Limited(one.saturating_add(other))
        }
        _ => Length::Max,
    };
    let ty = match higher(one, other) {
        SqlType::NChar(length) => SqlType::NVarChar(Length::Limited(length)),
        SqlType::Char(length) => SqlType::VarChar(Length::Limited(length)),
        SqlType::Binary(length) => SqlType::VarBinary(Length::Limited(length)),
        ty => ty,
    };
    of_length(ty, Some(sum))
}

/// Precision and scale of an exact number.
pub(super) fn digits(ty: SqlType) -> Option<(u8, u8)> {
    Some(match ty {
        SqlType::Bit => (1, 0),
        SqlType::TinyInt => (3, 0),
        SqlType::SmallInt => (5, 0),
        SqlType::Int => (10, 0),
        SqlType::BigInt => (19, 0),
        SqlType::SmallMoney => (10, 4),
        SqlType::Money => (19, 4),
        SqlType::Decimal { precision, scale } => (precision, scale),
        _ => return None,
    })
}

/// The decimal that an operation on two exact numbers gives.
pub(super) fn decimal_result(operator: char, one: (u8, u8), other: (u8, u8)) -> SqlType {
    let ((p1, s1), (p2, s2)) = (wide(one), wide(other));
    let (whole1, whole2) = (p1 - s1, p2 - s2);
    let (precision, scale) = match operator {
        '*' => (p1 + p2 + 1, s1 + s2),
        '/' => {
            let scale = (s1 + p2 + 1).max(6);
            (whole1 + s2 + scale, scale)
        }
        '%' => (whole1.min(whole2) + s1.max(s2), s1.max(s2)),
        _ => (whole1.max(whole2) + 1 + s1.max(s2), s1.max(s2)),
    };
    let (precision, scale) = match operator {
        _ if precision <= 38 => (precision, scale),
        '*' | '/' => {
            let whole = precision - scale;
            let scale = if whole < 32 {
                scale.min(38 - whole)
            } else {
                scale.min(6)
            };
            (38, scale)
        }
        _ => (38, scale.min((38 - whole1.max(whole2)).max(0))),
    };
    SqlType::Decimal {
        precision: u8::try_from(precision.clamp(1, 38)).unwrap_or(38),
        scale: u8::try_from(scale.clamp(0, 38)).unwrap_or(0),
    }
}

fn wide((precision, scale): (u8, u8)) -> (i32, i32) {
    (precision.into(), scale.into())
}

/// Precision and scale of an operand: those of a constant's digits, or those of its type.
pub(super) fn operand_digits(value: &Expr, ty: SqlType) -> Option<(u8, u8)> {
    match value {
        Expr::Number(text) if !text.contains(['.', 'e', 'E']) => {
            let count = text.trim_start_matches('0').len().max(1);
            Some((u8::try_from(count).unwrap_or(38), 0))
        }
        Expr::Unary('-', value) => operand_digits(value, ty),
        _ => digits(ty),
    }
}

/// The type of a number as it is written.
pub(super) fn number(text: &str) -> SqlType {
    if text.contains(['e', 'E']) {
        return SqlType::Float;
    }
    if !text.contains('.') && text.parse::<i32>().is_ok() {
        return SqlType::Int;
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let scale = u8::try_from(fraction.len()).unwrap_or(38).min(38);
    let whole = u8::try_from(whole.trim_start_matches('0').len()).unwrap_or(38);
    let precision = whole.saturating_add(scale).clamp(1, 38);
    SqlType::Decimal {
        precision,
        scale: scale.min(precision),
    }
}

/// What `SUM` and `AVG` give for a type; none: it cannot be summed up.
pub(super) fn summed(ty: SqlType, is_mean: bool) -> Option<SqlType> {
    Some(match ty {
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int => SqlType::Int,
        SqlType::BigInt => SqlType::BigInt,
        SqlType::Decimal { scale, .. } => SqlType::Decimal {
            precision: 38,
            scale: if is_mean { scale.max(6) } else { scale },
        },
        SqlType::Money | SqlType::SmallMoney => SqlType::Money,
        SqlType::Real | SqlType::Float => SqlType::Float,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(precision: u8, scale: u8) -> SqlType {
        SqlType::Decimal { precision, scale }
    }

    #[test]
    fn results_have_the_digits_the_server_gives_them() {
        assert_eq!(decimal_result('+', (5, 2), (12, 4)), decimal(13, 4));
        assert_eq!(decimal_result('*', (5, 2), (5, 2)), decimal(11, 4));
        assert_eq!(decimal_result('/', (5, 2), (3, 0)), decimal(9, 6));
        assert_eq!(decimal_result('/', (38, 10), (38, 10)), decimal(38, 6));
        assert_eq!(decimal_result('*', (38, 10), (38, 10)), decimal(38, 6));
        assert_eq!(decimal_result('+', (38, 0), (38, 38)), decimal(38, 0));
        assert_eq!(decimal_result('%', (5, 2), (3, 0)), decimal(5, 2));
    }

    #[test]
    fn the_higher_type_wins_and_keeps_what_the_other_needs() {
        let of = Ty::Of;
        assert_eq!(
            common(of(decimal(5, 2)), of(SqlType::Int)),
            of(decimal(12, 2))
        );
        assert_eq!(
            common(
                of(SqlType::VarChar(Length::Limited(9))),
                of(SqlType::NVarChar(Length::Limited(3)))
            ),
            of(SqlType::NVarChar(Length::Limited(9)))
        );
        assert_eq!(
            common(of(SqlType::VarChar(Length::Max)), of(SqlType::Int)),
            of(SqlType::Int)
        );
        assert_eq!(common(Ty::Null, of(SqlType::Bit)), of(SqlType::Bit));
    }
}
