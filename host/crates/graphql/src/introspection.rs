//! Answers `__schema` and `__type` from the type tables, straight into the response.
//!
//! Validation has seen that every field exists, and the tables are complete, so two things can fail: there may be no room, and a
//! variable may be null where an argument may not be. `@resolve` is not shown. The walk keeps its place in a stack of its own, so that
//! whoever has it written can stop at any number of bytes, to let others run or because there is room for no more.

use crate::coercion::template::{BadArgument, Entry};
use crate::coercion::values::Values;
use crate::plan::node::{FieldPlan, ObjectPlan, Output, Shape, Source};
use crate::plan::path::Step;
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

/// How far the writing came.
pub(crate) enum Written<'p> {
    /// To the end.
    Whole,
    /// To as many bytes as were allowed.
    Part,
    /// To a field that fails; it goes on after the value around it that has become null.
    Failure(Failure<'p>),
}

/// A field that fails.
pub(crate) struct Failure<'p> {
    pub bad: BadArgument,
    /// Where it is, below the value itself.
    pub path: Vec<Step<'p>>,
    /// Whether no value around it may be null, so that the whole value fails; nothing more is to be written then.
    pub is_whole: bool,
}

/// A value that is not written to its end.
enum Open<'p> {
    /// The value itself, of which nothing is written.
    Value(MetaAnswer<'p>, &'p Output),
    Object(OpenObject<'p>),
    /// What is left of a list, and how many items are written.
    List(std::vec::IntoIter<Meta<'p>>, &'p Output, usize),
}

/// An object that is not written to its end.
struct OpenObject<'p> {
    meta: Meta<'p>,
    plan: &'p ObjectPlan,
    /// How many of its fields are written, the last of them perhaps in part.
    begun: usize,
    /// Where the value of the last of them begins.
    value_at: usize,
}

impl<'p> OpenObject<'p> {
    /// The last field that is written, or being written.
    fn field(&self) -> Option<&'p FieldPlan> {
        self.plan.fields.get(self.begun.checked_sub(1)?)
    }

    fn field_is_nullable(&self) -> bool {
        self.field().is_some_and(|field| match &field.source {
            Source::Meta { output, .. } => output.nullable,
            _ => false,
        })
    }
}

impl<'p> Introspection<'p> {
    /// The value of a field, which is `__schema` or `__type`.
    pub fn new(
        schema: &'p Schema,
        values: &'p Values,
        field: &FieldPlan,
        argument: Option<&Entry>,
        output: &'p Output,
    ) -> Result<Self, BadArgument> {
        let argument = argument.map_or(Ok(None), |argument| argument.value(values))?;
        let found = match field.name.as_ref() {
            "__schema" => MetaAnswer::Object(Meta::Schema),
            _ => {
                let name = argument.and_then(mayfly_json::string);
                let ty = name.and_then(|name| schema.by_name(&name));
                let ty = ty.filter(|ty| schema.shows(*ty));
                ty.map_or(MetaAnswer::Null, |ty| MetaAnswer::Object(Meta::Named(ty)))
            }
        };
        Ok(Self {
            schema,
            values,
            open: vec![Open::Value(found, output)],
        })
    }

    /// Writes on until nothing is left, `out` is longer than `until`, or a field fails.
    pub fn write(&mut self, out: &mut Vec<u8>, until: usize) -> Written<'p> {
        while let Some(open) = self.open.pop() {
            match open {
                Open::Value(answer, output) => self.value(answer, output, out),
                Open::Object(object) => {
                    if let Err(bad) = self.member(object, out) {
                        return Written::Failure(self.fail(bad, out));
                    }
                }
                Open::List(items, output, written) => self.item(items, output, written, out),
            }
            if out.len() > until {
                return Written::Part;
            }
        }
        Written::Whole
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
                    self.open.push(Open::Object(OpenObject {
                        meta,
                        plan,
                        begun: 0,
                        value_at: out.len(),
                    }));
                }
                None => out.extend_from_slice(b"null"),
            },
            MetaAnswer::Objects(items) => {
                out.push(b'[');
                self.open.push(Open::List(items.into_iter(), output, 0));
            }
        }
    }

    fn member(&mut self, mut object: OpenObject<'p>, out: &mut Vec<u8>) -> Result<(), BadArgument> {
        let OpenObject { meta, plan, .. } = object;
        let Some(field) = plan.fields.get(object.begun) else {
            out.push(b'}');
            return Ok(());
        };
        if object.begun > 0 {
            out.push(b',');
        }
        out.extend_from_slice(field.key_json.as_bytes());
        object.begun += 1;
        object.value_at = out.len();
        self.open.push(Open::Object(object));
        match &field.source {
            Source::Meta {
                argument, output, ..
            } => {
                let argument = argument.as_deref();
                let json = argument.map_or(Ok(None), |argument| argument.value(self.values))?;
                let answer = self.field(&meta, &field.name, json == Some("true"));
                self.open.push(Open::Value(answer, output));
            }
            _ => out.extend_from_slice(json_string(&plan.type_name).as_bytes()),
        }
        Ok(())
    }

    fn item(
        &mut self,
        mut items: std::vec::IntoIter<Meta<'p>>,
        output: &'p Output,
        written: usize,
        out: &mut Vec<u8>,
    ) {
        let Some(item) = items.next() else {
            return out.push(b']');
        };
        if written > 0 {
            out.push(b',');
        }
        self.open.push(Open::List(items, output, written + 1));
        self.open
            .push(Open::Value(MetaAnswer::Object(item), output));
    }

    /// Makes null of the innermost field under way that may be null. No item of a list may be.
    fn fail(&mut self, bad: BadArgument, out: &mut Vec<u8>) -> Failure<'p> {
        let path = self.path();
        while let Some(open) = self.open.pop() {
            let Open::Object(object) = open else {
                continue;
            };
            if object.field_is_nullable() {
                out.truncate(object.value_at);
                out.extend_from_slice(b"null");
                self.open.push(Open::Object(object));
                break;
            }
        }
        Failure {
            bad,
            path,
            is_whole: self.open.is_empty(),
        }
    }

    /// Where the field under way is, below the value itself.
    fn path(&self) -> Vec<Step<'p>> {
        let step = |open: &Open<'p>| match open {
            Open::Value(..) => None,
            Open::Object(object) => object.field().map(Step::Key),
            Open::List(_, _, written) => written.checked_sub(1).map(Step::Index),
        };
        self.open.iter().filter_map(step).collect()
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
