//! How often tokens make an issuer's keys be fetched.

use std::time::Duration;

use tokio::time::Instant;

/// The least time between two fetches that tokens with unknown keys cause.
const INTERVAL: Duration = Duration::from_secs(60);

/// Opens once in an interval.
#[derive(Default)]
pub(super) struct Gate {
    opened: Option<Instant>,
}

impl Gate {
    /// When it last opened.
    pub(super) fn opened(&self) -> Option<Instant> {
        self.opened
    }

    /// Whether it opens now.
    pub(super) fn opens(&mut self, now: Instant) -> bool {
        let is_open = self
            .opened
            .is_none_or(|opened| now.saturating_duration_since(opened) >= INTERVAL);
        if is_open {
            self.opened = Some(now);
        }
        is_open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_once_a_minute_however_often_it_is_tried() {
        let mut gate = Gate::default();
        let begin = Instant::now();
        let opened: Vec<u64> = (0..200)
            .filter(|second| gate.opens(begin + Duration::from_secs(*second)))
            .collect();
        assert_eq!(opened, [0, 60, 120, 180]);
    }
}
