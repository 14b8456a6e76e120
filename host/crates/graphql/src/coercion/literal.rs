//! Literals of scalars: what may stand for each, and its JSON.

use super::numbers::{fits_int, is_finite, whole};
use crate::excerpt::Excerpt;
use crate::response::json_string;
use crate::schema::types::Scalar;
use crate::syntax::{Value, ValueKind};

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

/// What keeps a literal, which is not a variable and not null, from being a value of a built-in scalar.
pub(crate) fn scalar_problem(scalar: &Scalar, value: &Value<'_>) -> Option<String> {
    let problem = match (scalar, &value.kind) {
        (Scalar::Float, ValueKind::Int(text) | ValueKind::Float(text)) if !is_finite(text) => {
            "Float cannot represent non numeric value"
        }
        (Scalar::Custom { .. }, _)
        | (Scalar::Float, ValueKind::Int(_) | ValueKind::Float(_))
        | (Scalar::String | Scalar::Id, ValueKind::String(_))
        | (Scalar::Id, ValueKind::Int(_))
        | (Scalar::Boolean, ValueKind::Boolean(_)) => return None,
        (Scalar::Int, ValueKind::Int(text)) if fits_int(text) => return None,
        (Scalar::Int, ValueKind::Int(_)) => "Int cannot represent non 32-bit signed integer value",
        (Scalar::Int, _) => "Int cannot represent non-integer value",
        (Scalar::Float, _) => "Float cannot represent non numeric value",
        (Scalar::String, _) => "String cannot represent a non string value",
        (Scalar::Boolean, _) => "Boolean cannot represent a non boolean value",
        (Scalar::Id, _) => "ID cannot represent a non-string and non-integer value",
    };
    Some(format!("{problem}: {}", Excerpt(value)))
}
