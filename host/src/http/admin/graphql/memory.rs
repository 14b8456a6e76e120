//! The memory plan, beside what is in use.

use async_graphql::SimpleObject;
use serde::Deserialize;

use super::long::Long;
use crate::serving::app::App;
use crate::serving::memory_plan::{InUse, MemoryLimit, MemoryPlan, resident_bytes};

/// The most that the process may hold, and what it holds.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Memory {
    /// The process's resident memory.
    pub resident_bytes: Long,
    /// The sum of the plan.
    pub planned_bytes: Long,
    /// What the control group or the machine allows; null if neither is known.
    pub limit_bytes: Option<Long>,
    /// Where that limit comes from.
    pub limit_source: Option<String>,
    /// Why the plan does not fit, with what to do about it; null when it does.
    pub objection: Option<String>,
    /// The plan, line by line.
    pub lines: Vec<MemoryLine>,
}

/// One part of the memory plan.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemoryLine {
    /// What it is for, with the numbers it is made of.
    pub what: String,
    /// The most it takes.
    pub planned_bytes: Long,
    /// What is in use of it; null where that is not counted.
    pub used_bytes: Option<Long>,
    /// The configuration key that changes it; null if there is none.
    pub key: Option<String>,
}

impl Memory {
    /// A plan, beside what is in use.
    pub(super) fn of(plan: &MemoryPlan, app: &App, in_use: &InUse) -> Self {
        let limit = MemoryLimit::here();
        let lines = plan.lines.iter().map(|line| MemoryLine {
            what: line.what.clone(),
            planned_bytes: line.bytes.into(),
            used_bytes: line.used_bytes(app, in_use).map(Into::into),
            key: line.key.map(str::to_owned),
        });
        Self {
            resident_bytes: resident_bytes().into(),
            planned_bytes: plan.total_bytes().into(),
            limit_bytes: limit.as_ref().map(|limit| limit.bytes.into()),
            limit_source: limit.as_ref().map(|limit| limit.source.to_owned()),
            objection: limit.and_then(|limit| plan.objection(&limit)),
            lines: lines.collect(),
        }
    }
}
