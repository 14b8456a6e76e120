//! What a document defines, by name: the first pass, after which every name is known.

use super::super::problems::Problems;
use super::super::types::TypeId;
use super::super::{Schema, check};
use super::convert::position;
use crate::response::Position;
use async_graphql::Name;
use async_graphql::parser::Positioned;
use async_graphql::parser::types as ast;
use indexmap::IndexMap;
use std::collections::{HashMap, HashSet};

/// A type's definition and its extensions.
pub(super) struct Declared<'d> {
    pub parts: Vec<&'d ast::TypeDefinition>,
    pub at: Position,
}

/// Tables in the making.
#[derive(Default)]
pub(super) struct Builder<'d> {
    pub declared: Vec<Declared<'d>>,
    pub names: HashMap<&'d str, TypeId>,
    pub directives: IndexMap<&'d str, &'d ast::DirectiveDefinition>,
    pub built_in_directives: usize,
    pub repeatable: HashSet<String>,
    pub roots: Roots,
    pub problems: Problems,
}

/// The types operations begin at, as the `schema` block says.
#[derive(Default)]
pub(super) struct Roots {
    pub declared: bool,
    pub query: Option<(String, Position)>,
    pub mutation: Option<(String, Position)>,
    pub subscription: Option<(String, Position)>,
}

impl<'d> Builder<'d> {
    /// Notes what a document defines, extensions last.
    pub fn declare(&mut self, document: &'d ast::ServiceDocument, built_in: bool) {
        for definition in &document.definitions {
            match definition {
                ast::TypeSystemDefinition::Type(ty) if !ty.node.extend => {
                    self.declare_type(ty, built_in)
                }
                ast::TypeSystemDefinition::Directive(directive) => {
                    self.declare_directive(directive, built_in)
                }
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
            let first = self
                .declared
                .get(first.index())
                .map_or(0, |first| first.at.line);
            // Built-in scalars may be declared again; that changes nothing.
            if !matches!(name, "Int" | "Float" | "String" | "Boolean" | "ID") {
                self.problems.add(
                    at,
                    format!("type `{name}` is defined twice, first on line {first}; remove one"),
                );
            }
            return;
        }
        self.names.insert(
            name,
            TypeId(u32::try_from(self.declared.len()).unwrap_or(u32::MAX)),
        );
        self.declared.push(Declared {
            parts: vec![&ty.node],
            at,
        });
    }

    fn declare_extension(&mut self, ty: &'d Positioned<ast::TypeDefinition>) {
        let name = ty.node.name.node.as_str();
        let at = position(ty.node.name.pos);
        let declared = self
            .names
            .get(name)
            .and_then(|id| self.declared.get_mut(id.index()));
        match declared {
            None => self.problems.add(
                at,
                format!("`extend` of type `{name}`, which does not exist; define it"),
            ),
            Some(declared) => match declared.parts.first() {
                Some(first)
                    if std::mem::discriminant(&first.kind)
                        == std::mem::discriminant(&ty.node.kind) =>
                {
                    declared.parts.push(&ty.node);
                }
                _ => self.problems.add(
                    at,
                    format!(
                        "`extend` of type `{name}` as another kind of type; extend it as what it is"
                    ),
                ),
            },
        }
    }

    fn declare_directive(
        &mut self,
        directive: &'d Positioned<ast::DirectiveDefinition>,
        built_in: bool,
    ) {
        let name = directive.node.name.node.as_str();
        let at = position(directive.node.name.pos);
        self.reserved(name, at, built_in);
        match self.directives.get_index_of(name) {
            Some(index) if index >= self.built_in_directives => {
                self.problems.add(
                    at,
                    format!("directive `@{name}` is defined twice; remove one"),
                );
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
            self.problems
                .add(at, "`schema` is defined twice; remove one");
        }
        self.roots.declared = true;
        let named = |name: &Option<Positioned<Name>>| {
            name.as_ref()
                .map(|name| (name.node.to_string(), position(name.pos)))
        };
        let roots = &mut self.roots;
        roots.query = named(&schema.node.query).or(roots.query.take());
        roots.mutation = named(&schema.node.mutation).or(roots.mutation.take());
        roots.subscription = named(&schema.node.subscription).or(roots.subscription.take());
    }

    pub fn reserved(&mut self, name: &str, at: Position, built_in: bool) {
        if name.starts_with("__") && !built_in {
            self.problems
                .add(at, format!("the name `{name}` begins with two underscores, which introspection reserves; rename it"));
        }
    }

    /// A root type, by the `schema` block or by its usual name.
    pub fn root(
        &self,
        declared: impl Fn(&Roots) -> &Option<(String, Position)>,
        usual: &str,
    ) -> Option<TypeId> {
        let name = match declared(&self.roots) {
            Some((name, _)) => name.as_str(),
            None if self.roots.declared => return None,
            None => usual,
        };
        self.names.get(name).copied()
    }

    pub fn check_roots(&mut self, schema: &Schema) {
        let top = Position { line: 1, column: 1 };
        for (root, what) in [
            (&self.roots.query, "query"),
            (&self.roots.mutation, "mutation"),
        ] {
            if let Some((name, at)) = root
                && !self.names.contains_key(name.as_str())
            {
                self.problems.add(
                    *at,
                    format!("the {what} root `{name}` does not exist; define it"),
                );
            }
        }
        let query = self.root(|roots| &roots.query, "Query");
        match query {
            None => self.problems.add(
                top,
                "there is no query root; define `type Query` with at least one field",
            ),
            Some(query) => check::root(schema, query, "query", &mut self.problems),
        }
        if let Some(mutation) = schema.mutation() {
            check::root(schema, mutation, "mutation", &mut self.problems);
            if Some(mutation) == query {
                self.problems.add(
                    top,
                    "the query root and the mutation root are the same type; give each its own",
                );
            }
        }
        if let Some(subscription) = self.root(|roots| &roots.subscription, "Subscription") {
            let at = self
                .declared
                .get(subscription.index())
                .map(|declared| declared.at)
                .unwrap_or_default();
            self.problems.add(
                at,
                "subscriptions are not served; remove the subscription root",
            );
        }
    }
}
