//! Time.

use crate::bindings::mayfly::resolver::clock as host;
use crate::time::Timestamp;
use std::time::Duration;

/// The time now, by the host's clock; it may jump.
///
/// ```no_run
/// # use mayfly_guest::clock;
/// println!("{}", clock::now()); // 2026-01-31T13:14:15.161Z
/// ```
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from_unix_ms(i64::try_from(host::now_ms()).unwrap_or(i64::MAX))
}

/// The time since the invocation began; never goes back.
#[must_use]
pub fn elapsed() -> Duration {
    Duration::from_nanos(host::elapsed_ns())
}
