//! Turns: this many calls of a pool, and of a module's share of it, may be under way at once, and it is known whose they are.
//!
//! Waiting for a turn is part of a call's time.

use std::sync::Arc;

use mayfly_runtime::capability::PoolUsage;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use crate::holders::{Borrower, Entry, Holders, WaitedInVain};
use crate::share::{Share, Taken};

/// The turns of one pool.
pub(crate) struct Turns {
    pool: String,
    places: Semaphore,
    holders: Arc<Holders>,
    waiters: Arc<Holders>,
    waited_in_vain: WaitedInVain,
}

/// A call's turn, given back when dropped.
pub(crate) struct Turn<'a> {
    _place: SemaphorePermit<'a>,
    _share: Taken,
    _holder: Entry,
}

impl Turns {
    /// This many turns of a pool.
    pub(crate) fn new(pool: String, most: usize) -> Self {
        Self {
            pool,
            places: Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS)),
            holders: Arc::default(),
            waiters: Arc::default(),
            waited_in_vain: WaitedInVain::default(),
        }
    }

    /// Waits for a turn, of the share and then of the pool; none when the deadline comes first.
    pub(crate) async fn take(
        &self,
        share: &Share,
        borrower: &Borrower,
        task: &Arc<str>,
        deadline: Instant,
    ) -> Option<Turn<'_>> {
        if Instant::now() >= deadline {
            return None;
        }
        let waiter = self.waiters.enter(borrower, task);
        let taken = async {
            let share = share.take().await;
            let place = self.places.acquire().await;
            place.map(|place| (place, share))
        };
        match timeout_at(deadline, taken).await {
            Ok(Ok((place, share))) => Some(Turn {
                _place: place,
                _share: share,
                _holder: self.holders.enter(borrower, task),
            }),
            _ => {
                self.waited_in_vain.tell(&self.pool, &waiter, &self.holders);
                None
            }
        }
    }

    /// Who has turns, and who waits for one, in a pool of that size.
    pub(crate) fn usage(&self, size: usize) -> PoolUsage {
        PoolUsage {
            size,
            in_use: self.holders.len(),
            waiting: self.waiters.len(),
            holders: self.holders.by_module(),
            waiters: self.waiters.by_module(),
        }
    }
}
