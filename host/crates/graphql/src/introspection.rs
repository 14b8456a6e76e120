//! Answers `__schema` and `__type` from the type tables, straight into the response.
//!
//! Nothing here can fail but for lack of room: validation has seen that every field exists, and the tables are complete. `@resolve`
//! is not shown. The walk keeps its place in a stack of its own, so that whoever has it written can stop at any number of bytes, to
//! let others run or because there is room for no more.

use crate::coercion::template::Template;
use crate::coercion::values::Values;
use crate::plan::node::{FieldPlan, ObjectPlan, Output, Shape, Source};
use crate::response::json_string;
use crate::schema::Schema;
use crate::schema::types::{
    DirectiveDef, EnumValue, FieldDef, InputDef, Kind, Scalar, Type, TypeDef, TypeId,
};

/// The value of a field `__schema` or `__type` on its way into the response.
pub(crate) struct Introspection<'p> {
    schema: &'p Schema,
    values: &'p Values,
    /// What is being written, outermost first.
    open: Vec<Open<'p>>,
}

/// A value that is not written to its end.
enum Open<'p> {
    /// The value itself, of which nothing is written.
    Value(MetaAnswer<'p>, &'p Output),
    /// An object, and how many of its fields are written.
    Object(Meta<'p>, &'p ObjectPlan, usize),
    /// What is left of a list, and whether nothing of it is written.
    List(std::vec::IntoIter<Meta<'p>>, &'p Output, bool),
}

impl<'p> Introspection<'p> {
    /// The value of a field, which is `__schema` or `__type`.
    pub fn new(
        schema: &'p Schema,
        values: &'p Values,
        field: &FieldPlan,
        argument: Option<&Template>,
        output: &'p Output,
    ) -> Self {
        let found = match field.name.as_ref() {
            "__schema" => MetaAnswer::Object(Meta::Schema),
            _ => {
                let json = argument.and_then(|argument| argument.value(values));
                let name = json.and_then(mayfly_json::string);
                let ty = name.and_then(|name| schema.by_name(&name));
                let ty = ty.filter(|ty| schema.shows(*ty));
                ty.map_or(MetaAnswer::Null, |ty| MetaAnswer::Object(Meta::Named(ty)))
            }
        };
        Self {
            schema,
            values,
            open: vec![Open::Value(found, output)],
        }
    }

    /// Writes on until nothing is left, which it says by true, or `out` is longer than `until`.
    pub fn write(&mut self, out: &mut Vec<u8>, until: usize) -> bool {
        while let Some(open) = self.open.pop() {
            match open {
                Open::Value(answer, output) => self.value(answer, output, out),
                Open::Object(meta, plan, next) => self.member(meta, plan, next, out),
                Open::List(items, output, is_first) => self.item(items, output, is_first, out),
            }
            if out.len() > until {
                return false;
            }
        }
        true
    }

    /// Writes a value that is one piece, or opens it.
    fn value(&mut self, answer: MetaAnswer<'p>, output: &'p Output, out: &mut Vec<u8>) {
        match answer {
            MetaAnswer::Null => out.extend_from_slice(b"null"),
            MetaAnswer::Text(text) => out.extend_from_slice(json_string(text).as_bytes()),
            MetaAnswer::Made(text) => out.extend_from_slice(json_string(&text).as_bytes()),
            MetaAnswer::Flag(value) => {
                out.extend_from_slice(if value { b"true" } else { b"false" })
            }
            MetaAnswer::Texts(texts) => {
                let texts: Vec<String> = texts.iter().map(|text| json_string(text)).collect();
                out.extend_from_slice(format!("[{}]", texts.join(",")).as_bytes());
            }
            MetaAnswer::Object(meta) => match object_plan(output) {
                Some(plan) => {
                    out.push(b'{');
                    self.open.push(Open::Object(meta, plan, 0));
                }
                None => out.extend_from_slice(b"null"),
            },
            MetaAnswer::Objects(items) => {
                out.push(b'[');
                self.open.push(Open::List(items.into_iter(), output, true));
            }
        }
    }

    fn member(&mut self, meta: Meta<'p>, plan: &'p ObjectPlan, next: usize, out: &mut Vec<u8>) {
        let Some(field) = plan.fields.get(next) else {
            return out.push(b'}');
        };
        if next > 0 {
            out.push(b',');
        }
        out.extend_from_slice(field.key_json.as_bytes());
        self.open.push(Open::Object(meta, plan, next + 1));
        match &field.source {
            Source::Meta {
                argument, output, ..
            } => {
                let deprecated = argument
                    .as_ref()
                    .and_then(|argument| argument.value(self.values))
                    == Some("true");
                let answer = self.field(&meta, &field.name, deprecated);
                self.open.push(Open::Value(answer, output));
            }
            _ => out.extend_from_slice(json_string(&plan.type_name).as_bytes()),
        }
    }

    fn item(
        &mut self,
        mut items: std::vec::IntoIter<Meta<'p>>,
        output: &'p Output,
        is_first: bool,
        out: &mut Vec<u8>,
    ) {
        let Some(item) = items.next() else {
            return out.push(b']');
        };
        if !is_first {
            out.push(b',');
        }
        self.open.push(Open::List(items, output, false));
        self.open
            .push(Open::Value(MetaAnswer::Object(item), output));
    }
}

/// What introspection speaks of.
#[derive(Clone, Copy)]
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
enum MetaAnswer<'s> {
    Null,
    Text(&'s str),
    /// A text that is made rather than found.
    Made(String),
    Flag(bool),
    Object(Meta<'s>),
    Objects(Vec<Meta<'s>>),
    Texts(&'s [&'static str]),
}

impl<'s> MetaAnswer<'s> {
    fn text(text: Option<&'s str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

impl<'s> Introspection<'s> {
    fn field(&self, meta: &Meta<'s>, name: &str, deprecated: bool) -> MetaAnswer<'s> {
        match *meta {
            Meta::Schema => self.schema_field(name),
            Meta::Named(id) => self.type_field(id, name, deprecated),
            Meta::Wrapped(Type::Named(id)) => self.type_field(*id, name, deprecated),
            Meta::Wrapped(Type::List(inner)) => wrapper_field(name, "LIST", inner),
            Meta::Wrapped(Type::NonNull(inner)) => wrapper_field(name, "NON_NULL", inner),
            Meta::Field(field) => match name {
                "name" => MetaAnswer::Text(&field.name),
                "description" => MetaAnswer::text(field.description.as_deref()),
                "args" => MetaAnswer::Objects(inputs(field.arguments.values(), deprecated)),
                "type" => MetaAnswer::Object(Meta::Wrapped(&field.ty)),
                "isDeprecated" => MetaAnswer::Flag(field.deprecated.is_some()),
                _ => MetaAnswer::text(field.deprecated.as_deref()),
            },
            Meta::Input(input) => match name {
                "name" => MetaAnswer::Text(&input.name),
                "description" => MetaAnswer::text(input.description.as_deref()),
                "type" => MetaAnswer::Object(Meta::Wrapped(&input.ty)),
                "defaultValue" => input.default.as_ref().map_or(MetaAnswer::Null, |default| {
                    MetaAnswer::Made(default.value.to_string())
                }),
                "isDeprecated" => MetaAnswer::Flag(input.deprecated.is_some()),
                _ => MetaAnswer::text(input.deprecated.as_deref()),
            },
            Meta::EnumValue(value, definition) => match name {
                "name" => MetaAnswer::Text(value),
                "description" => MetaAnswer::text(definition.description.as_deref()),
                "isDeprecated" => MetaAnswer::Flag(definition.deprecated.is_some()),
                _ => MetaAnswer::text(definition.deprecated.as_deref()),
            },
            Meta::Directive(directive) => match name {
                "name" => MetaAnswer::Text(&directive.name),
                "description" => MetaAnswer::text(directive.description.as_deref()),
                "isRepeatable" => MetaAnswer::Flag(directive.repeatable),
                "locations" => MetaAnswer::Texts(&directive.locations),
                _ => MetaAnswer::Objects(inputs(directive.arguments.values(), deprecated)),
            },
        }
    }

    fn schema_field(&self, name: &str) -> MetaAnswer<'s> {
        let schema = self.schema;
        match name {
            "types" => {
                let shown = schema.listed().iter().filter(|id| schema.shows(**id));
                MetaAnswer::Objects(shown.map(|id| Meta::Named(*id)).collect())
            }
            "queryType" => MetaAnswer::Object(Meta::Named(schema.query())),
            "mutationType" => schema
                .mutation()
                .filter(|id| schema.shows(*id))
                .map_or(MetaAnswer::Null, |id| MetaAnswer::Object(Meta::Named(id))),
            "directives" => {
                MetaAnswer::Objects(schema.shown_directives().map(Meta::Directive).collect())
            }
            "description" => MetaAnswer::text(schema.description()),
            // Subscriptions are not served.
            _ => MetaAnswer::Null,
        }
    }

    fn type_field(&self, id: TypeId, name: &str, deprecated: bool) -> MetaAnswer<'s> {
        let schema = self.schema;
        let ty = schema.get(id);
        match name {
            "kind" => MetaAnswer::Text(kind(ty)),
            "name" => MetaAnswer::Text(&ty.name),
            "description" => MetaAnswer::text(ty.description.as_deref()),
            "specifiedByURL" => match &ty.kind {
                Kind::Scalar(Scalar::Custom { specified_by }) => {
                    MetaAnswer::text(specified_by.as_deref())
                }
                _ => MetaAnswer::Null,
            },
            "fields" => ty.fields().map_or(MetaAnswer::Null, |fields| {
                let shown = fields
                    .values()
                    .filter(|field| deprecated || field.deprecated.is_none())
                    .filter(|field| schema.shows_field(id, field));
                MetaAnswer::Objects(shown.map(Meta::Field).collect())
            }),
            "interfaces" if ty.fields().is_some() => {
                let shown = ty.interfaces().iter().filter(|id| schema.shows(**id));
                MetaAnswer::Objects(shown.map(|id| Meta::Named(*id)).collect())
            }
            "possibleTypes" if ty.is_abstract() => MetaAnswer::Objects(
                schema
                    .possible(id)
                    .iter()
                    .filter(|id| schema.shows(**id))
                    .map(|id| Meta::Named(*id))
                    .collect(),
            ),
            "enumValues" => match &ty.kind {
                Kind::Enum(values) => {
                    let shown = values
                        .iter()
                        .filter(|(_, value)| deprecated || value.deprecated.is_none());
                    MetaAnswer::Objects(
                        shown
                            .map(|(name, value)| Meta::EnumValue(name, value))
                            .collect(),
                    )
                }
                _ => MetaAnswer::Null,
            },
            "inputFields" => match &ty.kind {
                Kind::Input(input) => {
                    MetaAnswer::Objects(inputs(input.fields.values(), deprecated))
                }
                _ => MetaAnswer::Null,
            },
            "isOneOf" => match &ty.kind {
                Kind::Input(input) => MetaAnswer::Flag(input.one_of),
                _ => MetaAnswer::Null,
            },
            _ => MetaAnswer::Null,
        }
    }
}

fn wrapper_field<'m>(name: &str, kind: &'static str, inner: &'m Type) -> MetaAnswer<'m> {
    match name {
        "kind" => MetaAnswer::Text(kind),
        "ofType" => MetaAnswer::Object(Meta::Wrapped(inner)),
        _ => MetaAnswer::Null,
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

fn object_plan(output: &Output) -> Option<&ObjectPlan> {
    match &output.shape {
        Shape::List(item, _) => object_plan(item),
        Shape::Object(plan) => Some(plan),
        _ => None,
    }
}
