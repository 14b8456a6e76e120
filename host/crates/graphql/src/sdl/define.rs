//! Definitions to tables: the second pass, with every name known.

use super::declare::Builder;
use super::resolver;
use crate::excerpt::Excerpt;
use crate::schema::types::{
    Default, DirectiveDef, EnumValue, FieldDef, InputDef, InputObject, Kind, MISSING, Members,
    Scalar, Type, TypeDef, TypeId,
};
use crate::syntax::type_system::{
    DirectiveDefinition, FieldDefinition, InputValueDefinition, MemberNodes, TypeBody,
    TypeDefinition,
};
use crate::syntax::{Directive, Name, Position, TypeNode};
use indexmap::IndexMap;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// The reason when `@deprecated` gives none.
const NO_REASON: &str = "No longer supported";

impl<'d> Builder<'d> {
    /// One type with its extensions.
    pub fn type_def(&mut self, parts: &[&'d TypeDefinition<'d>]) -> Option<TypeDef> {
        let first = parts.first()?;
        let name = first.name.text;
        let directives = || parts.iter().flat_map(|part| part.directives.iter());
        let kind = match &first.body {
            TypeBody::Scalar => Kind::Scalar(scalar(name, directives())),
            TypeBody::Object(_) => Kind::Object(self.members(name, parts, false)),
            TypeBody::Interface(_) => Kind::Interface(self.members(name, parts, true)),
            TypeBody::Union(_) => Kind::Union(self.union_members(name, parts)),
            TypeBody::Enum(_) => Kind::Enum(self.enum_values(name, parts)),
            TypeBody::Input(_) => {
                let inputs = parts.iter().flat_map(|part| match &part.body {
                    TypeBody::Input(inputs) => inputs.as_slice(),
                    _ => &[],
                });
                Kind::Input(InputObject {
                    fields: self.inputs(name, inputs, "input field"),
                    one_of: directives().any(|directive| directive.name.text == "oneOf"),
                })
            }
        };
        Some(TypeDef {
            name: Arc::from(name),
            description: owned(&first.description),
            kind,
            guard: None,
            at: first.name.at,
        })
    }

    fn members(
        &mut self,
        owner: &str,
        parts: &[&'d TypeDefinition<'d>],
        is_interface: bool,
    ) -> Members {
        let parts = || {
            parts.iter().filter_map(|part| match &part.body {
                TypeBody::Object(members) | TypeBody::Interface(members) => Some(members),
                _ => None,
            })
        };
        let interfaces = parts().flat_map(|part: &MemberNodes<'_>| &part.interfaces);
        let interfaces = self.types(interfaces, |name| {
            format!(
                "\"{}\" can implement \"{}\" only once; remove one",
                Excerpt(owner),
                Excerpt(name)
            )
        });
        let mut fields: IndexMap<Arc<str>, FieldDef> = IndexMap::new();
        for field in parts().flat_map(|part| &part.fields) {
            if self.is_again(
                field.name,
                fields.get(field.name.text).map(|field| field.at),
                || format!("field \"{}.{}\"", Excerpt(owner), Excerpt(field.name.text)),
            ) {
                continue;
            }
            let definition = self.field(owner, field, is_interface);
            fields.insert(definition.name.clone(), definition);
        }
        Members { fields, interfaces }
    }

    /// The types of these names, each once; `again` reports one that comes twice.
    fn types<'n>(
        &mut self,
        names: impl Iterator<Item = &'n Name<'n>>,
        again: impl Fn(&str) -> String,
    ) -> Vec<TypeId> {
        let mut types = indexmap::IndexSet::new();
        for name in names {
            if let Some(id) = self.named(*name)
                && !types.insert(id)
            {
                self.problems.add(name.at, || again(name.text));
            }
        }
        types.into_iter().collect()
    }

    /// Whether a name was defined before; tells if so.
    fn is_again(
        &mut self,
        name: Name<'_>,
        before: Option<Position>,
        what: impl FnOnce() -> String,
    ) -> bool {
        if let Some(before) = before {
            self.problems.add(name.at, || {
                let line = before.line;
                format!(
                    "{} can be defined only once, and line {line} defines it; remove one",
                    what()
                )
            });
        }
        before.is_some()
    }

    fn field(
        &mut self,
        owner: &str,
        field: &'d FieldDefinition<'d>,
        is_interface: bool,
    ) -> FieldDef {
        let Name { text: name, at } = field.name;
        let is_own = !owner.starts_with("__");
        if is_own {
            self.reserved(field.name);
        }
        let label = coordinate(owner, name);
        let arguments = self.inputs(&label, field.arguments.iter(), "argument");
        let resolve = resolver::read(&field.directives, &mut self.problems);
        if resolve.is_some() && is_interface {
            self.problems.add(at, || {
                format!(
                    "\"{label}\" has @resolve, but fields of interfaces are never called; put it on the types that implement \"{}\"",
                    Excerpt(owner)
                )
            });
        }
        FieldDef {
            name: Arc::from(name),
            description: owned(&field.description),
            arguments,
            ty: self.ty(&field.ty, is_own),
            deprecated: deprecated(&field.directives),
            resolve,
            guard: None,
            at,
        }
    }

    fn union_members(&mut self, owner: &str, parts: &[&'d TypeDefinition<'d>]) -> Vec<TypeId> {
        let members = parts.iter().flat_map(|part| match &part.body {
            TypeBody::Union(members) => members.as_slice(),
            _ => &[],
        });
        self.types(members, |name| {
            format!(
                "union \"{}\" can include \"{}\" only once; remove one",
                Excerpt(owner),
                Excerpt(name)
            )
        })
    }

    fn enum_values(
        &mut self,
        owner: &str,
        parts: &[&'d TypeDefinition<'d>],
    ) -> IndexMap<Arc<str>, EnumValue> {
        let is_own = !owner.starts_with("__");
        let mut values = IndexMap::new();
        let mut places: HashMap<&str, Position> = HashMap::new();
        let definitions = parts.iter().flat_map(|part| match &part.body {
            TypeBody::Enum(values) => values.as_slice(),
            _ => &[],
        });
        for value in definitions {
            let name = value.name;
            if is_own {
                self.reserved(name);
            }
            if self.is_again(name, places.get(name.text).copied(), || {
                format!("enum value \"{}.{}\"", Excerpt(owner), Excerpt(name.text))
            }) {
                continue;
            }
            places.insert(name.text, name.at);
            let definition = EnumValue {
                description: owned(&value.description),
                deprecated: deprecated(&value.directives),
            };
            values.insert(Arc::from(name.text), definition);
        }
        values
    }

    fn inputs(
        &mut self,
        owner: &str,
        inputs: impl Iterator<Item = &'d InputValueDefinition<'d>>,
        noun: &str,
    ) -> IndexMap<Arc<str>, InputDef> {
        let is_own = !owner.starts_with("__");
        let mut defined: IndexMap<Arc<str>, InputDef> = IndexMap::new();
        for input in inputs {
            let Name { text: name, at } = input.name;
            if is_own {
                self.reserved(input.name);
            }
            if self.is_again(input.name, defined.get(name).map(|input| input.at), || {
                format!("{noun} \"{}\" of \"{}\"", Excerpt(name), Excerpt(owner))
            }) {
                continue;
            }
            let definition = InputDef {
                name: Arc::from(name),
                description: owned(&input.description),
                ty: self.ty(&input.ty, is_own),
                default: input.default.as_ref().map(|value| Default {
                    value: value.to_static(),
                    json: String::new(),
                }),
                deprecated: deprecated(&input.directives),
                at,
            };
            defined.insert(definition.name.clone(), definition);
        }
        defined
    }

    /// One directive.
    pub fn directive_def(&mut self, directive: &'d DirectiveDefinition<'d>) -> DirectiveDef {
        let name = directive.name.text;
        let owner = format!("@{}", Excerpt(name));
        let mut locations = directive.locations.clone();
        let mut seen = std::collections::HashSet::new();
        locations.retain(|location| seen.insert(*location));
        DirectiveDef {
            name: Arc::from(name),
            description: owned(&directive.description),
            arguments: self.inputs(&owner, directive.arguments.iter(), "argument"),
            repeatable: directive.repeatable,
            locations,
        }
    }

    fn ty(&mut self, ty: &TypeNode<'_>, is_own: bool) -> Type {
        match ty {
            TypeNode::Named(name) => {
                let known = if is_own {
                    self.named(*name)
                } else {
                    self.names.get(name.text).copied()
                };
                let missing = || self.names.get(MISSING).copied().unwrap_or(TypeId(0));
                Type::Named(known.unwrap_or_else(missing))
            }
            TypeNode::List(_, inner) => Type::List(Box::new(self.ty(inner, is_own))),
            TypeNode::NonNull(inner) => Type::NonNull(Box::new(self.ty(inner, is_own))),
        }
    }
}

/// `Type.field`, for messages.
fn coordinate(owner: &str, name: &str) -> String {
    format!("{}.{}", Excerpt(owner), Excerpt(name))
}

fn scalar<'d>(name: &str, mut directives: impl Iterator<Item = &'d Directive<'d>>) -> Scalar {
    match name {
        "Int" => Scalar::Int,
        "Float" => Scalar::Float,
        "String" => Scalar::String,
        "Boolean" => Scalar::Boolean,
        "ID" => Scalar::Id,
        _ => Scalar::Custom {
            specified_by: directives
                .find(|directive| directive.name.text == "specifiedBy")
                .and_then(|directive| directive.string_argument("url"))
                .map(str::to_owned),
        },
    }
}

fn deprecated(directives: &[Directive<'_>]) -> Option<String> {
    let directive = directives
        .iter()
        .find(|directive| directive.name.text == "deprecated")?;
    Some(
        directive
            .string_argument("reason")
            .unwrap_or(NO_REASON)
            .to_owned(),
    )
}

fn owned(text: &Option<Cow<'_, str>>) -> Option<String> {
    text.as_ref().map(|text| text.to_string())
}
