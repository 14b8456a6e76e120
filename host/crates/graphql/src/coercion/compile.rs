//! Values as written in a document or schema to [`Template`]s: the reference implementation's `valueFromAST`, for values that
//! validation has accepted. A constant is JSON at once.

use super::literal;
use super::template::{Entry, Template, json_key};
use crate::excerpt::Excerpt;
use crate::response::json_string;
use crate::schema::Schema;
use crate::schema::types::{InputDef, InputObject, Kind, Scalar, Type};
use crate::syntax::{Value, ValueKind};
use std::collections::HashMap;

/// Variables by name: their index.
pub(crate) type Indexes<'a> = HashMap<&'a str, usize>;

/// Compiles one argument; none without value or default.
pub(crate) fn compile_argument(
    schema: &Schema,
    definition: &InputDef,
    given: Option<&Value<'_>>,
    variables: &Indexes<'_>,
) -> Result<Option<Entry>, String> {
    Compiler { schema, variables }.entry(definition, given)
}

/// Compiles a value validation has accepted.
pub(crate) fn compile(
    schema: &Schema,
    ty: &Type,
    value: &Value<'_>,
    variables: &Indexes<'_>,
) -> Result<Template, String> {
    Compiler { schema, variables }.value(ty, value)
}

/// A constant that fits its type, coerced to it, as JSON.
pub(crate) fn compile_constant(
    schema: &Schema,
    ty: &Type,
    value: &Value<'_>,
) -> Result<String, String> {
    match compile(schema, ty, value, &HashMap::new())? {
        Template::Text(json) => Ok(json),
        _ => Err("a default cannot contain a variable".to_owned()),
    }
}

/// Compiles arguments into one object; arguments without value or default are left out.
pub(crate) fn compile_arguments<'v>(
    schema: &Schema,
    definitions: impl Iterator<Item = &'v InputDef>,
    given: impl Fn(&str) -> Option<&'v Value<'v>>,
    variables: &Indexes<'_>,
) -> Result<Template, String> {
    let mut compiler = Compiler { schema, variables };
    let mut entries = Vec::new();
    for definition in definitions {
        if let Some(entry) = compiler.entry(definition, given(&definition.name))? {
            entries.push(entry);
        }
    }
    Ok(object(entries))
}

struct Compiler<'c> {
    schema: &'c Schema,
    variables: &'c Indexes<'c>,
}

impl Compiler<'_> {
    fn value(&mut self, ty: &Type, value: &Value<'_>) -> Result<Template, String> {
        if let ValueKind::Variable(name) = &value.kind {
            let index = *self
                .variables
                .get(name)
                .ok_or_else(|| format!("variable \"${name}\" is not defined"))?;
            return Ok(Template::Variable {
                index,
                non_null: ty.is_non_null(),
            });
        }
        if matches!(value.kind, ValueKind::Null) {
            return Ok(Template::Text("null".to_owned()));
        }
        match ty.nullable() {
            Type::List(item) => {
                let items = match &value.kind {
                    ValueKind::List(items) => items
                        .iter()
                        .map(|value| self.value(item, value))
                        .collect::<Result<Vec<_>, _>>()?,
                    _ => vec![self.value(item, value)?],
                };
                Ok(list(items))
            }
            Type::NonNull(inner) => self.value(inner, value),
            Type::Named(id) => match &self.schema.get(*id).kind {
                Kind::Input(input) => self.input(input, value),
                Kind::Enum(_) => match &value.kind {
                    ValueKind::Enum(name) => Ok(Template::Text(json_string(name))),
                    _ => Err(format!("{} is not an enum value", Excerpt(value))),
                },
                Kind::Scalar(Scalar::Custom { .. }) => self.untyped(value),
                Kind::Scalar(scalar) => {
                    let json = literal::scalar(scalar, &value.kind);
                    json.map(Template::Text)
                        .ok_or_else(|| format!("{} does not fit its type", Excerpt(value)))
                }
                _ => Err("an output type takes no value".to_owned()),
            },
        }
    }

    fn input(&mut self, input: &InputObject, value: &Value<'_>) -> Result<Template, String> {
        let ValueKind::Object(given) = &value.kind else {
            return Err(format!("{} is not an input object", Excerpt(value)));
        };
        let mut by_name: HashMap<&str, &Value<'_>> = HashMap::with_capacity(given.len());
        for entry in given {
            by_name.entry(&entry.name).or_insert(&entry.value);
        }
        let mut entries = Vec::new();
        for definition in input.fields.values() {
            let value = by_name.get(definition.name.as_ref()).copied();
            if let Some(entry) = self.entry(definition, value)? {
                entries.push(entry);
            }
        }
        Ok(object(entries))
    }

    fn entry(
        &mut self,
        definition: &InputDef,
        value: Option<&Value<'_>>,
    ) -> Result<Option<Entry>, String> {
        let default = match &definition.default {
            // While the schema loads, a default that does not fit is not JSON.
            Some(default) if !default.json.is_empty() => Some(default.json.clone()),
            _ => None,
        };
        let written = value.map(|value| (Excerpt(value).to_string(), value.at));
        let value = match (value, &default) {
            (Some(value), _) => self.value(&definition.ty, value)?,
            (None, Some(json)) => Template::Text(json.clone()),
            (None, None) => return Ok(None),
        };
        let key = json_key(&definition.name);
        let (name, ty) = (
            definition.name.to_string(),
            self.schema.print(&definition.ty),
        );
        Ok(Some(Entry {
            name,
            key,
            value,
            default,
            non_null: definition.ty.is_non_null(),
            ty,
            written,
        }))
    }

    /// A value of a custom scalar, whose literal is taken as the JSON it looks like.
    fn untyped(&mut self, value: &Value<'_>) -> Result<Template, String> {
        Ok(match &value.kind {
            ValueKind::Variable(name) => {
                let index = *self
                    .variables
                    .get(name)
                    .ok_or_else(|| format!("variable \"${name}\" is not defined"))?;
                Template::Variable {
                    index,
                    non_null: false,
                }
            }
            ValueKind::Int(text) | ValueKind::Float(text) => Template::Text(text.to_string()),
            ValueKind::String(text) | ValueKind::Enum(text) => Template::Text(json_string(text)),
            ValueKind::Boolean(value) => Template::Text(value.to_string()),
            ValueKind::Null => Template::Text("null".to_owned()),
            ValueKind::List(items) => list(
                items
                    .iter()
                    .map(|item| self.untyped(item))
                    .collect::<Result<_, _>>()?,
            ),
            ValueKind::Object(entries) => {
                // Validation has seen that no name comes twice.
                let mut compiled = Vec::with_capacity(entries.len());
                for entry in entries {
                    compiled.push(Entry {
                        name: entry.name.to_string(),
                        key: json_key(&entry.name),
                        value: self.untyped(&entry.value)?,
                        default: None,
                        non_null: false,
                        ty: String::new(),
                        written: None,
                    });
                }
                object(compiled)
            }
        })
    }
}

fn list(items: Vec<Template>) -> Template {
    let texts: Option<Vec<&str>> = items.iter().map(text).collect();
    match texts {
        Some(texts) => Template::Text(format!("[{}]", texts.join(","))),
        None => Template::List(items),
    }
}

fn object(entries: Vec<Entry>) -> Template {
    let texts: Option<Vec<String>> = entries
        .iter()
        .map(|entry| Some(format!("{}{}", entry.key, text(&entry.value)?)))
        .collect();
    match texts {
        Some(texts) => Template::Text(format!("{{{}}}", texts.join(","))),
        None => Template::Object(entries),
    }
}

fn text(template: &Template) -> Option<&str> {
    match template {
        Template::Text(json) => Some(json),
        _ => None,
    }
}
