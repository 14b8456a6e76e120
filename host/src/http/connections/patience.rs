//! How long clients that do nothing may keep a full listener waiting. While one client after another finds no place, those that have
//! not sent a request yet get less and less of it: in a flood of connections that say nothing, a client that does is soon reached.

use std::time::Duration;

use super::activity::Waiting;

/// What clients get in the longest flood: several times what a request takes from connecting until its head has come.
const LEAST: Duration = Duration::from_millis(100);

/// What those get whose bodies are on their way: more than a body that gets on pauses for, whoever else comes.
const WITH_BODIES: Duration = Duration::from_secs(1);

/// How long others are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// With those that have an answer to read.
    most: Duration,
    /// With those that have sent no head.
    now: Duration,
}

impl Patience {
    /// So much of it when nobody had to wait lately.
    #[must_use]
    pub fn new(most: Duration) -> Self {
        Self { most, now: most }
    }

    /// How much of it there is with those whom this is waited for.
    #[must_use]
    pub fn with(&self, waiting: Waiting) -> Duration {
        match waiting {
            Waiting::Idle | Waiting::Head => self.now,
            Waiting::Body => WITH_BODIES,
            Waiting::Unread => self.most,
        }
    }

    /// The least of it that anybody has now.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.now
    }

    /// A client found a place at once.
    pub fn recover(&mut self) {
        self.now = (self.now * 2).min(self.most);
    }

    /// A client had to wait for its place.
    pub fn lessen(&mut self) {
        self.now = (self.now / 2).max(LEAST).min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_wears_off_while_clients_wait_one_after_another_and_comes_back() {
        let second = Duration::from_secs(1);
        let mut patience = Patience::new(second);
        assert_eq!(patience.with(Waiting::Idle), second);
        patience.lessen();
        assert_eq!(patience.with(Waiting::Head), second / 2);
        assert_eq!(patience.with(Waiting::Body), WITH_BODIES);
        assert_eq!(patience.with(Waiting::Unread), second);
        for _ in 0..10 {
            patience.lessen();
        }
        assert_eq!(patience.now(), LEAST);
        for _ in 0..10 {
            patience.recover();
        }
        assert_eq!(patience, Patience::new(second));
    }

    #[test]
    fn it_never_grows_beyond_what_it_was() {
        let short = Duration::from_millis(50);
        let mut patience = Patience::new(short);
        patience.lessen();
        assert_eq!(patience, Patience::new(short));
    }
}
