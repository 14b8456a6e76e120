//! Which fields a selection stands for on one object type: the specification's `CollectFields`.

use super::budget::{Budget, Refusal};
use crate::response::Position;
use crate::schema::Schema;
use crate::schema::types::TypeId;
use crate::syntax::{Directive, Document, Field, Selection, SelectionSet, ValueKind};
use indexmap::IndexMap;
use std::collections::{HashMap, HashSet};

/// The fields of an object by response key, in order; each key's fields are merged.
pub(super) type Collected<'d, 'a> = IndexMap<&'a str, Vec<&'d Field<'a>>>;

/// What collecting depends on besides the selection.
pub(super) struct Collector<'d, 'a> {
    pub schema: &'d Schema,
    pub document: &'d Document<'a>,
    /// The values of the variables that `@skip` and `@include` ask; none for null, with which nothing can be decided.
    pub conditions: HashMap<&'d str, Option<bool>>,
}

/// Why nobody can say which fields there are.
pub(super) enum Uncollected {
    /// A condition is null, by its place.
    NullCondition(Position),
    Refused(Refusal),
}

impl From<Refusal> for Uncollected {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What is collected for one object.
struct Collection<'b, 'd, 'a> {
    fields: Collected<'d, 'a>,
    /// The fragments looked into: a second spread of one adds nothing.
    spread: HashSet<&'a str>,
    budget: &'b mut Budget,
}

impl<'d, 'a> Collector<'d, 'a> {
    /// Collects the fields several merged selection sets have on `object`.
    pub fn collect(
        &self,
        object: TypeId,
        sets: &[&'d SelectionSet<'a>],
        budget: &mut Budget,
    ) -> Result<Collected<'d, 'a>, Uncollected> {
        let mut collection = Collection {
            fields: IndexMap::new(),
            spread: HashSet::new(),
            budget,
        };
        for set in sets {
            self.set(object, set, &mut collection)?;
        }
        Ok(collection.fields)
    }

    fn set(
        &self,
        object: TypeId,
        set: &'d SelectionSet<'a>,
        collection: &mut Collection<'_, 'd, 'a>,
    ) -> Result<(), Uncollected> {
        for item in &set.items {
            collection.budget.step()?;
            match item {
                Selection::Field(field) if self.includes(&field.directives)? => {
                    collection
                        .fields
                        .entry(field.response_key())
                        .or_default()
                        .push(field);
                }
                Selection::Inline(inline)
                    if self.includes(&inline.directives)?
                        && inline
                            .condition
                            .is_none_or(|condition| self.applies(condition.text, object)) =>
                {
                    self.set(object, &inline.selection, collection)?;
                }
                Selection::Spread(item)
                    if self.includes(&item.directives)?
                        && collection.spread.insert(item.name.text) =>
                {
                    if let Some(fragment) = self.document.fragment(item.name.text)
                        && self.applies(fragment.condition.text, object)
                    {
                        self.set(object, &fragment.selection, collection)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn applies(&self, condition: &str, object: TypeId) -> bool {
        self.schema
            .by_name(condition)
            .is_some_and(|condition| self.schema.possible(condition).contains(&object))
    }

    fn includes(&self, directives: &[Directive<'a>]) -> Result<bool, Uncollected> {
        Ok(self.is(directives, "skip")? != Some(true)
            && self.is(directives, "include")? != Some(false))
    }

    /// The value of a condition; none when it is not asked.
    fn is(&self, directives: &[Directive<'a>], name: &str) -> Result<Option<bool>, Uncollected> {
        let directive = directives
            .iter()
            .find(|directive| directive.name.text == name);
        let Some(value) = directive.and_then(|directive| directive.argument("if")) else {
            return Ok(None);
        };
        let known = match &value.kind {
            ValueKind::Boolean(value) => Some(*value),
            ValueKind::Variable(name) => self.conditions.get(name).copied().flatten(),
            _ => None,
        };
        known.map(Some).ok_or(Uncollected::NullCondition(value.at))
    }
}
