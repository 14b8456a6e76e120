//! Time.

use crate::Call;
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

/// Waits, beside other calls if they are awaited together. It counts as a call.
///
/// ```no_run
/// # use mayfly_guest::prelude::*;
/// # use std::time::Duration;
/// # async fn again() -> Result<()> {
/// clock::sleep(Duration::from_millis(50)).await?;
/// # Ok(()) }
/// ```
///
/// Where the time is not left it fails with [`codes::DEADLINE`](crate::codes::DEADLINE) shortly before the invocation's deadline.
pub fn sleep(duration: Duration) -> Call<()> {
    // Never shorter than was asked.
    let whole_ms = duration.as_nanos().div_ceil(1_000_000);
    let duration_ms = u64::try_from(whole_ms).unwrap_or(u64::MAX);
    Call::send(|_| Ok(()), || Ok(host::sleep(duration_ms)))
}
