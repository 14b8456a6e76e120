//! What a text defines, by name: the first pass, after which every name is known.

use super::check;
use super::problems::Problems;
use crate::excerpt::Excerpt;
use crate::schema::Schema;
use crate::schema::types::{DirectiveDef, TypeId};
use crate::syntax::suggestion::or_else;
use crate::syntax::type_system::{
    Definition, DirectiveDefinition, RootNode, SchemaNode, TypeDefinition,
};
use crate::syntax::{Name, OperationKind, Position};
use indexmap::IndexMap;
use std::collections::HashMap;

/// A type's definition and its extensions.
pub(super) struct Declared<'d> {
    pub parts: Vec<&'d TypeDefinition<'d>>,
    pub at: Position,
    pub built_in: bool,
}

/// Tables in the making.
#[derive(Default)]
pub(super) struct Builder<'d> {
    pub declared: Vec<Declared<'d>>,
    pub names: HashMap<&'d str, TypeId>,
    pub directives: IndexMap<&'d str, &'d DirectiveDefinition<'d>>,
    pub built_in_directives: usize,
    /// Directives that every schema has, as this one declares them once more.
    pub declared_again: IndexMap<&'d str, &'d DirectiveDefinition<'d>>,
    /// The same, read, and where their names stand.
    pub defined_again: Vec<(Position, DirectiveDef)>,
    /// The `schema` definition and its extensions.
    pub schema: Vec<&'d SchemaNode<'d>>,
    roots: Roots<'d>,
    pub problems: Problems,
}

/// The types operations begin at, as `schema` says.
#[derive(Default)]
struct Roots<'d> {
    /// Whether there is a `schema` definition; without one, types of the usual names are the roots.
    defined: bool,
    query: Option<Name<'d>>,
    mutation: Option<Name<'d>>,
    subscription: Option<Name<'d>>,
}

impl<'d> Roots<'d> {
    fn of(&mut self, kind: OperationKind) -> &mut Option<Name<'d>> {
        match kind {
            OperationKind::Query => &mut self.query,
            OperationKind::Mutation => &mut self.mutation,
            OperationKind::Subscription => &mut self.subscription,
        }
    }
}

impl<'d> Builder<'d> {
    /// Notes what a text defines, extensions last.
    pub fn declare(&mut self, definitions: &'d [Definition<'d>], built_in: bool) {
        for definition in definitions {
            match definition {
                Definition::Type(ty) if !ty.extends => self.declare_type(ty, built_in),
                Definition::Directive(directive) => self.declare_directive(directive, built_in),
                Definition::Schema(schema) => self.declare_schema(schema),
                Definition::Type(_) => {}
            }
        }
        for definition in definitions {
            if let Definition::Type(ty) = definition
                && ty.extends
            {
                self.declare_extension(ty);
            }
        }
        if built_in {
            self.built_in_directives = self.directives.len();
        }
    }

    fn declare_type(&mut self, ty: &'d TypeDefinition<'d>, built_in: bool) {
        let Name { text: name, at } = ty.name;
        if !built_in && self.reserved(ty.name) {
            return;
        }
        let known = self
            .names
            .get(name)
            .and_then(|id| self.declared.get(id.index()));
        match known {
            // A built-in scalar may be declared again, which changes nothing.
            Some(known) if known.built_in => {
                if ty.body.keyword() != "scalar" {
                    self.problems.add(at, || {
                        format!("\"{name}\" is a built-in scalar; give this type another name")
                    });
                }
            }
            Some(known) => {
                let line = known.at.line;
                self.problems.add(at, || {
                    let name = Excerpt(name);
                    format!(
                        "there can be only one type named \"{name}\", and line {line} defines one; remove one or use \"extend\""
                    )
                });
            }
            None => {
                self.names.insert(name, TypeId::of(self.declared.len()));
                self.declared.push(Declared {
                    parts: vec![ty],
                    at,
                    built_in,
                });
            }
        }
    }

    fn declare_extension(&mut self, ty: &'d TypeDefinition<'d>) {
        let Name { text: name, at } = ty.name;
        let id = self.names.get(name).copied();
        let declared = id.and_then(|id| self.declared.get_mut(id.index()));
        let Some(declared) = declared else {
            let known = own_names(&self.declared);
            self.problems.add(at, || {
                let remedy = or_else(name, known, "", "define it");
                format!(
                    "cannot extend \"{}\", which is not defined{remedy}",
                    Excerpt(name)
                )
            });
            return;
        };
        if declared.built_in {
            self.problems.add(at, || {
                format!("cannot extend \"{name}\", which is built in; remove the extension")
            });
            return;
        }
        let keyword = declared
            .parts
            .first()
            .map_or("type", |first| first.body.keyword());
        if keyword == ty.body.keyword() {
            declared.parts.push(ty);
        } else {
            self.problems.add(at, || {
                let (name, found) = (Excerpt(name), ty.body.keyword());
                format!(
                    "cannot extend the {keyword} \"{name}\" as if it were of another kind; write \"extend {keyword}\", not \"extend {found}\""
                )
            });
        }
    }

    fn declare_directive(&mut self, directive: &'d DirectiveDefinition<'d>, built_in: bool) {
        let Name { text: name, at } = directive.name;
        if !built_in && self.reserved(directive.name) {
            return;
        }
        let is_built_in = self
            .directives
            .get_index_of(name)
            .is_some_and(|index| index < self.built_in_directives);
        let known = if !built_in && is_built_in {
            &mut self.declared_again
        } else {
            &mut self.directives
        };
        if let Some(first) = known.get(name) {
            let line = first.name.at.line;
            self.problems.add(at, || {
                let name = Excerpt(name);
                format!(
                    "there can be only one directive named \"@{name}\", and line {line} defines one; remove one"
                )
            });
        } else {
            known.insert(name, directive);
        }
    }

    fn declare_schema(&mut self, schema: &'d SchemaNode<'d>) {
        if self.roots.defined && !schema.extends {
            self.problems.add(schema.at, || {
                "there can be only one schema definition; remove one or use \"extend schema\""
                    .to_owned()
            });
            return;
        }
        self.roots.defined |= !schema.extends;
        for RootNode { at, kind, ty } in &schema.roots {
            let root = self.roots.of(*kind);
            if root.is_some() {
                let kind = kind.as_str();
                self.problems.add(*at, || {
                    format!("there can be only one {kind} type in the schema; remove one")
                });
            } else {
                *root = Some(*ty);
            }
        }
        self.schema.push(schema);
    }

    /// Tells of a name that only introspection may have.
    pub fn reserved(&mut self, name: Name<'_>) -> bool {
        let is_reserved = name.text.starts_with("__");
        if is_reserved {
            self.problems.add(name.at, || {
                format!(
                    "name \"{}\" must not begin with \"__\", which is reserved for introspection; rename it",
                    Excerpt(name.text)
                )
            });
        }
        is_reserved
    }

    /// A type that the text may name; tells if there is none.
    pub fn named(&mut self, name: Name<'_>) -> Option<TypeId> {
        let is_introspection = name.text.starts_with("__");
        let id = self.names.get(name.text).copied();
        if let Some(id) = id.filter(|_| !is_introspection) {
            return Some(id);
        }
        let known = own_names(&self.declared);
        self.problems.add(name.at, || {
            let shown = Excerpt(name.text);
            if is_introspection {
                return format!(
                    "\"{shown}\" is reserved for introspection, which no module answers; use a type of your own"
                );
            }
            let remedy = or_else(name.text, known, "", "define it or correct the name");
            format!("unknown type \"{shown}\"{remedy}")
        });
        None
    }

    /// The description of the schema itself.
    pub fn description(&self) -> Option<String> {
        let described = |schema: &&SchemaNode<'_>| Some(schema.description.as_ref()?.to_string());
        self.schema.iter().find_map(described)
    }

    /// The type queries begin at.
    pub fn query(&self) -> Option<TypeId> {
        self.root(self.roots.query, "Query")
    }

    /// The type mutations begin at.
    pub fn mutation(&self) -> Option<TypeId> {
        self.root(self.roots.mutation, "Mutation")
    }

    fn root(&self, named: Option<Name<'_>>, usual: &str) -> Option<TypeId> {
        let name = match named {
            Some(name) => name.text,
            None if self.roots.defined => return None,
            None => usual,
        };
        self.names.get(name).copied()
    }

    /// Checks the types operations begin at.
    pub fn check_roots(&mut self, schema: &Schema) {
        let Roots {
            query: query_name,
            mutation: mutation_name,
            subscription: subscription_name,
            ..
        } = self.roots;
        for name in [query_name, mutation_name, subscription_name]
            .into_iter()
            .flatten()
        {
            self.named(name);
        }
        let query = self.query();
        match query {
            Some(query) => check::root(schema, query, "query", &mut self.problems),
            None if query_name.is_some() => {}
            None => self.problems.add(Position { line: 1, column: 1 }, || {
                "the schema has no query type; define \"type Query\" with at least one field"
                    .to_owned()
            }),
        }
        if let Some(mutation) = schema.mutation() {
            check::root(schema, mutation, "mutation", &mut self.problems);
            if Some(mutation) == query {
                let at = mutation_name.map_or(schema.get(mutation).at, |name| name.at);
                self.problems.add(at, || {
                    "queries and mutations cannot begin at the same type; give each its own"
                        .to_owned()
                });
            }
        }
        if let Some(subscription) = self.root(subscription_name, "Subscription") {
            let at = subscription_name.map_or(schema.get(subscription).at, |name| name.at);
            self.problems.add(at, || {
                "subscriptions are not supported; remove the subscription type".to_owned()
            });
        }
    }
}

/// The names a text may use.
fn own_names<'d>(declared: &[Declared<'d>]) -> impl Iterator<Item = &'d str> {
    declared
        .iter()
        .filter_map(|declared| Some(declared.parts.first()?.name.text))
        .filter(|name| !name.starts_with("__"))
}
