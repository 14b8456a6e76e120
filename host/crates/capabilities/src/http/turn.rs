//! A call's turn: one of so many requests that a service, and a module's share of it, may have under way.

use std::sync::atomic::Ordering;

use mayfly_error::CallError;
use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::client::{Client, Shared, pool_name};
use super::metrics;
use crate::share::Taken;
use crate::time_limit::too_late;

/// A request's turn.
pub(super) struct Turn<'a> {
    shared: &'a Shared,
    _turn: SemaphorePermit<'a>,
    _share: Taken,
}

/// A call that waits for its turn, and since when.
struct Waiting<'a>(&'a Shared, Instant);

impl Client {
    /// Waits for its turn: for its own share, then for the pool.
    pub(super) async fn turn(&self, what: &str, deadline: Instant) -> Result<Turn<'_>, CallError> {
        if Instant::now() >= deadline {
            return Err(too_late(what));
        }
        let shared = &*self.shared;
        shared.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(shared, Instant::now());
        let turn = async {
            let share = self.share.take().await;
            let turn = shared.turns.acquire().await;
            turn.map(|turn| (turn, share))
        };
        match timeout_at(deadline, turn).await {
            Ok(Ok((turn, share))) => {
                shared.turns_taken.fetch_add(1, Ordering::Relaxed);
                Ok(Turn {
                    shared,
                    _turn: turn,
                    _share: share,
                })
            }
            _ => Err(too_late(what)),
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.shared.turns_taken.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        metrics::waited(&pool_name(&self.0.service.name), self.1.elapsed());
    }
}
