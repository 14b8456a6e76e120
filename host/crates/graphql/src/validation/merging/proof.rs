//! Selections in which nothing can conflict, told without comparing everything with everything.
//!
//! All fields of one response key, wherever they are spread from, are checked against the first of them: when each is the same field
//! with the same arguments and shape, and the same holds of everything below them taken together, then no two can conflict. That
//! takes time by the length of what is selected. It says no more than that: fields that differ because no object has both of them
//! are left to the comparisons of pairs, which also know what to tell.

use super::arguments::Given;
use super::collected::{Collections, Found};
use super::shapes_differ;
use crate::schema::Schema;
use crate::schema::types::{Type, TypeId};
use crate::syntax::{Selection, SelectionSet};
use indexmap::IndexMap;
use std::collections::HashSet;
use std::rc::Rc;

/// A selection set by its address, on a type.
type SetOnType<'a> = (*const SelectionSet<'a>, Option<TypeId>);

/// Selection sets and the types they are on.
type Sets<'d, 'a> = Vec<(&'d SelectionSet<'a>, Option<TypeId>)>;

/// What was proved so far.
pub(super) struct Proof<'d, 'a> {
    schema: &'d Schema,
    /// The selection sets without a conflict.
    proved: HashSet<SetOnType<'a>>,
    /// Selection sets that were taken together.
    together: HashSet<Vec<SetOnType<'a>>>,
    /// Fields that may still be looked at.
    left: usize,
}

/// Something differs, or there is too much of it.
struct Unproved;

/// All fields of one key.
struct Group<'d, 'a> {
    name: &'a str,
    given: Rc<Given<'a>>,
    /// The type of the first whose type is known.
    ty: Option<&'d Type>,
    below: Sets<'d, 'a>,
}

impl<'d, 'a> Proof<'d, 'a> {
    /// Nothing yet.
    pub fn new(schema: &'d Schema, left: usize) -> Self {
        Self {
            schema,
            proved: HashSet::new(),
            together: HashSet::new(),
            left,
        }
    }

    /// Whether there is no conflict in a selection set, inline fragments included, or in those of its fields.
    pub fn has(&self, set: &SelectionSet<'a>, parent: Option<TypeId>) -> bool {
        self.proved.contains(&(std::ptr::from_ref(set), parent))
    }

    /// Tries to prove that there is no conflict in the selection of an operation or a fragment.
    pub fn attempt(
        &mut self,
        collections: &mut Collections<'d, 'a>,
        set: &'d SelectionSet<'a>,
        parent: Option<TypeId>,
    ) {
        if self.has(set, parent) {
            return;
        }
        let mut visited = Vec::new();
        if self
            .level(collections, vec![(set, parent)], &mut visited)
            .is_ok()
        {
            self.proved.extend(visited);
        }
    }

    /// Holds against each other all fields of selection sets that are merged, and then what is below them.
    fn level(
        &mut self,
        collections: &mut Collections<'d, 'a>,
        mut sets: Sets<'d, 'a>,
        visited: &mut Vec<SetOnType<'a>>,
    ) -> Result<(), Unproved> {
        let mut groups: IndexMap<&'a str, Group<'d, 'a>> = IndexMap::new();
        let mut spread = HashSet::new();
        let places = |sets: &Sets<'d, 'a>| -> Vec<SetOnType<'a>> {
            let place =
                |(set, parent): &(&'d SelectionSet<'a>, _)| (std::ptr::from_ref(*set), *parent);
            sets.iter().map(place).collect()
        };
        // A set that only spreads a fragment is that fragment, which many others may be, too.
        visited.extend(places(&sets));
        for (set, parent) in &mut sets {
            while let [Selection::Spread(only)] = set.items.as_slice()
                && let Some(fragment) = collections.fragment(only.name.text)
            {
                (*set, *parent) = fragment;
            }
        }
        let merged = places(&sets);
        if self.together.contains(&merged) {
            return Ok(());
        }
        let mut next = 0;
        while let Some((set, parent)) = sets.get(next).copied() {
            next += 1;
            let collected = collections.of(set, parent);
            for (key, found) in &collected.fields {
                for found in found {
                    self.left = self.left.checked_sub(1).ok_or(Unproved)?;
                    self.add(&mut groups, key, found)?;
                }
            }
            for name in &collected.spreads {
                self.left = self.left.checked_sub(1).ok_or(Unproved)?;
                if spread.insert(*name) {
                    sets.extend(collections.fragment(name));
                }
            }
        }
        visited.extend(places(&sets));
        for group in groups.into_values() {
            if !group.below.is_empty() {
                self.level(collections, group.below, visited)?;
            }
        }
        self.together.insert(merged);
        Ok(())
    }

    fn add(
        &self,
        groups: &mut IndexMap<&'a str, Group<'d, 'a>>,
        key: &'a str,
        found: &Found<'d, 'a>,
    ) -> Result<(), Unproved> {
        let below = found.field.selection.as_ref();
        let below = below.map(|set| (set, found.ty.map(Type::named)));
        let Some(group) = groups.get_mut(key) else {
            let group = Group {
                name: found.field.name.text,
                given: found.given.clone(),
                ty: found.ty,
                below: below.into_iter().collect(),
            };
            groups.insert(key, group);
            return Ok(());
        };
        let differs = matches!((group.ty, found.ty), (Some(left), Some(right)) if shapes_differ(self.schema, left, right));
        if group.name != found.field.name.text || !group.given.is_same(&found.given) || differs {
            return Err(Unproved);
        }
        group.ty = group.ty.or(found.ty);
        group.below.extend(below);
        Ok(())
    }
}
