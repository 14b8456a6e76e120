//! Where something stands in a response.

use super::node::FieldPlan;

/// One step of a path, borrowed from the plan.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step<'p> {
    Key(&'p FieldPlan),
    Index(usize),
}
