//! Errors of host calls: what a guest is given by an import.

use crate::shortened::cut;

/// The word a guest branches on; the table is in `wit/types.wit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallCode {
    /// No grant.
    Denied,
    /// The request is malformed.
    Invalid,
    /// No such table, statement or column.
    NotFound,
    /// A condition did not hold.
    ConditionFailed,
    /// A transaction or key conflict.
    Conflict,
    /// The backend asks for less.
    Throttled,
    /// The backend cannot be reached.
    Unavailable,
    /// Not enough time was left; nothing was changed.
    Deadline,
    /// A write was cut off.
    OutcomeUnknown,
    /// A limit of the invocation.
    Budget,
    /// The invocation already holds the connection.
    Busy,
    /// The backend refused for another reason.
    Backend,
}

impl CallCode {
    /// The word in WIT.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Invalid => "invalid",
            Self::NotFound => "not-found",
            Self::ConditionFailed => "condition-failed",
            Self::Conflict => "conflict",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Deadline => "deadline",
            Self::OutcomeUnknown => "outcome-unknown",
            Self::Budget => "budget",
            Self::Busy => "busy",
            Self::Backend => "backend",
        }
    }

    /// Whether the same call may succeed later, where nothing else is known.
    #[must_use]
    pub fn retryable(self) -> bool {
        matches!(self, Self::Throttled | Self::Unavailable | Self::Conflict)
    }
}

/// A host call that failed. `Display` is the guest's text, which it may pass on to clients; `detail` is for the log only and may
/// hold what the backend said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CallError {
    /// What kind of failure.
    pub code: CallCode,
    /// The guest's text: no SQL, addresses or backend text.
    pub message: String,
    /// The operator's further text, empty for none.
    pub detail: String,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// Whether `detail` is what the backend said, which nobody but the operator is told.
    pub said_by_backend: bool,
    /// Whether a time limit that the configuration gives the backend ended the call, while its invocation had time left.
    pub is_backend_timeout: bool,
}

/// Bytes of the guest's text, at most: it may repeat names that the guest gave, and has to hold the reasons of a transaction's 100 items.
const MESSAGE_BYTES: usize = 4 << 10;

/// Bytes of the operator's text, at most: it may repeat what a backend said.
const DETAIL_BYTES: usize = 8 << 10;

impl CallError {
    /// An error whose text says everything. What is too long of it is cut off.
    #[must_use]
    pub fn new(code: CallCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: cut(message.into(), MESSAGE_BYTES),
            detail: String::new(),
            retryable: code.retryable(),
            said_by_backend: false,
            is_backend_timeout: false,
        }
    }

    /// The same, of a call that fails in the same way however often it is made.
    #[must_use]
    pub fn not_retryable(mut self) -> Self {
        self.retryable = false;
        self
    }

    /// The same with text for the log. What is too long of it is cut off.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = cut(detail.into(), DETAIL_BYTES);
        self
    }

    /// The same, of a call that a time limit of its backend ended.
    #[must_use]
    pub fn by_backend_timeout(mut self) -> Self {
        self.is_backend_timeout = true;
        self
    }

    /// The same with what the backend said, for the log.
    #[must_use]
    pub fn with_backend_text(self, text: impl Into<String>) -> Self {
        Self {
            said_by_backend: true,
            ..self.with_detail(text)
        }
    }
}
