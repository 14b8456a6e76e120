//! A connection on loan. Its end decides what happens to the connection, not its user.
//!
//! A user may be gone at any await: its future is dropped when a guest traps or runs out of time. So everything is in `Drop`: a
//! connection with nothing unread and no transaction goes back at once; an open transaction is rolled back first, by a task of its
//! own; one whose answer was not read is told to stop (which frees the server) and closed. Until a task is done the connection
//! counts against the pool, because the server's load is what the pool's size protects.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, timeout};

use super::connection::{Closed, Fate};
use super::connections::Pooled;
use super::engine::{ConnectionOf, Engine};
use super::pool_metrics::PoolMetrics;
use super::shared::Shared;
use crate::holders::Entry;
use crate::share::Taken;

/// For telling a server to stop. It is a courtesy: the connection is closed in any case.
const STOP_TIMEOUT: Duration = Duration::from_millis(250);

/// A connection that is checked out.
#[derive(Debug)]
pub(super) struct Lease<E: Engine> {
    /// Taken only by `drop`.
    held: Option<Held<E>>,
}

/// What a lease holds, and its tasks after it. The entry is the last to go: until then the connection counts as held.
#[derive(Debug)]
struct Held<E: Engine> {
    pooled: Pooled<E>,
    meters: Arc<PoolMetrics>,
    /// For rolling back; then the connection is closed, which rolls back too.
    recycle_timeout: Duration,
    holder: Entry,
    /// Given back when the connection is, or when it is closed.
    _share: Taken,
}

impl<E: Engine> Lease<E> {
    /// A connection lent to `holder`.
    pub(super) fn new(
        mut pooled: Pooled<E>,
        (holder, share): (Entry, Taken),
        shared: &Shared<E>,
    ) -> Self {
        if let Some(connection) = pooled.connection() {
            connection.uses += 1;
        }
        let (meters, recycle_timeout) = (Arc::clone(&shared.meters), shared.recycle_timeout);
        Self {
            held: Some(Held {
                pooled,
                meters,
                recycle_timeout,
                holder,
                _share: share,
            }),
        }
    }

    /// The connection; there is one as long as the lease is.
    pub(super) fn connection(&mut self) -> Option<&mut ConnectionOf<E>> {
        self.held.as_mut()?.pooled.connection()
    }

    /// Says what the connection is used for from now on.
    pub(super) fn now_runs(&self, statement: &Arc<str>) {
        if let Some(held) = &self.held {
            held.holder.now_runs(statement);
        }
    }
}

impl<E: Engine> Drop for Lease<E> {
    fn drop(&mut self) {
        let Some(mut held) = self.held.take() else {
            return;
        };
        // Before anybody else is lent one of them.
        held.pooled.tell_siblings();
        let Some(connection) = held.pooled.connection() else {
            return;
        };
        // Without a runtime (it is shutting down) nothing can be awaited, so what needs it is closed.
        let runtime = Handle::try_current().ok();
        match (connection.fate(), runtime) {
            (Fate::Reuse, _) => connection.idle_since = Instant::now(),
            (Fate::Close(reason), _) => held.close(reason),
            (Fate::RollBack, Some(runtime)) => drop(runtime.spawn(held.roll_back())),
            (Fate::StopAndClose, Some(runtime)) => drop(runtime.spawn(held.stop())),
            (Fate::RollBack, None) => held.close(Closed::NotRolledBack),
            (Fate::StopAndClose, None) => held.close(Closed::CutOff),
        }
    }
}

impl<E: Engine> Held<E> {
    async fn roll_back(mut self) {
        let Some(connection) = self.pooled.connection() else {
            return;
        };
        connection.asking();
        let rolled_back = timeout(self.recycle_timeout, E::roll_back(&mut connection.client)).await;
        if matches!(rolled_back, Ok(Ok(()))) {
            connection.answered();
            connection.nothing_open();
            connection.idle_since = Instant::now();
            // It may have been used as often as it may.
            if let Fate::Close(reason) = connection.fate() {
                self.close(reason);
            }
        } else {
            self.close(Closed::NotRolledBack);
        }
    }

    async fn stop(mut self) {
        // Whether the server acknowledged does not matter: the connection is closed.
        if let Some(connection) = self.pooled.connection() {
            connection.stopping();
            let _ = timeout(STOP_TIMEOUT, E::stop(&mut connection.client)).await;
        }
        self.close(Closed::CutOff);
    }

    fn close(self, reason: Closed) {
        let (meters, holder) = (&self.meters, &self.holder);
        self.pooled.close(|connection| {
            meters.closed(reason, connection, holder.member().as_ref());
        });
    }
}
