//! What must hold in a schema whose names are all known: the specification's rules for types, and the host's for `@resolve`.

use super::Schema;
use super::problems::Problems;
use super::types::{FieldDef, InputDef, Kind, Members, Type, TypeDef, TypeId};
use crate::response::Position;
use std::collections::HashSet;

/// Checks every type.
pub(super) fn run(schema: &Schema, problems: &mut Problems) {
    let own = schema.types.iter().filter(|ty| !ty.name.starts_with("__"));
    for ty in own {
        match &ty.kind {
            Kind::Scalar(_) => {}
            Kind::Object(members) | Kind::Interface(members) => {
                composite(schema, ty, members, problems)
            }
            Kind::Union(members) => union(schema, ty, members, problems),
            Kind::Enum(values) if values.is_empty() => {
                problems.add(
                    place(schema, &ty.name),
                    format!("enum `{}` has no values; give it at least one", ty.name),
                );
            }
            Kind::Enum(_) => {}
            Kind::Input(input) => {
                if input.fields.is_empty() {
                    problems.add(
                        place(schema, &ty.name),
                        format!("input `{}` has no fields; give it at least one", ty.name),
                    );
                }
                for field in input.fields.values() {
                    input_type(schema, &ty.name, field, problems);
                    if input.one_of && (field.ty.is_non_null() || field.default.is_some()) {
                        let message = format!(
                            "`{}.{}` of a @oneOf input must be nullable and have no default; change it",
                            ty.name, field.name
                        );
                        problems.add(field.at, message);
                    }
                }
            }
        }
    }
    for directive in &schema.directives {
        directive.arguments.values().for_each(|argument| {
            input_type(schema, &format!("@{}", directive.name), argument, problems)
        });
    }
    endless_inputs(schema, problems);
}

/// A root type: an object whose every field is answered by a module.
pub(super) fn root(schema: &Schema, id: TypeId, what: &str, problems: &mut Problems) {
    let ty = schema.get(id);
    let Kind::Object(members) = &ty.kind else {
        let message = format!(
            "the {what} root `{}` is no object type; make it one",
            ty.name
        );
        problems.add(place(schema, &ty.name), message);
        return;
    };
    for field in members.fields.values() {
        match &field.resolve {
            None => {
                let message = format!(
                    "`{}.{}` has no @resolve; every root field needs one: add @resolve(module: \"...\")",
                    ty.name, field.name
                );
                problems.add(field.at, message);
            }
            Some(resolver) if !resolver.needs.is_empty() => {
                let message = format!(
                    "`{}.{}` is a root field, which has no parent to need fields of; remove `needs`",
                    ty.name, field.name
                );
                problems.add(field.at, message);
            }
            Some(_) => {}
        }
    }
}

fn composite(schema: &Schema, ty: &TypeDef, members: &Members, problems: &mut Problems) {
    if members.fields.is_empty() {
        problems.add(
            place(schema, &ty.name),
            format!("type `{}` has no fields; give it at least one", ty.name),
        );
    }
    for field in members.fields.values() {
        let named = schema.get(field.ty.named());
        if matches!(named.kind, Kind::Input(_)) {
            let message = format!(
                "`{}.{}` has input type `{}`; fields need an output type",
                ty.name, field.name, named.name
            );
            problems.add(field.at, message);
        }
        let label = format!("{}.{}", ty.name, field.name);
        field
            .arguments
            .values()
            .for_each(|argument| input_type(schema, &label, argument, problems));
        needs(ty, members, field, problems);
    }
    for interface in &members.interfaces {
        implements(schema, ty, members, *interface, problems);
    }
}

fn needs(ty: &TypeDef, members: &Members, field: &FieldDef, problems: &mut Problems) {
    let Some(resolver) = &field.resolve else {
        return;
    };
    for name in &resolver.needs {
        let message = match members.fields.get(name) {
            None => format!(
                "`{}.{}` needs `{name}`, which is no field of `{}`; correct the name",
                ty.name, field.name, ty.name
            ),
            Some(needed) if needed.resolve.is_some() => format!(
                "`{}.{}` needs `{name}`, which a module answers; only properties of the parent can be needed",
                ty.name, field.name
            ),
            Some(_) => continue,
        };
        problems.add(field.at, message);
    }
}

fn union(schema: &Schema, ty: &TypeDef, members: &[TypeId], problems: &mut Problems) {
    let at = place(schema, &ty.name);
    if members.is_empty() {
        problems.add(
            at,
            format!("union `{}` has no members; give it at least one", ty.name),
        );
    }
    for member in members {
        let member = schema.get(*member);
        if !matches!(member.kind, Kind::Object(_)) {
            problems.add(
                at,
                format!(
                    "union `{}` has member `{}`, which is no object type; remove it",
                    ty.name, member.name
                ),
            );
        }
    }
}

fn input_type(schema: &Schema, owner: &str, input: &InputDef, problems: &mut Problems) {
    let named = schema.get(input.ty.named());
    if !named.is_input() {
        let message = format!(
            "`{}` of `{owner}` has output type `{}`; arguments and input fields need an input type",
            input.name, named.name
        );
        problems.add(input.at, message);
    }
    if input.is_required() && input.deprecated.is_some() {
        let message = format!(
            "`{}` of `{owner}` is required and deprecated; make it nullable or give it a default",
            input.name
        );
        problems.add(input.at, message);
    }
}

fn implements(
    schema: &Schema,
    ty: &TypeDef,
    members: &Members,
    interface: TypeId,
    problems: &mut Problems,
) {
    let interface_type = schema.get(interface);
    let Kind::Interface(required) = &interface_type.kind else {
        let message = format!(
            "`{}` implements `{}`, which is no interface; remove it",
            ty.name, interface_type.name
        );
        problems.add(place(schema, &ty.name), message);
        return;
    };
    if interface_type.name == ty.name {
        problems.add(
            place(schema, &ty.name),
            format!("interface `{}` implements itself; remove it", ty.name),
        );
        return;
    }
    for inherited in &required.interfaces {
        if !members.interfaces.contains(inherited) {
            let inherited = &schema.get(*inherited).name;
            let message = format!(
                "`{}` implements `{}`, which implements `{inherited}`; add `{inherited}` to what `{}` implements",
                ty.name, interface_type.name, ty.name
            );
            problems.add(place(schema, &ty.name), message);
        }
    }
    for field in required.fields.values() {
        match members.fields.get(&field.name) {
            None => {
                let message = format!(
                    "`{}` lacks the field `{}` of interface `{}`; add it",
                    ty.name, field.name, interface_type.name
                );
                problems.add(place(schema, &ty.name), message);
            }
            Some(own) => implements_field(schema, (ty, own), (interface_type, field), problems),
        }
    }
}

fn implements_field(
    schema: &Schema,
    (ty, own): (&TypeDef, &FieldDef),
    (interface, field): (&TypeDef, &FieldDef),
    problems: &mut Problems,
) {
    let name = &field.name;
    if !schema.is_subtype(&own.ty, &field.ty) {
        let (found, wanted) = (schema.print(&own.ty), schema.print(&field.ty));
        let message = format!(
            "`{}.{name}` is `{found}`, but interface `{}` says `{wanted}`; use that or a subtype",
            ty.name, interface.name
        );
        problems.add(own.at, message);
    }
    for (argument_name, argument) in &field.arguments {
        match own.arguments.get(argument_name) {
            None => {
                let message = format!(
                    "`{}.{name}` lacks the argument `{argument_name}` of interface `{}`; add it",
                    ty.name, interface.name
                );
                problems.add(own.at, message);
            }
            Some(found) if found.ty != argument.ty => {
                let wanted = schema.print(&argument.ty);
                let message = format!(
                    "argument `{argument_name}` of `{}.{name}` must be `{wanted}` as in interface `{}`",
                    ty.name, interface.name
                );
                problems.add(found.at, message);
            }
            Some(_) => {}
        }
    }
    let additional = own
        .arguments
        .values()
        .filter(|argument| !field.arguments.contains_key(&argument.name));
    for argument in additional.filter(|argument| argument.is_required()) {
        let message = format!(
            "argument `{}` of `{}.{name}` is required, but interface `{}` does not have it; make it nullable",
            argument.name, ty.name, interface.name
        );
        problems.add(argument.at, message);
    }
}

/// An input object that must contain itself cannot be written down.
fn endless_inputs(schema: &Schema, problems: &mut Problems) {
    for (index, ty) in schema.types.iter().enumerate() {
        let start = TypeId(u32::try_from(index).unwrap_or(u32::MAX));
        let Kind::Input(input) = &ty.kind else {
            continue;
        };
        let mut seen = HashSet::new();
        let mut stack: Vec<TypeId> = required_inputs(schema, start);
        while let Some(id) = stack.pop() {
            if id == start {
                let at = input
                    .fields
                    .values()
                    .next()
                    .map(|field| field.at)
                    .unwrap_or_default();
                problems.add(at, format!("input `{}` must contain itself without end; make one of the fields nullable", ty.name));
                break;
            }
            if seen.insert(id) {
                stack.extend(required_inputs(schema, id));
            }
        }
    }
}

fn required_inputs(schema: &Schema, id: TypeId) -> Vec<TypeId> {
    let Kind::Input(input) = &schema.get(id).kind else {
        return Vec::new();
    };
    let required = input.fields.values().filter_map(|field| match &field.ty {
        Type::NonNull(inner) => match inner.as_ref() {
            Type::Named(id) => Some(*id),
            _ => None,
        },
        _ => None,
    });
    required.collect()
}

/// Where the type `name` is defined: its keyword is looked up in the text, for tables keep places of fields only.
fn place(schema: &Schema, name: &str) -> Position {
    for (index, line) in schema.sdl.lines().enumerate() {
        let mut words = line
            .split(|character: char| !character.is_alphanumeric() && character != '_')
            .filter(|word| !word.is_empty());
        let keyword = words.next().unwrap_or_default();
        if matches!(
            keyword,
            "type" | "interface" | "union" | "enum" | "input" | "scalar"
        ) && words.next() == Some(name)
        {
            return Position {
                line: u32::try_from(index + 1).unwrap_or(u32::MAX),
                column: 1,
            };
        }
    }
    Position { line: 1, column: 1 }
}
