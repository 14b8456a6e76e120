//! Arithmetic on exact numbers, which lie as text, for SQLite: no digit is lost before the type of the result says so.

use std::str::FromStr;

use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, RoundingMode, Zero};
use rusqlite::functions::{Aggregate, Context, FunctionFlags, WindowAggregate};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error};

use super::arguments::{fail, text, whole};
use crate::sql_types::{SqlError, decimal_text};

/// Adds the functions to a connection.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let pure = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("exact", 5, pure, operate)?;
    connection.create_scalar_function("exact_round", 5, pure, round)?;
    connection.create_scalar_function("exact_abs", 1, pure, absolute)?;
    connection.create_window_function("exact_sum", 1, pure, Sum)
}

/// A number, however it lies; none of NULL.
fn number(context: &Context<'_>, at: usize) -> Result<Option<BigDecimal>, Error> {
    match context.get_raw(at) {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(number) => Ok(Some(number.into())),
        _ => {
            let text = text(context, at);
            let number = BigDecimal::from_str(text.trim());
            number.map(Some).map_err(|_| {
                fail(SqlError::new(
                    8114,
                    "Error converting data type varchar to numeric.",
                ))
            })
        }
    }
}

/// The number with this many digits behind the point, or the error that it has too many before it.
fn fitted(
    number: &BigDecimal,
    precision: i64,
    scale: i64,
    mode: RoundingMode,
) -> Result<Value, Error> {
    let overflow = || fail(SqlError::overflow("numeric"));
    let (digits, _) = number
        .with_scale_round(scale, mode)
        .into_bigint_and_exponent();
    let digits = i128::try_from(digits).map_err(|_| overflow())?;
    let most = 10_i128.pow(u32::try_from(precision.clamp(1, 38)).unwrap_or(38));
    if digits.abs() >= most {
        return Err(overflow());
    }
    Ok(Value::Text(decimal_text(
        digits,
        u8::try_from(scale).unwrap_or(0),
    )))
}

/// `exact(operator, precision, scale, one, other)`. A quotient is cut off, as the server does; a product is rounded.
fn operate(context: &Context<'_>) -> Result<Value, Error> {
    let (Some(one), Some(other)) = (number(context, 3)?, number(context, 4)?) else {
        return Ok(Value::Null);
    };
    let (operator, precision, scale) = (text(context, 0), whole(context, 1)?, whole(context, 2)?);
    let divides = operator == "/" || operator == "%";
    if divides && other.is_zero() {
        return Err(fail(SqlError::divide_by_zero()));
    }
    let (result, mode) = match operator.as_str() {
        "+" => (one + other, RoundingMode::HalfUp),
        "-" => (one - other, RoundingMode::HalfUp),
        "*" => (one * other, RoundingMode::HalfUp),
        "/" => (one / other, RoundingMode::Down),
        _ => (one % other, RoundingMode::Down),
    };
    fitted(&result, precision, scale, mode)
}

/// `exact_round(number, places, mode, precision, scale)`: `round`, `cut`, `floor`, `ceiling`.
fn round(context: &Context<'_>) -> Result<Value, Error> {
    let (Some(value), false) = (number(context, 0)?, context.get_raw(1) == ValueRef::Null) else {
        return Ok(Value::Null);
    };
    let mode = match text(context, 2).as_str() {
        "cut" => RoundingMode::Down,
        "floor" => RoundingMode::Floor,
        "ceiling" => RoundingMode::Ceiling,
        _ => RoundingMode::HalfUp,
    };
    let places = whole(context, 1)?.clamp(-40, 40);
    let rounded = if places >= 0 {
        value.with_scale_round(places, mode)
    } else {
        let unit = BigDecimal::new(BigInt::from(1), places);
        (value / &unit).with_scale_round(0, mode) * unit
    };
    fitted(&rounded, whole(context, 3)?, whole(context, 4)?, mode)
}

fn absolute(context: &Context<'_>) -> Result<Value, Error> {
    Ok(match context.get_raw(0) {
        ValueRef::Null => Value::Null,
        _ => Value::Text(text(context, 0).trim_start_matches('-').to_owned()),
    })
}

/// `exact_sum(number)`, whose result has the digits of what was summed up.
struct Sum;

impl Sum {
    fn result(sum: Option<&(BigDecimal, u64)>) -> Value {
        match sum {
            Some((sum, 1..)) => Value::Text(sum.to_plain_string()),
            _ => Value::Null,
        }
    }
}

impl Aggregate<(BigDecimal, u64), Value> for Sum {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<(BigDecimal, u64)> {
        Ok((BigDecimal::zero(), 0))
    }

    fn step(&self, context: &mut Context<'_>, sum: &mut (BigDecimal, u64)) -> rusqlite::Result<()> {
        if let Some(number) = number(context, 0)? {
            sum.0 += number;
            sum.1 += 1;
        }
        Ok(())
    }

    fn finalize(
        &self,
        _: &mut Context<'_>,
        sum: Option<(BigDecimal, u64)>,
    ) -> rusqlite::Result<Value> {
        Ok(Self::result(sum.as_ref()))
    }
}

impl WindowAggregate<(BigDecimal, u64), Value> for Sum {
    fn value(&self, sum: Option<&mut (BigDecimal, u64)>) -> rusqlite::Result<Value> {
        Ok(Self::result(sum.map(|sum| &*sum)))
    }

    fn inverse(
        &self,
        context: &mut Context<'_>,
        sum: &mut (BigDecimal, u64),
    ) -> rusqlite::Result<()> {
        if let Some(number) = number(context, 0)? {
            sum.0 -= number;
            sum.1 -= 1;
        }
        Ok(())
    }
}
