//! The memory for answers that clients have not read yet.
//!
//! An answer waits for its memory while it still has its operation's place, so that no more of them wait than there are places. When
//! there is none left, clients that do not read are disconnected for those that do.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::Connections;

/// Granularity: an answer with its head and what is allocated around it takes no less.
const UNIT_BYTES: u64 = 1 << 10;

/// Larger answers share what is not kept for smaller ones, which need not wait for them.
const SMALL_BYTES: usize = 64 << 10;

/// What is kept for small answers: a quarter.
const SMALL_DIVISOR: u64 = 4;

/// An answer of which nothing was taken for so long is not being read.
const STALLED: Duration = Duration::from_secs(1);

/// The same for operators: those who look after the host have a second or two for all of it.
const STALLED_FOR_OPERATORS: Duration = Duration::from_millis(100);

/// How long an answer waits before clients that do not read are looked for again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Memory for answers.
pub struct AnswerMemory {
    small: Pool,
    large: Pool,
    connections: Arc<Connections>,
    /// For how long a client may take nothing of an answer when others need the memory.
    stalled: Duration,
}

/// The memory for answers of some sizes.
struct Pool {
    sizes: RangeInclusive<usize>,
    units: Arc<Semaphore>,
    most: u32,
    /// Units that are waited for.
    wanted: AtomicU64,
    /// When it was last looked for clients that do not read: one of those that wait does that for all.
    looked: Mutex<Instant>,
}

/// An answer, whose memory is given back when the last byte of it is dropped.
struct Held {
    bytes: Vec<u8>,
    _memory: Option<OwnedSemaphorePermit>,
}

/// An answer that waits, until it does not any more.
struct Waiting<'a> {
    pool: &'a Pool,
    units: u32,
}

impl AnswerMemory {
    /// Answers to these clients may take this much.
    #[must_use]
    pub fn new(bytes: u64, connections: Arc<Connections>) -> Self {
        let small = bytes / SMALL_DIVISOR;
        Self {
            small: Pool::new(0..=SMALL_BYTES, small),
            large: Pool::new(SMALL_BYTES + 1..=usize::MAX, bytes - small),
            connections,
            stalled: STALLED,
        }
    }

    /// The same for operators, who do not wait long for one another.
    #[must_use]
    pub fn for_operators(mut self) -> Self {
        self.stalled = STALLED_FOR_OPERATORS;
        self
    }

    /// Waits for the memory of an answer. The largest gets all there is when it is alone.
    pub async fn hold(&self, mut bytes: Vec<u8>) -> Bytes {
        // What it grew by while it was written; a small rest is not worth a copy.
        if bytes.capacity() - bytes.len() > bytes.len() / 4 {
            bytes.shrink_to_fit();
        }
        let pool = if self.small.sizes.contains(&bytes.len()) {
            &self.small
        } else {
            &self.large
        };
        let units = pool.units_of(bytes.capacity() as u64);
        let memory = match pool.units.clone().try_acquire_many_owned(units) {
            Ok(memory) => Some(memory),
            Err(_) => self.wait(pool, units).await,
        };
        Bytes::from_owner(Held {
            bytes,
            _memory: memory,
        })
    }

    /// What answers have of it, in bytes.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        let held = [&self.small, &self.large].map(|pool| {
            let free = pool.units.available_permits() as u64;
            u64::from(pool.most).saturating_sub(free)
        });
        held.iter().sum::<u64>() * UNIT_BYTES
    }

    async fn wait(&self, pool: &Pool, units: u32) -> Option<OwnedSemaphorePermit> {
        let began = Instant::now();
        let _waiting = Waiting::begin(pool, units);
        let mut memory = std::pin::pin!(pool.units.clone().acquire_many_owned(units));
        loop {
            if let Ok(memory) = timeout(LOOK_AGAIN, &mut memory).await {
                // The semaphore is never closed.
                return memory.ok();
            }
            if pool.is_to_be_looked_at() {
                let missing = pool.wanted.load(Ordering::Relaxed) * UNIT_BYTES;
                let waited = began.elapsed();
                self.connections
                    .free_answers(&pool.sizes, missing, waited, self.stalled);
            }
        }
    }
}

impl Pool {
    fn new(sizes: RangeInclusive<usize>, bytes: u64) -> Self {
        let most = u32::try_from(bytes / UNIT_BYTES)
            .unwrap_or(u32::MAX >> 4)
            .clamp(1, u32::MAX >> 4);
        Self {
            sizes,
            units: Arc::new(Semaphore::new(most as usize)),
            most,
            wanted: AtomicU64::new(0),
            looked: Mutex::new(Instant::now()),
        }
    }

    fn units_of(&self, bytes: u64) -> u32 {
        let units = bytes.div_ceil(UNIT_BYTES).max(1);
        u32::try_from(units).unwrap_or(u32::MAX).min(self.most)
    }

    fn is_to_be_looked_at(&self) -> bool {
        let mut looked = self.looked.lock();
        let due = looked.elapsed() >= LOOK_AGAIN;
        if due {
            *looked = Instant::now();
        }
        due
    }
}

impl<'a> Waiting<'a> {
    fn begin(pool: &'a Pool, units: u32) -> Self {
        pool.wanted.fetch_add(u64::from(units), Ordering::Relaxed);
        Self { pool, units }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.pool
            .wanted
            .fetch_sub(u64::from(self.units), Ordering::Relaxed);
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
