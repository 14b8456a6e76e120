//! Values as written to JSON: the reference implementation's `valueFromAST`, for values validation has accepted.
//!
//! Also the home of what a literal of each scalar may be, which validation asks with [`scalar_problem`].

use super::numbers::{fits_int, whole};
use super::template::{self, Template};
use crate::response::json_string;
use crate::schema::Schema;
use crate::schema::types::{Scalar, Type};
use crate::syntax::{Value, ValueKind};
use std::collections::HashMap;

/// A constant, checked and coerced to its type, as JSON; or what is wrong with it.
pub(crate) fn constant(schema: &Schema, ty: &Type, value: &Value<'_>) -> Result<String, String> {
    let mut problems = Vec::new();
    crate::validation::values::constant(schema, ty, value, &mut problems);
    if let Some(problem) = problems.into_iter().next() {
        return Err(problem);
    }
    match template::compile(schema, ty, value, &HashMap::new())? {
        Template::Text(json) => Ok(json),
        _ => Err("a default cannot contain a variable".to_owned()),
    }
}

/// A literal of a scalar as JSON.
pub(crate) fn scalar(scalar: &Scalar, kind: &ValueKind<'_>) -> Option<String> {
    match (scalar, kind) {
        (Scalar::Int, ValueKind::Int(text)) => whole(text).map(|digits| digits.into_owned()),
        (Scalar::Float, ValueKind::Int(text) | ValueKind::Float(text)) => Some(text.to_string()),
        (Scalar::Id, ValueKind::Int(text)) => Some(json_string(text)),
        (Scalar::String | Scalar::Id, ValueKind::String(text)) => Some(json_string(text)),
        (Scalar::Boolean, ValueKind::Boolean(value)) => Some(value.to_string()),
        _ => None,
    }
}

/// What keeps a literal, which is no variable and not null, from being a value of a built-in scalar.
pub(crate) fn scalar_problem(scalar: &Scalar, value: &Value<'_>) -> Option<String> {
    match (scalar, &value.kind) {
        (Scalar::Custom { .. }, _)
        | (Scalar::Float, ValueKind::Int(_) | ValueKind::Float(_))
        | (Scalar::String | Scalar::Id, ValueKind::String(_))
        | (Scalar::Id, ValueKind::Int(_))
        | (Scalar::Boolean, ValueKind::Boolean(_)) => None,
        (Scalar::Int, ValueKind::Int(text)) => (!fits_int(text))
            .then(|| format!("Int cannot represent non 32-bit signed integer value: {text}")),
        (Scalar::Int, _) => Some(format!("Int cannot represent non-integer value: {value}")),
        (Scalar::Float, _) => Some(format!("Float cannot represent non numeric value: {value}")),
        (Scalar::String, _) => Some(format!(
            "String cannot represent a non string value: {value}"
        )),
        (Scalar::Boolean, _) => Some(format!(
            "Boolean cannot represent a non boolean value: {value}"
        )),
        (Scalar::Id, _) => Some(format!(
            "ID cannot represent a non-string and non-integer value: {value}"
        )),
    }
}
