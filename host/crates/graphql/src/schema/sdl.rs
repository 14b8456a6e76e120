//! SDL to type tables.
//!
//! async-graphql parses; this file names the types, merges extensions, resolves names to indexes and reads the directives the host
//! knows. It goes on after a problem, with `String` in place of what is missing, so that all problems are told at once; tables
//! made from a text with problems are never given out.

use super::problems::Problems;
use super::types::{
    Default, DirectiveDef, EnumValue, FieldDef, InputDef, InputObject, Kind, Members, Scalar, Type, TypeDef, TypeId,
};
use super::{Problem, Schema, check, introspection, prelude};
use crate::coercion::literal;
use crate::document::{ObjectEntry, Value, ValueKind};
use crate::guard::Limits;
use crate::guard::lexer::{Lexer, TokenKind};
use crate::response::Position;
use async_graphql::parser::types as ast;
use async_graphql::parser::{Pos, Positioned};
use async_graphql::{Name, Value as ConstValue};
use indexmap::IndexMap;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Brackets inside one another in SDL; the parser recurses this deep.
const NESTING: usize = 64;

/// Reads, checks and completes a schema.
pub(super) fn load(sdl: &str) -> Result<Schema, Vec<Problem>> {
    let documents = (parse(prelude::SDL)?, parse(prelude::META_SDL)?, parse(sdl)?);
    let mut builder = Builder { repeatable: repeatable(sdl), ..Builder::default() };
    builder.declare(&documents.0, true);
    builder.declare(&documents.1, true);
    builder.declare(&documents.2, false);
    let mut schema = builder.build(sdl);
    schema.listed = introspection::listed(&schema);
    schema.names = schema.listed.iter().map(|id| (schema.get(*id).name.clone(), *id)).collect();
    complete_defaults(&mut schema, &mut builder.problems);
    check::run(&schema, &mut builder.problems);
    builder.check_roots(&schema);
    if builder.problems.is_empty() { Ok(schema) } else { Err(builder.problems.into_sorted()) }
}

/// The names of the directives declared `repeatable`: the parser calls every directive so.
fn repeatable(sdl: &str) -> HashSet<String> {
    let mut lexer = Lexer::new(sdl, Limits { tokens: usize::MAX, nesting: NESTING, ..Limits::default() });
    let mut names = HashSet::new();
    let (mut before, mut name) = (String::new(), String::new());
    while let Ok(token) = lexer.next_token()
        && token.kind != TokenKind::End
    {
        if token.kind == TokenKind::Name && before == "@" {
            name = token.text.to_string();
        }
        if token.text == "on" && before == "repeatable" {
            names.insert(name.clone());
        }
        before = token.text.into_owned();
    }
    names
}

fn parse(sdl: &str) -> Result<ast::ServiceDocument, Vec<Problem>> {
    let limits = Limits { tokens: usize::MAX, nesting: NESTING, ..Limits::default() };
    let mut lexer = Lexer::new(sdl, limits);
    loop {
        match lexer.next_token() {
            Ok(token) if token.kind == TokenKind::End => break,
            Ok(_) => {}
            Err(error) => {
                let at = error.locations.first().copied().unwrap_or_default();
                let message = error.error.to_string();
                return Err(vec![Problem { line: at.line, column: at.column, message }]);
            }
        }
    }
    async_graphql::parser::parse_schema(sdl).map_err(|error| {
        let at = error.positions().next().map(position).unwrap_or_default();
        // The parser draws a picture of the place; its last line says what it expected.
        let text = error.to_string();
        let said = text.lines().last().unwrap_or_default().trim().trim_start_matches("= ").to_owned();
        vec![Problem { line: at.line, column: at.column, message: format!("not a GraphQL schema: {said}") }]
    })
}

/// A type's definition and its extensions.
struct Declared<'d> {
    parts: Vec<&'d ast::TypeDefinition>,
    at: Position,
}

#[derive(Default)]
struct Builder<'d> {
    declared: Vec<Declared<'d>>,
    names: HashMap<&'d str, TypeId>,
    directives: IndexMap<&'d str, &'d ast::DirectiveDefinition>,
    built_in_directives: usize,
    repeatable: HashSet<String>,
    roots: Roots,
    problems: Problems,
}

#[derive(Default)]
struct Roots {
    declared: bool,
    query: Option<(String, Position)>,
    mutation: Option<(String, Position)>,
    subscription: Option<(String, Position)>,
}

impl<'d> Builder<'d> {
    /// Notes what a document defines, extensions last.
    fn declare(&mut self, document: &'d ast::ServiceDocument, built_in: bool) {
        for definition in &document.definitions {
            match definition {
                ast::TypeSystemDefinition::Type(ty) if !ty.node.extend => self.declare_type(ty, built_in),
                ast::TypeSystemDefinition::Directive(directive) => self.declare_directive(directive, built_in),
                ast::TypeSystemDefinition::Schema(schema) => self.declare_roots(schema),
                ast::TypeSystemDefinition::Type(_) => {}
            }
        }
        for definition in &document.definitions {
            if let ast::TypeSystemDefinition::Type(ty) = definition
                && ty.node.extend
            {
                self.declare_extension(ty);
            }
        }
    }

    fn declare_type(&mut self, ty: &'d Positioned<ast::TypeDefinition>, built_in: bool) {
        let name = ty.node.name.node.as_str();
        let at = position(ty.node.name.pos);
        self.reserved(name, at, built_in);
        if let Some(first) = self.names.get(name) {
            let first = self.declared.get(first.index()).map_or(0, |first| first.at.line);
            // Built-in scalars may be declared again; that changes nothing.
            if !matches!(name, "Int" | "Float" | "String" | "Boolean" | "ID") {
                self.problems.add(at, format!("type `{name}` is defined twice, first on line {first}; remove one"));
            }
            return;
        }
        self.names.insert(name, TypeId(u32::try_from(self.declared.len()).unwrap_or(u32::MAX)));
        self.declared.push(Declared { parts: vec![&ty.node], at });
    }

    fn declare_extension(&mut self, ty: &'d Positioned<ast::TypeDefinition>) {
        let name = ty.node.name.node.as_str();
        let at = position(ty.node.name.pos);
        let declared = self.names.get(name).and_then(|id| self.declared.get_mut(id.index()));
        match declared {
            None => self.problems.add(at, format!("`extend` of type `{name}`, which does not exist; define it")),
            Some(declared) => match declared.parts.first() {
                Some(first) if std::mem::discriminant(&first.kind) == std::mem::discriminant(&ty.node.kind) => {
                    declared.parts.push(&ty.node);
                }
                _ => self.problems.add(at, format!("`extend` of type `{name}` as another kind of type; extend it as what it is")),
            },
        }
    }

    fn declare_directive(&mut self, directive: &'d Positioned<ast::DirectiveDefinition>, built_in: bool) {
        let name = directive.node.name.node.as_str();
        let at = position(directive.node.name.pos);
        self.reserved(name, at, built_in);
        match self.directives.get_index_of(name) {
            Some(index) if index >= self.built_in_directives => {
                self.problems.add(at, format!("directive `@{name}` is defined twice; remove one"));
            }
            // A declaration of a directive every schema has is for editors and other tools.
            Some(_) => {}
            None => {
                self.directives.insert(name, &directive.node);
            }
        }
        if built_in {
            self.built_in_directives = self.directives.len();
        }
    }

    fn declare_roots(&mut self, schema: &'d Positioned<ast::SchemaDefinition>) {
        let at = position(schema.pos);
        if self.roots.declared && !schema.node.extend {
            self.problems.add(at, "`schema` is defined twice; remove one");
        }
        self.roots.declared = true;
        let named = |name: &Option<Positioned<Name>>| name.as_ref().map(|name| (name.node.to_string(), position(name.pos)));
        let roots = &mut self.roots;
        roots.query = named(&schema.node.query).or(roots.query.take());
        roots.mutation = named(&schema.node.mutation).or(roots.mutation.take());
        roots.subscription = named(&schema.node.subscription).or(roots.subscription.take());
    }

    fn reserved(&mut self, name: &str, at: Position, built_in: bool) {
        if name.starts_with("__") && !built_in {
            self.problems.add(at, format!("the name `{name}` begins with two underscores, which introspection reserves; rename it"));
        }
    }

    fn build(&mut self, sdl: &str) -> Schema {
        let mut types = Vec::with_capacity(self.declared.len());
        for index in 0..self.declared.len() {
            let parts = self.declared.get(index).map(|declared| declared.parts.clone()).unwrap_or_default();
            if let Some(ty) = self.type_def(&parts) {
                types.push(ty);
            }
        }
        let mut directives = Vec::with_capacity(self.directives.len());
        for definition in self.directives.values().copied().collect::<Vec<_>>() {
            directives.push(self.directive_def(definition));
        }
        let possible = possible_types(&types);
        let meta = introspection::MetaFields::take(&mut types, self.names.get("__Meta").copied());
        let query = self.root(|roots| &roots.query, "Query").unwrap_or(TypeId(0));
        let mutation = self.root(|roots| &roots.mutation, "Mutation");
        Schema {
            sdl: sdl.to_owned(),
            types,
            names: HashMap::new(),
            listed: Vec::new(),
            possible,
            query,
            mutation,
            directives,
            meta,
        }
    }

    fn type_def(&mut self, parts: &[&'d ast::TypeDefinition]) -> Option<TypeDef> {
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
                _ => Scalar::Custom { specified_by: directive_text(directives(), "specifiedBy", "url") },
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
                Kind::Input(InputObject { fields: self.inputs(&name, inputs, "INPUT_FIELD_DEFINITION"), one_of })
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
        Some(TypeDef { name, description: description(first.description.as_ref()), kind })
    }

    fn members(&mut self, owner: &str, parts: &[&'d ast::TypeDefinition], interface: bool) -> Members {
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
                    None => self.problems.add(at, format!("`{owner}` implements `{}`, which does not exist; define it", name.node)),
                    Some(id) if members.interfaces.contains(&id) => {
                        self.problems.add(at, format!("`{owner}` implements `{}` twice; remove one", name.node));
                    }
                    Some(id) => members.interfaces.push(id),
                }
            }
            for field in fields {
                let at = position(field.node.name.pos);
                let definition = self.field(owner, &field.node, interface);
                if members.fields.insert(definition.name.clone(), definition).is_some() {
                    self.problems.add(at, format!("field `{owner}.{}` is defined twice; remove one", field.node.name.node));
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
        let arguments = self.inputs(&label, field.arguments.iter().collect(), "ARGUMENT_DEFINITION");
        self.applied(field.directives.iter(), "FIELD_DEFINITION");
        let resolve = self.resolver(&label, &field.directives);
        if resolve.is_some() && interface {
            let message = format!("`{label}` has @resolve, but interfaces are never called; put it on the types that implement it");
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

    fn resolver(&mut self, label: &str, directives: &'d [Positioned<ast::ConstDirective>]) -> Option<super::types::Resolver> {
        let directive = directives.iter().find(|directive| directive.node.name.node == "resolve")?;
        let at = position(directive.pos);
        let text = |name: &str| match directive.node.get_argument(name).map(|value| &value.node) {
            Some(ConstValue::String(text)) => Some(text.as_str()),
            _ => None,
        };
        let Some(module) = text("module").filter(|module| !module.is_empty()) else {
            self.problems.add(at, format!("@resolve of `{label}` names no module; write @resolve(module: \"name\")"));
            return None;
        };
        if directive.node.get_argument("needs").is_some_and(|value| !matches!(value.node, ConstValue::String(_) | ConstValue::Null)) {
            let message = format!("`needs` of `{label}` is no text; write the names of fields in one string: needs: \"id name\"");
            self.problems.add(at, message);
        }
        let needs = text("needs").unwrap_or_default().split([' ', ',', '\n', '\t']).filter(|name| !name.is_empty());
        let mut names: Vec<Arc<str>> = Vec::new();
        for name in needs {
            if !names.iter().any(|known| known.as_ref() == name) {
                names.push(Arc::from(name));
            }
        }
        Some(super::types::Resolver { module: Arc::from(module), needs: names })
    }

    fn union_members(&mut self, owner: &str, parts: &[&'d ast::TypeDefinition]) -> Vec<TypeId> {
        let mut members = Vec::new();
        for part in parts {
            let ast::TypeKind::Union(union) = &part.kind else { continue };
            for name in &union.members {
                let at = position(name.pos);
                match self.names.get(name.node.as_str()).copied() {
                    None => self.problems.add(at, format!("union `{owner}` has member `{}`, which does not exist; define it", name.node)),
                    Some(id) if members.contains(&id) => {
                        self.problems.add(at, format!("union `{owner}` has member `{}` twice; remove one", name.node));
                    }
                    Some(id) => members.push(id),
                }
            }
        }
        members
    }

    fn enum_values(&mut self, owner: &str, parts: &[&'d ast::TypeDefinition]) -> IndexMap<Arc<str>, EnumValue> {
        let mut values = IndexMap::new();
        for part in parts {
            let ast::TypeKind::Enum(definition) = &part.kind else { continue };
            for value in &definition.values {
                let name: Arc<str> = Arc::from(value.node.value.node.as_str());
                let at = position(value.node.value.pos);
                self.applied(value.node.directives.iter(), "ENUM_VALUE");
                let description = description(value.node.description.as_ref());
                let entry = EnumValue { description, deprecated: deprecated(&value.node.directives) };
                if values.insert(name.clone(), entry).is_some() {
                    self.problems.add(at, format!("enum value `{owner}.{name}` is defined twice; remove one"));
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
                Default { value: constant(&value.node, at), json: String::new() }
            });
            let ty = self.ty(&format!("{owner}.{name}"), &input.ty);
            let (description, deprecated) = (description(input.description.as_ref()), deprecated(&input.directives));
            let definition = InputDef { name: name.clone(), description, ty, default, deprecated, at };
            if defined.insert(name.clone(), definition).is_some() {
                self.problems.add(at, format!("`{owner}` defines `{name}` twice; remove one"));
            }
        }
        defined
    }

    fn directive_def(&mut self, directive: &'d ast::DirectiveDefinition) -> DirectiveDef {
        let name: Arc<str> = Arc::from(directive.name.node.as_str());
        let arguments = self.inputs(&format!("@{name}"), directive.arguments.iter().collect(), "ARGUMENT_DEFINITION");
        let locations = directive.locations.iter().map(|location| location_name(location.node)).collect();
        let description = description(directive.description.as_ref());
        let repeatable = self.repeatable.contains(name.as_ref());
        DirectiveDef { name, description, arguments, repeatable, locations }
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
                    self.problems.add(at, format!("`{label}` has type `{name}`, which does not exist; define it or correct the name"));
                    Type::Named(self.names.get("String").copied().unwrap_or(TypeId(0)))
                }
            },
        };
        if ty.nullable { inner } else { Type::NonNull(Box::new(inner)) }
    }

    /// Checks that applied directives exist and may stand there.
    fn applied<'x>(&mut self, directives: impl Iterator<Item = &'x Positioned<ast::ConstDirective>>, location: &'static str) {
        let mut seen: Vec<&str> = Vec::new();
        for directive in directives {
            let name = directive.node.name.node.as_str();
            let at = position(directive.pos);
            match self.directives.get(name) {
                None => self.problems.add(at, format!("directive `@{name}` does not exist; declare it or remove it")),
                Some(known) if !known.locations.iter().any(|known| location_name(known.node) == location) => {
                    self.problems.add(at, format!("directive `@{name}` may not stand on {location}; remove it"));
                }
                Some(_) if seen.contains(&name) && !self.repeatable.contains(name) => {
                    self.problems.add(at, format!("directive `@{name}` stands here twice; remove one"));
                }
                Some(known) => {
                    seen.push(name);
                    for (argument, _) in &directive.node.arguments {
                        if !known.arguments.iter().any(|known| known.node.name.node == argument.node) {
                            let message = format!("directive `@{name}` has no argument `{}`; remove it", argument.node);
                            self.problems.add(position(argument.pos), message);
                        }
                    }
                }
            }
        }
    }

    /// A root type, by the `schema` block or by its usual name.
    fn root(&self, declared: impl Fn(&Roots) -> &Option<(String, Position)>, usual: &str) -> Option<TypeId> {
        let name = match declared(&self.roots) {
            Some((name, _)) => name.as_str(),
            None if self.roots.declared => return None,
            None => usual,
        };
        self.names.get(name).copied()
    }

    fn check_roots(&mut self, schema: &Schema) {
        let top = Position { line: 1, column: 1 };
        for (root, what) in [(&self.roots.query, "query"), (&self.roots.mutation, "mutation")] {
            if let Some((name, at)) = root
                && !self.names.contains_key(name.as_str())
            {
                self.problems.add(*at, format!("the {what} root `{name}` does not exist; define it"));
            }
        }
        let query = self.root(|roots| &roots.query, "Query");
        match query {
            None => self.problems.add(top, "there is no query root; define `type Query` with at least one field"),
            Some(query) => check::root(schema, query, "query", &mut self.problems),
        }
        if let Some(mutation) = schema.mutation() {
            check::root(schema, mutation, "mutation", &mut self.problems);
            if Some(mutation) == query {
                self.problems.add(top, "the query root and the mutation root are the same type; give each its own");
            }
        }
        if let Some(subscription) = self.root(|roots| &roots.subscription, "Subscription") {
            let at = self.declared.get(subscription.index()).map(|declared| declared.at).unwrap_or_default();
            self.problems.add(at, "subscriptions are not served; remove the subscription root");
        }
    }
}

/// Coerces every default once its type is known in full, and says which do not fit.
fn complete_defaults(schema: &mut Schema, problems: &mut Problems) {
    let mut texts = Vec::new();
    for input in all_inputs(schema) {
        let Some(default) = &input.default else { continue };
        texts.push(match literal::constant(schema, &input.ty, &default.value) {
            Ok(json) => json,
            Err(message) => {
                problems.add(input.at, format!("default value of `{}`: {message}; correct it", input.name));
                "null".to_owned()
            }
        });
    }
    let mut texts = texts.into_iter();
    let types = schema.types.iter_mut().flat_map(|ty| -> Vec<&mut InputDef> {
        match &mut ty.kind {
            Kind::Object(members) | Kind::Interface(members) => {
                members.fields.values_mut().flat_map(|field| field.arguments.values_mut()).collect()
            }
            Kind::Input(input) => input.fields.values_mut().collect(),
            _ => Vec::new(),
        }
    });
    for input in types.chain(schema.directives.iter_mut().flat_map(|directive| directive.arguments.values_mut())) {
        if let Some(default) = &mut input.default
            && let Some(json) = texts.next()
        {
            default.json = json;
        }
    }
}

/// Every argument and input field, in the order `complete_defaults` relies on.
fn all_inputs(schema: &Schema) -> impl Iterator<Item = &InputDef> {
    let types = schema.types.iter().flat_map(|ty| -> Vec<&InputDef> {
        match &ty.kind {
            Kind::Object(members) | Kind::Interface(members) => {
                members.fields.values().flat_map(|field| field.arguments.values()).collect()
            }
            Kind::Input(input) => input.fields.values().collect(),
            _ => Vec::new(),
        }
    });
    types.chain(schema.directives.iter().flat_map(|directive| directive.arguments.values()))
}

fn possible_types(types: &[TypeDef]) -> Vec<Vec<TypeId>> {
    let id = |index: usize| TypeId(u32::try_from(index).unwrap_or(u32::MAX));
    let objects = || types.iter().enumerate().filter(|(_, ty)| matches!(ty.kind, Kind::Object(_)));
    let of = |(index, ty): (usize, &TypeDef)| match &ty.kind {
        Kind::Object(_) => vec![id(index)],
        Kind::Union(members) => members.clone(),
        Kind::Interface(_) => {
            objects().filter(|(_, object)| object.interfaces().contains(&id(index))).map(|(index, _)| id(index)).collect()
        }
        _ => Vec::new(),
    };
    types.iter().enumerate().map(of).collect()
}

fn position(pos: Pos) -> Position {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Position { line: number(pos.line), column: number(pos.column) }
}

/// The parser leaves escaped quotes in block strings as they are.
fn description(text: Option<&Positioned<String>>) -> Option<String> {
    text.map(|text| text.node.replace("\\\"\"\"", "\"\"\""))
}

fn deprecated(directives: &[Positioned<ast::ConstDirective>]) -> Option<String> {
    let applied = directives.iter().any(|directive| directive.node.name.node == "deprecated");
    applied.then(|| directive_text(directives.iter(), "deprecated", "reason").unwrap_or_else(|| "No longer supported".to_owned()))
}

fn directive_text<'x>(
    mut directives: impl Iterator<Item = &'x Positioned<ast::ConstDirective>>,
    directive: &str,
    argument: &str,
) -> Option<String> {
    let found = directives.find(|applied| applied.node.name.node == directive)?;
    match &found.node.get_argument(argument)?.node {
        ConstValue::String(text) => Some(text.clone()),
        _ => None,
    }
}

fn constant(value: &ConstValue, at: Position) -> Value<'static> {
    let kind = match value {
        ConstValue::Null | ConstValue::Binary(_) => ValueKind::Null,
        ConstValue::Number(number) => {
            let text = number.to_string();
            let is_float = text.contains(['.', 'e', 'E']);
            if is_float { ValueKind::Float(Cow::Owned(text)) } else { ValueKind::Int(Cow::Owned(text)) }
        }
        ConstValue::String(text) => ValueKind::String(Cow::Owned(text.clone())),
        ConstValue::Boolean(value) => ValueKind::Boolean(*value),
        ConstValue::Enum(name) => ValueKind::Enum(Cow::Owned(name.to_string())),
        ConstValue::List(items) => ValueKind::List(items.iter().map(|item| constant(item, at)).collect()),
        ConstValue::Object(entries) => {
            let entry = |(name, value): (&Name, &ConstValue)| ObjectEntry {
                name: Cow::Owned(name.to_string()),
                at,
                value: constant(value, at),
            };
            ValueKind::Object(entries.iter().map(entry).collect())
        }
    };
    Value { at, kind }
}

fn location_name(location: ast::DirectiveLocation) -> &'static str {
    use ast::DirectiveLocation as Location;
    match location {
        Location::Query => "QUERY",
        Location::Mutation => "MUTATION",
        Location::Subscription => "SUBSCRIPTION",
        Location::Field => "FIELD",
        Location::FragmentDefinition => "FRAGMENT_DEFINITION",
        Location::FragmentSpread => "FRAGMENT_SPREAD",
        Location::InlineFragment => "INLINE_FRAGMENT",
        Location::Schema => "SCHEMA",
        Location::Scalar => "SCALAR",
        Location::Object => "OBJECT",
        Location::FieldDefinition => "FIELD_DEFINITION",
        Location::ArgumentDefinition => "ARGUMENT_DEFINITION",
        Location::Interface => "INTERFACE",
        Location::Union => "UNION",
        Location::Enum => "ENUM",
        Location::EnumValue => "ENUM_VALUE",
        Location::InputObject => "INPUT_OBJECT",
        Location::InputFieldDefinition => "INPUT_FIELD_DEFINITION",
        Location::VariableDefinition => "VARIABLE_DEFINITION",
    }
}
