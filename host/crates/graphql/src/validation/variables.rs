//! Variables: their definitions, and whether each stands only where its type allows it.

use super::Errors;
use super::definitions::reachable;
use super::values::{Usage, constant_value};
use super::walker::Walker;
use crate::coercion::literal;
use crate::coercion::variables::VariableDef;
use crate::response::RequestError;
use crate::schema::Schema;
use crate::schema::types::Type;
use crate::syntax::{
    Directive, Document, Operation, Selection, SelectionSet, TypeNode, Value, ValueKind,
    VariableNode,
};
use mayfly_error::Error;
use std::collections::{HashMap, HashSet};

/// What the rules about variables say when an operation is left; `fragments` says where each fragment uses variables.
pub(super) fn check(
    schema: &Schema,
    document: &Document<'_>,
    operation: &Operation<'_>,
    own: &[Usage<'_>],
    fragments: &[Vec<Usage<'_>>],
    errors: &mut Errors,
) {
    let reached = reachable(document, std::iter::once(&operation.selection));
    let spread = reached
        .iter()
        .filter_map(|name| fragments.get(*document.by_name.get(name)?));
    let usages: Vec<&Usage<'_>> = own.iter().chain(spread.flatten()).collect();
    // Of variables defined twice the last one counts.
    let defined: HashMap<&str, &VariableNode<'_>> = operation
        .variables
        .iter()
        .map(|variable| (variable.name.text, variable))
        .collect();
    let of_operation = |infix: &str| {
        operation
            .name
            .map(|name| format!("{infix} operation \"{}\"", name.text))
            .unwrap_or_default()
    };
    for usage in usages
        .iter()
        .filter(|usage| !defined.contains_key(usage.name))
    {
        let message = format!(
            "Variable \"${}\" is not defined{}.",
            usage.name,
            of_operation(" by")
        );
        errors.add(message, vec![usage.at, operation.at]);
    }
    let used: HashSet<&str> = usages.iter().map(|usage| usage.name).collect();
    for variable in operation
        .variables
        .iter()
        .filter(|variable| !used.contains(variable.name.text))
    {
        let message = format!(
            "Variable \"${}\" is never used{}.",
            variable.name.text,
            of_operation(" in")
        );
        errors.add(message, vec![variable.at]);
    }
    let types: HashMap<&str, Type> = defined
        .iter()
        .filter_map(|(name, variable)| Some((*name, resolve(schema, &variable.ty)?)))
        .collect();
    for usage in usages {
        if let (Some(variable), Some(ty)) = (defined.get(usage.name), types.get(usage.name)) {
            position(schema, variable, ty, usage, errors);
        }
    }
}

/// The definitions of a validated operation, their defaults coerced.
pub(crate) fn definitions(
    schema: &Schema,
    operation: &Operation<'_>,
) -> Result<Vec<VariableDef>, RequestError> {
    let internal = |message: String, variable: &VariableNode<'_>| {
        RequestError::new(Error::Internal(message), variable.at)
    };
    let mut definitions = Vec::with_capacity(operation.variables.len());
    for variable in &operation.variables {
        let Some(ty) = resolve(schema, &variable.ty) else {
            return Err(internal(
                format!("variable type {} was not validated", variable.ty),
                variable,
            ));
        };
        let default = match &variable.default {
            Some(value) => Some(
                literal::constant(schema, &ty, value)
                    .map_err(|message| internal(message, variable))?,
            ),
            None => None,
        };
        let (name, type_text) = (variable.name.text.to_owned(), variable.ty.to_string());
        definitions.push(VariableDef {
            name,
            ty,
            type_text,
            default,
            at: variable.at,
        });
    }
    Ok(definitions)
}

/// The names of the variables `@skip` and `@include` ask in an operation, each once, in order of appearance.
pub(crate) fn conditions<'d>(
    document: &'d Document<'_>,
    operation: &'d Operation<'_>,
) -> Vec<&'d str> {
    let mut names = Vec::new();
    conditions_of(&operation.selection, &mut names);
    let reached = reachable(document, std::iter::once(&operation.selection));
    for fragment in document
        .fragments
        .iter()
        .filter(|fragment| reached.contains(fragment.name.text))
    {
        conditions_of(&fragment.selection, &mut names);
    }
    names
}

fn conditions_of<'d>(set: &'d SelectionSet<'_>, names: &mut Vec<&'d str>) {
    let mut note = |directives: &'d [Directive<'_>]| {
        for directive in directives
            .iter()
            .filter(|directive| matches!(directive.name.text, "skip" | "include"))
        {
            if let Some(ValueKind::Variable(name)) =
                directive.argument("if").map(|value| &value.kind)
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
            Selection::Field(field) => field
                .selection
                .iter()
                .for_each(|set| conditions_of(set, names)),
            Selection::Inline(inline) => conditions_of(&inline.selection, names),
            Selection::Spread(_) => {}
        }
    }
}

impl<'a> Walker<'_, 'a> {
    /// Checks the default of a variable.
    pub(super) fn variable_default(&mut self, variable: &VariableNode<'a>, default: &Value<'a>) {
        if let Some(ty) =
            resolve(self.schema, &variable.ty).filter(|ty| self.schema.get(ty.named()).is_input())
        {
            constant_value(self.schema, Some(&ty), default, &mut self.errors);
        } else {
            constant_value(self.schema, None, default, &mut self.errors);
        }
    }
}

fn resolve(schema: &Schema, ty: &TypeNode<'_>) -> Option<Type> {
    Some(match ty {
        TypeNode::Named(name) => Type::Named(schema.by_name(name.text)?),
        TypeNode::List(_, inner) => Type::List(Box::new(resolve(schema, inner)?)),
        TypeNode::NonNull(inner) => Type::NonNull(Box::new(resolve(schema, inner)?)),
    })
}

fn position(
    schema: &Schema,
    variable: &VariableNode<'_>,
    ty: &Type,
    usage: &Usage<'_>,
    errors: &mut Errors,
) {
    let Some(wanted) = usage.ty else { return };
    let name = usage.name;
    let has_default = variable
        .default
        .as_ref()
        .is_some_and(|default| !matches!(default.kind, ValueKind::Null));
    let allowed = if wanted.is_non_null() && !ty.is_non_null() {
        (has_default || usage.has_default) && schema.is_subtype(ty, wanted.nullable())
    } else {
        schema.is_subtype(ty, wanted)
    };
    if !allowed {
        let (found, wanted) = (&variable.ty, schema.print(wanted));
        let message = format!(
            "Variable \"${name}\" of type \"{found}\" used in position expecting type \"{wanted}\"."
        );
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
