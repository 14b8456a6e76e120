//! Objects: the guest's properties into the order of the selection.
//!
//! A property that comes when its field is the next to be written is completed at once; any other is checked, remembered as a
//! slice, and completed when its turn comes. A property that is looked for and comes twice fails the object, since nobody could
//! say which one is meant; other properties are dropped.

use super::completer::Completer;
use crate::coercion::template::Entry;
use crate::introspection::Introspection;
use crate::plan::node::{AbstractPlan, FieldGuard, FieldPlan, Need, ObjectPlan, Output, Source};
use crate::plan::path::Step;
use mayfly_json::Malformed;

impl<'p> Completer<'p, '_, '_> {
    /// Completes an object; false when it cannot be one, the error noted.
    pub(super) fn object(&mut self, plan: &'p ObjectPlan) -> Result<bool, Malformed> {
        if self.scanner.peek() != Some(b'{') {
            return self.mismatch(format_args!("an object of type {}", plan.type_name));
        }
        if let Some(guard) = plan.guard
            && self.refuse_unseen(guard, |this| {
                let decisions = this.tally.decisions();
                decisions.is_some_and(|decisions| decisions.allows_caller(guard))
            })
        {
            return Ok(false);
        }
        if let Some(at) = plan.null_condition {
            self.refuse_condition(at);
            return Ok(false);
        }
        let slots = self.slots.len();
        let pending = self.pending.len();
        let owner = self.owner;
        self.slots.resize(slots + plan.properties.len(), None);
        let written = self.members(plan, slots)? && self.parents(plan, slots, pending)?;
        self.slots.truncate(slots);
        self.pending.truncate(pending);
        self.owner = owner;
        Ok(written)
    }

    /// The plan for the type an object's `__typename` names; none when there is none, the error noted.
    pub(super) fn runtime_type(
        &mut self,
        plan: &'p AbstractPlan,
    ) -> Result<Option<&'p ObjectPlan>, Malformed> {
        if self.scanner.peek() != Some(b'{') {
            self.mismatch(format_args!("an object of type {}", plan.name))?;
            return Ok(None);
        }
        let start = self.scanner.at;
        self.scanner.at += 1;
        let mut found = None;
        while found.is_none() && self.scanner.peek() == Some(b'"') {
            let key = self.scanner.key()?;
            if key.is("__typename") && self.scanner.peek() == Some(b'"') {
                found = Some(self.scanner.string()?);
            } else {
                self.scanner.skip()?;
                if !self.scanner.eat(b',') {
                    break;
                }
            }
        }
        self.scanner.at = start;
        let Some(name) = found else {
            self.refuse(format_args!(
                "an object of abstract type {} must give its type as `__typename`",
                plan.name
            ));
            return Ok(None);
        };
        let object = plan
            .objects
            .iter()
            .map(AsRef::as_ref)
            .find(|object| name.is(&object.type_name));
        if object.is_none() {
            self.refuse(format_args!(
                "`__typename` is not a possible type of {}",
                plan.name
            ));
        }
        Ok(object)
    }

    fn members(&mut self, plan: &'p ObjectPlan, slots: usize) -> Result<bool, Malformed> {
        self.scanner.at += 1;
        self.done.bytes.push(b'{');
        let Some(mut next) = self.without_property(plan, 0) else {
            return Ok(false);
        };
        let mut expected = 0;
        if !self.scanner.eat(b'}') {
            loop {
                let property = self.property(plan, expected)?;
                self.scanner.peek();
                let start = self.scanner.at;
                match property {
                    None => self.scanner.skip()?,
                    Some(index) => {
                        expected = index + 1;
                        if self.slots.get(slots + index).is_none_or(Option::is_some) {
                            self.owner = (
                                &plan.type_name,
                                plan.properties
                                    .get(index)
                                    .map_or("", |property| &property.name),
                            );
                            self.refuse(format_args!("the object has this property twice"));
                            return Ok(false);
                        }
                        let in_turn = plan
                            .properties
                            .get(index)
                            .is_some_and(|property| property.only_field == Some(next));
                        if in_turn && let Some(field) = plan.fields.get(next) {
                            if !self.member(plan, field, Some(start), slots)? {
                                return Ok(false);
                            }
                            let Some(following) = self.without_property(plan, next + 1) else {
                                return Ok(false);
                            };
                            next = following;
                        } else {
                            self.scanner.skip()?;
                        }
                        if let Some(slot) = self.slots.get_mut(slots + index) {
                            *slot = Some((start, self.scanner.at));
                        }
                    }
                }
                if !self.scanner.eat(b',') {
                    break;
                }
            }
            self.scanner.expect(b'}')?;
        }
        self.rest(plan, slots, next)
    }

    /// Reads the next property's name: which one it is, if any, looked for first where it is expected.
    fn property(
        &mut self,
        plan: &'p ObjectPlan,
        expected: usize,
    ) -> Result<Option<usize>, Malformed> {
        if let Some(property) = plan.properties.get(expected)
            && self.scanner.eat_key(&property.name)?
        {
            return Ok(Some(expected));
        }
        let key = self.scanner.key()?;
        Ok(plan
            .properties
            .iter()
            .position(|property| key.is(&property.name)))
    }

    /// Writes the fields that had to wait for their turn, and those the guest left out.
    fn rest(
        &mut self,
        plan: &'p ObjectPlan,
        slots: usize,
        mut next: usize,
    ) -> Result<bool, Malformed> {
        while let Some(field) = plan.fields.get(next) {
            if let Source::Property { property, .. } = &field.source {
                let slot = self.slots.get(slots + property).copied().flatten();
                let written = match slot {
                    Some((start, _)) => {
                        self.elsewhere(start, |this| this.member(plan, field, Some(start), slots))?
                    }
                    None => self.member(plan, field, None, slots)?,
                };
                if !written {
                    return Ok(false);
                }
            }
            let Some(following) = self.without_property(plan, next + 1) else {
                return Ok(false);
            };
            next = following;
        }
        self.done.bytes.push(b'}');
        self.count_fields(plan.fields.len());
        Ok(true)
    }

    /// Writes the fields from `next` on that wait for no property, and says which one does; none when one of them makes null of the
    /// object, the error noted.
    fn without_property(&mut self, plan: &'p ObjectPlan, mut next: usize) -> Option<usize> {
        while let Some(field) = plan.fields.get(next) {
            match &field.source {
                Source::Property { .. } => break,
                Source::TypeName => {
                    self.key(field);
                    self.done.bytes.push(b'"');
                    self.done.bytes.extend_from_slice(plan.type_name.as_bytes());
                    self.done.bytes.push(b'"');
                }
                Source::Node { node, nullable, .. } => {
                    self.key(field);
                    self.open(field, *node, *nullable);
                }
                // A field may be of the query root's type, which then has these fields too.
                Source::Meta {
                    argument, output, ..
                } => {
                    self.key(field);
                    if !self.meta(plan, field, argument.as_deref(), output) {
                        return None;
                    }
                }
            }
            next += 1;
        }
        Some(next)
    }

    /// Writes the value of a field of introspection; false when it is null and may not be, the error noted.
    fn meta(
        &mut self,
        plan: &'p ObjectPlan,
        field: &'p FieldPlan,
        argument: Option<&Entry>,
        output: &'p Output,
    ) -> bool {
        let introspection = Introspection::new(self.schema, self.values, field, argument, output);
        let owner = self.owner;
        self.owner = (&plan.type_name, &field.name);
        self.path.push(Step::Key(field));
        self.nullable_around += usize::from(output.nullable);
        let before = self.done.bytes.len();
        let mut written = match introspection {
            Ok(introspection) => self.introspect(introspection),
            Err(bad) => {
                self.refuse_argument(bad);
                false
            }
        };
        if !written {
            self.done.bytes.truncate(before);
            written = self.null(output);
        }
        self.nullable_around -= usize::from(output.nullable);
        self.path.pop();
        self.owner = owner;
        written
    }

    /// Writes one field from the property the scanner is at, or from nothing.
    fn member(
        &mut self,
        plan: &'p ObjectPlan,
        field: &'p FieldPlan,
        at: Option<usize>,
        slots: usize,
    ) -> Result<bool, Malformed> {
        let Source::Property { output, .. } = &field.source else {
            return Ok(true);
        };
        self.key(field);
        self.owner = (&plan.type_name, &field.name);
        self.path.push(Step::Key(field));
        let written = match at {
            _ if self.is_unseen(field, output, slots) => {
                if at.is_some() {
                    self.scanner.skip()?;
                }
                self.null(output)
            }
            Some(_) => self.value(output)?,
            None => {
                if !output.nullable {
                    self.refuse_null();
                }
                self.null(output)
            }
        };
        self.path.pop();
        Ok(written)
    }

    /// Whether the caller may not see a property; the error is noted then.
    #[inline]
    fn is_unseen(&mut self, field: &'p FieldPlan, output: &Output, slots: usize) -> bool {
        let Some(guard) = &field.guard else {
            return false;
        };
        self.nullable_around += usize::from(output.nullable);
        let is_unseen = self.refuse_unseen(guard.guard, |this| this.allows(guard, None, slots));
        self.nullable_around -= usize::from(output.nullable);
        is_unseen
    }

    /// Whether a guard holds for the object under way.
    fn allows(&self, guard: &FieldGuard, node: Option<usize>, slots: usize) -> bool {
        let property = |name: &str| {
            let mut known = guard.properties.iter();
            let (_, property) = known.find(|(known, _)| **known == *name)?;
            let (start, end) = self.slots.get(slots + property).copied().flatten()?;
            Some(self.scanner.slice(start, end))
        };
        self.tally
            .decisions()
            .is_some_and(|decisions| decisions.allows(guard.guard, node, &property))
    }

    fn key(&mut self, field: &FieldPlan) {
        if self.done.bytes.last() != Some(&b'{') {
            self.done.bytes.push(b',');
        }
        self.done.bytes.extend_from_slice(field.key_json.as_bytes());
    }

    /// Writes, for each hole of the object, the parent its node is given.
    fn parents(
        &mut self,
        plan: &'p ObjectPlan,
        slots: usize,
        pending: usize,
    ) -> Result<bool, Malformed> {
        if !plan.has_nodes {
            return Ok(true);
        }
        let nodes = plan.fields.iter().filter_map(|field| match &field.source {
            Source::Node { node, needs, .. } => Some((*node, needs, field.guard.as_deref())),
            _ => None,
        });
        for (offset, (node, needs, guard)) in nodes.enumerate() {
            let Some(hole) = self.pending.get(pending + offset).copied() else {
                break;
            };
            if guard.is_some_and(|guard| !self.allows(guard, Some(node), slots)) {
                // The hole stays without a parent, by which its module is not called for it.
                continue;
            }
            let expected = self.parent_bytes(needs, slots);
            if !self.fits(expected) {
                return Ok(false);
            }
            let mut parent = String::with_capacity(expected);
            parent.push('{');
            for need in needs {
                if parent.len() > 1 {
                    parent.push(',');
                }
                parent.push_str(&need.field.key_json);
                if !self.need(plan, need, slots, &mut parent)? {
                    return Ok(false);
                }
            }
            parent.push('}');
            if !self.hold(parent.capacity()) {
                return Ok(false);
            }
            if let Some(hole) = self.done.holes.get_mut(hole) {
                hole.parent = parent;
            }
        }
        Ok(true)
    }

    /// The bytes of a parent as its properties are in the guest's answer.
    fn parent_bytes(&self, needs: &[Need], slots: usize) -> usize {
        let value = |need: &Need| {
            let found = self.slots.get(slots + need.property).copied().flatten();
            found.map_or("null".len(), |(start, end)| end - start)
        };
        let members = needs
            .iter()
            .map(|need| need.field.key_json.len() + value(need) + 1);
        members.sum::<usize>() + "{}".len()
    }

    /// Adds one needed property, checked as if it had been selected.
    fn need(
        &mut self,
        plan: &'p ObjectPlan,
        need: &'p Need,
        slots: usize,
        parent: &mut String,
    ) -> Result<bool, Malformed> {
        self.owner = (&plan.type_name, &need.field.name);
        self.path.push(Step::Key(&need.field));
        let found = self.slots.get(slots + need.property).copied().flatten();
        let text = found.map(|(start, end)| self.scanner.slice(start, end));
        let written = match (&need.output, found, text) {
            (_, _, None | Some("null")) => {
                parent.push_str("null");
                if !need.nullable {
                    self.refuse_null();
                }
                need.nullable
            }
            (Some(output), Some((start, _)), _) => {
                let before = self.done.bytes.len();
                let written = self.elsewhere(start, |this| this.value(output))?;
                let coerced = self.done.bytes.get(before..).unwrap_or_default();
                parent.push_str(std::str::from_utf8(coerced).unwrap_or("null"));
                self.done.bytes.truncate(before);
                written
            }
            (_, _, Some(text)) => {
                parent.push_str(text);
                true
            }
        };
        self.path.pop();
        Ok(written)
    }
}
