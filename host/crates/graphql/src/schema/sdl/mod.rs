//! SDL to type tables.
//!
//! async-graphql parses; [`declare`] names the types and merges extensions, [`define`] resolves names to indexes and reads the
//! directives the host knows, and this file completes what can only be completed once all types are there. It goes on after a
//! problem, with `String` in place of what is missing, so that all problems are told at once; tables made from a text with
//! problems are never given out.

mod convert;
mod declare;
mod define;

use super::problems::Problems;
use super::types::{InputDef, Kind, TypeDef, TypeId};
use super::{Problem, Schema, check, introspection, prelude};
use crate::coercion::literal;
use crate::syntax::lexer::{Lexer, TokenKind};
use async_graphql::parser::types as ast;
use convert::position;
use declare::Builder;
use mayfly_config::Limits;
use std::collections::{HashMap, HashSet};

/// Brackets inside one another in SDL; the parser recurses this deep.
const NESTING: usize = 64;

/// Reads, checks and completes a schema.
pub(super) fn load(sdl: &str) -> Result<Schema, Vec<Problem>> {
    let documents = (parse(prelude::SDL)?, parse(prelude::META_SDL)?, parse(sdl)?);
    let mut builder = Builder {
        repeatable: repeatable(sdl),
        ..Builder::default()
    };
    builder.declare(&documents.0, true);
    builder.declare(&documents.1, true);
    builder.declare(&documents.2, false);
    let mut schema = builder.build(sdl);
    schema.listed = introspection::listed(&schema);
    schema.names = schema
        .listed
        .iter()
        .map(|id| (schema.get(*id).name.clone(), *id))
        .collect();
    complete_defaults(&mut schema, &mut builder.problems);
    check::run(&schema, &mut builder.problems);
    builder.check_roots(&schema);
    if builder.problems.is_empty() {
        Ok(schema)
    } else {
        Err(builder.problems.into_sorted())
    }
}

/// The names of the directives declared `repeatable`: the parser calls every directive so.
fn repeatable(sdl: &str) -> HashSet<String> {
    let mut lexer = Lexer::new(
        sdl,
        Limits {
            tokens: usize::MAX,
            nesting: NESTING,
            ..Limits::default()
        },
    );
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
    let limits = Limits {
        tokens: usize::MAX,
        nesting: NESTING,
        ..Limits::default()
    };
    let mut lexer = Lexer::new(sdl, limits);
    loop {
        match lexer.next_token() {
            Ok(token) if token.kind == TokenKind::End => break,
            Ok(_) => {}
            Err(error) => {
                let at = error.locations.first().copied().unwrap_or_default();
                let message = error.error.to_string();
                return Err(vec![Problem {
                    line: at.line,
                    column: at.column,
                    message,
                }]);
            }
        }
    }
    async_graphql::parser::parse_schema(sdl).map_err(|error| {
        let at = error.positions().next().map(position).unwrap_or_default();
        // The parser draws a picture of the place; its last line says what it expected.
        let text = error.to_string();
        let said = text
            .lines()
            .last()
            .unwrap_or_default()
            .trim()
            .trim_start_matches("= ")
            .to_owned();
        vec![Problem {
            line: at.line,
            column: at.column,
            message: format!("not a GraphQL schema: {said}"),
        }]
    })
}

impl Builder<'_> {
    fn build(&mut self, sdl: &str) -> Schema {
        let mut types = Vec::with_capacity(self.declared.len());
        for index in 0..self.declared.len() {
            let parts = self
                .declared
                .get(index)
                .map(|declared| declared.parts.clone())
                .unwrap_or_default();
            if let Some(ty) = self.type_def(&parts) {
                types.push(ty);
            }
        }
        let mut directives = Vec::with_capacity(self.directives.len());
        for definition in self.directives.values().copied().collect::<Vec<_>>() {
            directives.push(self.directive_def(definition));
        }
        // Introspection shows the app's own first, as the reference implementation does.
        let built_in = self.built_in_directives.min(directives.len());
        directives.rotate_left(built_in);
        let possible = possible_types(&types);
        let meta = introspection::MetaFields::take(&mut types, self.names.get("__Meta").copied());
        let query = self
            .root(|roots| &roots.query, "Query")
            .unwrap_or(TypeId(0));
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
}

/// Coerces every default once its type is known in full, and says which do not fit.
fn complete_defaults(schema: &mut Schema, problems: &mut Problems) {
    let mut texts = Vec::new();
    for input in all_inputs(schema) {
        let Some(default) = &input.default else {
            continue;
        };
        texts.push(match literal::constant(schema, &input.ty, &default.value) {
            Ok(json) => json,
            Err(message) => {
                problems.add(
                    input.at,
                    format!("default value of `{}`: {message}; correct it", input.name),
                );
                "null".to_owned()
            }
        });
    }
    let mut texts = texts.into_iter();
    let types = schema
        .types
        .iter_mut()
        .flat_map(|ty| -> Vec<&mut InputDef> {
            match &mut ty.kind {
                Kind::Object(members) | Kind::Interface(members) => members
                    .fields
                    .values_mut()
                    .flat_map(|field| field.arguments.values_mut())
                    .collect(),
                Kind::Input(input) => input.fields.values_mut().collect(),
                _ => Vec::new(),
            }
        });
    for input in types.chain(
        schema
            .directives
            .iter_mut()
            .flat_map(|directive| directive.arguments.values_mut()),
    ) {
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
            Kind::Object(members) | Kind::Interface(members) => members
                .fields
                .values()
                .flat_map(|field| field.arguments.values())
                .collect(),
            Kind::Input(input) => input.fields.values().collect(),
            _ => Vec::new(),
        }
    });
    types.chain(
        schema
            .directives
            .iter()
            .flat_map(|directive| directive.arguments.values()),
    )
}

fn possible_types(types: &[TypeDef]) -> Vec<Vec<TypeId>> {
    let id = |index: usize| TypeId(u32::try_from(index).unwrap_or(u32::MAX));
    let objects = || {
        types
            .iter()
            .enumerate()
            .filter(|(_, ty)| matches!(ty.kind, Kind::Object(_)))
    };
    let of = |(index, ty): (usize, &TypeDef)| match &ty.kind {
        Kind::Object(_) => vec![id(index)],
        Kind::Union(members) => members.clone(),
        Kind::Interface(_) => objects()
            .filter(|(_, object)| object.interfaces().contains(&id(index)))
            .map(|(index, _)| id(index))
            .collect(),
        _ => Vec::new(),
    };
    types.iter().enumerate().map(of).collect()
}
