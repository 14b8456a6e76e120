//! Admission: operations get a place at the door, or are told at once to come back later.
//!
//! What was admitted is never refused halfway. Places, queue and the memory of requests are all bounded, so a flood costs a flood of
//! short answers and no memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mayfly_error::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a refused client is told to wait.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What a byte of a body may become once it is read: `1,` in a list is a number with its digits in an allocation of their own.
pub const BYTES_PER_BODY_BYTE: u64 = 48;

/// Granularity of the memory for requests: one of small requests takes less than it is reckoned with.
const UNIT_BYTES: u64 = 4 << 10;

/// The memory of one request, given back when its operation has ended.
pub type RequestMemory = OwnedSemaphorePermit;

/// The places for operations, the queue before them, and the memory for their requests.
pub struct Admission {
    places: Arc<Semaphore>,
    size: usize,
    waiting: AtomicUsize,
    queue: usize,
    memory: Arc<Semaphore>,
    memory_units: u32,
}

impl Admission {
    /// `places` operations at once, and `queue` waiting; their requests take at most `memory_bytes`.
    #[must_use]
    pub fn new(places: usize, queue: usize, memory_bytes: u64) -> Self {
        let memory_units = u32::try_from(memory_bytes / UNIT_BYTES)
            .unwrap_or(u32::MAX >> 4)
            .clamp(1, u32::MAX >> 4);
        Self {
            places: Arc::new(Semaphore::new(places)),
            size: places,
            waiting: AtomicUsize::new(0),
            queue,
            memory: Arc::new(Semaphore::new(memory_units as usize)),
            memory_units,
        }
    }

    /// Memory for a request whose body has so many bytes, before it is read. The largest request fits when it is alone.
    ///
    /// # Errors
    ///
    /// [`Error::Overloaded`] at once when other requests have the memory.
    pub fn hold(&self, body_bytes: u64) -> Result<RequestMemory, Error> {
        let units = body_bytes
            .saturating_mul(BYTES_PER_BODY_BYTE)
            .div_ceil(UNIT_BYTES)
            .max(1);
        let units = u32::try_from(units)
            .unwrap_or(u32::MAX)
            .min(self.memory_units);
        let held = self.memory.clone().try_acquire_many_owned(units);
        held.map_err(|_| Error::Overloaded {
            retry_after: RETRY_AFTER,
        })
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
        self.places
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| Error::Overloaded {
                retry_after: RETRY_AFTER,
            })
    }

    /// Operations under way, and waiting.
    #[must_use]
    pub fn status(&self) -> (usize, usize) {
        (
            self.size - self.places.available_permits(),
            self.waiting.load(Ordering::Relaxed),
        )
    }
}

/// A place in the queue, left whatever happens.
struct Waiting<'a>(&'a Admission);

impl<'a> Waiting<'a> {
    fn begin(admission: &'a Admission) -> Result<Self, Error> {
        if admission.waiting.fetch_add(1, Ordering::Relaxed) >= admission.queue {
            admission.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Error::Overloaded {
                retry_after: RETRY_AFTER,
            });
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
        let admission = Admission::new(1, 1, 1 << 20);
        let place = admission.enter().await.unwrap();
        {
            let mut second = Box::pin(admission.enter());
            assert!(futures_util::poll!(&mut second).is_pending());
            assert_eq!(admission.status(), (1, 1));
            assert!(matches!(
                admission.enter().await,
                Err(Error::Overloaded { .. })
            ));
        }
        assert_eq!(
            admission.status(),
            (1, 0),
            "a client that goes away leaves the queue"
        );
        drop(place);
        assert!(admission.enter().await.is_ok());
    }

    #[test]
    fn requests_take_no_more_memory_than_there_is() {
        let admission = Admission::new(1, 1, 10 << 20);
        let large = admission.hold(100_000).unwrap();
        let second = admission.hold(100_000).unwrap();
        assert!(matches!(
            admission.hold(100_000),
            Err(Error::Overloaded { .. })
        ));
        assert!(admission.hold(100).is_ok(), "small ones still fit");
        drop((large, second));
        assert!(
            admission.hold(100_000_000).is_ok(),
            "the largest fits when it is alone"
        );
    }
}
