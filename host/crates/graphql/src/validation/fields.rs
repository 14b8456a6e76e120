//! Selections against types: fields, their arguments and subselections, and fragments where they are spread.

use super::Errors;
use super::directives::Owner;
use super::values::{Checker, Usage};
use crate::document::{Document, Field, Fragment, Inline, Name, Operation, OperationKind, Selection, SelectionSet, Spread};
use crate::schema::Schema;
use crate::schema::types::TypeId;

/// Checks an operation and says where it uses variables, fragments left out.
pub(super) fn operation<'d>(
    schema: &'d Schema,
    document: &'d Document<'_>,
    operation: &'d Operation<'_>,
    errors: &mut Errors,
) -> Vec<Usage<'d>> {
    let mut usages = Vec::new();
    let mut walker = Walker { document, checker: Checker { schema, errors, usages: &mut usages } };
    let (root, location) = match operation.kind {
        OperationKind::Query => (Some(schema.query()), "QUERY"),
        OperationKind::Mutation => (schema.mutation(), "MUTATION"),
        OperationKind::Subscription => (None, "SUBSCRIPTION"),
    };
    walker.checker.directives(&operation.directives, location);
    for variable in &operation.variables {
        walker.checker.directives(&variable.directives, "VARIABLE_DEFINITION");
    }
    walker.set(&operation.selection, root);
    usages
}

/// Checks a fragment and says where it uses variables, fragments it spreads left out.
pub(super) fn fragment<'d>(
    schema: &'d Schema,
    document: &'d Document<'_>,
    fragment: &'d Fragment<'_>,
    errors: &mut Errors,
) -> Vec<Usage<'d>> {
    let mut usages = Vec::new();
    let mut walker = Walker { document, checker: Checker { schema, errors, usages: &mut usages } };
    walker.checker.directives(&fragment.directives, "FRAGMENT_DEFINITION");
    let owner = format!("Fragment \"{}\"", fragment.name.text);
    let ty = walker.condition(fragment.condition, &owner);
    walker.set(&fragment.selection, ty);
    usages
}

struct Walker<'c, 'd, 'a> {
    document: &'d Document<'a>,
    checker: Checker<'c, 'd>,
}

impl<'d> Walker<'_, 'd, '_> {
    /// Checks a selection on a composite type, or on one that is not known.
    fn set(&mut self, set: &'d SelectionSet<'_>, parent: Option<TypeId>) {
        for item in &set.items {
            match item {
                Selection::Field(field) => self.field(field, parent),
                Selection::Inline(inline) => self.inline(inline, parent),
                Selection::Spread(spread) => self.spread(spread, parent),
            }
        }
    }

    fn field(&mut self, field: &'d Field<'_>, parent: Option<TypeId>) {
        let schema = self.checker.schema;
        let name = field.name.text;
        let definition = parent.and_then(|parent| schema.field(parent, name));
        let parent_name = parent.map_or("", |parent| &schema.get(parent).name);
        if definition.is_none() && parent.is_some() {
            self.checker.errors.add(format!("Cannot query field \"{name}\" on type \"{parent_name}\"."), vec![field.at]);
        }
        let arguments = definition.map(|definition| &definition.arguments);
        self.checker.arguments(arguments, &field.arguments, Owner::Field(parent_name, name), field.at);
        self.checker.directives(&field.directives, "FIELD");
        let ty = definition.map(|definition| &definition.ty);
        let is_composite = ty.map(|ty| schema.get(ty.named()).is_composite());
        match (&field.selection, ty, is_composite) {
            (Some(set), Some(ty), Some(false)) => {
                let ty = schema.print(ty);
                let message = format!("Field \"{name}\" must not have a selection since type \"{ty}\" has no subfields.");
                self.checker.errors.add(message, vec![set.at]);
            }
            (None, Some(ty), Some(true)) => {
                let ty = schema.print(ty);
                let message = format!(
                    "Field \"{name}\" of type \"{ty}\" must have a selection of subfields. Did you mean \"{name} {{ ... }}\"?"
                );
                self.checker.errors.add(message, vec![field.at]);
            }
            _ => {}
        }
        if let Some(set) = &field.selection {
            self.set(set, ty.map(|ty| ty.named()).filter(|_| is_composite == Some(true)));
        }
    }

    fn inline(&mut self, inline: &'d Inline<'_>, parent: Option<TypeId>) {
        self.checker.directives(&inline.directives, "INLINE_FRAGMENT");
        let Some(condition) = inline.condition else { return self.set(&inline.selection, parent) };
        let ty = self.condition(condition, "Fragment");
        if let (Some(parent), Some(ty)) = (parent, ty)
            && !self.overlap(parent, ty)
        {
            let schema = self.checker.schema;
            let (parent, ty) = (&schema.get(parent).name, &schema.get(ty).name);
            let message =
                format!("Fragment cannot be spread here as objects of type \"{parent}\" can never be of type \"{ty}\".");
            self.checker.errors.add(message, vec![inline.at]);
        }
        self.set(&inline.selection, ty);
    }

    fn spread(&mut self, spread: &'d Spread<'_>, parent: Option<TypeId>) {
        self.checker.directives(&spread.directives, "FRAGMENT_SPREAD");
        let name = spread.name;
        let Some(fragment) = self.document.fragment(name.text) else {
            self.checker.errors.add(format!("Unknown fragment \"{}\".", name.text), vec![name.at]);
            return;
        };
        let schema = self.checker.schema;
        let ty = schema.by_name(fragment.condition.text).filter(|ty| schema.get(*ty).is_composite());
        if let (Some(parent), Some(ty)) = (parent, ty)
            && !self.overlap(parent, ty)
        {
            let (parent, ty) = (&schema.get(parent).name, &schema.get(ty).name);
            let message = format!(
                "Fragment \"{}\" cannot be spread here as objects of type \"{parent}\" can never be of type \"{ty}\".",
                name.text
            );
            self.checker.errors.add(message, vec![spread.at]);
        }
    }

    /// The composite type a fragment is on; none when there is no such type, the error added.
    fn condition(&mut self, condition: Name<'_>, owner: &str) -> Option<TypeId> {
        let schema = self.checker.schema;
        let Some(ty) = schema.by_name(condition.text) else {
            self.checker.errors.add(format!("Unknown type \"{}\".", condition.text), vec![condition.at]);
            return None;
        };
        if !schema.get(ty).is_composite() {
            let message = format!("{owner} cannot condition on non composite type \"{}\".", condition.text);
            self.checker.errors.add(message, vec![condition.at]);
            return None;
        }
        Some(ty)
    }

    fn overlap(&self, left: TypeId, right: TypeId) -> bool {
        let schema = self.checker.schema;
        left == right || schema.possible(left).iter().any(|ty| schema.possible(right).contains(ty))
    }
}
