//! What is counted and logged of a pool's connections.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mayfly_telemetry::names;
use metrics::{Counter, Histogram, counter, histogram};

use super::connection::{Closed, Connection};
use crate::holders::Member;

/// The meters of one pool.
#[derive(Debug)]
pub(super) struct PoolMetrics {
    backend: String,
    closed: [(AtomicU64, Handle<Counter>); Closed::ALL.len()],
    created: Handle<Counter>,
    failed: Handle<Counter>,
    wait: Handle<Histogram>,
}

/// A handle of the recorder's, which says nothing about itself.
struct Handle<T>(T);

impl<T> std::fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl PoolMetrics {
    pub(super) fn new(backend: &str) -> Self {
        let named = |name: &'static str| {
            let counter = counter!(name, "backend" => backend.to_owned());
            // It shows from the start: "none yet" is not "not counted".
            counter.increment(0);
            Handle(counter)
        };
        Self {
            backend: backend.to_owned(),
            closed: Closed::ALL.map(|reason| {
                let counter =
                    counter!(names::POOL_CONNECTIONS_CLOSED, "backend" => backend.to_owned(), "reason" => reason.as_str());
                counter.increment(0);
                (AtomicU64::new(0), Handle(counter))
            }),
            created: named(names::POOL_CONNECTIONS_CREATED),
            failed: named(names::POOL_CONNECT_FAILURES),
            wait: Handle(histogram!(names::POOL_WAIT_SECONDS, "backend" => backend.to_owned())),
        }
    }

    pub(super) fn created(&self, took: Duration) {
        self.created.0.increment(1);
        tracing::debug!(
            backend = self.backend,
            took_ms = took.as_millis(),
            "a connection was opened"
        );
    }

    pub(super) fn failed(&self, error: &dyn std::fmt::Display) {
        self.failed.0.increment(1);
        tracing::warn!(backend = self.backend, %error, "no connection could be opened");
    }

    /// A connection was closed, after its last user or while it was idle.
    pub(super) fn closed<C>(
        &self,
        reason: Closed,
        connection: &Connection<C>,
        user: Option<&Member>,
    ) {
        if let Some((count, counter)) = self.closed.get(reason as usize) {
            count.fetch_add(1, Ordering::Relaxed);
            counter.0.increment(1);
        }
        let (module, statement, trace_id) = user.map_or(("", "", ""), |user| {
            (
                user.borrower.module.as_ref(),
                user.task.as_ref(),
                user.borrower.trace_id.as_ref(),
            )
        });
        let (backend, age_ms, uses) = (
            &self.backend,
            connection.opened.elapsed().as_millis(),
            connection.uses,
        );
        macro_rules! say {
            ($level:ident) => {
                tracing::$level!(
                    backend,
                    reason = reason.as_str(),
                    module,
                    statement,
                    trace_id,
                    age_ms,
                    uses,
                    "a connection was closed"
                )
            };
        }
        match reason {
            Closed::Broken | Closed::NotRolledBack => say!(warn),
            Closed::CutOff | Closed::Gone | Closed::Lost => say!(info),
            Closed::Altered | Closed::Aged | Closed::Idle | Closed::Worn => say!(debug),
        }
    }

    /// How many were closed for a reason.
    pub(super) fn closed_count(&self, reason: Closed) -> u64 {
        self.closed
            .get(reason as usize)
            .map_or(0, |(count, _)| count.load(Ordering::Relaxed))
    }

    /// A caller waited for a connection, whatever came of it.
    pub(super) fn waited(&self, time: Duration) {
        self.wait.0.record(time.as_secs_f64());
    }
}
