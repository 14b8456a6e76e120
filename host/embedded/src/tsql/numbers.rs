//! Functions of floating-point numbers, which SQLite is built without.

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error};

use super::arguments::{any_null, fail, text, whole};
use crate::sql_types::{SqlError, SqlType, coerce};

/// A function of one number.
type OfOne = fn(f64) -> f64;
/// A function of two.
type OfTwo = fn(f64, f64) -> f64;

/// Adds the functions to a connection.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let pure = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let of_one: [(&str, OfOne); 6] = [
        ("sqrt", f64::sqrt),
        ("exp", f64::exp),
        ("ln", f64::ln),
        ("log10", f64::log10),
        ("floor", f64::floor),
        ("ceil", f64::ceil),
    ];
    for (name, function) in of_one {
        connection.create_scalar_function(name, 1, pure, move |context| {
            computed(context, |context| Ok(function(number(context, 0)?)))
        })?;
    }
    let of_two: [(&str, OfTwo); 2] = [("pow", f64::powf), ("log", |base, of| of.log(base))];
    for (name, function) in of_two {
        connection.create_scalar_function(name, 2, pure, move |context| {
            computed(context, |context| {
                Ok(function(number(context, 0)?, number(context, 1)?))
            })
        })?;
    }
    connection.create_scalar_function("pi", 0, pure, |_| Ok(std::f64::consts::PI))?;
    connection.create_scalar_function("float_round", 3, pure, |context| computed(context, rounded))
}

fn number(context: &Context<'_>, at: usize) -> Result<f64, Error> {
    match context.get_raw(at) {
        ValueRef::Real(number) => Ok(number),
        value => match coerce(value.into(), SqlType::Float).map_err(fail)? {
            Value::Real(number) => Ok(number),
            _ => Ok(0.0),
        },
    }
}

/// NULL of NULL, and an error where there is no such number.
fn computed(
    context: &Context<'_>,
    of: impl Fn(&Context<'_>) -> Result<f64, Error>,
) -> Result<Value, Error> {
    if any_null(context) {
        return Ok(Value::Null);
    }
    let result = of(context)?;
    if result.is_finite() {
        Ok(Value::Real(result))
    } else {
        let message = "An invalid floating point operation occurred.";
        Err(fail(SqlError::new(3623, message)))
    }
}

/// `float_round(number, places, mode)`.
fn rounded(context: &Context<'_>) -> Result<f64, Error> {
    let places = i32::try_from(whole(context, 1)?.clamp(-300, 300)).unwrap_or(0);
    let unit = 10_f64.powi(places);
    let scaled = number(context, 0)? * unit;
    let whole = if text(context, 2) == "cut" {
        scaled.trunc()
    } else {
        scaled.round()
    };
    Ok(whole / unit)
}
