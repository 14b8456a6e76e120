//! Whether something that takes time gets on: in each window this many bytes have to move.
//!
//! Bytes that moved before a window are no credit for it, so that nobody buys time by sending most of a body at once.

use std::time::{Duration, Instant};

/// How fast bytes have to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The length of a window.
    pub window: Duration,
    /// The bytes that end a window, and begin the next.
    pub least_bytes: u64,
}

/// Bytes on their way.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    rate: Rate,
    /// When the window ends that has not seen enough yet.
    deadline: Instant,
    /// What moved in it.
    moved_bytes: u64,
}

impl Rate {
    /// This many bytes in each second of a window.
    #[must_use]
    pub fn new(window: Duration, bytes_per_second: u64) -> Self {
        let bytes = u128::from(bytes_per_second) * window.as_millis() / 1_000;
        Self {
            window,
            least_bytes: u64::try_from(bytes).unwrap_or(u64::MAX).max(1),
        }
    }
}

impl Pace {
    /// Begins the first window.
    #[must_use]
    pub fn begin(rate: Rate, now: Instant) -> Self {
        Self {
            rate,
            deadline: now + rate.window,
            moved_bytes: 0,
        }
    }

    /// Counts bytes that moved.
    pub fn moved(&mut self, bytes: u64, now: Instant) {
        self.moved_bytes = self.moved_bytes.saturating_add(bytes);
        if self.moved_bytes >= self.rate.least_bytes {
            *self = Self::begin(self.rate, now);
        }
    }

    /// When it is too slow, unless more moves before.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_window_needs_its_own_bytes() {
        let began = Instant::now();
        let second = Duration::from_secs(1);
        let mut pace = Pace::begin(Rate::new(10 * second, 100), began);
        assert_eq!(pace.deadline(), began + 10 * second);
        pace.moved(999, began + second);
        assert_eq!(
            pace.deadline(),
            began + 10 * second,
            "one byte is missing of a thousand"
        );
        pace.moved(1, began + 2 * second);
        assert_eq!(pace.deadline(), began + 12 * second);
        pace.moved(1 << 40, began + 3 * second);
        assert_eq!(
            pace.deadline(),
            began + 13 * second,
            "what came at once is no credit for later"
        );
    }

    #[test]
    fn a_rate_below_a_byte_a_window_is_a_byte() {
        assert_eq!(Rate::new(Duration::from_millis(10), 1).least_bytes, 1);
    }
}
