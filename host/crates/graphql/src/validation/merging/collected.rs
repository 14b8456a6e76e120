//! The fields a selection set stands for, inline fragments written out, and what it spreads.

use super::arguments::{Given, Normaliser};
use crate::schema::Schema;
use crate::schema::types::{Type, TypeId};
use crate::syntax::{Document, Field, Selection, SelectionSet};
use indexmap::{IndexMap, IndexSet};
use std::collections::HashMap;
use std::rc::Rc;

/// A field where it is collected.
pub(super) struct Found<'d, 'a> {
    pub field: &'d Field<'a>,
    pub parent: Option<TypeId>,
    /// Its type; none for fields every type has.
    pub ty: Option<&'d Type>,
    /// Its arguments, to be compared.
    pub given: Rc<Given<'a>>,
}

/// What a selection set stands for.
pub(super) struct Collected<'d, 'a> {
    /// Tells it from every other of the document.
    pub id: u32,
    /// By response key, in order.
    pub fields: IndexMap<&'a str, Vec<Found<'d, 'a>>>,
    /// The names of the fragments it spreads, each once.
    pub spreads: IndexSet<&'a str>,
}

/// A selection set by its address, on a type.
type Key<'a> = (*const SelectionSet<'a>, Option<TypeId>);

/// Everything collected, each selection set once for each type it is on.
pub(super) struct Collections<'d, 'a> {
    schema: &'d Schema,
    document: &'d Document<'a>,
    known: HashMap<Key<'a>, Rc<Collected<'d, 'a>>>,
    normaliser: Normaliser<'a>,
}

impl<'d, 'a> Collections<'d, 'a> {
    /// Nothing yet.
    pub fn new(schema: &'d Schema, document: &'d Document<'a>) -> Self {
        Self {
            schema,
            document,
            known: HashMap::new(),
            normaliser: Normaliser::default(),
        }
    }

    /// The selection of a fragment, and the type it is on.
    pub fn fragment(&self, name: &str) -> Option<(&'d SelectionSet<'a>, Option<TypeId>)> {
        let fragment = self.document.fragment(name)?;
        let ty = self.schema.by_name(fragment.condition.text);
        Some((&fragment.selection, ty))
    }

    /// What a fragment stands for.
    pub fn of_fragment(&mut self, name: &str) -> Option<Rc<Collected<'d, 'a>>> {
        let (set, ty) = self.fragment(name)?;
        Some(self.of(set, ty))
    }

    /// What a selection set stands for.
    pub fn of(
        &mut self,
        set: &'d SelectionSet<'a>,
        parent: Option<TypeId>,
    ) -> Rc<Collected<'d, 'a>> {
        let key = (std::ptr::from_ref(set), parent);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let mut collected = Collected {
            // There are fewer selection sets than bytes of a document.
            id: u32::try_from(self.known.len()).unwrap_or(u32::MAX),
            fields: IndexMap::new(),
            spreads: IndexSet::new(),
        };
        self.collect(set, parent, &mut collected);
        let collected = Rc::new(collected);
        self.known.insert(key, collected.clone());
        collected
    }

    fn collect(
        &mut self,
        set: &'d SelectionSet<'a>,
        parent: Option<TypeId>,
        collected: &mut Collected<'d, 'a>,
    ) {
        let schema = self.schema;
        for item in &set.items {
            match item {
                Selection::Field(field) => {
                    let fields = parent.and_then(|parent| schema.get(parent).fields());
                    let ty = fields
                        .and_then(|fields| fields.get(field.name.text))
                        .map(|definition| &definition.ty);
                    collected
                        .fields
                        .entry(field.response_key())
                        .or_default()
                        .push(Found {
                            field,
                            parent,
                            ty,
                            given: self.normaliser.given(field),
                        });
                }
                Selection::Inline(inline) => {
                    let ty = inline
                        .condition
                        .map_or(parent, |condition| schema.by_name(condition.text));
                    self.collect(&inline.selection, ty, collected);
                }
                Selection::Spread(item) => {
                    collected.spreads.insert(item.name.text);
                }
            }
        }
    }
}
