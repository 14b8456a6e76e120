//! `clock`.

use std::time::SystemTime;

use super::bindings::mayfly::resolver::clock as wit;
use super::calls::Calls;

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
}
