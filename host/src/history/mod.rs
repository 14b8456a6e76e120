//! What the host remembers of its own recent past, for operators: errors, slow operations, operations under way, changes, and a few
//! numbers of the last hour. It is in memory, and all of it is bounded; the log has everything.
//!
//! Owns: what is kept, and for how long. Must not know: HTTP, what is served. Invariants: nothing a client sends as a value is kept,
//! and what clients do wrong never takes the place of what modules, backends or the host do.

mod changes;
mod errors;
mod operations;
mod ring;
mod samples;
mod slow;

pub use changes::{Action, Actor, Change, Changes};
pub use errors::{RecentError, RecentErrors};
pub use operations::{Operation, Operations, UnderWay};
pub use samples::{Counters, Readings, SAMPLE_INTERVAL, Sample, Samples};
pub use slow::{PlanStep, SlowOperation, SlowOperations};

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The recent past of one host.
pub struct History {
    /// When the process began to serve.
    pub started: Instant,
    /// Errors that answers held.
    pub errors: RecentErrors,
    /// Operations under way.
    pub operations: Operations,
    /// The slowest operations of the last hour.
    pub slow: SlowOperations,
    /// Changes of what is served.
    pub changes: Changes,
    /// What is counted for the next sample.
    pub counters: Counters,
    /// The numbers of the last hour.
    pub samples: Samples,
}

impl History {
    /// A past in which nothing happened.
    #[must_use]
    pub fn begin() -> Arc<Self> {
        Arc::new(Self {
            started: Instant::now(),
            errors: RecentErrors::default(),
            operations: Operations::default(),
            slow: SlowOperations::default(),
            changes: Changes::default(),
            counters: Counters::default(),
            samples: Samples::default(),
        })
    }
}

/// The time, in milliseconds since 1970.
#[must_use]
pub fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
