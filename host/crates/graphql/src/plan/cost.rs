//! How many fields an answer may hold: each field once, those of a list once per element that may be there.
//!
//! The number of elements is what the arguments say: the largest of the whole numbers named `first`, `last` and `limit`, or else the
//! length of the longest list argument (one element is answered per id asked for), and one at least: a resolver need not do what its
//! arguments say, so nothing below a list is free. An argument that is left out, or given as a variable that is, says what its default
//! says; null says nothing. What modules answer is counted again when it is completed. Introspection counts by what the schema holds.

use super::node::{Length, ListSize, ObjectPlan, Output, Plan, Shape, Source};
use crate::coercion::compile::Indexes;
use crate::coercion::values::Values;
use crate::response::RequestError;
use crate::schema::Schema;
use crate::schema::types::{FieldDef, Kind, Scalar, Type, TypeId};
use crate::syntax::{Argument, ValueKind};
use mayfly_config::Limits;
use mayfly_error::Error;
use std::collections::HashMap;
use std::sync::Arc;

/// The cost of a plan no variable has a say in.
pub(super) fn without_variables(plan: &Plan, limits: &Limits) -> Option<u64> {
    let values = Values::default();
    let mut pricer = Pricer::new(plan, &values, limits);
    let cost = pricer.object(&plan.root);
    (!pricer.asked).then_some(cost)
}

/// The cost of a plan with these values.
pub(crate) fn of(plan: &Plan, values: &Values, limits: &Limits) -> u64 {
    plan.cost
        .unwrap_or_else(|| Pricer::new(plan, values, limits).object(&plan.root))
}

/// Refuses a plan that is too costly with these values.
pub(crate) fn check(plan: &Plan, values: &Values, limits: &Limits) -> Result<(), RequestError> {
    let cost = of(plan, values, limits);
    if cost <= limits.complexity {
        return Ok(());
    }
    let what = format!("{} may answer with {cost} fields,", plan.kind.as_str());
    Err(RequestError::nowhere(Error::LimitExceeded {
        what,
        limit: limits.complexity,
        setting: "complexity",
    }))
}

/// What the arguments of a field say about the length of its list; none when no argument can say anything.
pub(super) fn list_size(
    schema: &Schema,
    definition: &FieldDef,
    given: &[Argument<'_>],
    variables: &Indexes<'_>,
) -> Option<Box<ListSize>> {
    let mut counts = Vec::new();
    let mut lists = Vec::new();
    for argument in definition.arguments.values() {
        let (said, read): (_, fn(&ValueKind<'_>) -> Option<u64>) = match argument.ty.nullable() {
            Type::Named(id) if is_int(schema, *id) && is_count(&argument.name) => {
                (&mut counts, whole_number)
            }
            Type::List(_) => (&mut lists, elements),
            _ => continue,
        };
        let default = argument.default.as_ref();
        let default = default.and_then(|default| read(&default.value.kind));
        let given = given
            .iter()
            .find(|given| given.name.text == argument.name.as_ref());
        let length = match given.map(|given| &given.value.kind) {
            Some(ValueKind::Variable(name)) => {
                let index = variables.get(name).copied();
                index.map(|index| Length::Variable { index, default })
            }
            Some(value) => read(value).map(Length::Known),
            None => default.map(Length::Known),
        };
        said.extend(length);
    }
    let says_something = !counts.is_empty() || !lists.is_empty();
    says_something.then(|| {
        Box::new(ListSize {
            counts: counts.into_boxed_slice(),
            lists: lists.into_boxed_slice(),
        })
    })
}

fn is_int(schema: &Schema, id: TypeId) -> bool {
    matches!(schema.get(id).kind, Kind::Scalar(Scalar::Int))
}

/// Whether an argument of this name says how many elements are asked for.
fn is_count(name: &str) -> bool {
    matches!(name, "first" | "last" | "limit")
}

fn whole_number(value: &ValueKind<'_>) -> Option<u64> {
    match value {
        ValueKind::Int(text) => text.parse().ok(),
        _ => None,
    }
}

fn elements(value: &ValueKind<'_>) -> Option<u64> {
    match value {
        ValueKind::List(items) => Some(items.len() as u64),
        _ => None,
    }
}

struct Pricer<'p> {
    plan: &'p Plan,
    values: &'p Values,
    list_size: u64,
    /// Whether a variable had a say.
    asked: bool,
    /// The prices of objects that stand at several places, by address.
    shared: HashMap<*const ObjectPlan, u64>,
    /// The lengths of variables that are lists, by index.
    lengths: HashMap<usize, Option<u64>>,
}

impl<'p> Pricer<'p> {
    fn new(plan: &'p Plan, values: &'p Values, limits: &Limits) -> Self {
        Self {
            plan,
            values,
            list_size: limits.list_size,
            asked: false,
            shared: HashMap::new(),
            lengths: HashMap::new(),
        }
    }

    fn object(&mut self, object: &Arc<ObjectPlan>) -> u64 {
        if Arc::strong_count(object) == 1 {
            return self.fields(object);
        }
        let address = Arc::as_ptr(object);
        if let Some(known) = self.shared.get(&address) {
            return *known;
        }
        let price = self.fields(object);
        self.shared.insert(address, price);
        price
    }

    fn fields(&mut self, object: &ObjectPlan) -> u64 {
        let mut sum: u64 = 0;
        for field in &object.fields {
            let below = match &field.source {
                Source::Property { output, .. } => self.output(output),
                Source::Node { node, .. } => {
                    let plan = self.plan;
                    plan.nodes
                        .get(*node)
                        .map_or(0, |node| self.output(&node.output))
                }
                Source::TypeName => 0,
                Source::Meta { price, .. } => *price,
            };
            sum = sum.saturating_add(below).saturating_add(1);
        }
        sum
    }

    fn output(&mut self, output: &Output) -> u64 {
        match &output.shape {
            Shape::List(item, size) => {
                let each = self.output(item);
                self.length(size.as_deref())
                    .max(1)
                    .saturating_mul(each.max(1))
            }
            Shape::Object(object) => self.object(object),
            Shape::Abstract(plan) => plan
                .objects
                .iter()
                .map(|object| self.object(object))
                .max()
                .unwrap_or(0),
            Shape::Scalar(_) | Shape::Enum(_) => 0,
        }
    }

    fn length(&mut self, size: Option<&ListSize>) -> u64 {
        let said = size.and_then(|size| {
            let count = self.largest(&size.counts, |_, _, json| json.parse().ok());
            count.or_else(|| self.largest(&size.lists, Self::elements))
        });
        said.unwrap_or(self.list_size)
    }

    /// The largest of what some arguments say; `read` reads the value of a variable. None when they all say nothing.
    fn largest(
        &mut self,
        lengths: &[Length],
        read: impl Fn(&mut Self, usize, &str) -> Option<u64>,
    ) -> Option<u64> {
        let values = self.values;
        let mut largest = None;
        for length in lengths {
            let length = match *length {
                Length::Known(length) => Some(length),
                Length::Variable { index, default } => {
                    self.asked = true;
                    match values.get(index) {
                        Some(json) => read(self, index, json),
                        None => default,
                    }
                }
            };
            largest = largest.max(length);
        }
        largest
    }

    /// How many elements the list in a variable has.
    fn elements(&mut self, index: usize, json: &str) -> Option<u64> {
        let length = || mayfly_json::length(json);
        *self.lengths.entry(index).or_insert_with(length)
    }
}
