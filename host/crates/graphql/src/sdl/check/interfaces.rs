//! Whether a type has what the interfaces it implements promise.

use super::super::problems::Problems;
use super::inputs::same_arguments;
use crate::excerpt::Excerpt;
use crate::schema::Schema;
use crate::schema::types::{FieldDef, Kind, Members, TypeDef, TypeId};
use std::collections::HashSet;

/// Checks every interface that a type implements.
pub(super) fn check(schema: &Schema, ty: &TypeDef, members: &Members, problems: &mut Problems) {
    let implemented: HashSet<TypeId> = members.interfaces.iter().copied().collect();
    for id in &members.interfaces {
        let interface = schema.get(*id);
        let Kind::Interface(required) = &interface.kind else {
            problems.add(ty.at, || {
                format!(
                    "{} \"{}\" can implement only interfaces, and \"{}\" is {}; remove it",
                    ty.noun(),
                    Excerpt(&ty.name),
                    Excerpt(&interface.name),
                    interface.kind.describe()
                )
            });
            continue;
        };
        if interface.name == ty.name {
            problems.add(ty.at, || {
                format!(
                    "interface \"{}\" cannot implement itself; remove it",
                    Excerpt(&ty.name)
                )
            });
            continue;
        }
        inherited(schema, (ty, &implemented), (interface, required), problems);
        for field in required.fields.values() {
            if problems.is_full() {
                return;
            }
            match members.fields.get(&field.name) {
                None => problems.add(ty.at, || {
                    format!(
                        "{} \"{}\" lacks the field \"{}\" of the interface \"{}\"; add \"{}: {}\"",
                        ty.noun(),
                        Excerpt(&ty.name),
                        Excerpt(&field.name),
                        Excerpt(&interface.name),
                        Excerpt(&field.name),
                        schema.print(&field.ty)
                    )
                }),
                Some(own) => implements(schema, (ty, own), (interface, field), problems),
            }
        }
    }
}

/// What an interface implements, its implementations implement as well.
fn inherited(
    schema: &Schema,
    (ty, implemented): (&TypeDef, &HashSet<TypeId>),
    (interface, required): (&TypeDef, &Members),
    problems: &mut Problems,
) {
    for inherited in &required.interfaces {
        if implemented.contains(inherited) || problems.is_full() {
            continue;
        }
        let inherited = schema.get(*inherited);
        problems.add(ty.at, || {
            let (name, interface) = (Excerpt(&ty.name), Excerpt(&interface.name));
            if inherited.name == ty.name {
                return format!(
                    "\"{name}\" cannot implement \"{interface}\", which implements \"{name}\"; remove one of the two"
                );
            }
            let inherited = Excerpt(&inherited.name);
            format!(
                "{} \"{name}\" must implement \"{inherited}\", because \"{interface}\" does; add \"{inherited}\"",
                ty.noun()
            )
        });
    }
}

fn implements(
    schema: &Schema,
    (ty, own): (&TypeDef, &FieldDef),
    (interface, field): (&TypeDef, &FieldDef),
    problems: &mut Problems,
) {
    let coordinate = || format!("{}.{}", Excerpt(&ty.name), Excerpt(&own.name));
    let is_missing = [own, field]
        .iter()
        .any(|field| schema.get(field.ty.named()).is_missing());
    if !is_missing && !schema.is_subtype(&own.ty, &field.ty) {
        problems.add(own.at, || {
            format!(
                "\"{}\" is of type \"{}\", but in the interface \"{}\" it is \"{}\"; use that or a subtype",
                coordinate(),
                schema.print(&own.ty),
                Excerpt(&interface.name),
                schema.print(&field.ty)
            )
        });
    }
    if own.deprecated.is_some() && field.deprecated.is_none() {
        problems.add(own.at, || {
            format!(
                "\"{}\" is deprecated, but not in the interface \"{}\"; deprecate it there, or not here",
                coordinate(),
                Excerpt(&interface.name)
            )
        });
    }
    same_arguments(schema, (ty, own), (interface, field), problems);
}
