//! What a failed request means to a guest. The server's own text goes to the log only.

use std::fmt::{Debug, Display};

use mayfly_error::{CallCode, CallError};

use super::declared::Access;
use crate::time_limit::outcome_unknown;

/// An error of a database's driver, or of the server.
pub trait EngineError: Debug + Display + Send + Sync + 'static {
    /// Whether it is the server's own and came in order, as an answer: the connection is as good as before.
    fn is_answer(&self) -> bool;

    /// Whether it says that something else is open than should be.
    fn is_mismatch(&self) -> bool;

    /// What a caller is told of a value that cannot be decoded, where it is that, and not an error of the connection.
    fn undecodable(&self, what: &str) -> Option<CallError>;

    /// What a caller is told.
    fn told(&self, what: &str) -> CallError;
}

/// Why reading an answer ended before its end.
#[derive(Debug)]
pub enum Fail<E> {
    /// The driver or the server said so.
    Driver(E),
    /// We stopped: the rest was not read.
    Stopped(CallError),
    /// A cell could not be decoded or told; the rest of the answer is as good as any.
    Cell(CallError),
}

impl<E: EngineError> From<E> for Fail<E> {
    fn from(error: E) -> Self {
        Self::Driver(error)
    }
}

impl<E: EngineError> From<CallError> for Fail<E> {
    fn from(error: CallError) -> Self {
        Self::Stopped(error)
    }
}

/// The answer of a write was refused, not the write: it may be done, or stopped with the rest of its answer.
pub fn of_access(what: &str, access: Access, error: CallError) -> CallError {
    match access {
        Access::Write => outcome_unknown(what).with_detail(error.message),
        Access::Read => error,
    }
}

/// An answer that is longer than may be read.
pub fn overrun(what: &str) -> CallError {
    CallError::new(
        CallCode::Budget,
        format!(
            "{what}: the answer is longer than may be read; select fewer rows, or a part of the value"
        ),
    )
}

/// A failed request as a guest is told. `sent` tells whether the server may have seen it.
pub fn explain(what: &str, access: Access, sent: bool, error: &impl EngineError) -> CallError {
    // A server that gives up may have done what it was asked before.
    let told = if !error.is_answer() && sent && access == Access::Write {
        outcome_unknown(what)
    } else {
        error.told(what)
    };
    told.with_detail(error.to_string())
}

/// A request that ran out of time. `of_time` is what is said where nothing was changed.
pub fn cut_off(
    what: &str,
    access: Access,
    sent: bool,
    of_time: impl FnOnce() -> CallError,
) -> CallError {
    if sent && access == Access::Write {
        outcome_unknown(what)
    } else {
        of_time()
    }
}
