//! `clock`.

use std::time::{Duration, SystemTime};

use mayfly_error::{CallCode, CallError};
use tokio::time::{Instant, sleep_until};
use wasmtime::component::Resource;

use super::bindings::mayfly::resolver::clock as wit;
use super::calls::Calls;
use super::pending::{Answer, Pending};

impl wit::Host for Calls {
    fn now_ms(&mut self) -> wasmtime::Result<u64> {
        let since = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Ok(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn elapsed_ns(&mut self) -> wasmtime::Result<u64> {
        Ok(u64::try_from(self.deadline.began().elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn sleep(&mut self, duration_ms: u64) -> wasmtime::Result<Resource<Pending>> {
        let until = Instant::now().checked_add(Duration::from_millis(duration_ms));
        let last = self.call_deadline.at();
        let call = self.count_call(0);
        self.send(
            call.map(|()| Box::pin(sleep(until, last)) as _)
                .map_err(Into::into),
        )
    }
}

/// Waits until then, and no longer than until the last moment at which calls may be answered.
async fn sleep(until: Option<Instant>, last: Instant) -> Answer {
    match until.filter(|until| *until <= last) {
        Some(until) => {
            sleep_until(until).await;
            Ok("null".to_owned())
        }
        None => {
            sleep_until(last).await;
            Err(CallError::new(
                CallCode::Deadline,
                "the time to wait for is past the deadline",
            ))
        }
    }
}
