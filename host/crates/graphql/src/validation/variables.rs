//! Variables: their definitions, and whether each is used only where its type allows it.

use super::Errors;
use super::definitions::{directly_spread, reachable};
use super::values::{Usage, constant_value};
use crate::coercion::compile::compile_constant;
use crate::coercion::variables::VariableDef;
use crate::excerpt::Excerpt;
use crate::response::RequestError;
use crate::schema::Schema;
use crate::schema::types::Type;
use crate::syntax::{
    Directive, Document, Operation, Selection, SelectionSet, TypeNode, Value, ValueKind,
    VariableNode,
};
use indexmap::IndexMap;
use mayfly_error::Error;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Where a document uses variables, and what is known of it so far.
pub(super) struct Usages<'d, 'a> {
    schema: &'d Schema,
    document: &'d Document<'a>,
    /// By fragment.
    fragments: Vec<Vec<Usage<'d>>>,
    /// By fragment that was looked into: the ways in which it uses variables, itself or through others.
    reached: HashMap<&'a str, Rc<IndexMap<Way<'d>, Usage<'d>>>>,
}

/// All that decides whether a variable is allowed where it is used, but for where that is: what is expected by its address.
type Way<'d> = (&'d str, Option<*const Type>, bool, Option<&'d str>);

fn way<'d>(usage: &Usage<'d>) -> Way<'d> {
    let ty = usage.ty.map(std::ptr::from_ref);
    (usage.name, ty, usage.has_default, usage.one_of)
}

/// A variable an operation defines, and its type, if there is one of its name.
type Defined<'d, 'a> = HashMap<&'d str, (&'d VariableNode<'a>, Option<Type>)>;

impl<'d, 'a> Usages<'d, 'a> {
    /// None yet.
    pub fn new(schema: &'d Schema, document: &'d Document<'a>) -> Self {
        Self {
            schema,
            document,
            fragments: Vec::with_capacity(document.fragments.len()),
            reached: HashMap::new(),
        }
    }

    /// Adds those of the next fragment of the document.
    pub fn add_fragment(&mut self, usages: Vec<Usage<'d>>) {
        self.fragments.push(usages);
    }

    /// What the rules about variables say when an operation is left; `own` are the usages in it, fragments left out. Of a fragment
    /// that many operations spread, each way in which it uses a variable is looked at once for each of them; where it uses them is
    /// only asked when there is something to tell.
    pub fn check(
        &mut self,
        operation: &'d Operation<'a>,
        own: Vec<Usage<'d>>,
        errors: &mut Errors,
    ) {
        // Of variables defined twice the last one counts.
        let defined: Defined<'d, 'a> = operation
            .variables
            .iter()
            .map(|variable| {
                let ty = resolve(self.schema, &variable.ty);
                (variable.name.text, (variable, ty))
            })
            .collect();
        let spread: Vec<_> = directly_spread(&operation.selection)
            .into_iter()
            .map(|name| self.of_fragment(name))
            .collect();
        let fits = |usage: &Usage<'_>| match defined.get(usage.name) {
            Some((variable, Some(ty))) => misfits(self.schema, variable, ty, usage).is_empty(),
            Some((_, None)) => true,
            None => false,
        };
        let below = spread.iter().flat_map(|ways| ways.values());
        if own.iter().chain(below.clone()).all(fits) {
            let used = own.iter().chain(below).map(|usage| usage.name);
            return tell_unused(operation, used, errors);
        }
        let reached = reachable(self.document, std::iter::once(&operation.selection));
        let spread = reached
            .iter()
            .filter_map(|name| self.fragments.get(*self.document.by_name.get(name)?));
        let usages: Vec<&Usage<'_>> = own.iter().chain(spread.flatten()).collect();
        tell_undefined(operation, &usages, &defined, errors);
        tell_unused(operation, usages.iter().map(|usage| usage.name), errors);
        for usage in usages {
            if errors.is_full() {
                return;
            }
            if let Some((variable, Some(ty))) = defined.get(usage.name) {
                for message in misfits(self.schema, variable, ty, usage) {
                    errors.add(format_args!("{message}"), vec![variable.at, usage.at]);
                }
            }
        }
    }

    /// The ways in which a fragment uses variables, itself or through others.
    fn of_fragment(&mut self, name: &'a str) -> Rc<IndexMap<Way<'d>, Usage<'d>>> {
        if let Some(known) = self.reached.get(name) {
            return known.clone();
        }
        let document = self.document;
        let mut ways = IndexMap::new();
        if let Some(index) = document.by_name.get(name) {
            let own = self.fragments.get(*index).into_iter().flatten();
            ways.extend(own.map(|usage| (way(usage), *usage)));
        }
        if let Some(fragment) = document.fragment(name) {
            for name in directly_spread(&fragment.selection) {
                let below = self.of_fragment(name);
                ways.extend(below.iter().map(|(way, usage)| (*way, *usage)));
            }
        }
        let ways = Rc::new(ways);
        self.reached.insert(name, ways.clone());
        ways
    }
}

fn tell_undefined(
    operation: &Operation<'_>,
    usages: &[&Usage<'_>],
    defined: &Defined<'_, '_>,
    errors: &mut Errors,
) {
    let undefined = usages
        .iter()
        .filter(|usage| !defined.contains_key(usage.name));
    for usage in undefined {
        if errors.is_full() {
            return;
        }
        let name = Excerpt(usage.name);
        let of = of_operation(" by", operation);
        errors.add(
            format_args!("Variable \"${name}\" is not defined{of}."),
            vec![usage.at, operation.at],
        );
    }
}

fn tell_unused<'d>(
    operation: &'d Operation<'_>,
    used: impl Iterator<Item = &'d str>,
    errors: &mut Errors,
) {
    let used: HashSet<&str> = used.collect();
    let unused = operation
        .variables
        .iter()
        .filter(|variable| !used.contains(variable.name.text));
    for variable in unused {
        if errors.is_full() {
            return;
        }
        let name = Excerpt(variable.name.text);
        let of = of_operation(" in", operation);
        errors.add(
            format_args!("Variable \"${name}\" is never used{of}."),
            vec![variable.at],
        );
    }
}

fn of_operation(infix: &str, operation: &Operation<'_>) -> String {
    operation
        .name
        .map(|name| format!("{infix} operation \"{}\"", Excerpt(name.text)))
        .unwrap_or_default()
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
                format!("variable type {} was not validated", Excerpt(&variable.ty)),
                variable,
            ));
        };
        let default = match &variable.default {
            Some(value) => Some(
                compile_constant(schema, &ty, value)
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

/// Checks the default of a variable.
pub(super) fn check_default(
    schema: &Schema,
    variable: &VariableNode<'_>,
    default: &Value<'_>,
    errors: &mut Errors,
) {
    let ty = resolve(schema, &variable.ty).filter(|ty| schema.get(ty.named()).is_input());
    constant_value(schema, ty.as_ref(), default, errors);
}

fn resolve(schema: &Schema, ty: &TypeNode<'_>) -> Option<Type> {
    Some(match ty {
        TypeNode::Named(name) => Type::Named(schema.by_name(name.text)?),
        TypeNode::List(_, inner) => Type::List(Box::new(resolve(schema, inner)?)),
        TypeNode::NonNull(inner) => Type::NonNull(Box::new(resolve(schema, inner)?)),
    })
}

/// What keeps a variable from standing where it is used.
fn misfits(
    schema: &Schema,
    variable: &VariableNode<'_>,
    ty: &Type,
    usage: &Usage<'_>,
) -> Vec<String> {
    let mut misfits = Vec::new();
    let Some(wanted) = usage.ty else {
        return misfits;
    };
    let (name, found) = (Excerpt(usage.name), Excerpt(&variable.ty));
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
        let wanted = schema.print(wanted);
        misfits.push(format!(
            "Variable \"${name}\" of type \"{found}\" used in position expecting type \"{wanted}\"."
        ));
    }
    if let Some(one_of) = usage.one_of.filter(|_| !ty.is_non_null()) {
        misfits.push(format!(
            "Variable \"${name}\" is of type \"{found}\" but must be non-nullable to be used for OneOf Input Object \"{one_of}\"."
        ));
    }
    misfits
}
