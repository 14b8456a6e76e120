//! Fields with the same response key must be the same field, or be on types no object can both have and answer alike.
//!
//! Pairs are compared as in the reference implementation, each with its subselections. The number of pairs grows with the square
//! of the fields, so it is bounded; documents within the other limits stay far below unless they are made to hurt.

use super::Errors;
use crate::document::{Argument, Document, Field, OperationKind, Selection, SelectionSet, Value, ValueKind};
use crate::guard::Limits;
use crate::response::{Position, RequestError};
use crate::schema::Schema;
use crate::schema::types::{Kind, Type, TypeId};
use indexmap::IndexMap;
use mayfly_error::Error;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Comparisons of two fields per field of the limit on expansion. With the default limit six hundred fields may share one key,
/// and all comparisons take some tens of milliseconds.
const PAIRS_PER_FIELD: usize = 20;

/// Conflicts of subfields one message tells of, at most: a message must not grow with the square of the document.
const TOLD_SUBFIELDS: usize = 20;

/// Checks every selection of a document.
pub(super) fn check(schema: &Schema, document: &Document<'_>, limits: &Limits, errors: &mut Errors) -> Result<(), RequestError> {
    let left = limits.expansion.saturating_mul(PAIRS_PER_FIELD);
    let mut merger = Merger { schema, document, collected: HashMap::new(), left };
    let mut run = || -> Result<(), TooMany> {
        for operation in &document.operations {
            let root = match operation.kind {
                OperationKind::Query => Some(schema.query()),
                OperationKind::Mutation => schema.mutation(),
                OperationKind::Subscription => None,
            };
            merger.set(&operation.selection, root, errors)?;
        }
        for fragment in &document.fragments {
            merger.set(&fragment.selection, schema.by_name(fragment.condition.text), errors)?;
        }
        Ok(())
    };
    run().map_err(|TooMany| {
        let what = "document repeats response keys in too many fields,".to_owned();
        RequestError::nowhere(Error::LimitExceeded { what, limit: limits.expansion as u64, setting: "expansion" })
    })
}

/// More pairs than are compared.
struct TooMany;

/// A field where it is collected.
#[derive(Clone, Copy)]
struct Found<'d, 'a> {
    field: &'d Field<'a>,
    parent: Option<TypeId>,
    ty: Option<&'d Type>,
}

type Collected<'d, 'a> = Rc<IndexMap<&'a str, Vec<Found<'d, 'a>>>>;

struct Merger<'d, 'a> {
    schema: &'d Schema,
    document: &'d Document<'a>,
    /// What each selection set collects, by its address and type.
    collected: HashMap<(*const SelectionSet<'a>, Option<TypeId>), Collected<'d, 'a>>,
    /// Comparisons left.
    left: usize,
}

/// Why two fields with one key conflict, and where they are, each with the subfields that do.
struct Conflict {
    reason: String,
    left: Vec<Position>,
    right: Vec<Position>,
}

impl<'d, 'a> Merger<'d, 'a> {
    /// Checks a selection set and all below it.
    fn set(&mut self, set: &'d SelectionSet<'a>, parent: Option<TypeId>, errors: &mut Errors) -> Result<(), TooMany> {
        for (key, fields) in self.collect(set, parent).iter() {
            for (index, left) in fields.iter().enumerate() {
                for right in fields.iter().skip(index + 1) {
                    if let Some(conflict) = self.conflict(*left, *right, false)? {
                        let message = format!(
                            "Fields \"{key}\" conflict because {}. Use different aliases on the fields to fetch both if this was intentional.",
                            conflict.reason
                        );
                        errors.add(message, [conflict.left, conflict.right].concat());
                    }
                }
            }
        }
        self.below(set, parent, errors)
    }

    fn below(&mut self, set: &'d SelectionSet<'a>, parent: Option<TypeId>, errors: &mut Errors) -> Result<(), TooMany> {
        for item in &set.items {
            match item {
                Selection::Field(field) => {
                    if let Some(inner) = &field.selection {
                        let definition = parent.and_then(|parent| self.schema.field(parent, field.name.text));
                        self.set(inner, definition.map(|definition| definition.ty.named()), errors)?;
                    }
                }
                // What an inline fragment selects was compared with everything around it.
                Selection::Inline(inline) => {
                    let ty = inline.condition.map_or(parent, |condition| self.schema.by_name(condition.text));
                    self.below(&inline.selection, ty, errors)?;
                }
                Selection::Spread(_) => {}
            }
        }
        Ok(())
    }

    fn conflict(&mut self, left: Found<'d, 'a>, right: Found<'d, 'a>, apart: bool) -> Result<Option<Conflict>, TooMany> {
        if std::ptr::eq(left.field, right.field) && left.parent == right.parent {
            return Ok(None);
        }
        self.left = self.left.checked_sub(1).ok_or(TooMany)?;
        let because = |reason: String| Ok(Some(Conflict { reason, left: vec![left.field.at], right: vec![right.field.at] }));
        let apart = apart || self.never_both(left.parent, right.parent);
        if !apart {
            let (left_name, right_name) = (left.field.name.text, right.field.name.text);
            if left_name != right_name {
                return because(format!("\"{left_name}\" and \"{right_name}\" are different fields"));
            }
            if !same_arguments(&left.field.arguments, &right.field.arguments) {
                return because("they have differing arguments".to_owned());
            }
        }
        if let (Some(left_type), Some(right_type)) = (left.ty, right.ty)
            && self.shapes_differ(left_type, right_type)
        {
            let (left, right) = (self.schema.print(left_type), self.schema.print(right_type));
            return because(format!("they return conflicting types \"{left}\" and \"{right}\""));
        }
        let (Some(left_set), Some(right_set)) = (&left.field.selection, &right.field.selection) else { return Ok(None) };
        let left_fields = self.collect(left_set, left.ty.map(Type::named));
        let right_fields = self.collect(right_set, right.ty.map(Type::named));
        let conflict = self.between(&left_fields, &right_fields, apart)?;
        Ok(conflict.map(|mut conflict| {
            conflict.left.insert(0, left.field.at);
            conflict.right.insert(0, right.field.at);
            conflict
        }))
    }

    /// The conflicts between two sets of subfields.
    fn between(&mut self, left: &Collected<'d, 'a>, right: &Collected<'d, 'a>, apart: bool) -> Result<Option<Conflict>, TooMany> {
        let (mut left_places, mut right_places) = (Vec::new(), Vec::new());
        let mut reasons = Vec::new();
        for (key, lefts) in left.iter() {
            let Some(rights) = right.get(key) else { continue };
            for left in lefts {
                for right in rights {
                    if let Some(conflict) = self.conflict(*left, *right, apart)?
                        && reasons.len() < TOLD_SUBFIELDS
                    {
                        reasons.push(format!("subfields \"{key}\" conflict because {}", conflict.reason));
                        left_places.extend(conflict.left);
                        right_places.extend(conflict.right);
                    }
                }
            }
        }
        let reason = reasons.join(" and ");
        Ok((!reasons.is_empty()).then_some(Conflict { reason, left: left_places, right: right_places }))
    }

    /// Whether no object can be of both types.
    fn never_both(&self, left: Option<TypeId>, right: Option<TypeId>) -> bool {
        let is_object = |ty: TypeId| matches!(self.schema.get(ty).kind, Kind::Object(_));
        matches!((left, right), (Some(left), Some(right)) if left != right && is_object(left) && is_object(right))
    }

    fn shapes_differ(&self, left: &Type, right: &Type) -> bool {
        match (left, right) {
            (Type::List(left), Type::List(right)) | (Type::NonNull(left), Type::NonNull(right)) => {
                self.shapes_differ(left, right)
            }
            (Type::Named(left), Type::Named(right)) => {
                let is_leaf = |ty: &TypeId| !self.schema.get(*ty).is_composite();
                (is_leaf(left) || is_leaf(right)) && left != right
            }
            _ => true,
        }
    }

    /// The fields a selection set stands for, fragments written out.
    fn collect(&mut self, set: &'d SelectionSet<'a>, parent: Option<TypeId>) -> Collected<'d, 'a> {
        let key = (std::ptr::from_ref(set), parent);
        if let Some(known) = self.collected.get(&key) {
            return known.clone();
        }
        let mut fields = IndexMap::new();
        self.collect_into(set, parent, &mut fields, &mut HashSet::new());
        let fields = Rc::new(fields);
        self.collected.insert(key, fields.clone());
        fields
    }

    fn collect_into(
        &self,
        set: &'d SelectionSet<'a>,
        parent: Option<TypeId>,
        fields: &mut IndexMap<&'a str, Vec<Found<'d, 'a>>>,
        spread: &mut HashSet<&'a str>,
    ) {
        let composite = |ty: &TypeId| self.schema.get(*ty).is_composite();
        for item in &set.items {
            match item {
                Selection::Field(field) => {
                    let definition = parent.filter(composite).and_then(|parent| self.schema.field(parent, field.name.text));
                    let found = Found { field, parent, ty: definition.map(|definition| &definition.ty) };
                    fields.entry(field.response_key()).or_default().push(found);
                }
                Selection::Inline(inline) => {
                    let ty = inline.condition.map_or(parent, |condition| self.schema.by_name(condition.text));
                    self.collect_into(&inline.selection, ty, fields, spread);
                }
                Selection::Spread(item) => {
                    if let Some(fragment) = self.document.fragment(item.name.text)
                        && spread.insert(item.name.text)
                    {
                        self.collect_into(&fragment.selection, self.schema.by_name(fragment.condition.text), fields, spread);
                    }
                }
            }
        }
    }
}

/// Whether two fields are given the same values, in any order.
fn same_arguments(left: &[Argument<'_>], right: &[Argument<'_>]) -> bool {
    left.len() == right.len()
        && left.iter().all(|argument| {
            let other = right.iter().find(|other| other.name.text == argument.name.text);
            other.is_some_and(|other| sorted(&argument.value) == sorted(&other.value))
        })
}

/// A value as text with the fields of objects in order of their names.
fn sorted(value: &Value<'_>) -> String {
    match &value.kind {
        ValueKind::Object(entries) => {
            let mut entries: Vec<String> =
                entries.iter().map(|entry| format!("{}: {}", entry.name, sorted(&entry.value))).collect();
            entries.sort();
            format!("{{ {} }}", entries.join(", "))
        }
        ValueKind::List(items) => format!("[{}]", items.iter().map(sorted).collect::<Vec<_>>().join(", ")),
        _ => value.to_string(),
    }
}
