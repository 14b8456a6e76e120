//! A schema's text to the tables of `schema`.
//!
//! [`declare`] names the types and merges extensions, [`define`] resolves names to indexes, [`resolver`] reads `@resolve`, [`auth`] `@auth`,
//! [`applied`] checks directives against their definitions, [`defaults`] coerces default values once all types are there, and
//! [`check`] finds what is wrong with the tables. Values in the text are validated and coerced as those of documents are, which is why
//! this stands above both. It goes on after a problem, with a placeholder for a type that is missing, so that all problems are reported at once; tables made from
//! a text with problems are never given out. The time is linear in the size of the text.

mod applied;
mod auth;
mod check;
mod circles;
mod declare;
mod defaults;
mod define;
mod problems;
mod resolver;

pub use problems::SchemaProblem;

use crate::schema::types::{Kind, TypeDef, TypeId};
use crate::schema::{Schema, introspection, prelude};
use crate::syntax::lexer::Bounds;
use crate::syntax::parser::parse_schema;
use crate::syntax::type_system::Definition;
use declare::Builder;
use problems::problem;
use std::collections::HashMap;

/// How much of a schema is read: a hundred times what large ones have. Nothing recurses deeper than its brackets nest.
const BOUNDS: Bounds = Bounds {
    tokens: 4_000_000,
    nesting: 64,
};

impl Schema {
    /// Reads SDL, and tells everything that is wrong with it at once.
    ///
    /// # Errors
    ///
    /// Every problem, by place; never an empty list.
    pub fn parse(sdl: &str) -> Result<Self, Vec<SchemaProblem>> {
        load(sdl)
    }
}

/// Reads, checks and completes a schema.
fn load(sdl: &str) -> Result<Schema, Vec<SchemaProblem>> {
    let (built_in, meta, own) = (parse(prelude::SDL)?, parse(prelude::META_SDL)?, parse(sdl)?);
    let mut builder = Builder::default();
    builder.declare(&built_in, true);
    builder.declare(&meta, true);
    builder.declare(&own, false);
    let mut schema = builder.build(sdl);
    schema.listed = introspection::listed(&schema);
    schema.names = schema
        .listed
        .iter()
        .map(|id| (schema.get(*id).name.clone(), *id))
        .collect();
    defaults::complete(&mut schema, &mut builder.problems);
    builder.check_applied(&schema);
    builder.check_circles();
    check::run(&schema, &mut builder.problems);
    builder.check_roots(&schema);
    builder.guard(&mut schema);
    if builder.problems.is_empty() {
        Ok(schema)
    } else {
        Err(builder.problems.into_sorted())
    }
}

fn parse(sdl: &str) -> Result<Vec<Definition<'_>>, Vec<SchemaProblem>> {
    parse_schema(sdl, BOUNDS).map_err(|error| vec![problem(error.at, error.in_schema())])
}

impl Builder<'_> {
    fn build(&mut self, sdl: &str) -> Schema {
        let mut types = Vec::with_capacity(self.declared.len());
        for index in 0..self.declared.len() {
            let parts = self
                .declared
                .get_mut(index)
                .map(|declared| std::mem::take(&mut declared.parts))
                .unwrap_or_default();
            if let Some(ty) = self.type_def(&parts) {
                types.push(ty);
            }
            if let Some(declared) = self.declared.get_mut(index) {
                declared.parts = parts;
            }
        }
        let mut directives = Vec::with_capacity(self.directives.len());
        for definition in self.directives.values().copied().collect::<Vec<_>>() {
            directives.push(self.directive_def(definition));
        }
        for definition in self.declared_again.values().copied().collect::<Vec<_>>() {
            let defined = self.directive_def(definition);
            self.defined_again.push((definition.name.at, defined));
        }
        // Introspection shows the app's own first, as the reference implementation does.
        let built_in = self.built_in_directives.min(directives.len());
        directives.rotate_left(built_in);
        let possible = possible_types(&types);
        let meta = introspection::MetaFields::take(&mut types, self.names.get("__Meta").copied());
        Schema {
            sdl: sdl.to_owned(),
            description: self.description(),
            types,
            names: HashMap::new(),
            listed: Vec::new(),
            possible,
            query: self.query().unwrap_or(TypeId(0)),
            mutation: self.mutation(),
            directives,
            meta,
            hidden: Default::default(),
        }
    }
}

/// By type: the object types a value of it may be of.
fn possible_types(types: &[TypeDef]) -> Vec<Vec<TypeId>> {
    let mut possible: Vec<Vec<TypeId>> = vec![Vec::new(); types.len()];
    let mut add = |abstract_type: TypeId, object: TypeId| {
        if let Some(known) = possible.get_mut(abstract_type.index()) {
            known.push(object);
        }
    };
    for (index, ty) in types.iter().enumerate() {
        let id = TypeId::of(index);
        match &ty.kind {
            Kind::Object(members) => {
                add(id, id);
                members
                    .interfaces
                    .iter()
                    .filter(|interface| {
                        types
                            .get(interface.index())
                            .is_some_and(|ty| matches!(ty.kind, Kind::Interface(_)))
                    })
                    .for_each(|interface| add(*interface, id));
            }
            Kind::Union(members) => members.iter().for_each(|member| add(id, *member)),
            _ => {}
        }
    }
    possible
}
