//! The audit: changes of what is served.

use async_graphql::{Enum, SimpleObject};
use serde::Deserialize;

use super::long::Long;
use crate::history;

/// A change of what is served, or a failed attempt at one.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Its number, from 1, since the process began.
    pub number: Long,
    /// When, in milliseconds since 1970.
    pub at_ms: Long,
    /// Who: the name of an admin token, or a part of the host itself (`file watcher`, `SIGHUP`, `verdict`).
    pub who: String,
    /// Whether that is the bearer of a token.
    pub by_operator: bool,
    /// The address the request came from.
    pub address: Option<String>,
    /// What.
    pub action: Action,
    /// The module.
    pub module: Option<String>,
    /// The digest of the active version before.
    pub before: Option<String>,
    /// The digest of the version that is active now, should have been, or is tried.
    pub after: Option<String>,
    /// Whether it was made.
    pub done: bool,
    /// More about it, or why it was not made.
    pub message: Option<String>,
}

/// What was done or attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[graphql(remote = "crate::history::Action")]
pub enum Action {
    /// A component became the active version.
    Push,
    /// A component was stored for a canary.
    Stage,
    /// A canary began.
    Canary,
    /// A canary became the active version.
    Promote,
    /// A canary was aborted.
    Abort,
    /// An earlier version became the active one.
    RollBack,
    /// Another configuration was applied.
    Apply,
}

impl From<history::Change> for Change {
    fn from(change: history::Change) -> Self {
        let actor = change.actor;
        Self {
            number: change.number.into(),
            at_ms: change.at_ms.into(),
            who: actor.name,
            by_operator: actor.is_operator,
            address: actor.address,
            action: change.action.into(),
            module: change.module,
            before: change.before,
            after: change.after,
            done: change.done,
            message: change.message,
        }
    }
}
