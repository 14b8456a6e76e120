//! What one invocation has used, against what it may.

use mayfly_config::Budget;
use mayfly_error::{CallCode, CallError};

/// What an invocation used so far: written by the imports, read for reports and metrics.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Host calls.
    pub host_calls: u32,
    /// Calls pending now.
    pub pending: u32,
    /// Bytes that calls gave to the guest.
    pub host_to_guest_bytes: u64,
    /// Log lines written.
    pub log_lines: u32,
    /// Bytes of them.
    pub log_bytes: u32,
    /// Log lines dropped because of a limit.
    pub log_lines_dropped: u32,
}

impl Usage {
    /// Counts a host call that will be pending.
    ///
    /// # Errors
    ///
    /// `budget` when there are too many, in all or at once.
    pub(super) fn begin_call(&mut self, budget: &Budget) -> Result<(), CallError> {
        if self.host_calls >= budget.host_calls {
            return Err(reached("host calls", u64::from(budget.host_calls), "host_calls"));
        }
        if self.pending >= budget.pending {
            return Err(reached("pending calls", u64::from(budget.pending), "pending"));
        }
        self.host_calls += 1;
        Ok(())
    }

    /// Counts bytes about to be given to the guest.
    ///
    /// # Errors
    ///
    /// `budget` when there are too many in all.
    pub(super) fn give(&mut self, bytes: usize, budget: &Budget) -> Result<(), CallError> {
        let total = self.host_to_guest_bytes.saturating_add(bytes as u64);
        if total > budget.host_to_guest_bytes {
            return Err(reached("bytes given by calls", budget.host_to_guest_bytes, "host_to_guest"));
        }
        self.host_to_guest_bytes = total;
        Ok(())
    }

    /// Whether a log line of this many bytes may be written; counts it either way.
    pub(super) fn log(&mut self, bytes: usize, budget: &Budget) -> bool {
        let bytes = self.log_bytes.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        if self.log_lines >= budget.log_lines || bytes > budget.log_bytes {
            self.log_lines_dropped = self.log_lines_dropped.saturating_add(1);
            return false;
        }
        self.log_lines += 1;
        self.log_bytes = bytes;
        true
    }
}

fn reached(what: &str, limit: u64, key: &str) -> CallError {
    CallError::new(CallCode::Budget, format!("limit of {limit} {what} reached; raise `limits.{key}` of the module or do less"))
}
