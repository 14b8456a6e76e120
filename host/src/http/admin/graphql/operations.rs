//! Operations under way, and those that took longest.

use async_graphql::{Enum, SimpleObject};
use serde::Deserialize;

use super::long::Long;
use crate::history;

/// An operation under way.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// Its trace, as in the log and in the header `x-trace-id` of its answer.
    pub trace_id: String,
    /// Its name in the document.
    pub name: Option<String>,
    /// What it does.
    pub kind: OperationKind,
    /// When its request arrived, in milliseconds since 1970.
    pub since_ms: Long,
    /// Seconds since then.
    pub seconds: f64,
    /// The modules it may call.
    pub modules: Vec<String>,
}

/// An operation that took long.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SlowOperation {
    /// Its trace.
    pub trace_id: String,
    /// Its name in the document.
    pub name: Option<String>,
    /// What it does.
    pub kind: OperationKind,
    /// When its request arrived, in milliseconds since 1970.
    pub at_ms: Long,
    /// Seconds from then until it was answered, or given up.
    pub seconds: f64,
    /// Its steps, parents before children, without values.
    pub plan: Vec<PlanStep>,
    /// Steps that are not in the list.
    pub steps_left_out: usize,
}

/// A field that a module answers.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanStep {
    /// Its number in the plan.
    pub id: usize,
    /// The step that has to be complete first; null for a root field.
    pub parent: Option<usize>,
    /// The field, as `Type.field`.
    pub field: String,
    /// The module.
    pub module: String,
    /// The fields of the parent it is given.
    pub needs: Vec<String>,
    /// What is asked of it.
    pub selection: Vec<String>,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OperationKind {
    /// It reads.
    Query,
    /// It writes.
    Mutation,
    /// A stream of events.
    Subscription,
}

impl From<mayfly_graphql::OperationKind> for OperationKind {
    fn from(kind: mayfly_graphql::OperationKind) -> Self {
        match kind {
            mayfly_graphql::OperationKind::Query => Self::Query,
            mayfly_graphql::OperationKind::Mutation => Self::Mutation,
            mayfly_graphql::OperationKind::Subscription => Self::Subscription,
        }
    }
}

impl From<&history::Operation> for Operation {
    fn from(operation: &history::Operation) -> Self {
        let modules = operation.plan.modules();
        Self {
            trace_id: operation.trace_id.clone(),
            name: operation.name.clone(),
            kind: operation.kind.into(),
            since_ms: operation.at_ms().into(),
            seconds: operation.arrived.elapsed().as_secs_f64(),
            modules: modules.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<history::SlowOperation> for SlowOperation {
    fn from(operation: history::SlowOperation) -> Self {
        Self {
            trace_id: operation.trace_id,
            name: operation.name,
            kind: operation.kind.into(),
            at_ms: operation.at_ms.into(),
            seconds: operation.time.as_secs_f64(),
            plan: operation.steps.into_iter().map(Into::into).collect(),
            steps_left_out: operation.steps_left_out,
        }
    }
}

impl From<history::PlanStep> for PlanStep {
    fn from(step: history::PlanStep) -> Self {
        Self {
            id: step.id,
            parent: step.parent,
            field: step.field,
            module: step.module,
            needs: step.needs,
            selection: step.selection,
        }
    }
}
