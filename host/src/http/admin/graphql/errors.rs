//! Errors in answers.

use async_graphql::{Enum, SimpleObject};
use serde::Deserialize;

use super::long::Long;
use crate::history;

/// An error in an answer.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecentError {
    /// When, in milliseconds since 1970.
    pub at_ms: Long,
    /// The trace of the operation, to find it in the log.
    pub trace_id: String,
    /// The code that the client was given.
    pub code: String,
    /// Who is to blame.
    pub blame: Blame,
    /// The module that answers the field.
    pub module: Option<String>,
    /// The digest of the version that did.
    pub version: Option<String>,
    /// The field, as `Type.field`.
    pub field: Option<String>,
    /// Where in the answer.
    pub path: Option<String>,
    /// What the log says of it; null where the client is to blame, as it may contain the client's values.
    pub message: Option<String>,
}

/// Who is to blame for an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Blame {
    /// Whoever sent the request.
    Client,
    /// Whoever wrote the module.
    Guest,
    /// Whoever runs the backend.
    Backend,
    /// Whoever runs Mayfly.
    Host,
}

impl From<mayfly_error::Blame> for Blame {
    fn from(blame: mayfly_error::Blame) -> Self {
        match blame {
            mayfly_error::Blame::Client => Self::Client,
            mayfly_error::Blame::Guest => Self::Guest,
            mayfly_error::Blame::Backend => Self::Backend,
            mayfly_error::Blame::Host => Self::Host,
        }
    }
}

impl From<history::RecentError> for RecentError {
    fn from(error: history::RecentError) -> Self {
        Self {
            at_ms: error.at_ms.into(),
            trace_id: error.trace_id,
            code: error.code.as_str().to_owned(),
            blame: error.code.blame().into(),
            module: error.module,
            version: error.version,
            field: error.field,
            path: error.path,
            message: error.message,
        }
    }
}
