//! Since when bodies do not get on that a connection is waited for with, should others need its place.

use std::time::Instant;

/// A body gets on when so much of it has come: what a client on a slow line sends in a second, and more than one sends that drips.
const STEP_BYTES: u64 = 1 << 10;

/// How bodies get on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Progress {
    since: Instant,
    /// What has come since.
    bytes: u64,
}

impl Progress {
    pub(super) fn begin(now: Instant) -> Self {
        Self {
            since: now,
            bytes: 0,
        }
    }

    /// Counts bytes that came.
    pub(super) fn moved(&mut self, bytes: u64, now: Instant) {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes >= STEP_BYTES {
            *self = Self::begin(now);
        }
    }

    /// Since when they do not get on.
    pub(super) fn since(&self) -> Instant {
        self.since
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_body_that_drips_does_not_get_on() {
        let began = Instant::now();
        let second = Duration::from_secs(1);
        let mut body = Progress::begin(began);
        for number in 1..100 {
            body.moved(10, began + number * second);
        }
        assert_eq!(body.since(), began);
        body.moved(1_000, began + 100 * second);
        assert_eq!(body.since(), began + 100 * second);
    }
}
