//! The values of an operation's variables, checked against their types and coerced to JSON.
//!
//! Messages are the reference implementation's, one for each thing that is wrong. They show the value a client sent, shortened,
//! because it is the client's own.

use super::numbers::{fits_int, is_finite, whole};
use super::template::json_key;
use super::values::Values;
use crate::response::{PathStep, Position, RequestError, write_json_string};
use crate::schema::Schema;
use crate::schema::types::{EnumValue, InputObject, Kind, Scalar, Type};
use indexmap::IndexMap;
use mayfly_error::Error;
use mayfly_json::{Kind as Json, Tree, Value};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

/// Characters of a value that messages show, at most.
const SHOWN: usize = 200;

/// Characters of a name that messages show, at most.
const SHOWN_NAME: usize = 100;

/// Mistakes told of in one response, at most.
const MAX_ERRORS: usize = 50;

/// How many times as large as the variables given their values may be once defaults are filled in, beyond [`FREE_BYTES`]: `{}` in
/// a list may stand for an input object whose defaults are a page.
const MAX_GROWTH: usize = 4;

/// Bytes that values may have whatever was given.
const FREE_BYTES: usize = 64 << 10;

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
    given: Option<&Tree<'_>>,
) -> Result<Values, Vec<RequestError>> {
    let max_bytes = given
        .map_or(0, |given| given.text().len())
        .saturating_mul(MAX_GROWTH)
        .saturating_add(FREE_BYTES);
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
        match given.and_then(|given| given.root().get(name)) {
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
            Some(value) if value.is_null() && definition.ty.is_non_null() => {
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
                    max_bytes,
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
    /// Bytes of all values together, at most.
    max_bytes: usize,
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
    fn refuse(&mut self, value: Value<'_>, text: String) {
        if self.is_over() {
            return;
        }
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

    /// Whether nothing more is read of the value.
    fn is_over(&self) -> bool {
        self.problems.len() >= MAX_ERRORS
    }

    fn value(&mut self, ty: &Type, value: Value<'_>, out: &mut String) {
        if self.is_over() {
            return;
        }
        if out.len() > self.max_bytes {
            let most = self.max_bytes;
            self.refuse(
                value,
                format!("with their defaults the variables are larger than {most} bytes."),
            );
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
                    Kind::Enum(values) => {
                        self.enumeration(&definition.name, values, value, out);
                    }
                    Kind::Input(input) => self.input(&definition.name, input, value, out),
                    _ => self.refuse(
                        value,
                        format!("\"{}\" is not an input type.", definition.name),
                    ),
                }
            }
        }
    }

    fn enumeration(
        &mut self,
        ty: &str,
        values: &IndexMap<Arc<str>, EnumValue>,
        value: Value<'_>,
        out: &mut String,
    ) {
        let Some(name) = value.as_str() else {
            let text = format!(
                "Enum \"{ty}\" cannot represent non-string value: {}.",
                shown(value)
            );
            return self.refuse(value, text);
        };
        if values.contains_key(name.as_ref()) {
            return write_json_string(out, &name);
        }
        let name = shortened(&name, SHOWN_NAME);
        self.refuse(
            value,
            format!("Value \"{name}\" does not exist in \"{ty}\" enum."),
        );
    }

    fn list(&mut self, item: &Type, value: Value<'_>, out: &mut String) {
        out.push('[');
        match value.elements() {
            Some(items) => {
                for (index, value) in items.enumerate() {
                    if self.is_over() {
                        break;
                    }
                    if index > 0 {
                        out.push(',');
                    }
                    self.path.push(PathStep::Index(index));
                    self.value(item, value, out);
                    self.path.pop();
                }
            }
            None => self.value(item, value, out),
        }
        out.push(']');
    }

    fn scalar(&mut self, scalar: &Scalar, value: Value<'_>, out: &mut String) {
        let kind = value.kind();
        let problem = match (scalar, kind) {
            (Scalar::Custom { .. }, _) => {
                out.push_str(value.raw());
                return;
            }
            (Scalar::Int, Json::Number) => match whole(value.raw()) {
                Some(digits) if fits_int(&digits) => {
                    out.push_str(&digits);
                    return;
                }
                Some(_) => "Int cannot represent non 32-bit signed integer value",
                None => "Int cannot represent non-integer value",
            },
            (Scalar::Float, Json::Number) if is_finite(value.raw()) => {
                out.push_str(value.raw());
                return;
            }
            (Scalar::Id, Json::Number) => match whole(value.raw()) {
                Some(digits) => {
                    write_json_string(out, &digits);
                    return;
                }
                None => "ID cannot represent value",
            },
            (Scalar::String | Scalar::Id, Json::String) => {
                write_json_string(out, &value.as_str().unwrap_or_default());
                return;
            }
            (Scalar::Boolean, Json::Bool) => {
                out.push_str(value.raw());
                return;
            }
            (Scalar::Int, _) => "Int cannot represent non-integer value",
            (Scalar::Float, _) => "Float cannot represent non numeric value",
            (Scalar::String, _) => "String cannot represent a non string value",
            (Scalar::Boolean, _) => "Boolean cannot represent a non boolean value",
            (Scalar::Id, _) => "ID cannot represent value",
        };
        self.refuse(value, format!("{problem}: {}", shown(value)));
    }

    fn input(&mut self, name: &str, input: &InputObject, value: Value<'_>, out: &mut String) {
        let Some(given) = value.members() else {
            self.refuse(value, format!("Expected type \"{name}\" to be an object."));
            return;
        };
        // By the field's number, so that an object is gone through once however many fields there are.
        let mut found = vec![None; input.fields.len()];
        for (key, inner) in given.clone() {
            let index = input.fields.get_index_of(key.value().as_ref());
            if let Some(slot) = index.and_then(|index| found.get_mut(index)) {
                *slot = Some(inner);
            }
        }
        out.push('{');
        for (field, given) in input.fields.values().zip(&found) {
            let before = out.len();
            if !out.ends_with('{') {
                out.push(',');
            }
            out.push_str(&json_key(&field.name));
            match (given, &field.default) {
                (Some(inner), _) => {
                    self.path.push(PathStep::Key(field.name.to_string()));
                    self.value(&field.ty, *inner, out);
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
        for (key, _) in given {
            let key = key.value();
            if self.is_over() {
                return;
            }
            if !input.fields.contains_key(key.as_ref()) {
                let key = shortened(&key, SHOWN_NAME);
                self.refuse(
                    value,
                    format!("Field \"{key}\" is not defined by type \"{name}\"."),
                );
            }
        }
        if input.one_of {
            self.one_of(name, input, &found, value);
        }
    }

    fn one_of(
        &mut self,
        name: &str,
        input: &InputObject,
        found: &[Option<Value<'_>>],
        value: Value<'_>,
    ) {
        let mut given = input
            .fields
            .keys()
            .zip(found)
            .filter_map(|(key, value)| Some((key, (*value)?)));
        match (given.next(), given.next()) {
            (Some((key, only)), None) => {
                if only.is_null() {
                    self.path.push(PathStep::Key(key.to_string()));
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

/// A text as messages show it.
fn shortened(text: &str, characters: usize) -> Cow<'_, str> {
    match text.char_indices().nth(characters) {
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}

/// A value as messages show it.
fn shown(value: Value<'_>) -> String {
    let mut text = String::new();
    show(value, 0, &mut text);
    match shortened(&text, SHOWN) {
        Cow::Borrowed(_) => text,
        Cow::Owned(short) => short,
    }
}

fn show(value: Value<'_>, depth: usize, text: &mut String) {
    if text.len() > 8 * SHOWN {
        return;
    }
    match value.kind() {
        Json::Null | Json::Bool | Json::Number => {
            text.push_str(&shortened(value.raw(), SHOWN + 1));
        }
        Json::String => {
            let string = value.as_str().unwrap_or_default();
            write_json_string(text, &shortened(&string, SHOWN + 1));
        }
        Json::Array if depth > 2 => text.push_str("[Array]"),
        Json::Object if depth > 2 => text.push_str("[Object]"),
        Json::Array => {
            let items = value.elements().unwrap_or_default();
            text.push('[');
            for (index, item) in items.clone().take(10).enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                show(item, depth + 1, text);
            }
            match items.count() {
                0..=10 => {}
                all => {
                    let _ = write!(text, ", ... {} more items", all - 10);
                }
            }
            text.push(']');
        }
        Json::Object if value.values() == 1 => text.push_str("{}"),
        Json::Object => {
            text.push_str("{ ");
            let fields = value.members().unwrap_or_default();
            for (index, (key, field)) in fields.take(SHOWN).enumerate() {
                let key = key.value();
                let comma = if index > 0 { ", " } else { "" };
                let _ = write!(text, "{comma}{}: ", shortened(&key, SHOWN));
                show(field, depth + 1, text);
            }
            text.push_str(" }");
        }
    }
}
