//! Variables: their definitions, and whether each stands only where its type allows it.

use super::Errors;
use super::definitions::reachable;
use super::values::{Checker, Usage};
use crate::coercion::literal;
use crate::coercion::variables::VariableDef;
use crate::document::{Directive, Document, Operation, Selection, SelectionSet, TypeNode, ValueKind, VariableNode};
use crate::response::RequestError;
use crate::schema::Schema;
use crate::schema::types::Type;
use mayfly_error::Error;
use std::collections::{HashMap, HashSet};

/// Checks the variables of an operation; `fragments` says where each fragment uses variables.
pub(super) fn check(
    schema: &Schema,
    document: &Document<'_>,
    operation: &Operation<'_>,
    own: &[Usage<'_>],
    fragments: &[Vec<Usage<'_>>],
    errors: &mut Errors,
) {
    let mut types: HashMap<&str, (&VariableNode<'_>, Option<Type>)> = HashMap::new();
    for variable in &operation.variables {
        let ty = definition(schema, variable, errors);
        if let Some((first, _)) = types.get(variable.name.text) {
            let message = format!("There can be only one variable named \"${}\".", variable.name.text);
            errors.add(message, vec![first.name.at, variable.name.at]);
        }
        types.insert(variable.name.text, (variable, ty));
    }
    let reached = reachable(document, &operation.selection);
    let spread = document.fragments.iter().zip(fragments).filter(|(fragment, _)| reached.contains(fragment.name.text));
    let mut used = HashSet::new();
    for usage in own.iter().chain(spread.flat_map(|(_, usages)| usages)) {
        used.insert(usage.name);
        match types.get(usage.name) {
            None => {
                let name = usage.name;
                let message = match operation.name {
                    Some(operation) => format!("Variable \"${name}\" is not defined by operation \"{}\".", operation.text),
                    None => format!("Variable \"${name}\" is not defined."),
                };
                errors.add(message, vec![usage.at, operation.at]);
            }
            Some((variable, Some(ty))) => position(schema, variable, ty, usage, errors),
            Some(_) => {}
        }
    }
    for variable in operation.variables.iter().filter(|variable| !used.contains(variable.name.text)) {
        let name = variable.name.text;
        let message = match operation.name {
            Some(operation) => format!("Variable \"${name}\" is never used in operation \"{}\".", operation.text),
            None => format!("Variable \"${name}\" is never used."),
        };
        errors.add(message, vec![variable.at]);
    }
}

/// The definitions of a validated operation, their defaults coerced.
pub(crate) fn definitions(schema: &Schema, operation: &Operation<'_>) -> Result<Vec<VariableDef>, RequestError> {
    let internal = |message: String, variable: &VariableNode<'_>| RequestError::new(Error::Internal(message), variable.at);
    let mut definitions = Vec::with_capacity(operation.variables.len());
    for variable in &operation.variables {
        let Some(ty) = resolve(schema, &variable.ty) else {
            return Err(internal(format!("variable type {} was not validated", variable.ty), variable));
        };
        let default = match &variable.default {
            Some(value) => Some(literal::constant(schema, &ty, value).map_err(|message| internal(message, variable))?),
            None => None,
        };
        let (name, type_text) = (variable.name.text.to_owned(), variable.ty.to_string());
        definitions.push(VariableDef { name, ty, type_text, default, at: variable.at });
    }
    Ok(definitions)
}

/// The names of the variables `@skip` and `@include` ask in an operation, each once, in order of appearance.
pub(crate) fn conditions<'d>(document: &'d Document<'_>, operation: &'d Operation<'_>) -> Vec<&'d str> {
    let mut names = Vec::new();
    conditions_of(&operation.selection, &mut names);
    let reached = reachable(document, &operation.selection);
    for fragment in document.fragments.iter().filter(|fragment| reached.contains(fragment.name.text)) {
        conditions_of(&fragment.selection, &mut names);
    }
    names
}

fn conditions_of<'d>(set: &'d SelectionSet<'_>, names: &mut Vec<&'d str>) {
    let mut note = |directives: &'d [Directive<'_>]| {
        for directive in directives.iter().filter(|directive| matches!(directive.name.text, "skip" | "include")) {
            if let Some(ValueKind::Variable(name)) = directive.argument("if").map(|value| &value.kind)
                && !names.contains(name)
            {
                names.push(name);
            }
        }
    };
    for item in &set.items {
        match item {
            Selection::Field(field) => note(&field.directives),
            Selection::Inline(inline) => note(&inline.directives),
            Selection::Spread(spread) => note(&spread.directives),
        }
    }
    for item in &set.items {
        match item {
            Selection::Field(field) => field.selection.iter().for_each(|set| conditions_of(set, names)),
            Selection::Inline(inline) => conditions_of(&inline.selection, names),
            Selection::Spread(_) => {}
        }
    }
}

fn definition(schema: &Schema, variable: &VariableNode<'_>, errors: &mut Errors) -> Option<Type> {
    let named = variable.ty.named();
    let Some(id) = schema.by_name(named.text) else {
        errors.add(format!("Unknown type \"{}\".", named.text), vec![named.at]);
        return None;
    };
    if !schema.get(id).is_input() {
        let message = format!("Variable \"${}\" cannot be non-input type \"{}\".", variable.name.text, variable.ty);
        errors.add(message, vec![named.at]);
        return resolve(schema, &variable.ty);
    }
    let ty = resolve(schema, &variable.ty)?;
    if let Some(default) = &variable.default {
        let mut usages = Vec::new();
        Checker { schema, errors, usages: &mut usages }.value(Some(&ty), false, default);
    }
    Some(ty)
}

fn resolve(schema: &Schema, ty: &TypeNode<'_>) -> Option<Type> {
    Some(match ty {
        TypeNode::Named(name) => Type::Named(schema.by_name(name.text)?),
        TypeNode::List(inner) => Type::List(Box::new(resolve(schema, inner)?)),
        TypeNode::NonNull(inner) => Type::NonNull(Box::new(resolve(schema, inner)?)),
    })
}

fn position(schema: &Schema, variable: &VariableNode<'_>, ty: &Type, usage: &Usage<'_>, errors: &mut Errors) {
    let Some(wanted) = usage.ty else { return };
    let name = usage.name;
    let has_default = variable.default.as_ref().is_some_and(|default| !matches!(default.kind, ValueKind::Null));
    let allowed = if wanted.is_non_null() && !ty.is_non_null() {
        (has_default || usage.has_default) && schema.is_subtype(ty, wanted.nullable())
    } else {
        schema.is_subtype(ty, wanted)
    };
    if !allowed {
        let (found, wanted) = (&variable.ty, schema.print(wanted));
        let message = format!("Variable \"${name}\" of type \"{found}\" used in position expecting type \"{wanted}\".");
        errors.add(message, vec![variable.at, usage.at]);
    }
    if let Some(one_of) = usage.one_of.filter(|_| !ty.is_non_null()) {
        let message = format!(
            "Variable \"${name}\" is of type \"{}\" but must be non-nullable to be used for OneOf Input Object \"{one_of}\".",
            variable.ty
        );
        errors.add(message, vec![variable.at, usage.at]);
    }
}
