//! A share of a pool: how many of its connections or requests one user may have at once.
//!
//! It is taken before the pool is asked, so that those who wait for their own share never stand in the pool's queue, in the way of
//! others. Waiting for it is part of a call's time.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A share of a pool. Clones are the same share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Share(Option<Arc<Semaphore>>);

/// A part of a share in use; none of the whole pool, which has a limit of its own.
#[derive(Debug)]
pub(crate) struct Taken(
    #[expect(dead_code, reason = "held for what its end does")] Option<OwnedSemaphorePermit>,
);

impl Share {
    /// At most this many at once, and never none.
    pub(crate) fn of(most: usize) -> Self {
        Self(Some(Arc::new(Semaphore::new(
            most.clamp(1, Semaphore::MAX_PERMITS),
        ))))
    }

    /// Waits for its turn; the caller bounds the time.
    pub(crate) async fn take(&self) -> Taken {
        match &self.0 {
            // Nobody closes the semaphore; if somebody did, the pool's own limit would still hold.
            Some(share) => Taken(share.clone().acquire_owned().await.ok()),
            None => Taken(None),
        }
    }
}
