//! Fields with the same response key must be the same field, or be on types no object can both have and answer alike.
//!
//! Where [`proof`] finds that nothing can conflict, nothing is compared. Elsewhere the comparisons are the reference
//! implementation's, in its order: the fields written in a set with each other, then with those
//! of each fragment spread there, then the fragments with each other. What has been compared is remembered, so that fragments are
//! not compared again for every place that spreads them. The number of comparisons still grows with the square of the fields, so
//! it is bounded; documents within the other limits stay far below unless they are made to hurt.

mod arguments;
mod collected;
mod conflict;
mod proof;

use super::Errors;
use crate::excerpt::Excerpt;
use crate::response::RequestError;
use crate::schema::Schema;
use crate::schema::types::{Kind, Type, TypeId};
use crate::syntax::{Document, Selection, SelectionSet};
use collected::{Collected, Collections, Found};
use conflict::Conflict;
use mayfly_config::Limits;
use mayfly_error::Error;
use proof::Proof;
use std::collections::HashMap;
use std::rc::Rc;

/// Comparisons per field of the limit on expansion. With the default limit six hundred fields may share one key, and all
/// comparisons take some tens of milliseconds.
const COMPARISONS_PER_FIELD: usize = 20;

/// Conflicts of one comparison that are kept: more than are reported.
const MAX_CONFLICTS: usize = 200;

/// Looks for fields that cannot be merged.
pub(super) struct Merger<'d, 'a> {
    schema: &'d Schema,
    collections: Collections<'d, 'a>,
    proof: Proof<'d, 'a>,
    /// By the collections of a set and of a fragment: whether they were compared only as of objects that are never the same.
    with_fragments: HashMap<Pair, bool>,
    /// The same of two fragments.
    fragments: HashMap<Pair, bool>,
    /// Comparisons left; none once there were too many, after which nothing is compared any more.
    left: Option<usize>,
    expansion: usize,
}

/// Two collections. There are as many pairs as comparisons, so each is kept small.
type Pair = (u32, u32);

/// More comparisons than are made.
struct TooMany;

/// What a comparison has found so far.
type Conflicts = Vec<Conflict>;

impl<'d, 'a> Merger<'d, 'a> {
    /// One for a whole document.
    pub fn new(schema: &'d Schema, document: &'d Document<'a>, limits: &Limits) -> Self {
        Self {
            schema,
            collections: Collections::new(schema, document),
            proof: Proof::new(
                schema,
                limits.expansion.saturating_mul(COMPARISONS_PER_FIELD),
            ),
            with_fragments: HashMap::new(),
            fragments: HashMap::new(),
            left: Some(limits.expansion.saturating_mul(COMPARISONS_PER_FIELD)),
            expansion: limits.expansion,
        }
    }

    /// Looks at the selection of an operation or fragment before its sets are checked: in most nothing has to be compared.
    pub fn enter(&mut self, set: &'d SelectionSet<'a>, parent: Option<TypeId>) {
        self.proof.attempt(&mut self.collections, set, parent);
    }

    /// Checks a selection set, inline fragments included, the sets of its fields left out.
    pub fn check(
        &mut self,
        set: &'d SelectionSet<'a>,
        parent: Option<TypeId>,
        errors: &mut Errors,
    ) {
        if self.left.is_none()
            || errors.is_full()
            || self.proof.has(set, parent)
            || matches!(
                set.items.as_slice(),
                [Selection::Field(_) | Selection::Spread(_)]
            )
        {
            return;
        }
        let mut conflicts = Conflicts::new();
        if self.within(set, parent, &mut conflicts).is_err() {
            self.left = None;
        }
        for conflict in conflicts {
            let (message, places) = conflict.told();
            errors.add(format_args!("{message}"), places);
        }
    }

    /// Why not everything was compared, if it was not.
    pub fn refusal(self) -> Option<RequestError> {
        let what = "document repeats response keys in too many fields,".to_owned();
        let refusal = Error::LimitExceeded {
            what,
            limit: self.expansion as u64,
            setting: "expansion",
        };
        self.left.is_none().then(|| RequestError::nowhere(refusal))
    }

    fn spend(&mut self) -> Result<(), TooMany> {
        self.left = self.left.and_then(|left| left.checked_sub(1));
        if self.left.is_some() {
            Ok(())
        } else {
            Err(TooMany)
        }
    }

    fn within(
        &mut self,
        set: &'d SelectionSet<'a>,
        parent: Option<TypeId>,
        found: &mut Conflicts,
    ) -> Result<(), TooMany> {
        let collected = self.collections.of(set, parent);
        for (key, fields) in &collected.fields {
            for (index, left) in fields.iter().enumerate() {
                for right in fields.iter().skip(index + 1) {
                    self.pair(key, (left, right), false, found)?;
                }
            }
        }
        for (index, spread) in collected.spreads.iter().enumerate() {
            self.with_fragment(&collected, spread, false, found)?;
            for other in collected.spreads.iter().skip(index + 1) {
                self.between_fragments(spread, other, false, found)?;
            }
        }
        Ok(())
    }

    /// Compares fields with those of a fragment, and of those it spreads; `apart` says that no object has both.
    fn with_fragment(
        &mut self,
        fields: &Rc<Collected<'d, 'a>>,
        name: &'a str,
        apart: bool,
        found: &mut Conflicts,
    ) -> Result<(), TooMany> {
        self.spend()?;
        if fields.fields.is_empty() {
            return Ok(());
        }
        let Some(others) = self.collections.of_fragment(name) else {
            return Ok(());
        };
        if others.id == fields.id
            || !is_new(&mut self.with_fragments, (fields.id, others.id), apart)
        {
            return Ok(());
        }
        self.between(fields, &others, apart, found)?;
        for spread in &others.spreads {
            self.with_fragment(fields, spread, apart, found)?;
        }
        Ok(())
    }

    /// Compares the fields of two fragments, and of those they spread.
    fn between_fragments(
        &mut self,
        left: &'a str,
        right: &'a str,
        apart: bool,
        found: &mut Conflicts,
    ) -> Result<(), TooMany> {
        self.spend()?;
        let (Some(lefts), Some(rights)) = (
            self.collections.of_fragment(left),
            self.collections.of_fragment(right),
        ) else {
            return Ok(());
        };
        let swapped = self.fragments.get(&(rights.id, lefts.id));
        if lefts.id == rights.id
            || swapped.is_some_and(|known| apart || !known)
            || !is_new(&mut self.fragments, (lefts.id, rights.id), apart)
        {
            return Ok(());
        }
        self.between(&lefts, &rights, apart, found)?;
        for spread in &rights.spreads {
            self.between_fragments(left, spread, apart, found)?;
        }
        for spread in &lefts.spreads {
            self.between_fragments(spread, right, apart, found)?;
        }
        Ok(())
    }

    /// Compares the fields of two collections, what they spread left out.
    fn between(
        &mut self,
        lefts: &Rc<Collected<'d, 'a>>,
        rights: &Rc<Collected<'d, 'a>>,
        apart: bool,
        found: &mut Conflicts,
    ) -> Result<(), TooMany> {
        for (key, left) in &lefts.fields {
            self.spend()?;
            let Some(right) = rights.fields.get(key) else {
                continue;
            };
            for left in left {
                for right in right {
                    self.pair(key, (left, right), apart, found)?;
                }
            }
        }
        Ok(())
    }

    /// Compares two fields with one key, and the selections below them.
    fn pair(
        &mut self,
        key: &'a str,
        (left, right): (&Found<'d, 'a>, &Found<'d, 'a>),
        apart: bool,
        found: &mut Conflicts,
    ) -> Result<(), TooMany> {
        self.spend()?;
        if found.len() >= MAX_CONFLICTS {
            return Ok(());
        }
        let apart = apart || self.never_both(left.parent, right.parent);
        if let Some(reason) = self.difference(left, right, apart) {
            found.push(Conflict::new(key, reason, left.field.at, right.field.at));
            return Ok(());
        }
        let (Some(left_set), Some(right_set)) = (&left.field.selection, &right.field.selection)
        else {
            return Ok(());
        };
        let lefts = self.collections.of(left_set, left.ty.map(Type::named));
        let rights = self.collections.of(right_set, right.ty.map(Type::named));
        let mut below = Conflicts::new();
        let compared = self.below((&lefts, &rights), apart, &mut below);
        found.extend(Conflict::around(key, left.field.at, right.field.at, below));
        compared
    }

    /// Compares everything below two fields.
    fn below(
        &mut self,
        (lefts, rights): (&Rc<Collected<'d, 'a>>, &Rc<Collected<'d, 'a>>),
        apart: bool,
        found: &mut Conflicts,
    ) -> Result<(), TooMany> {
        self.between(lefts, rights, apart, found)?;
        for spread in &rights.spreads {
            self.with_fragment(lefts, spread, apart, found)?;
        }
        for spread in &lefts.spreads {
            self.with_fragment(rights, spread, apart, found)?;
        }
        for left in &lefts.spreads {
            for right in &rights.spreads {
                self.between_fragments(left, right, apart, found)?;
            }
        }
        Ok(())
    }

    /// Why two fields cannot be merged, whatever is below them.
    fn difference(
        &self,
        left: &Found<'d, 'a>,
        right: &Found<'d, 'a>,
        apart: bool,
    ) -> Option<String> {
        let (name, other) = (left.field.name.text, right.field.name.text);
        if !apart && name != other {
            return Some(format!(
                "\"{}\" and \"{}\" are different fields",
                Excerpt(name),
                Excerpt(other)
            ));
        }
        if !apart && !left.given.is_same(&right.given) {
            return Some("they have differing arguments".to_owned());
        }
        let (left, right) = (left.ty?, right.ty?);
        let differ = shapes_differ(self.schema, left, right);
        let print = |ty| self.schema.print(ty);
        differ.then(|| {
            format!(
                "they return conflicting types \"{}\" and \"{}\"",
                print(left),
                print(right)
            )
        })
    }

    /// Whether no object can be of both types.
    fn never_both(&self, left: Option<TypeId>, right: Option<TypeId>) -> bool {
        let is_object = |ty: TypeId| matches!(self.schema.get(ty).kind, Kind::Object(_));
        matches!((left, right), (Some(left), Some(right)) if left != right && is_object(left) && is_object(right))
    }
}

fn shapes_differ(schema: &Schema, left: &Type, right: &Type) -> bool {
    match (left, right) {
        (Type::List(left), Type::List(right)) | (Type::NonNull(left), Type::NonNull(right)) => {
            shapes_differ(schema, left, right)
        }
        (Type::Named(left), Type::Named(right)) => {
            let is_leaf = |ty: &TypeId| !schema.get(*ty).is_composite();
            (is_leaf(left) || is_leaf(right)) && left != right
        }
        _ => true,
    }
}

/// Notes a comparison; false when one was made that found no less.
fn is_new(made: &mut HashMap<Pair, bool>, key: Pair, apart: bool) -> bool {
    match made.get(&key) {
        Some(known) if apart || !known => false,
        _ => {
            made.insert(key, apart);
            true
        }
    }
}
