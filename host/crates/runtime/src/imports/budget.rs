//! What one invocation has used, against what it and its operation may.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use mayfly_config::{Budget, Operation as Limits};
use mayfly_error::{CallCode, CallError, Error};

use super::rows::{RowBudget, RowsLeft};
use crate::Deadline;

/// How many times the bytes that a guest hands over the host may hold, as capabilities count them: what is made of a value, its
/// copies and its buffers included.
pub const HELD_PER_BYTE: usize = 4;

/// A limit that was reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("limit of {limit} {what} reached")]
pub struct Reached {
    /// What there is too much of.
    pub what: &'static str,
    /// How much there may be.
    pub limit: u64,
    /// The key of the limit: one of the module's when it begins with `limits.`.
    pub key: &'static str,
}

/// What an invocation used so far: written by the imports, read for reports and metrics.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    pub host_calls: u32,
    /// Calls pending now.
    pub pending: u32,
    /// Bytes that calls gave to the guest.
    pub host_to_guest_bytes: u64,
    /// Bytes of answers that the guest has not taken.
    pub unread_bytes: usize,
    /// Bytes that the guest handed to calls.
    pub guest_to_host_bytes: usize,
    /// Log lines written.
    pub log_lines: u32,
    /// Bytes of them.
    pub log_bytes: u32,
    /// Log lines dropped because of a limit.
    pub log_lines_dropped: u32,
}

/// What all invocations of one operation may still use together.
#[derive(Debug)]
pub struct Allowance {
    limits: Limits,
    /// When the operation ends.
    deadline: Deadline,
    invocations: AtomicU32,
    host_calls: AtomicU32,
    exchanged_bytes: AtomicUsize,
    /// Made when the first statement runs: most operations run none.
    rows: OnceLock<RowsLeft>,
}

impl Reached {
    /// The error when it ends an invocation of a module.
    #[must_use]
    pub fn into_error(self, module: &str) -> Error {
        let owner = if self.key.starts_with("limits.") {
            format!("modules.{module}.")
        } else {
            String::new()
        };
        let remedy = format!("raise `{owner}{}` or do less", self.key);
        Error::BudgetExceeded {
            module: module.to_owned(),
            reached: self.to_string(),
            remedy,
        }
    }
}

impl From<Reached> for CallError {
    fn from(reached: Reached) -> Self {
        let message = reached.to_string();
        let detail = format!("{message}; raise `{}` or do less", reached.key);
        Self::new(CallCode::Budget, message).with_detail(detail)
    }
}

fn reached(what: &'static str, limit: u64, key: &'static str) -> Reached {
    Reached { what, limit, key }
}

impl Usage {
    /// Counts a host call by which the guest hands over this many bytes.
    ///
    /// # Errors
    ///
    /// The limit that is reached.
    pub fn begin_call(&mut self, bytes: usize, budget: &Budget) -> Result<(), Reached> {
        if self.host_calls >= budget.host_calls {
            return Err(reached(
                "host calls",
                u64::from(budget.host_calls),
                "limits.host_calls",
            ));
        }
        if self.pending >= budget.pending {
            return Err(reached(
                "pending calls",
                u64::from(budget.pending),
                "limits.pending",
            ));
        }
        self.host_calls += 1;
        self.receive(bytes, budget)
    }

    /// Counts bytes the guest handed over.
    ///
    /// # Errors
    ///
    /// When they are too many in all.
    pub(super) fn receive(&mut self, bytes: usize, budget: &Budget) -> Result<(), Reached> {
        let total = self.guest_to_host_bytes.saturating_add(bytes);
        if total > budget.guest_to_host_bytes {
            return Err(reached(
                "bytes handed to the host",
                budget.guest_to_host_bytes as u64,
                "limits.guest_to_host",
            ));
        }
        self.guest_to_host_bytes = total;
        Ok(())
    }

    /// Counts an answer that has arrived and that the guest has not taken yet.
    ///
    /// # Errors
    ///
    /// When there are too many bytes of such answers.
    pub fn arrive(&mut self, bytes: usize, budget: &Budget) -> Result<(), Reached> {
        let unread = self.unread_bytes.saturating_add(bytes);
        if unread > budget.unread_bytes {
            return Err(reached(
                "bytes of answers not taken",
                budget.unread_bytes as u64,
                "limits.unread",
            ));
        }
        self.unread_bytes = unread;
        Ok(())
    }

    /// Counts bytes about to be given to the guest.
    ///
    /// # Errors
    ///
    /// When they are too many in all.
    pub fn give(&mut self, bytes: usize, budget: &Budget) -> Result<(), Reached> {
        let total = self.host_to_guest_bytes.saturating_add(bytes as u64);
        if total > budget.host_to_guest_bytes {
            return Err(reached(
                "bytes given by calls",
                budget.host_to_guest_bytes,
                "limits.host_to_guest",
            ));
        }
        self.host_to_guest_bytes = total;
        Ok(())
    }

    /// The guest has taken an answer, or given it up.
    pub fn release(&mut self, bytes: usize) {
        self.unread_bytes = self.unread_bytes.saturating_sub(bytes);
    }

    /// Whether a log line of this many bytes may be written; counts it either way.
    pub(super) fn log(&mut self, bytes: usize, budget: &Budget) -> bool {
        let bytes = self
            .log_bytes
            .saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        if self.log_lines >= budget.log_lines || bytes > budget.log_bytes {
            self.log_lines_dropped = self.log_lines_dropped.saturating_add(1);
            return false;
        }
        self.log_lines += 1;
        self.log_bytes = bytes;
        true
    }
}

impl Allowance {
    /// What an operation that begins now may use.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self::since(Instant::now(), limits)
    }

    /// What an operation may use whose time began to run then.
    #[must_use]
    pub fn since(began: Instant, limits: Limits) -> Self {
        Self {
            limits,
            deadline: Deadline::since(began, limits.deadline),
            invocations: AtomicU32::new(limits.invocations),
            host_calls: AtomicU32::new(limits.host_calls),
            exchanged_bytes: AtomicUsize::new(limits.exchanged_bytes),
            rows: OnceLock::new(),
        }
    }

    /// When the operation ends.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Counts an invocation.
    ///
    /// # Errors
    ///
    /// When the operation has made too many.
    pub fn begin_invocation(&self) -> Result<(), Reached> {
        let taken = self
            .invocations
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
        let limit = u64::from(self.limits.invocations);
        taken.map(drop).map_err(|_| {
            reached(
                "invocations in one operation",
                limit,
                "operation.invocations",
            )
        })
    }

    /// Counts bytes that go to guests as arguments and parents, or come from them as answers.
    ///
    /// # Errors
    ///
    /// When the operation has exchanged too many.
    pub fn exchange(&self, bytes: usize) -> Result<(), Reached> {
        let taken =
            self.exchanged_bytes
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    left.checked_sub(bytes)
                });
        taken.map(drop).map_err(|_| self.exchanged_too_much())
    }

    /// Whether this many bytes may still be exchanged, for whoever is about to put them together.
    ///
    /// # Errors
    ///
    /// When they may not.
    pub fn may_exchange(&self, bytes: usize) -> Result<(), Reached> {
        if bytes <= self.exchanged_bytes.load(Ordering::Relaxed) {
            return Ok(());
        }
        Err(self.exchanged_too_much())
    }

    fn exchanged_too_much(&self) -> Reached {
        reached(
            "bytes exchanged with guests in one operation",
            self.limits.exchanged_bytes as u64,
            "operation.exchanged",
        )
    }

    /// The error of an operation whose time is over.
    #[must_use]
    pub fn time_is_over(&self) -> Option<Error> {
        self.deadline
            .has_passed()
            .then_some(Error::OperationDeadline {
                deadline: self.limits.deadline,
            })
    }

    /// Counts a host call.
    ///
    /// # Errors
    ///
    /// When the operation has made too many.
    pub fn begin_call(&self) -> Result<(), Reached> {
        let taken = self
            .host_calls
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
        let limit = u64::from(self.limits.host_calls);
        taken
            .map(drop)
            .map_err(|_| reached("host calls in one operation", limit, "operation.host_calls"))
    }

    /// The rows an invocation with this budget may be given.
    pub(super) fn rows(&self, budget: &Budget) -> RowBudget {
        let of_operation = self.rows.get_or_init(|| RowsLeft::new(self.limits.rows));
        RowBudget::new(RowsLeft::new(budget.rows), of_operation.clone())
    }
}

impl Default for Allowance {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

/// Log lines and bytes left to an invocation whose guest also has a standard output, which is written to by itself.
#[derive(Debug)]
pub struct LogLeft {
    lines: AtomicU32,
    bytes: AtomicU32,
}

impl LogLeft {
    /// What a budget leaves after what was used.
    pub(super) fn new(usage: &Usage, budget: &Budget) -> Arc<Self> {
        Arc::new(Self {
            lines: AtomicU32::new(budget.log_lines.saturating_sub(usage.log_lines)),
            bytes: AtomicU32::new(budget.log_bytes.saturating_sub(usage.log_bytes)),
        })
    }

    /// Whether a line of this many bytes may be written, which then counts.
    #[must_use]
    pub fn take(&self, bytes: usize) -> bool {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let take = |left: &AtomicU32, amount| {
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(amount)
            })
            .is_ok()
        };
        take(&self.lines, 1) && take(&self.bytes, bytes)
    }
}
