//! Every error a client, a guest or an operator can be given, and who is to blame for it.
//!
//! [`Error`] is what a client sees in a GraphQL answer: one variant per `extensions.code`. [`CallError`] is what a guest is given
//! by an import. Both carry two texts: one for the caller, which never holds SQL, paths, backend text or traps, and one for the
//! log, which may. This crate is a leaf: it knows no other layer.

#![allow(
    missing_docs,
    reason = "a line that could only repeat a name is left out"
)]

mod call;
mod code;
mod shortened;

pub use call::{CallCode, CallError};
pub use code::{Blame, Code};
pub use shortened::shortened;

use std::sync::Arc;
use std::time::Duration;

/// Why a request, or one field of it, has no answer. `Display` is the client's message.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The HTTP request is not a GraphQL request.
    #[error("{0}")]
    BadRequest(String),
    /// The HTTP body is larger than the server reads.
    #[error(
        "the request body is larger than {limit_bytes} bytes; send less or raise `server.max_body`"
    )]
    BodyTooLarge {
        /// The limit, in bytes.
        limit_bytes: usize,
    },
    /// The text is not GraphQL.
    #[error("{0}")]
    ParseFailed(String),
    /// The document does not fit the schema.
    #[error("{0}")]
    ValidationFailed(String),
    /// The document is larger, deeper or costlier than the operator allows.
    #[error(
        "{what} over the limit of {limit}; make the operation smaller or raise `limits.{setting}`"
    )]
    LimitExceeded {
        /// What is too large, for example `document has 5,001 tokens,`.
        what: String,
        limit: u64,
        /// The key in `mayfly.toml` that holds the limit.
        setting: &'static str,
    },
    /// More errors than are reported.
    #[error("{count} more errors are not shown")]
    ErrorsNotTold {
        /// How many.
        count: usize,
    },
    /// The request names no operation, or one the document lacks.
    #[error("{0}")]
    OperationNotFound(String),
    /// A variable's value does not fit its type.
    #[error("{0}")]
    InvalidVariables(String),
    /// The caller's token is missing or not accepted.
    #[error("{problem}")]
    Unauthenticated {
        /// What is wrong and what to do, never a part of the token.
        problem: &'static str,
        /// Whether there was a token.
        presented: bool,
    },
    /// The caller may not see what the field, or the object, holds.
    #[error("you are not allowed to see this")]
    Forbidden {
        /// What would have been needed; for the log only.
        rule: Arc<str>,
    },
    /// The caller asked for too much in too short a time.
    #[error("{what} in a short time; try again in {} s", whole_seconds(*.retry_after))]
    RateLimited {
        /// `too many operations`, or `too much complexity`.
        what: &'static str,
        /// When to try again.
        retry_after: Duration,
    },
    /// A document that the host does not know was named by its hash. Clients know this message, and send the document then.
    #[error("PersistedQueryNotFound")]
    PersistedQueryNotFound,
    /// A document was named by its hash, and none is kept. Clients know this message, and send documents from then on.
    #[error("PersistedQueryNotSupported")]
    PersistedQueryNotSupported,
    /// The document is not one of those that may run.
    #[error("this document is not in the manifest of this server; send one that is")]
    DocumentNotTrusted,
    /// The guest asked for more memory than its cap.
    #[error("module `{module}`: memory cap of {cap_bytes} bytes reached")]
    OutOfMemory {
        /// The module.
        module: String,
        /// Its cap over all memories and tables, in bytes.
        cap_bytes: u64,
        /// What it asked for in all, in bytes.
        asked_bytes: u64,
    },
    /// The invocation did not end in time.
    #[error("module `{module}`: no answer within {} ms", .deadline.as_millis())]
    DeadlineExceeded {
        /// The module.
        module: String,
        /// The time it had.
        deadline: Duration,
    },
    /// The operation did not end in time.
    #[error("the operation did not end within {} ms", .deadline.as_millis())]
    OperationDeadline {
        /// The time it had.
        deadline: Duration,
    },
    /// The guest crashed.
    #[error("module `{module}`: the resolver crashed")]
    GuestTrapped {
        /// The module.
        module: String,
        /// What the sandbox said; for the log only.
        trap: String,
    },
    /// The guest answered with an error.
    #[error("{message}")]
    GuestError {
        /// The guest's own code.
        reason: String,
        /// The guest's message.
        message: String,
        /// Whether trying again may help.
        retryable: bool,
        /// What the log may hold of the host call whose error the guest passes on as it was given it; none when the words are the
        /// guest's own.
        passed_on: Option<String>,
        /// What clients read beside the message, as members of a JSON object; none where the module's errors are as everybody's.
        beside: Option<Box<str>>,
    },
    /// The guest's answer does not fit the schema.
    #[error("module `{module}`: {message}")]
    InvalidOutput {
        /// The module.
        module: String,
        /// What does not fit, naming types and fields, never values.
        message: String,
    },
    /// The guest, or its operation, used up something it is limited in.
    #[error("module `{module}`: {reached}")]
    BudgetExceeded {
        /// The module.
        module: String,
        /// Which limit, for example `limit of 1000 host calls reached`.
        reached: String,
        /// What to do about it; for the log only.
        remedy: String,
    },
    /// The guest asked for what it was not granted, and did not handle that.
    #[error("module `{module}`: not allowed")]
    Denied {
        /// The module.
        module: String,
        /// The missing grant; for the log only.
        detail: String,
    },
    /// A backend cannot be reached, or does not answer in the time that its configuration gives it.
    #[error("a backend is not available; try again")]
    BackendUnavailable {
        /// The backend and why; for the log only.
        detail: String,
    },
    /// More operations than the host takes.
    #[error("the server is busy; try again in {} s", .retry_after.as_secs().max(1))]
    Overloaded {
        /// When to try again.
        retry_after: Duration,
    },
    /// The host does not serve the app yet.
    #[error("the server is starting; try again in {} s", whole_seconds(*.retry_after))]
    Starting {
        /// When to try again.
        retry_after: Duration,
    },
    /// A fault of the host itself.
    #[error("internal error")]
    Internal(String),
}

impl Error {
    /// The stable word for this error: `extensions.code`.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::BadRequest(_) => Code::BadRequest,
            Self::BodyTooLarge { .. } => Code::BodyTooLarge,
            Self::ParseFailed(_) => Code::GraphqlParseFailed,
            Self::ValidationFailed(_) => Code::GraphqlValidationFailed,
            Self::LimitExceeded { .. } | Self::ErrorsNotTold { .. } => Code::LimitExceeded,
            Self::OperationNotFound(_) => Code::OperationResolutionFailed,
            Self::InvalidVariables(_) => Code::BadUserInput,
            Self::Unauthenticated { .. } => Code::Unauthenticated,
            Self::Forbidden { .. } => Code::Forbidden,
            Self::RateLimited { .. } => Code::RateLimited,
            Self::PersistedQueryNotFound => Code::PersistedQueryNotFound,
            Self::PersistedQueryNotSupported => Code::PersistedQueryNotSupported,
            Self::DocumentNotTrusted => Code::DocumentNotTrusted,
            Self::OutOfMemory { .. } => Code::OutOfMemory,
            Self::DeadlineExceeded { .. } | Self::OperationDeadline { .. } => {
                Code::DeadlineExceeded
            }
            Self::GuestTrapped { .. } => Code::GuestTrapped,
            Self::GuestError { .. } => Code::GuestError,
            Self::InvalidOutput { .. } => Code::InvalidOutput,
            Self::BudgetExceeded { .. } => Code::BudgetExceeded,
            Self::Denied { .. } => Code::Denied,
            Self::BackendUnavailable { .. } => Code::BackendUnavailable,
            Self::Overloaded { .. } | Self::Starting { .. } => Code::Overloaded,
            Self::Internal(_) => Code::Internal,
        }
    }

    /// The guest's own word for its error: `extensions.reason`.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::GuestError { reason, .. } => Some(reason),
            _ => None,
        }
    }

    /// Members of the JSON object that a client reads as this error, beside those that every error has.
    #[must_use]
    pub fn beside(&self) -> Option<&str> {
        match self {
            Self::GuestError { beside, .. } => beside.as_deref(),
            _ => None,
        }
    }

    /// Whether the same operation may succeed later: `extensions.retryable`, written when true.
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Self::GuestError { retryable, .. } => *retryable,
            other => matches!(
                other.code(),
                Code::BackendUnavailable | Code::Overloaded | Code::RateLimited
            ),
        }
    }

    /// The message for clients who are told nothing of the inside: what they did wrong, what a guest says on purpose, that the server
    /// is busy. None when there is nothing to tell but the code.
    #[must_use]
    pub fn public_message(&self) -> Option<String> {
        match self {
            Self::BodyTooLarge { limit_bytes } => Some(format!(
                "the request body is larger than {limit_bytes} bytes; send less"
            )),
            Self::LimitExceeded { what, limit, .. } => Some(format!(
                "{what} over the limit of {limit}; make the operation smaller"
            )),
            Self::GuestError {
                passed_on: Some(_), ..
            } => None,
            Self::GuestError { .. } | Self::Overloaded { .. } | Self::Starting { .. } => {
                Some(self.to_string())
            }
            other => (other.code().blame() == Blame::Client).then(|| other.to_string()),
        }
    }

    /// The operator's text: the client's message, and what only the log may hold.
    #[must_use]
    pub fn log_message(&self) -> String {
        match self {
            Self::OutOfMemory {
                asked_bytes,
                module,
                ..
            } => {
                format!(
                    "{self} ({asked_bytes} bytes asked); raise `modules.{module}.memory` or return fewer rows"
                )
            }
            Self::GuestTrapped { trap: detail, .. }
            | Self::Denied { detail, .. }
            | Self::BackendUnavailable { detail } => {
                format!("{self}: {detail}")
            }
            Self::Forbidden { rule } => format!("{self}: it requires {rule}"),
            Self::DeadlineExceeded { module, .. } => {
                format!(
                    "{self}; raise `modules.{module}.deadline` or `operation.deadline`, or do less"
                )
            }
            Self::OperationDeadline { .. } => {
                format!("{self}; raise `operation.deadline`, or do less")
            }
            Self::BudgetExceeded { remedy, .. } if !remedy.is_empty() => {
                format!("{self}; {remedy}")
            }
            Self::GuestError {
                message,
                passed_on: Some(detail),
                ..
            } if !detail.is_empty() && detail != message => format!("{message}: {detail}"),
            Self::Internal(detail) => format!("internal error: {detail}"),
            _ => self.to_string(),
        }
    }
}

/// A time to wait, in seconds, of which a part is a whole one.
#[must_use]
pub fn whole_seconds(time: Duration) -> u64 {
    (time.as_secs() + u64::from(time.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests;
