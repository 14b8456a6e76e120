//! The time that something has: from the arrival of a request, through the invocations it needs, to their calls.

use std::time::{Duration, Instant};

use mayfly_clock::last_tick;

/// When something has to be over, and since when its time runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    began: Instant,
    at: Instant,
}

impl Deadline {
    /// So much time, which runs since then.
    #[must_use]
    pub fn since(began: Instant, time: Duration) -> Self {
        Self {
            began,
            at: began + time,
        }
    }

    /// The same, and over no later than another.
    #[must_use]
    pub fn no_later_than(self, other: Self) -> Self {
        Self {
            at: self.at.min(other.at),
            ..self
        }
    }

    /// The same, over so much sooner, if that is not before its time began.
    #[must_use]
    pub fn less(self, grace: Duration) -> Self {
        let sooner = self.at.checked_sub(grace);
        Self {
            at: sooner.map_or(self.at, |sooner| sooner.max(self.began.min(self.at))),
            ..self
        }
    }

    /// Since when its time runs.
    #[must_use]
    pub fn began(self) -> Instant {
        self.began
    }

    /// When it is over, as timers have it.
    #[must_use]
    pub fn at(self) -> tokio::time::Instant {
        self.at.into()
    }

    /// The time there was in all.
    #[must_use]
    pub fn total(self) -> Duration {
        self.at.saturating_duration_since(self.began)
    }

    /// The time that is left.
    #[must_use]
    pub fn remaining(self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// Whether it is over, by the clock's last tick.
    #[must_use]
    pub fn has_passed(self) -> bool {
        last_tick() >= self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_sooner_of_two_counts_whoever_began_first() {
        let now = Instant::now();
        let operation = Deadline::since(now, SECOND * 10);
        let invocation = Deadline::since(now + SECOND * 8, SECOND * 5).no_later_than(operation);
        assert_eq!(invocation.total(), SECOND * 2);
        assert_eq!(invocation.at(), operation.at());
        let short = Deadline::since(now + SECOND, SECOND).no_later_than(operation);
        assert_eq!(short.at(), Deadline::since(now, SECOND * 2).at());
    }

    #[test]
    fn it_has_passed_once_its_time_is_over() {
        let begin = Instant::now();
        let past = Deadline::since(begin, Duration::from_millis(50));
        while !past.has_passed() {
            assert!(begin.elapsed() < SECOND * 60, "a tick takes milliseconds");
        }
        assert!(past.remaining().is_zero());
    }

    #[test]
    fn a_grace_shortens_it_and_never_moves_it_before_its_beginning() {
        let began = Instant::now();
        let deadline = Deadline::since(began, SECOND);
        assert_eq!(deadline.less(SECOND / 10).total(), SECOND - SECOND / 10);
        assert_eq!(deadline.less(SECOND * 5).total(), Duration::ZERO);
        assert_eq!(deadline.less(SECOND).at(), began.into());
        assert!(!deadline.has_passed());
        assert!(deadline.remaining() > Duration::ZERO);
        // One that is over before it began has no time at all, and keeps its end.
        let past = Deadline::since(began + SECOND * 60, SECOND).no_later_than(deadline);
        assert_eq!(past.total(), Duration::ZERO);
        assert_eq!(past.less(SECOND).at(), past.at());
    }
}
