//! What one caller may see of a plan's answer: the plan's guards, checked against the caller of one operation.
//!
//! Plans are shared by callers, so this is made for each operation whose plan has guards, and kept with no plan.

use super::node::{Node, Plan, Shape};
use crate::auth::decide::Facts;
use crate::auth::{DependsOn, Viewer};
use crate::coercion::values::Values;
use mayfly_error::Error;
use mayfly_json::{Limits, Tree};
use std::sync::OnceLock;

/// The decisions of one operation.
pub(crate) struct Decisions<'p> {
    plan: &'p Plan,
    values: &'p Values,
    viewer: Viewer,
    /// By guard: whether those hold that depend on the caller alone.
    known: Vec<Option<bool>>,
    /// By node: its arguments, read when a guard first asks for them.
    arguments: Vec<OnceLock<Option<Tree<'static>>>>,
}

impl<'p> Decisions<'p> {
    /// The decisions for a caller; none where nothing is guarded.
    pub(crate) fn of(
        plan: &'p Plan,
        values: &'p Values,
        viewer: impl FnOnce() -> Viewer,
    ) -> Option<Box<Self>> {
        if plan.guards.is_empty() {
            return None;
        }
        let viewer = viewer();
        let facts = Facts {
            viewer: &viewer,
            arguments: None,
            parent: &|_| None,
        };
        let known = plan
            .guards
            .iter()
            .map(|guard| (guard.depends_on == DependsOn::Caller).then(|| guard.allows(facts)))
            .collect();
        Some(Box::new(Self {
            plan,
            values,
            viewer,
            known,
            arguments: plan.nodes.iter().map(|_| OnceLock::new()).collect(),
        }))
    }

    /// Whether a guard holds at a parent, for a node if the field has one.
    pub(crate) fn allows<'f>(
        &'f self,
        guard: usize,
        node: Option<usize>,
        parent: &'f dyn Fn(&str) -> Option<&'f str>,
    ) -> bool {
        if let Some(known) = self.known.get(guard).copied().flatten() {
            return known;
        }
        let Some(guard) = self.plan.guards.get(guard) else {
            return false;
        };
        let arguments = node.and_then(|node| self.arguments_of(node));
        guard.allows(Facts {
            viewer: &self.viewer,
            arguments: arguments.map(Tree::root),
            parent,
        })
    }

    /// Whether a guard holds that depends on the caller alone.
    pub(crate) fn allows_caller(&self, guard: usize) -> bool {
        self.known.get(guard).copied().flatten() == Some(true)
    }

    /// Why a node is not called at all; none when it is, for some of its parents at least.
    pub(crate) fn refuses(&self, id: usize, node: &Node) -> Option<Error> {
        let of_field = node.guard.filter(|guard| {
            let depends_on = self.plan.guards.get(*guard).map(|guard| guard.depends_on);
            depends_on != Some(DependsOn::Parent) && !self.allows(*guard, Some(id), &|_| None)
        });
        let of_type = || self.refused_type(&node.output.shape);
        of_field.or_else(of_type).map(|guard| self.refusal(guard))
    }

    /// The guard that keeps the caller from every object that a value of this shape can be; none when it may be one that they may see.
    fn refused_type(&self, shape: &Shape) -> Option<usize> {
        let refused = |guard: Option<usize>| guard.filter(|guard| !self.allows_caller(*guard));
        match shape {
            Shape::List(item, _) => self.refused_type(&item.shape),
            Shape::Object(object) => refused(object.guard),
            Shape::Abstract(plan) => refused(plan.guard).or_else(|| {
                let mut objects = plan.objects.iter().map(|object| refused(object.guard));
                let first = objects.next()??;
                objects.all(|guard| guard.is_some()).then_some(first)
            }),
            Shape::Scalar(_) | Shape::Enum(_) => None,
        }
    }

    /// The message about something that may not be seen.
    pub(crate) fn refusal(&self, guard: usize) -> Error {
        refusal(self.plan, Some(guard))
    }

    fn arguments_of(&self, node: usize) -> Option<&Tree<'static>> {
        let read = || {
            let template = &self.plan.nodes.get(node)?.arguments;
            let bytes = template.measure_arguments(self.values).ok()?;
            let text = template.render_arguments(self.values, bytes);
            let limits = Limits::of_bytes(text.len());
            Tree::read(text, limits).ok()
        };
        self.arguments.get(node)?.get_or_init(read).as_ref()
    }
}

/// The message about something that a guard keeps from a caller.
pub(crate) fn refusal(plan: &Plan, guard: Option<usize>) -> Error {
    let guard = guard.and_then(|guard| plan.guards.get(guard));
    Error::Forbidden {
        rule: guard.map_or_else(|| "".into(), |guard| guard.text.clone()),
    }
}
