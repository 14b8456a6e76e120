//! Definitions to tables: the second pass, with every name known.

use super::super::types::{
    Default, DirectiveDef, EnumValue, FieldDef, InputDef, InputObject, Kind, Members, Resolver,
    Scalar, Type, TypeDef, TypeId,
};
use super::convert::{constant, deprecated, description, directive_text, location_name, position};
use super::declare::Builder;
use crate::response::Position;
use async_graphql::Value as ConstValue;
use async_graphql::parser::Positioned;
use async_graphql::parser::types as ast;
use indexmap::IndexMap;
use std::sync::Arc;

impl<'d> Builder<'d> {
    /// One type with its extensions.
    pub fn type_def(&mut self, parts: &[&'d ast::TypeDefinition]) -> Option<TypeDef> {
        let first = parts.first()?;
        let name: Arc<str> = Arc::from(first.name.node.as_str());
        let directives = || parts.iter().flat_map(|part| part.directives.iter());
        let kind = match &first.kind {
            ast::TypeKind::Scalar => Kind::Scalar(match name.as_ref() {
                "Int" => Scalar::Int,
                "Float" => Scalar::Float,
                "String" => Scalar::String,
                "Boolean" => Scalar::Boolean,
                "ID" => Scalar::Id,
                _ => Scalar::Custom {
                    specified_by: directive_text(directives(), "specifiedBy", "url"),
                },
            }),
            ast::TypeKind::Object(_) => Kind::Object(self.members(&name, parts, false)),
            ast::TypeKind::Interface(_) => Kind::Interface(self.members(&name, parts, true)),
            ast::TypeKind::Union(_) => Kind::Union(self.union_members(&name, parts)),
            ast::TypeKind::Enum(_) => Kind::Enum(self.enum_values(&name, parts)),
            ast::TypeKind::InputObject(_) => {
                let mut inputs = Vec::new();
                for part in parts {
                    if let ast::TypeKind::InputObject(input) = &part.kind {
                        inputs.extend(input.fields.iter());
                    }
                }
                let one_of = directives().any(|directive| directive.node.name.node == "oneOf");
                Kind::Input(InputObject {
                    fields: self.inputs(&name, inputs, "INPUT_FIELD_DEFINITION"),
                    one_of,
                })
            }
        };
        let location = match &first.kind {
            ast::TypeKind::Scalar => "SCALAR",
            ast::TypeKind::Object(_) => "OBJECT",
            ast::TypeKind::Interface(_) => "INTERFACE",
            ast::TypeKind::Union(_) => "UNION",
            ast::TypeKind::Enum(_) => "ENUM",
            ast::TypeKind::InputObject(_) => "INPUT_OBJECT",
        };
        self.applied(directives(), location);
        Some(TypeDef {
            name,
            description: description(first.description.as_ref()),
            kind,
        })
    }

    fn members(
        &mut self,
        owner: &str,
        parts: &[&'d ast::TypeDefinition],
        interface: bool,
    ) -> Members {
        let mut members = Members::default();
        for part in parts {
            let (implements, fields) = match &part.kind {
                ast::TypeKind::Object(object) => (&object.implements, &object.fields),
                ast::TypeKind::Interface(interface) => (&interface.implements, &interface.fields),
                _ => continue,
            };
            for name in implements {
                let at = position(name.pos);
                match self.names.get(name.node.as_str()).copied() {
                    None => self.problems.add(
                        at,
                        format!(
                            "`{owner}` implements `{}`, which does not exist; define it",
                            name.node
                        ),
                    ),
                    Some(id) if members.interfaces.contains(&id) => {
                        self.problems.add(
                            at,
                            format!("`{owner}` implements `{}` twice; remove one", name.node),
                        );
                    }
                    Some(id) => members.interfaces.push(id),
                }
            }
            for field in fields {
                let at = position(field.node.name.pos);
                let definition = self.field(owner, &field.node, interface);
                if members
                    .fields
                    .insert(definition.name.clone(), definition)
                    .is_some()
                {
                    self.problems.add(
                        at,
                        format!(
                            "field `{owner}.{}` is defined twice; remove one",
                            field.node.name.node
                        ),
                    );
                }
            }
        }
        members
    }

    fn field(&mut self, owner: &str, field: &'d ast::FieldDefinition, interface: bool) -> FieldDef {
        let at = position(field.name.pos);
        let name: Arc<str> = Arc::from(field.name.node.as_str());
        self.reserved(&name, at, owner.starts_with("__"));
        let label = format!("{owner}.{name}");
        let arguments = self.inputs(
            &label,
            field.arguments.iter().collect(),
            "ARGUMENT_DEFINITION",
        );
        self.applied(field.directives.iter(), "FIELD_DEFINITION");
        let resolve = self.resolver(&label, &field.directives);
        if resolve.is_some() && interface {
            let message = format!(
                "`{label}` has @resolve, but interfaces are never called; put it on the types that implement it"
            );
            self.problems.add(at, message);
        }
        FieldDef {
            description: description(field.description.as_ref()),
            arguments,
            ty: self.ty(&label, &field.ty),
            deprecated: deprecated(&field.directives),
            resolve,
            name,
            at,
        }
    }

    fn resolver(
        &mut self,
        label: &str,
        directives: &'d [Positioned<ast::ConstDirective>],
    ) -> Option<Resolver> {
        let directive = directives
            .iter()
            .find(|directive| directive.node.name.node == "resolve")?;
        let at = position(directive.pos);
        let text = |name: &str| match directive.node.get_argument(name).map(|value| &value.node) {
            Some(ConstValue::String(text)) => Some(text.as_str()),
            _ => None,
        };
        let Some(module) = text("module").filter(|module| !module.is_empty()) else {
            self.problems.add(
                at,
                format!("@resolve of `{label}` names no module; write @resolve(module: \"name\")"),
            );
            return None;
        };
        if directive
            .node
            .get_argument("needs")
            .is_some_and(|value| !matches!(value.node, ConstValue::String(_) | ConstValue::Null))
        {
            let message = format!(
                "`needs` of `{label}` is no text; write the names of fields in one string: needs: \"id name\""
            );
            self.problems.add(at, message);
        }
        let needs = text("needs")
            .unwrap_or_default()
            .split([' ', ',', '\n', '\t'])
            .filter(|name| !name.is_empty());
        let mut names: Vec<Arc<str>> = Vec::new();
        for name in needs {
            if !names.iter().any(|known| known.as_ref() == name) {
                names.push(Arc::from(name));
            }
        }
        Some(Resolver {
            module: Arc::from(module),
            needs: names,
        })
    }

    fn union_members(&mut self, owner: &str, parts: &[&'d ast::TypeDefinition]) -> Vec<TypeId> {
        let mut members = Vec::new();
        for part in parts {
            let ast::TypeKind::Union(union) = &part.kind else {
                continue;
            };
            for name in &union.members {
                let at = position(name.pos);
                match self.names.get(name.node.as_str()).copied() {
                    None => self.problems.add(
                        at,
                        format!(
                            "union `{owner}` has member `{}`, which does not exist; define it",
                            name.node
                        ),
                    ),
                    Some(id) if members.contains(&id) => {
                        self.problems.add(
                            at,
                            format!(
                                "union `{owner}` has member `{}` twice; remove one",
                                name.node
                            ),
                        );
                    }
                    Some(id) => members.push(id),
                }
            }
        }
        members
    }

    fn enum_values(
        &mut self,
        owner: &str,
        parts: &[&'d ast::TypeDefinition],
    ) -> IndexMap<Arc<str>, EnumValue> {
        let mut values = IndexMap::new();
        for part in parts {
            let ast::TypeKind::Enum(definition) = &part.kind else {
                continue;
            };
            for value in &definition.values {
                let name: Arc<str> = Arc::from(value.node.value.node.as_str());
                let at = position(value.node.value.pos);
                self.applied(value.node.directives.iter(), "ENUM_VALUE");
                let description = description(value.node.description.as_ref());
                let entry = EnumValue {
                    description,
                    deprecated: deprecated(&value.node.directives),
                };
                if values.insert(name.clone(), entry).is_some() {
                    self.problems.add(
                        at,
                        format!("enum value `{owner}.{name}` is defined twice; remove one"),
                    );
                }
            }
        }
        values
    }

    fn inputs(
        &mut self,
        owner: &str,
        inputs: Vec<&'d Positioned<ast::InputValueDefinition>>,
        location: &'static str,
    ) -> IndexMap<Arc<str>, InputDef> {
        let mut defined = IndexMap::with_capacity(inputs.len());
        for input in inputs {
            let input = &input.node;
            let at = position(input.name.pos);
            let name: Arc<str> = Arc::from(input.name.node.as_str());
            self.reserved(&name, at, owner.starts_with("__"));
            self.applied(input.directives.iter(), location);
            let default = input.default_value.as_ref().map(|value| {
                let at = position(value.pos);
                Default {
                    value: constant(&value.node, at),
                    json: String::new(),
                }
            });
            let ty = self.ty(&format!("{owner}.{name}"), &input.ty);
            let (description, deprecated) = (
                description(input.description.as_ref()),
                deprecated(&input.directives),
            );
            let definition = InputDef {
                name: name.clone(),
                description,
                ty,
                default,
                deprecated,
                at,
            };
            if defined.insert(name.clone(), definition).is_some() {
                self.problems
                    .add(at, format!("`{owner}` defines `{name}` twice; remove one"));
            }
        }
        defined
    }

    /// One directive.
    pub fn directive_def(&mut self, directive: &'d ast::DirectiveDefinition) -> DirectiveDef {
        let name: Arc<str> = Arc::from(directive.name.node.as_str());
        let arguments = self.inputs(
            &format!("@{name}"),
            directive.arguments.iter().collect(),
            "ARGUMENT_DEFINITION",
        );
        let locations = directive
            .locations
            .iter()
            .map(|location| location_name(location.node))
            .collect();
        let description = description(directive.description.as_ref());
        let repeatable = self.repeatable.contains(name.as_ref());
        DirectiveDef {
            name,
            description,
            arguments,
            repeatable,
            locations,
        }
    }

    fn ty(&mut self, label: &str, ty: &Positioned<ast::Type>) -> Type {
        self.wrapped(label, &ty.node, position(ty.pos))
    }

    fn wrapped(&mut self, label: &str, ty: &ast::Type, at: Position) -> Type {
        let inner = match &ty.base {
            ast::BaseType::List(inner) => Type::List(Box::new(self.wrapped(label, inner, at))),
            ast::BaseType::Named(name) => match self.names.get(name.as_str()) {
                Some(id) if name != "__Meta" => Type::Named(*id),
                _ => {
                    self.problems
                        .add(at, format!("`{label}` has type `{name}`, which does not exist; define it or correct the name"));
                    Type::Named(self.names.get("String").copied().unwrap_or(TypeId(0)))
                }
            },
        };
        if ty.nullable {
            inner
        } else {
            Type::NonNull(Box::new(inner))
        }
    }

    /// Checks that applied directives exist and may stand there.
    fn applied<'x>(
        &mut self,
        directives: impl Iterator<Item = &'x Positioned<ast::ConstDirective>>,
        location: &'static str,
    ) {
        let mut seen: Vec<&str> = Vec::new();
        for directive in directives {
            let name = directive.node.name.node.as_str();
            let at = position(directive.pos);
            match self.directives.get(name) {
                None => self.problems.add(
                    at,
                    format!("directive `@{name}` does not exist; declare it or remove it"),
                ),
                Some(known)
                    if !known
                        .locations
                        .iter()
                        .any(|known| location_name(known.node) == location) =>
                {
                    self.problems.add(
                        at,
                        format!("directive `@{name}` may not stand on {location}; remove it"),
                    );
                }
                Some(_) if seen.contains(&name) && !self.repeatable.contains(name) => {
                    self.problems.add(
                        at,
                        format!("directive `@{name}` stands here twice; remove one"),
                    );
                }
                Some(known) => {
                    seen.push(name);
                    for (argument, _) in &directive.node.arguments {
                        if !known
                            .arguments
                            .iter()
                            .any(|known| known.node.name.node == argument.node)
                        {
                            let message = format!(
                                "directive `@{name}` has no argument `{}`; remove it",
                                argument.node
                            );
                            self.problems.add(position(argument.pos), message);
                        }
                    }
                }
            }
        }
    }
}
