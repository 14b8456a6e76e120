//! When a server that cannot be reached is tried again.
//!
//! While it is down, connecting fails at once: after a failure the next attempt waits for a pause that grows to two seconds, and only one
//! is made when it is over. The first success opens the gate.

use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

/// The pause after the first failure; it doubles up to the second.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Lets attempts through, or not.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: Mutex<GateState>,
}

#[derive(Debug, Default)]
struct GateState {
    /// Failures in a row.
    failures: u32,
    /// When the next attempt may be made.
    not_before: Option<Instant>,
    /// Whether one is being made, after a failure.
    probing: bool,
    /// What the last failure was.
    last: String,
    /// When an attempt last succeeded.
    succeeded: Option<Instant>,
}

/// An attempt that was let through. Dropped without a verdict, it lets another one try.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    gate: &'a Gate,
    began: Instant,
}

impl Gate {
    /// An attempt, or the last failure while the pause lasts.
    pub(super) fn enter(&self, now: Instant) -> Result<Attempt<'_>, String> {
        let mut state = self.lock();
        if let Some(last) = state.refusal(now) {
            return Err(last);
        }
        state.probing = state.failures > 0;
        Ok(Attempt {
            gate: self,
            began: now,
        })
    }

    /// The last failure, while no attempt is let through.
    pub(super) fn refusal(&self, now: Instant) -> Option<String> {
        self.lock().refusal(now)
    }

    /// How long until the next attempt may be let through.
    pub(super) fn pause(&self, now: Instant) -> Duration {
        let not_before = self.lock().not_before;
        not_before.map_or(FIRST_PAUSE, |instant| instant.duration_since(now))
    }

    fn lock(&self) -> MutexGuard<'_, GateState> {
        self.state.lock()
    }

    /// An attempt that began before another succeeded says nothing of the server as it is since then.
    fn fail(&self, error: String, began: Instant, now: Instant) {
        let mut state = self.lock();
        if state.succeeded.is_some_and(|succeeded| succeeded >= began) {
            return;
        }
        let pause = FIRST_PAUSE
            .saturating_mul(2u32.saturating_pow(state.failures.min(16)))
            .min(LONGEST_PAUSE);
        state.failures = state.failures.saturating_add(1);
        state.not_before = now.checked_add(pause);
        state.probing = false;
        state.last = error;
    }
}

impl GateState {
    fn refusal(&self, now: Instant) -> Option<String> {
        let refuses = self.failures > 0
            && (self.probing || self.not_before.is_some_and(|instant| now < instant));
        refuses.then(|| self.last.clone())
    }
}

impl Attempt<'_> {
    pub(super) fn succeeded(self, now: Instant) {
        *self.gate.lock() = GateState {
            succeeded: Some(now),
            ..GateState::default()
        };
    }

    pub(super) fn failed(self, error: String, now: Instant) {
        self.gate.fail(error, self.began, now);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.gate.lock().probing = false;
    }
}

#[cfg(test)]
mod tests;
