//! The values of an operation's variables, checked against their types and coerced to JSON.
//!
//! Messages are the reference implementation's, one for each thing that is wrong. They show the value a client sent, shortened,
//! because it is the client's own.

use super::numbers::{fits_int, is_finite, whole};
use super::template::json_key;
use super::values::Values;
use crate::response::{PathStep, Position, RequestError, write_json_string};
use crate::schema::Schema;
use crate::schema::types::{InputObject, Kind, Scalar, Type};
use mayfly_error::Error;
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// Characters of a value that messages show, at most.
const SHOWN: usize = 200;

/// Mistakes told of in one response, at most.
const MAX_ERRORS: usize = 50;

/// A variable of an operation.
#[derive(Debug)]
pub(crate) struct VariableDef {
    pub name: String,
    pub ty: Type,
    /// The type as GraphQL text.
    pub type_text: String,
    /// The default as JSON.
    pub default: Option<String>,
    pub at: Position,
}

/// Coerces the given values, in the order of the variables.
pub(crate) fn coerce(
    schema: &Schema,
    definitions: &[VariableDef],
    given: Option<&Map<String, Value>>,
) -> Result<Values, Vec<RequestError>> {
    let mut values = Values::with_capacity(definitions.len());
    let mut errors = Vec::new();
    for definition in definitions {
        let mut refuse = |message: String| {
            if errors.len() < MAX_ERRORS {
                errors.push(RequestError::new(
                    Error::InvalidVariables(message),
                    definition.at,
                ));
            }
        };
        let (name, ty) = (&definition.name, &definition.type_text);
        match given.and_then(|given| given.get(name)) {
            None => {
                if definition.default.is_none() && definition.ty.is_non_null() {
                    refuse(format!(
                        "Variable \"${name}\" of required type \"{ty}\" was not provided."
                    ));
                }
                match &definition.default {
                    Some(json) => values.push(|out| out.push_str(json)),
                    None => values.push_missing(),
                }
            }
            Some(Value::Null) if definition.ty.is_non_null() => {
                refuse(format!(
                    "Variable \"${name}\" of non-null type \"{ty}\" must not be null."
                ));
                values.push_missing();
            }
            Some(value) => {
                let mut coercer = Coercer {
                    schema,
                    path: Vec::new(),
                    problems: Vec::new(),
                };
                values.push(|out| coercer.value(&definition.ty, value, out));
                coercer
                    .problems
                    .into_iter()
                    .for_each(|problem| refuse(problem.message(name)));
            }
        }
    }
    if errors.is_empty() {
        Ok(values)
    } else {
        Err(errors)
    }
}

struct Coercer<'s> {
    schema: &'s Schema,
    path: Vec<PathStep>,
    problems: Vec<Mistake>,
}

struct Mistake {
    /// Where in the variable, as text that follows its name; empty for all of it.
    path: String,
    shown: String,
    text: String,
}

impl Mistake {
    fn message(&self, variable: &str) -> String {
        let at = if self.path.is_empty() {
            String::new()
        } else {
            format!(" at \"{variable}{}\"", self.path)
        };
        format!(
            "Variable \"${variable}\" got invalid value {}{at}; {}",
            self.shown, self.text
        )
    }
}

impl Coercer<'_> {
    fn refuse(&mut self, value: &Value, text: String) {
        let mut path = String::new();
        for step in &self.path {
            let _ = match step {
                PathStep::Key(key) => write!(path, ".{key}"),
                PathStep::Index(index) => write!(path, "[{index}]"),
            };
        }
        self.problems.push(Mistake {
            path,
            shown: shown(value),
            text,
        });
    }

    fn value(&mut self, ty: &Type, value: &Value, out: &mut String) {
        if self.problems.len() >= MAX_ERRORS {
            return;
        }
        if value.is_null() {
            if ty.is_non_null() {
                let wanted = self.schema.print(ty);
                self.refuse(
                    value,
                    format!("Expected non-nullable type \"{wanted}\" not to be null."),
                );
            }
            out.push_str("null");
            return;
        }
        match ty.nullable() {
            Type::NonNull(inner) => self.value(inner, value, out),
            Type::List(item) => self.list(item, value, out),
            Type::Named(id) => {
                let schema = self.schema;
                let definition = schema.get(*id);
                match &definition.kind {
                    Kind::Scalar(scalar) => self.scalar(scalar, value, out),
                    Kind::Enum(values) => match value {
                        Value::String(name) if values.contains_key(name.as_str()) => {
                            write_json_string(out, name)
                        }
                        Value::String(name) => {
                            self.refuse(
                                value,
                                format!(
                                    "Value \"{name}\" does not exist in \"{}\" enum.",
                                    definition.name
                                ),
                            );
                        }
                        other => {
                            let text = format!(
                                "Enum \"{}\" cannot represent non-string value: {}.",
                                definition.name,
                                shown(other)
                            );
                            self.refuse(value, text);
                        }
                    },
                    Kind::Input(input) => self.input(&definition.name, input, value, out),
                    _ => self.refuse(value, format!("\"{}\" is no input type.", definition.name)),
                }
            }
        }
    }

    fn list(&mut self, item: &Type, value: &Value, out: &mut String) {
        out.push('[');
        match value {
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    self.path.push(PathStep::Index(index));
                    self.value(item, value, out);
                    self.path.pop();
                }
            }
            single => self.value(item, single, out),
        }
        out.push(']');
    }

    fn scalar(&mut self, scalar: &Scalar, value: &Value, out: &mut String) {
        let problem = match (scalar, value) {
            (Scalar::Custom { .. }, any) => {
                let _ = write!(out, "{any}");
                return;
            }
            (Scalar::Int, Value::Number(number)) => match whole(number.as_str()) {
                Some(digits) if fits_int(&digits) => {
                    out.push_str(&digits);
                    return;
                }
                Some(_) => {
                    format!("Int cannot represent non 32-bit signed integer value: {number}")
                }
                None => format!("Int cannot represent non-integer value: {number}"),
            },
            (Scalar::Float, Value::Number(number)) if is_finite(number.as_str()) => {
                out.push_str(number.as_str());
                return;
            }
            (Scalar::Id, Value::Number(number)) => match whole(number.as_str()) {
                Some(digits) => {
                    write_json_string(out, &digits);
                    return;
                }
                None => format!("ID cannot represent value: {number}"),
            },
            (Scalar::String | Scalar::Id, Value::String(text)) => {
                write_json_string(out, text);
                return;
            }
            (Scalar::Boolean, Value::Bool(value)) => {
                out.push_str(if *value { "true" } else { "false" });
                return;
            }
            (Scalar::Int, _) => format!("Int cannot represent non-integer value: {}", shown(value)),
            (Scalar::Float, _) => {
                format!("Float cannot represent non numeric value: {}", shown(value))
            }
            (Scalar::String, _) => format!(
                "String cannot represent a non string value: {}",
                shown(value)
            ),
            (Scalar::Boolean, _) => format!(
                "Boolean cannot represent a non boolean value: {}",
                shown(value)
            ),
            (Scalar::Id, _) => format!("ID cannot represent value: {}", shown(value)),
        };
        self.refuse(value, problem);
    }

    fn input(&mut self, name: &str, input: &InputObject, value: &Value, out: &mut String) {
        let Value::Object(given) = value else {
            self.refuse(value, format!("Expected type \"{name}\" to be an object."));
            return;
        };
        out.push('{');
        for field in input.fields.values() {
            let before = out.len();
            if !out.ends_with('{') {
                out.push(',');
            }
            out.push_str(&json_key(&field.name));
            match (given.get(field.name.as_ref()), &field.default) {
                (Some(inner), _) => {
                    self.path.push(PathStep::Key(field.name.to_string()));
                    self.value(&field.ty, inner, out);
                    self.path.pop();
                }
                (None, Some(default)) => out.push_str(&default.json),
                (None, None) => {
                    out.truncate(before);
                    if field.ty.is_non_null() {
                        let ty = self.schema.print(&field.ty);
                        self.refuse(
                            value,
                            format!(
                                "Field \"{}\" of required type \"{ty}\" was not provided.",
                                field.name
                            ),
                        );
                    }
                }
            }
        }
        out.push('}');
        for key in given
            .keys()
            .filter(|key| !input.fields.contains_key(key.as_str()))
        {
            self.refuse(
                value,
                format!("Field \"{key}\" is not defined by type \"{name}\"."),
            );
        }
        if input.one_of {
            self.one_of(name, input, given, value);
        }
    }

    fn one_of(
        &mut self,
        name: &str,
        input: &InputObject,
        given: &Map<String, Value>,
        value: &Value,
    ) {
        let mut fields = given
            .iter()
            .filter(|(key, _)| input.fields.contains_key(key.as_str()));
        match (fields.next(), fields.next()) {
            (Some((key, only)), None) => {
                if only.is_null() {
                    self.path.push(PathStep::Key(key.clone()));
                    self.refuse(only, format!("Field \"{key}\" must be non-null."));
                    self.path.pop();
                }
            }
            _ => self.refuse(
                value,
                format!("Exactly one key must be specified for OneOf type \"{name}\"."),
            ),
        }
    }
}

/// A value as messages show it.
fn shown(value: &Value) -> String {
    let mut text = String::new();
    show(value, 0, &mut text);
    if let Some((end, _)) = text.char_indices().nth(SHOWN) {
        text.truncate(end);
        text.push('…');
    }
    text
}

fn show(value: &Value, depth: usize, text: &mut String) {
    if text.len() > 8 * SHOWN {
        return;
    }
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            let _ = write!(text, "{value}");
        }
        Value::String(string) => write_json_string(text, string),
        Value::Array(_) if depth > 2 => text.push_str("[Array]"),
        Value::Object(_) if depth > 2 => text.push_str("[Object]"),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().take(10).enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                show(item, depth + 1, text);
            }
            if items.len() > 10 {
                let _ = write!(text, ", ... {} more items", items.len() - 10);
            }
            text.push(']');
        }
        Value::Object(fields) if fields.is_empty() => text.push_str("{}"),
        Value::Object(fields) => {
            text.push_str("{ ");
            for (index, (key, field)) in fields.iter().enumerate() {
                let _ = write!(text, "{}{key}: ", if index > 0 { ", " } else { "" });
                show(field, depth + 1, text);
            }
            text.push_str(" }");
        }
    }
}
