//! Answers `__schema` and `__type` from the type tables, straight into the response.
//!
//! Nothing here can fail: validation has seen that every field exists, and the tables are complete. `@resolve` is not shown.

use crate::coercion::template::Template;
use crate::coercion::values::Values;
use crate::plan::node::{FieldPlan, ObjectPlan, Output, Shape, Source};
use crate::response::json_string;
use crate::schema::Schema;
use crate::schema::types::{
    DirectiveDef, EnumValue, FieldDef, InputDef, Kind, Scalar, Type, TypeDef, TypeId,
};

/// Writes the value of `__schema` or `__type`.
pub(crate) fn write(
    schema: &Schema,
    field: &FieldPlan,
    arguments: &Template,
    output: &Output,
    values: &Values,
    out: &mut Vec<u8>,
) {
    let writer = Writer { schema, values };
    let found = match field.name.as_ref() {
        "__schema" => Answer::Object(Meta::Schema),
        _ => {
            let name = argument(arguments, values, "name");
            let ty = name
                .as_ref()
                .and_then(serde_json::Value::as_str)
                .and_then(|name| schema.by_name(name));
            ty.map_or(Answer::Null, |ty| Answer::Object(Meta::Named(ty)))
        }
    };
    writer.answer(&found, output, out);
}

/// What introspection speaks of.
enum Meta<'s> {
    Schema,
    Named(TypeId),
    Wrapped(&'s Type),
    Field(&'s FieldDef),
    Input(&'s InputDef),
    EnumValue(&'s str, &'s EnumValue),
    Directive(&'s DirectiveDef),
}

/// The value of one of its fields.
enum Answer<'s> {
    Null,
    Text(&'s str),
    Flag(bool),
    Object(Meta<'s>),
    Objects(Vec<Meta<'s>>),
    Texts(&'s [&'static str]),
}

impl<'s> Answer<'s> {
    fn text(text: Option<&'s str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

struct Writer<'s> {
    schema: &'s Schema,
    values: &'s Values,
}

impl<'s> Writer<'s> {
    fn answer(&self, answer: &Answer<'_>, output: &Output, out: &mut Vec<u8>) {
        match answer {
            Answer::Null => out.extend_from_slice(b"null"),
            Answer::Text(text) => out.extend_from_slice(json_string(text).as_bytes()),
            Answer::Flag(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
            Answer::Object(meta) => self.object(meta, output, out),
            Answer::Objects(items) => list(items, out, |item, out| self.object(item, output, out)),
            Answer::Texts(items) => list(items, out, |item, out| {
                out.extend_from_slice(json_string(item).as_bytes())
            }),
        }
    }

    fn object(&self, meta: &Meta<'_>, output: &Output, out: &mut Vec<u8>) {
        let Some(plan) = object_plan(output) else {
            return out.extend_from_slice(b"null");
        };
        out.push(b'{');
        for (index, field) in plan.fields.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(field.key_json.as_bytes());
            match &field.source {
                Source::Meta { arguments, output } => {
                    if meta.is_default_value(&field.name) {
                        // The only text that is made rather than found.
                        out.extend_from_slice(meta.default_value().as_bytes());
                        continue;
                    }
                    let deprecated = argument(arguments, self.values, "includeDeprecated")
                        .is_some_and(|value| value == true);
                    self.answer(&self.field(meta, &field.name, deprecated), output, out);
                }
                _ => out.extend_from_slice(json_string(&plan.type_name).as_bytes()),
            }
        }
        out.push(b'}');
    }

    fn field<'m>(&self, meta: &Meta<'m>, name: &str, deprecated: bool) -> Answer<'m>
    where
        's: 'm,
    {
        match meta {
            Meta::Schema => self.schema_field(name),
            Meta::Named(id) => self.type_field(*id, name, deprecated),
            Meta::Wrapped(Type::Named(id)) => self.type_field(*id, name, deprecated),
            Meta::Wrapped(Type::List(inner)) => wrapper_field(name, "LIST", inner),
            Meta::Wrapped(Type::NonNull(inner)) => wrapper_field(name, "NON_NULL", inner),
            Meta::Field(field) => match name {
                "name" => Answer::Text(&field.name),
                "description" => Answer::text(field.description.as_deref()),
                "args" => Answer::Objects(inputs(field.arguments.values(), deprecated)),
                "type" => Answer::Object(Meta::Wrapped(&field.ty)),
                "isDeprecated" => Answer::Flag(field.deprecated.is_some()),
                _ => Answer::text(field.deprecated.as_deref()),
            },
            Meta::Input(input) => match name {
                "name" => Answer::Text(&input.name),
                "description" => Answer::text(input.description.as_deref()),
                "type" => Answer::Object(Meta::Wrapped(&input.ty)),
                "isDeprecated" => Answer::Flag(input.deprecated.is_some()),
                _ => Answer::text(input.deprecated.as_deref()),
            },
            Meta::EnumValue(value, definition) => match name {
                "name" => Answer::Text(value),
                "description" => Answer::text(definition.description.as_deref()),
                "isDeprecated" => Answer::Flag(definition.deprecated.is_some()),
                _ => Answer::text(definition.deprecated.as_deref()),
            },
            Meta::Directive(directive) => match name {
                "name" => Answer::Text(&directive.name),
                "description" => Answer::text(directive.description.as_deref()),
                "isRepeatable" => Answer::Flag(directive.repeatable),
                "locations" => Answer::Texts(&directive.locations),
                _ => Answer::Objects(inputs(directive.arguments.values(), deprecated)),
            },
        }
    }

    fn schema_field(&self, name: &str) -> Answer<'s> {
        let schema = self.schema;
        match name {
            "types" => Answer::Objects(schema.listed().iter().map(|id| Meta::Named(*id)).collect()),
            "queryType" => Answer::Object(Meta::Named(schema.query())),
            "mutationType" => schema
                .mutation()
                .map_or(Answer::Null, |id| Answer::Object(Meta::Named(id))),
            "directives" => {
                Answer::Objects(schema.shown_directives().map(Meta::Directive).collect())
            }
            // The parser of SDL takes no description of a schema, and subscriptions are not served.
            _ => Answer::Null,
        }
    }

    fn type_field(&self, id: TypeId, name: &str, deprecated: bool) -> Answer<'s> {
        let schema = self.schema;
        let ty = schema.get(id);
        match name {
            "kind" => Answer::Text(kind(ty)),
            "name" => Answer::Text(&ty.name),
            "description" => Answer::text(ty.description.as_deref()),
            "specifiedByURL" => match &ty.kind {
                Kind::Scalar(Scalar::Custom { specified_by }) => {
                    Answer::text(specified_by.as_deref())
                }
                _ => Answer::Null,
            },
            "fields" => ty.fields().map_or(Answer::Null, |fields| {
                let shown = fields
                    .values()
                    .filter(|field| deprecated || field.deprecated.is_none());
                Answer::Objects(shown.map(Meta::Field).collect())
            }),
            "interfaces" if ty.fields().is_some() => {
                Answer::Objects(ty.interfaces().iter().map(|id| Meta::Named(*id)).collect())
            }
            "possibleTypes" if ty.is_abstract() => Answer::Objects(
                schema
                    .possible(id)
                    .iter()
                    .map(|id| Meta::Named(*id))
                    .collect(),
            ),
            "enumValues" => match &ty.kind {
                Kind::Enum(values) => {
                    let shown = values
                        .iter()
                        .filter(|(_, value)| deprecated || value.deprecated.is_none());
                    Answer::Objects(
                        shown
                            .map(|(name, value)| Meta::EnumValue(name, value))
                            .collect(),
                    )
                }
                _ => Answer::Null,
            },
            "inputFields" => match &ty.kind {
                Kind::Input(input) => Answer::Objects(inputs(input.fields.values(), deprecated)),
                _ => Answer::Null,
            },
            "isOneOf" => match &ty.kind {
                Kind::Input(input) => Answer::Flag(input.one_of),
                _ => Answer::Null,
            },
            _ => Answer::Null,
        }
    }
}

impl Meta<'_> {
    fn is_default_value(&self, name: &str) -> bool {
        name == "defaultValue" && matches!(self, Self::Input(_))
    }

    fn default_value(&self) -> String {
        match self {
            Self::Input(InputDef {
                default: Some(default),
                ..
            }) => json_string(&default.value.to_string()),
            _ => "null".to_owned(),
        }
    }
}

fn wrapper_field<'m>(name: &str, kind: &'static str, inner: &'m Type) -> Answer<'m> {
    match name {
        "kind" => Answer::Text(kind),
        "ofType" => Answer::Object(Meta::Wrapped(inner)),
        _ => Answer::Null,
    }
}

fn kind(ty: &TypeDef) -> &'static str {
    match ty.kind {
        Kind::Scalar(_) => "SCALAR",
        Kind::Object(_) => "OBJECT",
        Kind::Interface(_) => "INTERFACE",
        Kind::Union(_) => "UNION",
        Kind::Enum(_) => "ENUM",
        Kind::Input(_) => "INPUT_OBJECT",
    }
}

fn inputs<'m>(inputs: impl Iterator<Item = &'m InputDef>, deprecated: bool) -> Vec<Meta<'m>> {
    inputs
        .filter(|input| deprecated || input.deprecated.is_none())
        .map(Meta::Input)
        .collect()
}

fn argument(arguments: &Template, values: &Values, name: &str) -> Option<serde_json::Value> {
    let json = arguments.render_arguments(values).ok()?;
    let arguments: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&json).ok()?;
    arguments
        .into_iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value)
}

fn object_plan(output: &Output) -> Option<&ObjectPlan> {
    match &output.shape {
        Shape::List(item, _) => object_plan(item),
        Shape::Object(plan) => Some(plan),
        _ => None,
    }
}

fn list<T>(items: &[T], out: &mut Vec<u8>, mut write: impl FnMut(&T, &mut Vec<u8>)) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(b']');
}
