//! Admission: operations get a place at the door, or are told at once to come back later.
//!
//! What was admitted is never refused halfway. Places and queue are both bounded, so a flood costs a flood of short answers and
//! no memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mayfly_error::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a refused client is told to wait.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The places for operations, and the queue before them.
pub struct Admission {
    places: Arc<Semaphore>,
    size: usize,
    waiting: AtomicUsize,
    queue: usize,
}

impl Admission {
    /// `places` operations at once, and `queue` waiting.
    #[must_use]
    pub fn new(places: usize, queue: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), size: places, waiting: AtomicUsize::new(0), queue }
    }

    /// Waits for a place.
    ///
    /// # Errors
    ///
    /// [`Error::Overloaded`] at once when the queue is full.
    pub async fn enter(&self) -> Result<OwnedSemaphorePermit, Error> {
        if let Ok(place) = self.places.clone().try_acquire_owned() {
            return Ok(place);
        }
        let _waiting = Waiting::begin(self)?;
        self.places.clone().acquire_owned().await.map_err(|_| Error::Overloaded { retry_after: RETRY_AFTER })
    }

    /// Operations under way, and waiting.
    #[must_use]
    pub fn status(&self) -> (usize, usize) {
        (self.size - self.places.available_permits(), self.waiting.load(Ordering::Relaxed))
    }
}

/// A place in the queue, left whatever happens.
struct Waiting<'a>(&'a Admission);

impl<'a> Waiting<'a> {
    fn begin(admission: &'a Admission) -> Result<Self, Error> {
        if admission.waiting.fetch_add(1, Ordering::Relaxed) >= admission.queue {
            admission.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Error::Overloaded { retry_after: RETRY_AFTER });
        }
        Ok(Self(admission))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use super::*;

    #[tokio::test]
    async fn past_the_queue_an_operation_is_refused_and_the_queue_is_left_on_every_path() {
        let admission = Admission::new(1, 1);
        let place = admission.enter().await.unwrap();
        {
            let mut second = Box::pin(admission.enter());
            assert!(futures_util::poll!(&mut second).is_pending());
            assert_eq!(admission.status(), (1, 1));
            assert!(matches!(admission.enter().await, Err(Error::Overloaded { .. })));
        }
        assert_eq!(admission.status(), (1, 0), "a client that goes away leaves the queue");
        drop(place);
        assert!(admission.enter().await.is_ok());
    }
}
