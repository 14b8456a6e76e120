//! TypeScript: a type for every type of the schema, and one for what each module answers.
//!
//! An object's type has the properties that its resolver answers; fields that have a resolver of their own are left out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use mayfly_graphql::Binding;

use super::introspection::{Field, Input, Kind, Reference, Type};

const HEAD: &str = "\
// Made by `mayfly codegen` of the schema; change that, and run it again.
import type { FieldResolver, RootResolver } from 'mayfly';
";

/// Scalars of GraphQL, and what they are in JSON.
const SCALARS: [(&str, &str); 5] = [
    ("ID", "string"),
    ("String", "string"),
    ("Int", "number"),
    ("Float", "number"),
    ("Boolean", "boolean"),
];

/// A module, and its fields by type.
type Modules<'a> = BTreeMap<&'a str, BTreeMap<&'a str, Vec<&'a Binding>>>;

/// Writes all types, and of the modules those that have bindings here.
pub fn write(types: &[Type], bindings: &[Binding]) -> String {
    let mut out = HEAD.to_owned();
    let resolved: BTreeSet<(&str, &str)> = bindings
        .iter()
        .map(|binding| (&*binding.type_name, &*binding.field_name))
        .collect();
    for ty in types {
        match ty.kind {
            Kind::Scalar if SCALARS.iter().any(|(name, _)| *name == ty.name) => {}
            Kind::Scalar => {
                describe(&mut out, "", ty.description.as_deref());
                let _ = writeln!(out, "export type {} = any;", ty.name);
            }
            Kind::Enum => {
                let values = ty.enum_values.iter().flatten();
                let values: Vec<_> = values.map(|value| format!("'{}'", value.name)).collect();
                describe(&mut out, "", ty.description.as_deref());
                let _ = writeln!(out, "export type {} = {};", ty.name, values.join(" | "));
            }
            Kind::InputObject => {
                describe(&mut out, "", ty.description.as_deref());
                inputs(
                    &mut out,
                    &ty.name,
                    ty.input_fields.as_deref().unwrap_or_default(),
                );
            }
            Kind::Union | Kind::Interface => union(&mut out, ty),
            Kind::Object if is_root(ty, bindings) => {}
            Kind::Object => object(&mut out, ty, &resolved),
            Kind::List | Kind::NonNull => {}
        }
    }
    modules(&mut out, types, bindings);
    out
}

/// Whether a type is a root of operations: every field of it has a resolver, and none needs anything of a parent.
fn is_root(ty: &Type, bindings: &[Binding]) -> bool {
    matches!(ty.name.as_str(), "Query" | "Mutation" | "Subscription")
        || (ty.fields.iter().flatten().count() > 0
            && ty.fields.iter().flatten().all(|field| {
                bindings.iter().any(|binding| {
                    *binding.type_name == ty.name
                        && *binding.field_name == field.name
                        && binding.needs.is_empty()
                })
            }))
}

fn object(out: &mut String, ty: &Type, resolved: &BTreeSet<(&str, &str)>) {
    describe(out, "", ty.description.as_deref());
    let _ = writeln!(out, "export interface {} {{", ty.name);
    let _ = writeln!(out, "  __typename?: '{}';", ty.name);
    for field in ty.fields.iter().flatten() {
        if resolved.contains(&(ty.name.as_str(), field.name.as_str())) {
            continue;
        }
        describe(out, "  ", field.description.as_deref());
        let optional = if field.of.kind == Kind::NonNull {
            ""
        } else {
            "?"
        };
        let _ = writeln!(out, "  {}{optional}: {};", field.name, written(&field.of));
    }
    out.push_str("}\n");
}

/// One of several types, which says which it is.
fn union(out: &mut String, ty: &Type) {
    let possible = ty.possible_types.iter().flatten();
    let possible: Vec<_> = possible
        .map(|one| format!("({0} & {{ __typename: '{0}' }})", one.name))
        .collect();
    let possible = if possible.is_empty() {
        "never".to_owned()
    } else {
        possible.join(" | ")
    };
    describe(out, "", ty.description.as_deref());
    let _ = writeln!(out, "export type {} = {possible};", ty.name);
}

/// What is given to a resolver: with defaults applied, so that only what may be left out is optional.
fn inputs(out: &mut String, name: &str, fields: &[Input]) {
    let _ = writeln!(out, "export interface {name} {{");
    for field in fields {
        describe(out, "  ", field.description.as_deref());
        let may_be_absent = field.of.kind != Kind::NonNull && field.default_value.is_none();
        let optional = if may_be_absent { "?" } else { "" };
        let _ = writeln!(out, "  {}{optional}: {};", field.name, written(&field.of));
    }
    out.push_str("}\n");
}

fn modules(out: &mut String, types: &[Type], bindings: &[Binding]) {
    let types: HashMap<&str, &Type> = types.iter().map(|ty| (ty.name.as_str(), ty)).collect();
    let mut modules = Modules::new();
    for binding in bindings {
        let fields = modules.entry(&binding.module).or_default();
        fields.entry(&binding.type_name).or_default().push(binding);
    }
    for (module, of_types) in modules {
        let mut resolvers = String::new();
        for (name, fields) in of_types {
            let Some(ty) = types.get(name) else { continue };
            let _ = writeln!(resolvers, "  {name}: {{");
            for binding in fields {
                let mut fields = ty.fields.iter().flatten();
                let found = fields.find(|field| field.name == *binding.field_name);
                if let Some(field) = found {
                    let arguments = arguments(out, name, field);
                    describe(&mut resolvers, "    ", field.description.as_deref());
                    let resolver = resolver(ty, field, binding, &arguments);
                    let _ = writeln!(resolvers, "    {}: {resolver};", field.name);
                }
            }
            resolvers.push_str("  };\n");
        }
        let _ = writeln!(out, "/** What the module `{module}` answers. */");
        let _ = writeln!(out, "export type {}Resolvers = {{", pascal(module));
        out.push_str(&resolvers);
        out.push_str("};\n");
    }
}

/// The name of a field's arguments, which are written if there are any.
fn arguments(out: &mut String, type_name: &str, field: &Field) -> String {
    if field.args.is_empty() {
        return "{}".to_owned();
    }
    let name = format!("{type_name}{}Arguments", pascal(&field.name));
    inputs(out, &name, &field.args);
    name
}

fn resolver(ty: &Type, field: &Field, binding: &Binding, arguments: &str) -> String {
    let answer = written(&field.of);
    if matches!(ty.name.as_str(), "Query" | "Mutation") {
        return format!("RootResolver<{arguments}, {answer}>");
    }
    let needs: Vec<_> = binding
        .needs
        .iter()
        .map(|need| format!("'{need}'"))
        .collect();
    let parent = if needs.is_empty() {
        "{}".to_owned()
    } else {
        format!("Pick<{}, {}>", ty.name, needs.join(" | "))
    };
    format!("FieldResolver<{parent}, {arguments}, {answer}>")
}

/// A type as TypeScript has it, null where it may be.
fn written(of: &Reference) -> String {
    match (of.kind, &of.of_type) {
        (Kind::NonNull, Some(inner)) => plain(inner),
        _ => format!("{} | null", plain(of)),
    }
}

fn plain(of: &Reference) -> String {
    match (of.kind, &of.of_type) {
        (Kind::List, Some(inner)) => {
            let element = written(inner);
            if element.contains('|') {
                format!("({element})[]")
            } else {
                format!("{element}[]")
            }
        }
        (Kind::NonNull, Some(inner)) => plain(inner),
        _ => {
            let name = of.name.as_deref().unwrap_or("unknown");
            let scalar = SCALARS.iter().find(|(known, _)| *known == name);
            scalar.map_or(name, |(_, written)| written).to_owned()
        }
    }
}

/// A comment, if there is something to say.
fn describe(out: &mut String, indentation: &str, description: Option<&str>) {
    let Some(text) = description.map(str::trim).filter(|text| !text.is_empty()) else {
        return;
    };
    let text = text.replace("*/", "* /");
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    if let [line] = lines.as_slice() {
        let _ = writeln!(out, "{indentation}/** {line} */");
        return;
    }
    let _ = writeln!(out, "{indentation}/**");
    for line in lines {
        let _ = writeln!(out, "{}", format!("{indentation} * {line}").trim_end());
    }
    let _ = writeln!(out, "{indentation} */");
}

/// `in-typescript` as `InTypescript`.
fn pascal(name: &str) -> String {
    let parts = name.split(|c: char| !c.is_ascii_alphanumeric());
    parts
        .map(|part| {
            let (first, rest) = part.split_at(part.len().min(1));
            format!("{}{rest}", first.to_ascii_uppercase())
        })
        .collect()
}
