//! The walk through a definition: operations, fragments, selections and fields.
//!
//! Each function here is one kind of node: first what the rules say when it is entered, in their order, then what is inside it in
//! the order of the grammar, then what the rules say when it is left.

use super::directives::{DirectiveRules, Owner};
use super::introspection::Introspection;
use super::merging::Merger;
use super::values::Usage;
use super::{Errors, definitions, variables};
use crate::excerpt::Excerpt;
use crate::response::RequestError;
use crate::schema::Schema;
use crate::schema::types::{FieldDef, TypeId};
use crate::syntax::{
    Document, Field, Fragment, Inline, Name, Operation, OperationKind, Selection, SelectionSet,
    Spread, VariableNode,
};
use mayfly_config::Limits;
use std::collections::HashMap;

/// Goes through definitions, and keeps what rules have to remember.
pub(super) struct Walker<'d, 'a> {
    pub errors: Errors,
    schema: &'d Schema,
    document: &'d Document<'a>,
    /// Where the definition under way uses variables.
    usages: Vec<Usage<'d>>,
    /// The definition of the innermost field around, if it has one.
    field: Option<&'d FieldDef>,
    merger: Merger<'d, 'a>,
    /// The first operation and fragment of each name.
    operations: HashMap<&'a str, Name<'a>>,
    fragments: HashMap<&'a str, Name<'a>>,
    introspection: Introspection<'d, 'a>,
    /// Whether a field around was refused for the depth of its introspection.
    too_deep: bool,
    /// Pairs of types that were compared, and whether an object can be of both.
    overlaps: HashMap<(TypeId, TypeId), bool>,
}

impl<'d, 'a> Walker<'d, 'a> {
    /// A walker that has seen nothing yet.
    pub fn new(schema: &'d Schema, document: &'d Document<'a>, limits: &Limits) -> Self {
        Self {
            schema,
            document,
            errors: Errors::default(),
            usages: Vec::new(),
            field: None,
            merger: Merger::new(schema, document, limits),
            operations: HashMap::new(),
            fragments: HashMap::new(),
            introspection: Introspection::new(document),
            too_deep: false,
            overlaps: HashMap::new(),
        }
    }

    /// Checks an operation and says where it uses variables, fragments left out.
    pub fn operation(&mut self, operation: &'d Operation<'a>) -> Vec<Usage<'d>> {
        if let Some(name) = operation.name {
            self.unique_operation(name);
        } else if self.document.operations.len() > 1 {
            let message =
                format_args!("This anonymous operation must be the only defined operation.");
            self.errors.add(message, vec![operation.at]);
        }
        let schema = self.schema;
        let (root, location) = match operation.kind {
            OperationKind::Query => (Some(schema.query()), "QUERY"),
            OperationKind::Mutation => (schema.mutation(), "MUTATION"),
            OperationKind::Subscription => (None, "SUBSCRIPTION"),
        };
        if root.is_none() {
            let message = format_args!(
                "The {} operation is not supported by the schema.",
                operation.kind.as_str()
            );
            self.errors.add(message, vec![operation.at]);
        }
        definitions::unique_variables(operation, &mut self.errors);
        self.directive_rules()
            .unique_directives(&operation.directives);
        for variable in &operation.variables {
            self.variable(variable);
        }
        self.directive_rules()
            .directives(&operation.directives, location);
        self.merger.enter(&operation.selection, root);
        self.set(&operation.selection, root);
        std::mem::take(&mut self.usages)
    }

    /// Checks a fragment and says where it uses variables, fragments it spreads left out.
    pub fn fragment(&mut self, fragment: &'d Fragment<'a>) -> Vec<Usage<'d>> {
        let name = fragment.name;
        let ty = self.schema.by_name(fragment.condition.text);
        let composite = self.composite(ty);
        if ty != composite {
            let condition = fragment.condition;
            let message = format_args!(
                "Fragment \"{}\" cannot condition on non composite type \"{}\".",
                Excerpt(name.text),
                Excerpt(condition.text)
            );
            self.errors.add(message, vec![condition.at]);
        }
        if let Some(first) = self.fragments.get(name.text) {
            let message = format_args!(
                "There can be only one fragment named \"{}\".",
                Excerpt(name.text)
            );
            self.errors.add(message, vec![first.at, name.at]);
        } else {
            self.fragments.insert(name.text, name);
        }
        self.directive_rules()
            .unique_directives(&fragment.directives);
        self.known_type(fragment.condition);
        self.directive_rules()
            .directives(&fragment.directives, "FRAGMENT_DEFINITION");
        self.merger.enter(&fragment.selection, composite);
        self.set(&fragment.selection, composite);
        std::mem::take(&mut self.usages)
    }

    /// Why not everything was checked, if it was not.
    pub fn refusal(self) -> Option<RequestError> {
        self.merger.refusal()
    }

    fn directive_rules(&mut self) -> DirectiveRules<'_, 'd> {
        DirectiveRules {
            schema: self.schema,
            errors: &mut self.errors,
            usages: &mut self.usages,
            field: self.field,
        }
    }

    fn unique_operation(&mut self, name: Name<'a>) {
        if let Some(first) = self.operations.get(name.text) {
            let message = format_args!(
                "There can be only one operation named \"{}\".",
                Excerpt(name.text)
            );
            self.errors.add(message, vec![first.at, name.at]);
        } else {
            self.operations.insert(name.text, name);
        }
    }

    fn variable(&mut self, variable: &'d VariableNode<'a>) {
        let ty = self.schema.by_name(variable.ty.named().text);
        let is_input = ty.is_some_and(|ty| self.schema.get(ty).is_input());
        if ty.is_some() && !is_input {
            let (name, ty) = (variable.name.text, &variable.ty);
            let message = format_args!(
                "Variable \"${}\" cannot be non-input type \"{}\".",
                Excerpt(name),
                Excerpt(ty)
            );
            self.errors.add(message, vec![ty.at()]);
        }
        self.directive_rules()
            .unique_directives(&variable.directives);
        self.known_type(variable.ty.named());
        if let Some(value) = &variable.default {
            variables::check_default(self.schema, variable, value, &mut self.errors);
        }
        self.directive_rules()
            .directives(&variable.directives, "VARIABLE_DEFINITION");
    }

    /// Checks a selection on a composite type, or on one that is not known.
    fn set(&mut self, set: &'d SelectionSet<'a>, parent: Option<TypeId>) {
        self.merger.check(set, parent, &mut self.errors);
        self.items(set, parent);
    }

    fn items(&mut self, set: &'d SelectionSet<'a>, parent: Option<TypeId>) {
        for item in &set.items {
            match item {
                Selection::Field(field) => self.selected(field, parent),
                Selection::Inline(inline) => self.inline(inline, parent),
                Selection::Spread(spread) => self.spread(spread, parent),
            }
        }
    }

    fn selected(&mut self, field: &'d Field<'a>, parent: Option<TypeId>) {
        let schema = self.schema;
        let definition = parent.and_then(|parent| schema.field(parent, field.name.text));
        match (parent, definition) {
            (_, Some(definition)) => self.leaf_or_not(field, definition),
            (Some(parent), None) => {
                let message = format_args!(
                    "Cannot query field \"{}\" on type \"{}\".",
                    Excerpt(field.name.text),
                    schema.get(parent).name
                );
                self.errors.add(message, vec![field.at]);
            }
            (None, None) => {}
        }
        self.directive_rules().unique_directives(&field.directives);
        self.directive_rules().unique_arguments(&field.arguments);
        let (outer, was_too_deep) = (self.field, self.too_deep);
        self.field = definition;
        if !self.too_deep && self.introspection.is_too_deep(field) {
            self.errors.add(
                format_args!("Maximum introspection depth exceeded"),
                vec![field.at],
            );
            self.too_deep = true;
        }
        let definitions = definition.map(|definition| &definition.arguments);
        let owner = definition
            .zip(parent)
            .map(|(definition, parent)| (&*schema.get(parent).name, &*definition.name));
        self.directive_rules()
            .arguments(definitions, &field.arguments, owner);
        self.directive_rules()
            .directives(&field.directives, "FIELD");
        if let Some(set) = &field.selection {
            self.set(
                set,
                self.composite(definition.map(|definition| definition.ty.named())),
            );
        }
        if let Some(definition) = definition {
            self.directive_rules().required_arguments(
                &definition.arguments,
                &field.arguments,
                Owner::Field(&definition.name),
                field.at,
            );
        }
        (self.field, self.too_deep) = (outer, was_too_deep);
    }

    /// Fields of composite types have a selection, and only those.
    fn leaf_or_not(&mut self, field: &Field<'_>, definition: &FieldDef) {
        let (schema, name) = (self.schema, field.name.text);
        let is_composite = schema.get(definition.ty.named()).is_composite();
        let ty = || schema.print(&definition.ty);
        match &field.selection {
            Some(set) if !is_composite => {
                let message = format_args!(
                    "Field \"{name}\" must not have a selection since type \"{}\" has no subfields.",
                    ty()
                );
                self.errors.add(message, vec![set.at]);
            }
            None if is_composite => {
                let message = format_args!(
                    "Field \"{name}\" of type \"{}\" must have a selection of subfields. Did you mean \"{name} {{ ... }}\"?",
                    ty()
                );
                self.errors.add(message, vec![field.at]);
            }
            _ => {}
        }
    }

    fn inline(&mut self, inline: &'d Inline<'a>, parent: Option<TypeId>) {
        let ty = inline
            .condition
            .map_or(parent, |condition| self.schema.by_name(condition.text));
        let composite = self.composite(ty);
        if let Some(condition) = inline.condition {
            if ty != composite {
                let message = format_args!(
                    "Fragment cannot condition on non composite type \"{}\".",
                    Excerpt(condition.text)
                );
                self.errors.add(message, vec![condition.at]);
            }
            if let Some((parent, ty)) = self.never_overlap(parent, composite) {
                let message = format_args!(
                    "Fragment cannot be spread here as objects of type \"{parent}\" can never be of type \"{ty}\"."
                );
                self.errors.add(message, vec![inline.at]);
            }
        }
        self.directive_rules().unique_directives(&inline.directives);
        if let Some(condition) = inline.condition {
            self.known_type(condition);
        }
        self.directive_rules()
            .directives(&inline.directives, "INLINE_FRAGMENT");
        // What it selects was compared with everything around it.
        self.items(&inline.selection, composite);
    }

    fn spread(&mut self, spread: &'d Spread<'a>, parent: Option<TypeId>) {
        let name = spread.name;
        match self.document.fragment(name.text) {
            None => self.errors.add(
                format_args!("Unknown fragment \"{}\".", Excerpt(name.text)),
                vec![name.at],
            ),
            Some(fragment) => {
                let ty = self.composite(self.schema.by_name(fragment.condition.text));
                if let Some((parent, ty)) = self.never_overlap(parent, ty) {
                    let message = format_args!(
                        "Fragment \"{}\" cannot be spread here as objects of type \"{parent}\" can never be of type \"{ty}\".",
                        Excerpt(name.text)
                    );
                    self.errors.add(message, vec![spread.at]);
                }
            }
        }
        self.directive_rules().unique_directives(&spread.directives);
        self.directive_rules()
            .directives(&spread.directives, "FRAGMENT_SPREAD");
    }

    fn known_type(&mut self, name: Name<'_>) {
        if self.schema.by_name(name.text).is_none() {
            self.errors.add(
                format_args!("Unknown type \"{}\".", Excerpt(name.text)),
                vec![name.at],
            );
        }
    }

    fn composite(&self, ty: Option<TypeId>) -> Option<TypeId> {
        ty.filter(|ty| self.schema.get(*ty).is_composite())
    }

    /// The names of two types no object can both be of.
    fn never_overlap(
        &mut self,
        left: Option<TypeId>,
        right: Option<TypeId>,
    ) -> Option<(&'d str, &'d str)> {
        let (left, right) = left.zip(right)?;
        let schema = self.schema;
        let overlap = *self.overlaps.entry((left, right)).or_insert_with(|| {
            left == right
                || schema
                    .possible(left)
                    .iter()
                    .any(|ty| schema.possible(right).contains(ty))
        });
        (!overlap).then(|| (&*schema.get(left).name, &*schema.get(right).name))
    }
}
