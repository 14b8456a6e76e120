//! Admission: an operation gets a place, waits for one, or is refused at once.
//!
//! What was admitted is never refused halfway. Places, queue and the memory of requests are all bounded, so a flood costs a flood of short
//! answers and no memory.

use std::sync::Arc;
use std::time::Duration;

use crate::serving::memory_plan::BYTES_PER_BODY_BYTE;
use mayfly_error::Error;
use mayfly_runtime::Deadline;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{timeout, timeout_at};

use super::queue::{OperationPlace, Queue};

/// What a refused client is told to wait.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What a byte of a body takes while it arrives: the buffer it is collected in grows by doubling.
const BYTES_PER_ARRIVING_BYTE: u64 = 2;

/// What a byte of a head takes: a header of a few bytes has an entry in a table, and an allocation.
const BYTES_PER_HEAD_BYTE: u64 = 4;

/// Granularity of the memory for requests: one of small requests takes less than is counted for it.
const UNIT_BYTES: u64 = 4 << 10;

/// What is kept for clients that send one small request at a time: a quarter, and what such a request may take of it. Those that
/// send many, or large ones, share the rest, so that bodies which never end keep nobody else out.
const SMALL_DIVISOR: u64 = 4;
const SMALL_BYTES: u64 = 64 << 10;

/// How long a request that has arrived waits for the memory to parse it, which others need for milliseconds.
const PARSING_WAIT: Duration = Duration::from_secs(1);

/// The memory of one request, given back when it is dropped.
pub struct RequestMemory {
    held: OwnedSemaphorePermit,
    memory: Memory,
    is_small: bool,
    head_bytes: u64,
}

/// The memory for requests.
#[derive(Clone)]
struct Memory {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
    /// What is kept for small ones, in units.
    small_units: u32,
    /// What the largest request may have, in units.
    most: u32,
}

/// The places for operations, the queue before them, and the memory for their requests.
pub struct Admission {
    queue: Arc<Queue>,
    memory: Memory,
}

impl Admission {
    /// `places` operations at once, and `queue` waiting; their requests take at most `memory_bytes`.
    #[must_use]
    pub fn new(places: usize, queue: usize, memory_bytes: u64) -> Self {
        Self {
            queue: Queue::new(places, queue),
            memory: Memory::new(memory_bytes),
        }
    }

    /// Memory for a request whose head has this many bytes; `under_way` is what the client's connection has under way, itself
    /// included.
    ///
    /// # Errors
    ///
    /// [`Error::Overloaded`] at once when other requests have the memory.
    pub fn hold(&self, head_bytes: u64, under_way: usize) -> Result<RequestMemory, Error> {
        let memory = self.memory.clone();
        let head_bytes = head_bytes.saturating_mul(BYTES_PER_HEAD_BYTE);
        let is_small = under_way <= 1 && head_bytes <= SMALL_BYTES;
        let units = units_of(head_bytes).min(memory.most);
        let held = memory.pool(is_small).try_acquire_many_owned(units);
        Ok(RequestMemory {
            held: held.map_err(|_| overloaded())?,
            memory,
            is_small,
            head_bytes,
        })
    }

    /// Waits for a place, and gives up at `last`; `under_way` is what the client's connection has under way.
    ///
    /// # Errors
    ///
    /// [`Error::Overloaded`] when the queue is full of others with no more under way, or when the time is over.
    pub async fn enter(
        &self,
        deadline: Deadline,
        under_way: usize,
    ) -> Result<OperationPlace, Error> {
        match timeout_at(deadline.at(), self.queue.enter(under_way)).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(overloaded()),
        }
    }

    /// What requests have of the memory, in bytes.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        let Memory {
            small,
            large,
            small_units,
            most,
        } = &self.memory;
        let all = u64::from(*small_units) + u64::from(*most);
        let free = small.available_permits() + large.available_permits();
        all.saturating_sub(free as u64) * UNIT_BYTES
    }

    /// Operations under way, and waiting.
    #[must_use]
    pub fn status(&self) -> (usize, usize) {
        self.queue.status()
    }
}

impl RequestMemory {
    /// Takes what a body needs of which this many bytes have arrived.
    ///
    /// # Errors
    ///
    /// [`Error::Overloaded`] at once when other requests have the memory.
    pub fn arriving(&mut self, body_bytes: u64) -> Result<(), Error> {
        if let Some((pool, missing)) =
            self.missing(body_bytes.saturating_mul(BYTES_PER_ARRIVING_BYTE))
        {
            let more = pool.try_acquire_many_owned(missing);
            self.take(more.map_err(|_| overloaded())?);
        }
        Ok(())
    }

    /// Takes the most that a text of this many bytes can become once it is parsed. The largest request fits when it is alone.
    ///
    /// # Errors
    ///
    /// [`Error::Overloaded`] when other requests have the memory, and keep it for a while.
    pub async fn parsing(&mut self, text_bytes: u64) -> Result<(), Error> {
        if let Some((pool, missing)) = self.missing(text_bytes.saturating_mul(BYTES_PER_BODY_BYTE))
        {
            let more = timeout(PARSING_WAIT, pool.acquire_many_owned(missing)).await;
            self.take(more.ok().and_then(Result::ok).ok_or_else(overloaded)?);
        }
        Ok(())
    }

    /// Gives back what a request does not need that takes this many bytes now that it is parsed.
    pub fn parsed(&mut self, held_bytes: u64) {
        let needed = units_of(self.head_bytes.saturating_add(held_bytes));
        let surplus = self.held.num_permits().saturating_sub(needed as usize);
        drop(self.held.split(surplus));
    }

    /// What is missing of the memory for this many bytes besides the head, in units, and of what it has to be taken. A request that is
    /// not small any more takes all of it again.
    fn missing(&self, bytes: u64) -> Option<(Arc<Semaphore>, u32)> {
        let bytes = self.head_bytes.saturating_add(bytes);
        let needed = units_of(bytes).min(self.memory.most);
        let held = u32::try_from(self.held.num_permits()).unwrap_or(u32::MAX);
        if needed <= held {
            return None;
        }
        if self.is_small && bytes > SMALL_BYTES {
            return Some((self.memory.pool(false), needed));
        }
        Some((self.memory.pool(self.is_small), needed - held))
    }

    /// Adds what was missing.
    fn take(&mut self, more: OwnedSemaphorePermit) {
        if Arc::ptr_eq(self.held.semaphore(), more.semaphore()) {
            self.held.merge(more);
        } else {
            self.held = more;
            self.is_small = false;
        }
    }
}

impl Memory {
    fn new(bytes: u64) -> Self {
        let small = bytes / SMALL_DIVISOR;
        let units = |bytes: u64| {
            u32::try_from(bytes / UNIT_BYTES)
                .unwrap_or(u32::MAX >> 4)
                .clamp(1, u32::MAX >> 4)
        };
        let most = units(bytes - small);
        Self {
            small: Arc::new(Semaphore::new(units(small) as usize)),
            small_units: units(small),
            large: Arc::new(Semaphore::new(most as usize)),
            most,
        }
    }

    fn pool(&self, is_small: bool) -> Arc<Semaphore> {
        if is_small {
            self.small.clone()
        } else {
            self.large.clone()
        }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use std::time::Instant;

    use super::*;

    fn later() -> Deadline {
        Deadline::since(Instant::now(), Duration::from_secs(600))
    }

    #[tokio::test]
    async fn past_the_queue_an_operation_is_refused_and_the_queue_is_left_on_every_path() {
        let admission = Admission::new(1, 1, 1 << 20);
        let place = admission.enter(later(), 1).await.unwrap();
        {
            let mut second = Box::pin(admission.enter(later(), 1));
            assert!(futures_util::poll!(&mut second).is_pending());
            assert_eq!(admission.status(), (1, 1));
            assert!(matches!(
                admission.enter(later(), 1).await,
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
                admission
                    .enter(Deadline::since(Instant::now(), Duration::ZERO), 1)
                    .await,
                Err(Error::Overloaded { .. })
            ),
            "who has no time left is told so"
        );
        assert_eq!(admission.status(), (1, 0));
        drop(place);
        assert!(admission.enter(later(), 1).await.is_ok());
    }

    /// What is taken of all memory, in bytes.
    fn taken(admission: &Admission, all: u64) -> u64 {
        let Memory { small, large, .. } = &admission.memory;
        let free = small.available_permits() + large.available_permits();
        all - free as u64 * UNIT_BYTES
    }

    #[tokio::test]
    async fn requests_take_no_more_memory_than_there_is() {
        let admission = Admission::new(1, 1, 10 << 20);
        let mut large = admission.hold(100, 1).unwrap();
        let mut second = admission.hold(100, 1).unwrap();
        let mut third = admission.hold(100, 2).unwrap();
        large.parsing(300_000).await.unwrap();
        second.parsing(300_000).await.unwrap();
        {
            let mut waits = Box::pin(third.parsing(300_000));
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
    async fn large_and_many_requests_leave_memory_for_a_small_one() {
        let admission = Admission::new(1, 1, 10 << 20);
        let mut held = Vec::new();
        while let Ok(mut large) = admission.hold(100, 1) {
            if large.arriving(300_000).is_err() {
                break;
            }
            held.push(large);
        }
        while let Ok(one_of_many) = admission.hold(100, 2) {
            held.push(one_of_many);
        }
        let mut small = admission.hold(100, 1).unwrap();
        small.arriving(1_000).unwrap();
        small.parsing(1_000).await.unwrap();
    }

    #[tokio::test]
    async fn what_has_not_arrived_takes_nothing_and_what_was_parsed_little() {
        let all = 10 << 20;
        let admission = Admission::new(1, 1, all);
        let mut memory = admission.hold(0, 1).unwrap();
        memory.arriving(1).unwrap();
        assert_eq!(taken(&admission, all), UNIT_BYTES);
        memory.arriving(50_000).unwrap();
        let arrived = taken(&admission, all);
        assert!((100_000..110_000).contains(&arrived), "{arrived}");
        memory.parsing(50_000).await.unwrap();
        let parsing = taken(&admission, all);
        assert!(
            parsing >= 50_000 * BYTES_PER_BODY_BYTE,
            "{parsing} bytes while it is parsed"
        );
        memory.parsed(50_000);
        let parsed = taken(&admission, all);
        assert!((50_000..60_000).contains(&parsed), "{parsed}");
        drop(memory);
        assert_eq!(taken(&admission, all), 0);
    }
}
