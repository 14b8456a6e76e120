//! How many fields an answer may hold: each field once, those of a list once per element that may be there.
//!
//! The number of elements is what the arguments say: a whole number named `first`, `last` or `limit`, or else the length of a list
//! argument (one element is answered per id asked for), and one at least: a resolver need not do what its arguments say, so nothing
//! below a list is free. What modules answer is counted again when it is completed. Introspection counts by what the schema holds.

use super::node::{ListSize, ObjectPlan, Output, Plan, Shape, Source};
use crate::coercion::compile::Indexes;
use crate::coercion::values::Values;
use crate::response::RequestError;
use crate::schema::Schema;
use crate::schema::types::{FieldDef, Kind, Scalar, Type};
use crate::syntax::{Argument, Value, ValueKind};
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

/// What the arguments of a field say about the length of its list.
pub(super) fn list_size(
    schema: &Schema,
    definition: &FieldDef,
    given: &[Argument<'_>],
    variables: &Indexes<'_>,
) -> ListSize {
    let value = |name: &str| {
        given
            .iter()
            .find(|argument| argument.name.text == name)
            .map(|argument| &argument.value)
    };
    let mut size = ListSize::Unknown;
    for argument in definition.arguments.values() {
        let default = argument.default.as_ref().map(|default| &default.value);
        let Some(value) = value(&argument.name).or(default) else {
            continue;
        };
        let variable = |value: &Value<'_>| match &value.kind {
            ValueKind::Variable(name) => variables.get(name).copied(),
            _ => None,
        };
        match argument.ty.nullable() {
            Type::Named(id) if matches!(schema.get(*id).kind, Kind::Scalar(Scalar::Int)) => {
                if !matches!(argument.name.as_ref(), "first" | "last" | "limit") {
                    continue;
                }
                let known = match &value.kind {
                    ValueKind::Int(text) => text.parse().ok(),
                    _ => None,
                };
                let found = known
                    .map(ListSize::Known)
                    .or_else(|| variable(value).map(ListSize::Variable));
                if let Some(found) = found {
                    return found;
                }
            }
            Type::List(_) if size == ListSize::Unknown => match &value.kind {
                ValueKind::List(items) => size = ListSize::Known(items.len() as u64),
                ValueKind::Variable(_) => size = variable(value).map_or(size, ListSize::LengthOf),
                _ => {}
            },
            _ => {}
        }
    }
    size
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
                self.length(*size).max(1).saturating_mul(each.max(1))
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

    fn length(&mut self, size: ListSize) -> u64 {
        let values = self.values;
        let value = |index: usize| values.get(index);
        let found = match size {
            ListSize::Unknown => None,
            ListSize::Known(length) => Some(length),
            ListSize::Variable(index) => {
                let found = value(index).and_then(|json| json.parse().ok());
                self.asked = true;
                found
            }
            ListSize::LengthOf(index) => {
                self.asked = true;
                *self
                    .lengths
                    .entry(index)
                    .or_insert_with(|| value(index).and_then(mayfly_json::length))
            }
        };
        found.unwrap_or(self.list_size)
    }
}
