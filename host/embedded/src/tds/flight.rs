//! A request under way: what can end it early, and how its thread waits so that this is noticed.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::InterruptHandle;
use tokio_util::sync::CancellationToken;

use super::packet::Gone;
use crate::sql_types::SqlError;

/// Why a request stops where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    Failed(SqlError),
    /// The client sent an Attention.
    Attention,
    /// The connection is closed, or has to be.
    Gone,
}

impl From<SqlError> for Stop {
    fn from(error: SqlError) -> Self {
        Self::Failed(error)
    }
}

impl From<Gone> for Stop {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

/// One request.
#[derive(Debug)]
pub(super) struct Flight {
    /// The client wants it ended.
    pub attention: CancellationToken,
    /// The session ends.
    pub closing: CancellationToken,
    finished: Mutex<bool>,
    runtime: tokio::runtime::Handle,
}

impl Flight {
    /// A request of a session; called inside the runtime.
    pub(super) fn new(closing: &CancellationToken) -> Arc<Self> {
        Arc::new(Self {
            attention: CancellationToken::new(),
            closing: closing.clone(),
            finished: Mutex::new(false),
            runtime: tokio::runtime::Handle::current(),
        })
    }

    /// Whether it has to stop.
    pub(super) fn check(&self) -> Result<(), Stop> {
        if self.closing.is_cancelled() {
            return Err(Stop::Gone);
        }
        if self.attention.is_cancelled() {
            Err(Stop::Attention)
        } else {
            Ok(())
        }
    }

    /// Waits for `event` on the session's own thread.
    pub(super) fn wait(&self, event: impl Future<Output = ()>) -> Result<(), Stop> {
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.closing.cancelled() => Err(Stop::Gone),
                () = self.attention.cancelled() => Err(Stop::Attention),
                () = event => Ok(()),
            }
        })
    }

    /// Waits for an event that an Attention does not cut short.
    pub(super) fn wait_through_attention(
        &self,
        event: impl Future<Output = ()>,
    ) -> Result<(), Stop> {
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.closing.cancelled() => Err(Stop::Gone),
                () = event => Ok(()),
            }
        })
    }

    /// Waits for a time.
    pub(super) fn sleep(&self, time: Duration) -> Result<(), Stop> {
        // Made inside the runtime: a timer needs one.
        self.wait(async move { tokio::time::sleep(time).await })
    }

    /// Its thread is done with it: from now on nothing may be interrupted on its account.
    pub(super) fn finish(&self) {
        *self.finished.lock() = true;
    }

    /// Interrupts SQLite until the request's thread is done with it: an interrupt reaches only what runs at that moment.
    pub(super) async fn interrupt_until_finished(self: Arc<Self>, handle: Arc<InterruptHandle>) {
        loop {
            {
                let finished = self.finished.lock();
                if *finished {
                    return;
                }
                handle.interrupt();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
