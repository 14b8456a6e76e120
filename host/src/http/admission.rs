//! Admission: operations get a place at the door, or are told at once to come back later.
//!
//! What was admitted is never refused halfway. Places, queue and the memory of requests are all bounded, so a flood costs a flood of
//! short answers and no memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mayfly_error::Error;
use mayfly_graphql::Request;
use mayfly_json::Tree;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{timeout, timeout_at};

/// What a refused client is told to wait.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What a byte of a body may become once it is read: itself in a buffer that grew by doubling, its copy among the variables, four bytes
/// for a value in two bytes of text, and up to four of the coerced variables.
pub const BYTES_PER_BODY_BYTE: u64 = 12;

/// What a byte of a body takes while it arrives: the buffer it is collected in grows by doubling.
const BYTES_PER_ARRIVING_BYTE: u64 = 2;

/// What a byte of a head takes: a header of a few bytes has an entry in a table, and an allocation.
const BYTES_PER_HEAD_BYTE: u64 = 4;

/// Granularity of the memory for requests: one of small requests takes less than it is reckoned with.
const UNIT_BYTES: u64 = 4 << 10;

/// How long a request that has arrived waits for the memory to parse it, which others need for milliseconds.
const PARSING_WAIT: Duration = Duration::from_secs(1);

/// What the largest request may take when it is alone, whatever the memory for requests is.
#[must_use]
pub fn largest_request_bytes(max_body_bytes: usize) -> u64 {
    (max_body_bytes as u64).saturating_mul(BYTES_PER_BODY_BYTE)
}

/// The memory of one request, given back when it is dropped.
pub struct RequestMemory {
    held: OwnedSemaphorePermit,
    pool: Arc<Semaphore>,
    most: u32,
    head_bytes: u64,
}

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

    /// Memory for a request whose head has so many bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Overloaded`] at once when other requests have the memory.
    pub fn hold(&self, head_bytes: u64) -> Result<RequestMemory, Error> {
        let head_bytes = head_bytes.saturating_mul(BYTES_PER_HEAD_BYTE);
        let units = units_of(head_bytes).min(self.memory_units);
        let held = self.memory.clone().try_acquire_many_owned(units);
        Ok(RequestMemory {
            held: held.map_err(|_| overloaded())?,
            pool: self.memory.clone(),
            most: self.memory_units,
            head_bytes,
        })
    }

    /// Waits for a place, and gives up at `last`.
    ///
    /// # Errors
    ///
    /// [`Error::Overloaded`] at once when the queue is full, or when the time is over.
    pub async fn enter(&self, last: Instant) -> Result<OwnedSemaphorePermit, Error> {
        if let Ok(place) = self.places.clone().try_acquire_owned() {
            return Ok(place);
        }
        let _waiting = Waiting::begin(self)?;
        match timeout_at(last.into(), self.places.clone().acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(overloaded()),
        }
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

impl RequestMemory {
    /// Takes what a body needs of which so many bytes have arrived.
    ///
    /// # Errors
    ///
    /// [`Error::Overloaded`] at once when other requests have the memory.
    pub fn arriving(&mut self, body_bytes: u64) -> Result<(), Error> {
        let missing = self.missing(body_bytes.saturating_mul(BYTES_PER_ARRIVING_BYTE));
        if missing > 0 {
            let more = self.pool.clone().try_acquire_many_owned(missing);
            self.held.merge(more.map_err(|_| overloaded())?);
        }
        Ok(())
    }

    /// Takes the most that a text of so many bytes can become once it is parsed. The largest request fits when it is alone.
    ///
    /// # Errors
    ///
    /// [`Error::Overloaded`] when other requests have the memory, and keep it for a while.
    pub async fn parsing(&mut self, text_bytes: u64) -> Result<(), Error> {
        let missing = self.missing(text_bytes.saturating_mul(BYTES_PER_BODY_BYTE));
        if missing > 0 {
            let more = self.pool.clone().acquire_many_owned(missing);
            let more = timeout(PARSING_WAIT, more).await;
            let more = more.ok().and_then(Result::ok).ok_or_else(overloaded)?;
            self.held.merge(more);
        }
        Ok(())
    }

    /// Gives back what a request that was parsed does not need.
    pub fn parsed(&mut self, request: &Request) {
        let needed = units_of(self.head_bytes.saturating_add(held_bytes(request)));
        let surplus = self.held.num_permits().saturating_sub(needed as usize);
        drop(self.held.split(surplus));
    }

    /// What is missing of the memory for so many bytes besides the head, in units.
    fn missing(&self, bytes: u64) -> u32 {
        let needed = units_of(self.head_bytes.saturating_add(bytes)).min(self.most);
        let held = u32::try_from(self.held.num_permits()).unwrap_or(u32::MAX);
        needed.saturating_sub(held)
    }
}

fn units_of(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT_BYTES).max(1)).unwrap_or(u32::MAX)
}

fn overloaded() -> Error {
    Error::Overloaded {
        retry_after: RETRY_AFTER,
    }
}

/// What a request takes once it is parsed, and its variables again once they are coerced.
fn held_bytes(request: &Request) -> u64 {
    let name = request.operation_name.as_ref().map_or(0, String::capacity);
    let texts = request.query.capacity() + name;
    let variables = request.variables.as_ref().map_or(0, Tree::held_bytes);
    texts as u64 + 2 * variables as u64
}

/// A place in the queue, left whatever happens.
struct Waiting<'a>(&'a Admission);

impl<'a> Waiting<'a> {
    fn begin(admission: &'a Admission) -> Result<Self, Error> {
        if admission.waiting.fetch_add(1, Ordering::Relaxed) >= admission.queue {
            admission.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(overloaded());
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

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(600)
    }

    #[tokio::test]
    async fn past_the_queue_an_operation_is_refused_and_the_queue_is_left_on_every_path() {
        let admission = Admission::new(1, 1, 1 << 20);
        let place = admission.enter(later()).await.unwrap();
        {
            let mut second = Box::pin(admission.enter(later()));
            assert!(futures_util::poll!(&mut second).is_pending());
            assert_eq!(admission.status(), (1, 1));
            assert!(matches!(
                admission.enter(later()).await,
                Err(Error::Overloaded { .. })
            ));
        }
        assert_eq!(
            admission.status(),
            (1, 0),
            "a client that goes away leaves the queue"
        );
        assert!(
            matches!(
                admission.enter(Instant::now()).await,
                Err(Error::Overloaded { .. })
            ),
            "who has no time left is told so"
        );
        assert_eq!(admission.status(), (1, 0));
        drop(place);
        assert!(admission.enter(later()).await.is_ok());
    }

    #[tokio::test]
    async fn requests_take_no_more_memory_than_there_is() {
        let admission = Admission::new(1, 1, 10 << 20);
        let mut large = admission.hold(100).unwrap();
        let mut second = admission.hold(100).unwrap();
        let mut third = admission.hold(100).unwrap();
        large.parsing(400_000).await.unwrap();
        second.parsing(400_000).await.unwrap();
        {
            let mut waits = Box::pin(third.parsing(400_000));
            assert!(futures_util::poll!(&mut waits).is_pending());
            assert!(
                matches!(waits.await, Err(Error::Overloaded { .. })),
                "and not for long"
            );
        }
        assert!(third.parsing(100).await.is_ok(), "small ones still fit");
        drop((large, second));
        let mut alone = third;
        assert!(
            alone.parsing(100_000_000).await.is_ok(),
            "the largest fits when it is alone"
        );
    }

    #[tokio::test]
    async fn what_has_not_arrived_takes_nothing_and_what_was_parsed_little() {
        let admission = Admission::new(1, 1, 10 << 20);
        let free = |admission: &Admission| admission.memory.available_permits() as u64 * UNIT_BYTES;
        let all = free(&admission);
        let mut memory = admission.hold(0).unwrap();
        memory.arriving(1).unwrap();
        assert_eq!(all - free(&admission), UNIT_BYTES);
        memory.arriving(50_000).unwrap();
        let arrived = all - free(&admission);
        assert!((100_000..110_000).contains(&arrived), "{arrived}");
        memory.parsing(50_000).await.unwrap();
        let parsing = all - free(&admission);
        assert!(
            parsing >= 50_000 * BYTES_PER_BODY_BYTE,
            "{parsing} bytes while it is parsed"
        );
        memory.parsed(&Request {
            query: "x".repeat(50_000),
            operation_name: None,
            variables: None,
        });
        let parsed = all - free(&admission);
        assert!((50_000..60_000).contains(&parsed), "{parsed}");
        drop(memory);
        assert_eq!(free(&admission), all);
    }
}
