//! `@auth`, and those of AppSync's directives that mean the same: who may see a field, or the objects of a type.
//!
//! What is on an interface holds for the types that implement it, and what is on its fields for theirs, so that no way to an
//! object leads around it. What is on a root type holds for each of its fields, as there is no object to be seen.

mod appsync;
mod names;

use super::declare::{Builder, Declared};
use super::problems::Problems;
use crate::auth::{Guard, Rule, rule};
use crate::schema::Schema;
use crate::schema::types::{FieldDef, Kind, TypeDef, TypeId};
use crate::syntax::type_system::TypeBody;
use crate::syntax::{Directive, Position, ValueKind};
use std::collections::HashMap;
use std::sync::Arc;

/// The rules in one place.
type Rules = Vec<Arc<Rule>>;

/// Rules by where they are: on a type, or on one of its fields.
#[derive(Default)]
struct Written {
    types: HashMap<TypeId, Rules>,
    fields: HashMap<(TypeId, Arc<str>), Rules>,
}

/// What a rule is on.
#[derive(Clone, Copy)]
struct Place<'s> {
    schema: &'s Schema,
    ty: &'s TypeDef,
    /// The field; none for the type itself.
    field: Option<&'s FieldDef>,
    is_root: bool,
}

impl Place<'_> {
    /// `Type` or `Type.field`.
    fn name(&self) -> String {
        match self.field {
            Some(field) => format!("{}.{}", self.ty.name, field.name),
            None => self.ty.name.to_string(),
        }
    }
}

impl Builder<'_> {
    /// Reads all rules, and puts what they come to into the tables.
    pub fn guard(&mut self, schema: &mut Schema) {
        let mut written = Written::default();
        for (index, declared) in self.declared.iter().enumerate() {
            if !declared.built_in {
                let id = TypeId::of(index);
                read_type(schema, id, declared, &mut written, &mut self.problems);
            }
        }
        if written.types.is_empty() && written.fields.is_empty() {
            return;
        }
        let guards = guards(schema, &written);
        for (id, on_type, on_fields) in guards {
            let Some(ty) = schema.types.get_mut(id.index()) else {
                continue;
            };
            ty.guard = on_type;
            if let Kind::Object(members) | Kind::Interface(members) = &mut ty.kind {
                for (name, guard) in on_fields {
                    if let Some(field) = members.fields.get_mut(&name) {
                        field.guard = Some(guard);
                    }
                }
            }
        }
    }
}

type Guards = (TypeId, Option<Arc<Guard>>, Vec<(Arc<str>, Arc<Guard>)>);

/// What the rules come to for each type and its fields.
fn guards(schema: &Schema, written: &Written) -> Vec<Guards> {
    let ids = (0..schema.types.len()).map(TypeId::of);
    ids.map(|id| {
        let ty = schema.get(id);
        let around = || std::iter::once(id).chain(ty.interfaces().iter().copied());
        let rules_of_type: Rules = around()
            .flat_map(|id| written.types.get(&id).into_iter().flatten())
            .cloned()
            .collect();
        let is_root = is_root(schema, id);
        let fields = ty.fields().into_iter().flat_map(|fields| fields.keys());
        let of_fields = fields.filter_map(|name| {
            let of_root = rules_of_type.iter().filter(|_| is_root).cloned();
            let own = around().flat_map(|id| {
                let rules = written.fields.get(&(id, name.clone()));
                rules.into_iter().flatten().cloned()
            });
            Some((name.clone(), Guard::of(of_root.chain(own).collect())?))
        });
        let of_fields = of_fields.collect();
        let of_type = Guard::of(rules_of_type).filter(|_| !is_root);
        (id, of_type, of_fields)
    })
    .collect()
}

fn is_root(schema: &Schema, id: TypeId) -> bool {
    id == schema.query() || Some(id) == schema.mutation()
}

fn read_type(
    schema: &Schema,
    id: TypeId,
    declared: &Declared<'_>,
    written: &mut Written,
    problems: &mut Problems,
) {
    let Some(ty) = schema.types.get(id.index()) else {
        return;
    };
    let mut place = Place {
        schema,
        ty,
        field: None,
        is_root: is_root(schema, id),
    };
    let directives = || declared.parts.iter().flat_map(|part| &part.directives);
    let of_type = read(place, directives(), problems);
    let has_appsync = directives().any(|directive| appsync::is_one(directive));
    if !of_type.is_empty() {
        written.types.insert(id, of_type);
    }
    for part in &declared.parts {
        let (TypeBody::Object(members) | TypeBody::Interface(members)) = &part.body else {
            continue;
        };
        for field in &members.fields {
            let found = ty.fields().and_then(|fields| fields.get(field.name.text));
            let Some(definition) = found else {
                continue;
            };
            place.field = Some(definition);
            let again = field.directives.iter().find(|one| appsync::is_one(one));
            if let Some(again) = again.filter(|_| has_appsync) {
                problems.add(again.at, || appsync::on_both(&place.name(), again));
                continue;
            }
            let rules = read(place, field.directives.iter(), problems);
            if !rules.is_empty() {
                written.fields.insert((id, definition.name.clone()), rules);
            }
        }
    }
}

/// The rules among the directives of one place.
fn read<'x>(
    place: Place<'_>,
    directives: impl Iterator<Item = &'x Directive<'x>> + Clone,
    problems: &mut Problems,
) -> Rules {
    let mut rules = Rules::new();
    for directive in directives.clone() {
        if directive.name.text == "auth" {
            rules.extend(read_rule(place, directive, problems));
        }
    }
    rules.extend(appsync::read(place, directives, problems));
    rules
}

/// Reads `@auth(requires: "…")`. That there is a text is checked with the arguments of all directives.
fn read_rule(
    place: Place<'_>,
    directive: &Directive<'_>,
    problems: &mut Problems,
) -> Option<Arc<Rule>> {
    let value = directive.argument("requires")?;
    let ValueKind::String(text) = &value.kind else {
        return None;
    };
    let mut mistakes = Vec::new();
    let expression = match rule::read(text) {
        Ok(mut expression) => {
            names::check(place, &mut expression, &mut mistakes);
            Some(expression)
        }
        Err(mistake) => {
            mistakes.push(mistake);
            None
        }
    };
    for (at, message) in &mistakes {
        let (at, within) = position(value.at, text, *at);
        problems.add(at, || {
            let name = place.name();
            format!("the rule of \"{name}\"{within}: {message}")
        });
    }
    Some(Arc::new(Rule {
        expression: expression.filter(|_| mistakes.is_empty())?,
        text: Arc::from(text.trim()),
        of: place.name().into(),
    }))
}

/// Where a byte of a rule stands in the schema. A text with escapes or several lines stands there otherwise than it reads, so its
/// beginning is told, and the character.
fn position(at: Position, text: &str, byte: usize) -> (Position, String) {
    let before = text.get(..byte).unwrap_or(text);
    if text.contains(['"', '\\', '\n']) {
        let character = before.chars().count() + 1;
        return (at, format!(", at its character {character}"));
    }
    let units = u32::try_from(before.encode_utf16().count()).unwrap_or_default();
    let column = at.column + 1 + units;
    (Position { column, ..at }, String::new())
}
