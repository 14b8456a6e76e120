//! Deadlines: how much time a call has.

use std::time::Duration;

use mayfly_error::{CallCode, CallError};
use tokio::time::Instant;

/// The sooner of the caller's deadline and this much time from now.
pub(crate) fn limit(deadline: Instant, timeout: Duration) -> Instant {
    Instant::now()
        .checked_add(timeout)
        .map_or(deadline, |own| own.min(deadline))
}

/// The error of a call that ran out of time before anything was changed. `what` names the call.
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
