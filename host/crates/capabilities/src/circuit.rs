//! What fails is left alone for a while: this many consecutive failures open the circuit, then nothing is sent until one
//! attempt alone may try; its outcome closes the circuit or keeps it open.
//!
//! Invariants: only an attempt that was let in as the trial ends the trial, and it always does, also when nobody waits for it any more.
//! What was sent before the circuit opened changes nothing afterwards.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// When what fails is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Configuration {
    /// `circuit_failures`: failures one after another before the circuit opens; 0 never opens it.
    pub failures: u32,
    /// `circuit_open`: how long nothing is sent then, before one attempt may try.
    pub open: Duration,
}

/// A circuit.
#[derive(Debug)]
pub(crate) struct Circuit {
    configuration: Configuration,
    state: Mutex<State>,
}

/// What a circuit does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CircuitState {
    /// Everything is sent.
    Closed,
    /// Nothing is sent.
    Open,
    /// One attempt tries.
    Trial,
}

#[derive(Debug)]
enum State {
    /// So many failures one after another.
    Closed(u32),
    /// Nothing is sent until then.
    Open(Instant),
    Trial,
}

/// An attempt that was let in.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    circuit: &'a Circuit,
    began: Instant,
    is_trial: bool,
}

/// What an attempt that ended did to the circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    None,
    Opened,
    Closed,
}

impl Circuit {
    pub(crate) fn new(configuration: Configuration) -> Self {
        Self {
            configuration,
            state: Mutex::new(State::Closed(0)),
        }
    }

    /// Lets an attempt in, or says how long the circuit stays open.
    pub(crate) fn enter(&self, now: Instant) -> Result<Attempt<'_>, Duration> {
        let mut state = self.state.lock();
        let is_trial = match *state {
            State::Closed(_) => false,
            State::Trial => return Err(Duration::ZERO),
            State::Open(until) => {
                let left = until.saturating_duration_since(now);
                if !left.is_zero() {
                    return Err(left);
                }
                *state = State::Trial;
                true
            }
        };
        Ok(Attempt {
            circuit: self,
            began: now,
            is_trial,
        })
    }

    pub(crate) fn state(&self) -> CircuitState {
        match *self.state.lock() {
            State::Closed(_) => CircuitState::Closed,
            State::Open(_) => CircuitState::Open,
            State::Trial => CircuitState::Trial,
        }
    }

    fn opened(&self, now: Instant) -> State {
        State::Open(now.checked_add(self.configuration.open).unwrap_or(now))
    }
}

impl Attempt<'_> {
    /// It went well.
    pub(crate) fn succeeded(mut self) -> Change {
        let was_trial = std::mem::take(&mut self.is_trial);
        let mut state = self.circuit.state.lock();
        match *state {
            _ if was_trial => {
                *state = State::Closed(0);
                Change::Closed
            }
            State::Closed(_) => {
                *state = State::Closed(0);
                Change::None
            }
            State::Open(_) | State::Trial => Change::None,
        }
    }

    /// It failed.
    pub(crate) fn failed(mut self, now: Instant) -> Change {
        let was_trial = std::mem::take(&mut self.is_trial);
        let most = self.circuit.configuration.failures;
        let mut state = self.circuit.state.lock();
        match &mut *state {
            _ if was_trial => {
                *state = self.circuit.opened(now);
                Change::Opened
            }
            State::Closed(failures) => {
                *failures = failures.saturating_add(1);
                if most == 0 || *failures < most {
                    return Change::None;
                }
                *state = self.circuit.opened(now);
                Change::Opened
            }
            State::Open(_) | State::Trial => Change::None,
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.is_trial {
            // It says nothing; the next one may try at once.
            *self.circuit.state.lock() = State::Open(self.began);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    /// What circuits of these tests stay open.
    const OPEN: Duration = Duration::from_secs(5);

    fn circuit(failures: u32) -> Circuit {
        Circuit::new(Configuration {
            failures,
            open: OPEN,
        })
    }

    #[test]
    fn failures_one_after_another_open_it_and_one_trial_closes_it() {
        let (circuit, now) = (circuit(3), Instant::now());
        let enter = |now| circuit.enter(now).unwrap();
        for _ in 0..2 {
            assert_eq!(enter(now).failed(now), Change::None);
        }
        // An answer between them restarts the count.
        assert_eq!(enter(now).succeeded(), Change::None);
        for _ in 0..2 {
            assert_eq!(enter(now).failed(now), Change::None);
        }
        let late = enter(now);
        assert_eq!(enter(now).failed(now), Change::Opened);
        assert_eq!(circuit.enter(now).unwrap_err(), OPEN);
        // What was sent before changes nothing.
        assert_eq!(late.succeeded(), Change::None);
        assert_eq!(circuit.state(), CircuitState::Open);

        let now = now + OPEN;
        let trial = enter(now);
        assert_eq!(circuit.state(), CircuitState::Trial);
        assert!(circuit.enter(now).is_err(), "one alone tries");
        assert_eq!(trial.failed(now), Change::Opened);
        assert_eq!(circuit.enter(now).unwrap_err(), OPEN);

        assert_eq!(enter(now + OPEN).succeeded(), Change::Closed);
        assert_eq!(circuit.state(), CircuitState::Closed);
    }

    #[test]
    fn a_trial_that_nobody_waits_for_lets_the_next_one_try() {
        let (circuit, now) = (circuit(1), Instant::now());
        assert_eq!(circuit.enter(now).unwrap().failed(now), Change::Opened);
        let now = now + OPEN;
        drop(circuit.enter(now).unwrap());
        assert_eq!(circuit.enter(now).unwrap().succeeded(), Change::Closed);
    }

    #[test]
    fn one_without_a_limit_never_opens() {
        let (circuit, now) = (circuit(0), Instant::now());
        for _ in 0..1_000 {
            assert_eq!(circuit.enter(now).unwrap().failed(now), Change::None);
        }
    }
}
