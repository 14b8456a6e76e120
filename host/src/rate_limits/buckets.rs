//! Token buckets, one for each of many, in bounded memory.
//!
//! A bucket that is full again is the same as none, and makes room for others. When there is no room, newcomers share a few buckets:
//! an attacker with many addresses takes nobody's bucket away, makes nobody unlimited, and makes nothing grow.

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};
use parking_lot::Mutex;

use crate::callers::{Fingerprint, Fingerprints};

/// Parts with a lock each.
const PARTS: usize = 16;

/// Buckets of the same size.
pub(super) struct Buckets<C: Clock = DefaultClock> {
    limiter: RateLimiter<Fingerprint, Store<C>, C, NoOpMiddleware<C::Instant>>,
    fingerprints: Fingerprints,
    parts: Arc<[Mutex<Part>]>,
}

struct Store<C: Clock> {
    parts: Arc<[Mutex<Part>]>,
    most: usize,
    clock: C,
    begin: C::Instant,
}

#[derive(Default)]
struct Part {
    /// Until when each bucket is not full, in nanoseconds since the beginning; by whose it is.
    full_at: HashMap<Fingerprint, u64>,
    /// The bucket of those for whom there is no room.
    shared: Option<u64>,
    /// When room was last made.
    cleared_at: u64,
}

/// How often room is made where there is none, in nanoseconds: looking through everything is work.
const CLEAR_EVERY: u64 = 1_000_000_000;

/// Too much was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Empty {
    /// After which time there is enough in the bucket.
    pub(super) wait: Duration,
}

impl Buckets<DefaultClock> {
    /// At most this many buckets, each of this much in a time.
    pub(super) fn new(amount: u32, per: Duration, most: usize) -> Self {
        Self::with_clock(amount, per, most, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Buckets<C> {
    fn with_clock(amount: u32, per: Duration, most: usize, clock: C) -> Self {
        let amount = NonZeroU32::new(amount).unwrap_or(NonZeroU32::MIN);
        let each = (per / amount.get()).max(Duration::from_nanos(1));
        let quota = Quota::with_period(each)
            .unwrap_or(Quota::per_second(amount))
            .allow_burst(amount);
        let parts: Arc<[_]> = (0..PARTS).map(|_| Mutex::default()).collect();
        let store = Store {
            parts: parts.clone(),
            most: most.div_ceil(PARTS),
            begin: clock.now(),
            clock: clock.clone(),
        };
        Self {
            limiter: RateLimiter::new(quota, store, clock),
            fingerprints: Fingerprints::default(),
            parts,
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        let parts = self.parts.iter();
        parts.map(|part| part.lock().full_at.len()).sum()
    }

    /// Takes so much out of a bucket, or nothing when there is less in it.
    pub(super) fn take(&self, owner: &impl Hash, amount: u64) -> Result<(), Empty> {
        let owner = self.fingerprints.of(owner);
        let amount = u32::try_from(amount).unwrap_or(u32::MAX);
        let amount = NonZeroU32::new(amount).unwrap_or(NonZeroU32::MIN);
        let now = self.limiter.clock().now();
        match self.limiter.check_key_n(&owner, amount) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(until)) => Err(Empty {
                wait: until.wait_time_from(now),
            }),
            // More than a bucket holds, which the configuration does not let happen.
            Err(_) => Err(Empty {
                wait: Duration::from_secs(3_600),
            }),
        }
    }
}

impl<C: Clock> StateStore for Store<C> {
    type Key = Fingerprint;

    fn measure_and_replace<T, F, E>(&self, owner: &Fingerprint, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let index = usize::try_from(owner.number() % PARTS as u64).unwrap_or_default();
        let Some(part) = self.parts.get(index) else {
            return measure(None).map(|(taken, _)| taken);
        };
        let mut part = part.lock();
        let known = part.full_at.get(owner).copied();
        if known.is_none() && part.full_at.len() >= self.most {
            part.make_room(self.clock.now().duration_since(self.begin).as_u64());
        }
        let has_own = known.is_some() || part.full_at.len() < self.most;
        let state = if has_own { known } else { part.shared };
        let (taken, full_at) = measure(state.map(Nanos::from))?;
        let full_at = full_at.as_u64();
        if has_own {
            part.full_at.insert(*owner, full_at);
        } else {
            part.shared = Some(full_at);
        }
        Ok(taken)
    }
}

impl Part {
    /// Forgets buckets that are full again.
    fn make_room(&mut self, now: u64) {
        if now < self.cleared_at.saturating_add(CLEAR_EVERY) && self.cleared_at > 0 {
            return;
        }
        self.cleared_at = now.max(1);
        self.full_at.retain(|_, full_at| *full_at > now);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn buckets(
        amount: u32,
        seconds: u64,
        most: usize,
    ) -> (Buckets<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let per = Duration::from_secs(seconds);
        (Buckets::with_clock(amount, per, most, clock.clone()), clock)
    }

    #[test]
    fn what_was_taken_comes_back_evenly() {
        let (buckets, clock) = buckets(60, 60, 1_000);
        for _ in 0..60 {
            buckets.take(&"ann", 1).unwrap();
        }
        let empty = buckets.take(&"ann", 1).unwrap_err();
        assert_eq!(empty.wait, Duration::from_secs(1));
        buckets.take(&"bob", 60).unwrap();
        clock.advance(Duration::from_secs(10));
        buckets.take(&"ann", 10).unwrap();
        assert_eq!(
            buckets.take(&"ann", 30).unwrap_err().wait,
            Duration::from_secs(30)
        );
        clock.advance(Duration::from_secs(600));
        buckets.take(&"ann", 60).unwrap();
        buckets.take(&"ann", 1).unwrap_err();
    }

    #[test]
    fn a_flood_of_newcomers_shares_buckets_and_takes_nobody_s() {
        let (buckets, clock) = buckets(10, 60, 160);
        buckets.take(&"ann", 5).unwrap();
        let let_in = (0..100_000)
            .filter(|number| buckets.take(number, 1).is_ok())
            .count();
        // Each bucket of its own lets one in; those who share one, ten.
        assert!((159..=159 + 16 * 10).contains(&let_in), "{let_in}");
        assert!(buckets.count() <= 160, "{}", buckets.count());
        buckets.take(&"ann", 5).unwrap();
        buckets.take(&"ann", 1).unwrap_err();
        // Once their buckets are full again there is room.
        clock.advance(Duration::from_secs(61));
        for number in 200_000..200_050 {
            buckets.take(&number, 10).unwrap();
        }
        assert!(buckets.count() <= 160);
    }
}
