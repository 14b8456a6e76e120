//! What must hold in a schema whose names are all known: the specification's rules for types, and the host's for `@resolve`.

mod inputs;
mod interfaces;

use super::problems::Problems;
use crate::excerpt::Excerpt;
use crate::schema::Schema;
use crate::schema::types::{DirectiveDef, FieldDef, Kind, Members, TypeDef, TypeId};
use crate::syntax::suggestion::or_else;

/// Checks every type and directive.
pub(super) fn run(schema: &Schema, problems: &mut Problems) {
    let own = schema.types.iter().filter(|ty| !ty.name.starts_with("__"));
    for ty in own {
        if problems.is_full() {
            return;
        }
        match &ty.kind {
            Kind::Scalar(_) => {}
            Kind::Object(members) | Kind::Interface(members) => {
                not_empty(ty, members.fields.is_empty(), "field", problems);
                for field in members.fields.values() {
                    output_field(schema, ty, members, field, problems);
                }
                interfaces::check(schema, ty, members, problems);
            }
            Kind::Union(members) => union(schema, ty, members, problems),
            Kind::Enum(values) => not_empty(ty, values.is_empty(), "value", problems),
            Kind::Input(input) => {
                not_empty(ty, input.fields.is_empty(), "field", problems);
                inputs::object(schema, ty, input, problems);
            }
        }
    }
    for definition in &schema.directives {
        directive(schema, definition, problems);
    }
    inputs::endless(schema, problems);
}

/// The definition of a directive.
pub(super) fn directive(schema: &Schema, definition: &DirectiveDef, problems: &mut Problems) {
    for argument in definition.arguments.values() {
        let owner = || format!("@{}", Excerpt(&definition.name));
        inputs::argument(schema, owner, argument, problems);
    }
}

/// A root type: an object whose every field is answered by a module.
pub(super) fn root(schema: &Schema, id: TypeId, what: &str, problems: &mut Problems) {
    let ty = schema.get(id);
    let Kind::Object(members) = &ty.kind else {
        problems.add(ty.at, || {
            let (name, kind) = (Excerpt(&ty.name), ty.kind.describe());
            format!("the {what} type \"{name}\" must be an object type, and this is {kind}; write \"type {name}\"")
        });
        return;
    };
    for field in members.fields.values() {
        let coordinate = || format!("{}.{}", Excerpt(&ty.name), Excerpt(&field.name));
        match &field.resolve {
            None => problems.add(field.at, || {
                format!(
                    "\"{}\" has no @resolve; every field of the {what} type needs one: add @resolve(module: \"...\")",
                    coordinate()
                )
            }),
            Some(resolver) if !resolver.needs.is_empty() => {
                problems.add(resolver.needs_at, || {
                    format!(
                        "\"{}\" is a field of the {what} type, which has no parent to need fields of; remove \"needs\"",
                        coordinate()
                    )
                });
            }
            Some(_) => {}
        }
    }
}

fn not_empty(ty: &TypeDef, is_empty: bool, what: &str, problems: &mut Problems) {
    if is_empty {
        problems.add(ty.at, || {
            let (name, noun) = (Excerpt(&ty.name), ty.noun());
            format!("{noun} \"{name}\" must define one or more {what}s; add one")
        });
    }
}

fn output_field(
    schema: &Schema,
    ty: &TypeDef,
    members: &Members,
    field: &FieldDef,
    problems: &mut Problems,
) {
    let coordinate = || format!("{}.{}", Excerpt(&ty.name), Excerpt(&field.name));
    let named = schema.get(field.ty.named());
    if matches!(named.kind, Kind::Input(_)) {
        problems.add(field.at, || {
            format!(
                "field \"{}\" must have an output type, and \"{}\" is an input; use another type",
                coordinate(),
                Excerpt(&named.name)
            )
        });
    }
    for argument in field.arguments.values() {
        inputs::argument(schema, coordinate, argument, problems);
    }
    let Some(resolver) = &field.resolve else {
        return;
    };
    for name in &resolver.needs {
        match members.fields.get(name) {
            None => problems.add(resolver.needs_at, || {
                let known = members.fields.values();
                let known = known.filter(|known| known.resolve.is_none());
                let remedy = or_else(name, known.map(|known| &*known.name), "", "correct the name");
                format!(
                    "\"{}\" needs \"{}\", which \"{}\" does not have{remedy}",
                    coordinate(),
                    Excerpt(name),
                    Excerpt(&ty.name)
                )
            }),
            Some(needed) if needed.resolve.is_some() => problems.add(resolver.needs_at, || {
                format!(
                    "\"{}\" needs \"{}\", which a module answers; only properties of the parent can be needed",
                    coordinate(),
                    Excerpt(name)
                )
            }),
            Some(_) => {}
        }
    }
}

fn union(schema: &Schema, ty: &TypeDef, members: &[TypeId], problems: &mut Problems) {
    not_empty(ty, members.is_empty(), "member", problems);
    for member in members {
        let member = schema.get(*member);
        if !matches!(member.kind, Kind::Object(_)) {
            problems.add(ty.at, || {
                format!(
                    "union \"{}\" can include only object types, and \"{}\" is {}; remove it",
                    Excerpt(&ty.name),
                    Excerpt(&member.name),
                    member.kind.describe()
                )
            });
        }
    }
}
