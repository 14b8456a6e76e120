//! Time limits: how much time a call has, and who says so.
//!
//! A call ends with its invocation's time for calls, or sooner by a setting of its backend. Whoever reads that it ended has to know which:
//! one is mended in the module, the other where the backend is configured, or in the backend.

use std::fmt::Display;
use std::time::Duration;

use mayfly_error::{CallCode, CallError};
use tokio::time::Instant;

/// When a call ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeLimit {
    at: Instant,
    /// The setting that ends it, where that is sooner than the caller does.
    setting: Option<Setting>,
}

/// A setting of a backend.
#[derive(Debug, Clone, Copy)]
struct Setting {
    /// Its key in the table of the backend.
    key: &'static str,
    time: Duration,
}

impl TimeLimit {
    /// The caller's deadline.
    pub(crate) fn of_caller(deadline: Instant) -> Self {
        Self {
            at: deadline,
            setting: None,
        }
    }

    /// The same, and no later than this much time from now, as `key` of the backend's table says.
    pub(crate) fn no_longer_than(self, time: Duration, key: &'static str) -> Self {
        match Instant::now().checked_add(time) {
            Some(at) if at < self.at => Self {
                at,
                setting: Some(Setting { key, time }),
            },
            _ => self,
        }
    }

    /// When it ends.
    pub(crate) fn at(self) -> Instant {
        self.at
    }

    /// The error of a call that it ended before anything was changed. `what` names the call, `table` the table of the backend's settings.
    pub(crate) fn too_late(self, what: &str, table: impl Display) -> CallError {
        match self.setting {
            None => too_late(what),
            Some(Setting { key, time }) => CallError::new(
                CallCode::Deadline,
                format!("{what}: no answer within {time:?} (`{table}.{key}`)"),
            )
            .by_backend_timeout(),
        }
    }
}

/// The error of a call whose invocation has no more time for it, before anything was changed. `what` names the call.
pub(crate) fn too_late(what: &str) -> CallError {
    CallError::new(CallCode::Deadline, format!("{what}: no answer in time"))
}

/// The error of a write that was cut off after it was sent.
pub(crate) fn outcome_unknown(what: &str) -> CallError {
    CallError::new(
        CallCode::OutcomeUnknown,
        format!("{what}: cut off after it was sent, so it may or may not have happened"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_sooner_limit_is_told_and_the_callers_own_as_such() {
        let caller = TimeLimit::of_caller(Instant::now() + SECOND * 10);
        let error = caller
            .no_longer_than(SECOND * 60, "timeout")
            .too_late("a call", "http.svc");
        assert_eq!(error.message, "a call: no answer in time");
        assert!(!error.is_backend_timeout);
        let shorter = caller.no_longer_than(SECOND * 5, "timeout");
        let error = shorter.too_late("a call", "http.svc");
        assert_eq!(
            error.message,
            "a call: no answer within 5s (`http.svc.timeout`)"
        );
        assert!(error.is_backend_timeout);
        let error = shorter.no_longer_than(SECOND, "attempt_timeout");
        assert_eq!(
            error.too_late("a call", "http.svc").message,
            "a call: no answer within 1s (`http.svc.attempt_timeout`)"
        );
    }
}
