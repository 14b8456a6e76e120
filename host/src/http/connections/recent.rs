//! How many requests a connection began of late: those of a client that sends faster than it reads may wait behind those of others.

use std::time::{Duration, Instant};

/// After this time those before count half.
const PERIOD: Duration = Duration::from_secs(1);

/// A count of what was done of late.
#[derive(Debug)]
pub(super) struct Recent {
    since: Instant,
    count: usize,
}

impl Recent {
    pub(super) fn new() -> Self {
        Self {
            since: Instant::now(),
            count: 0,
        }
    }

    /// Counts one more, and gives how many there were of late.
    pub(super) fn count(&mut self, now: Instant) -> usize {
        let passed = now.saturating_duration_since(self.since);
        if passed >= PERIOD {
            let is_long_ago = passed >= 2 * PERIOD;
            self.count = if is_long_ago { 0 } else { self.count / 2 };
            self.since = now;
        }
        self.count = self.count.saturating_add(1);
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_long_ago_does_not_count() {
        let mut recent = Recent::new();
        let began = recent.since;
        for number in 1..=9 {
            assert_eq!(recent.count(began), number);
        }
        assert_eq!(recent.count(began + PERIOD), 5);
        assert_eq!(recent.count(began + 3 * PERIOD), 1);
    }
}
