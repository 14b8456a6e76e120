//! How many rows an invocation, and its operation, may still be given. Whoever reads rows takes them one by one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mayfly_error::{CallCode, CallError};

/// Rows left of a limit. Clones count together.
#[derive(Debug, Clone)]
pub struct RowsLeft {
    limit: u32,
    left: Arc<AtomicU32>,
}

/// The rows one invocation may be given: its own, and those of the operation it is part of.
#[derive(Debug, Clone)]
pub struct RowBudget {
    invocation: RowsLeft,
    operation: RowsLeft,
}

impl RowsLeft {
    /// All rows of a limit.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self {
            limit,
            left: Arc::new(AtomicU32::new(limit)),
        }
    }

    fn take(&self) -> bool {
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            })
            .is_ok()
    }
}

impl RowBudget {
    /// Rows that count against both.
    #[must_use]
    pub fn new(invocation: RowsLeft, operation: RowsLeft) -> Self {
        Self {
            invocation,
            operation,
        }
    }

    /// Takes one row.
    ///
    /// # Errors
    ///
    /// `budget` when none is left.
    pub fn take(&self) -> Result<(), CallError> {
        if !self.invocation.take() {
            return Err(used_up(self.invocation.limit, "limits.rows` of the module"));
        }
        if !self.operation.take() {
            return Err(used_up(self.operation.limit, "operation.rows`"));
        }
        Ok(())
    }
}

fn used_up(limit: u32, setting: &str) -> CallError {
    CallError::new(
        CallCode::Budget,
        format!("limit of {limit} rows reached; select fewer or raise `{setting}"),
    )
}
