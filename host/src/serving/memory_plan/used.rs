//! What of the plan is in use, where that is counted.

use std::ops::Deref;

use mayfly_runtime::capability::MemoryLine;

use super::CONNECTION_BYTES;
use crate::serving::app::App;

/// One line of the plan, and what tells how much of it is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanLine {
    line: MemoryLine,
    part: Option<Part>,
}

/// A part of the plan whose use is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Memory caps of invocations under way.
    GuestMemory,
    /// Their stacks.
    Stacks,
    /// The host's structures of them.
    Structures,
    /// Code of live versions.
    Code,
    /// Requests.
    Requests,
    /// Answers that clients have not read.
    Answers,
    /// Connections of clients.
    Connections,
    /// Prepared operations that are kept.
    Plans,
}

/// What is counted of a host, in bytes and in numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct InUse {
    /// Bytes of requests.
    pub request_bytes: u64,
    /// Bytes of answers.
    pub answer_bytes: u64,
    /// Connections.
    pub connections: u64,
}

impl PlanLine {
    /// The same, with what tells how much of it is in use.
    #[must_use]
    pub fn measured_by(self, part: Part) -> Self {
        Self {
            part: Some(part),
            ..self
        }
    }

    /// How much of it is in use, in bytes; none where that is not counted.
    #[must_use]
    pub fn used_bytes(&self, app: &App, in_use: &InUse) -> Option<u64> {
        let (slots, guest_bytes) = app.sandbox.in_use();
        let capacity = app.sandbox.capacity();
        let share = |bytes: u64| bytes / u64::from(capacity.slots).max(1) * slots;
        Some(match self.part? {
            Part::GuestMemory => guest_bytes,
            Part::Stacks => share(capacity.stack_bytes()),
            Part::Structures => share(capacity.instance_bytes()),
            Part::Code => code_bytes(app),
            Part::Requests => in_use.request_bytes,
            Part::Answers => in_use.answer_bytes,
            Part::Connections => in_use.connections * CONNECTION_BYTES,
            Part::Plans => app.engine.stats().bytes as u64,
        })
    }
}

/// Code of the versions in memory, each counted as what the active one of its module takes.
fn code_bytes(app: &App) -> u64 {
    let versions = app.versions.iter();
    versions
        .map(|(name, version)| version.code_bytes() * app.loader.live_versions.taken(name) as u64)
        .sum()
}

impl From<MemoryLine> for PlanLine {
    fn from(line: MemoryLine) -> Self {
        Self { line, part: None }
    }
}

impl Deref for PlanLine {
    type Target = MemoryLine;

    fn deref(&self) -> &MemoryLine {
        &self.line
    }
}
