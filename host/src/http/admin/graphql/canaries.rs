//! Canaries: versions that are tried on a share of the operations.

use async_graphql::{Enum, SimpleObject, Union};
use serde::Deserialize;

use super::long::Long;
use crate::serving::canary::TallyStatus;
use crate::serving::deployment::{CanaryStatus, PastCanary as EndedCanary};

/// A canary that runs. There is one at a time.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Canary {
    /// The module.
    pub module: String,
    /// SHA-256 of the component that is tried.
    pub digest: String,
    /// The share of operations it gets, such as `5%`.
    pub share: String,
    /// What the share is of: `operation`, `caller` or `header:NAME`.
    pub by: String,
    /// When it began, in milliseconds since 1970.
    pub since_ms: Long,
    /// Seconds until it is decided.
    pub seconds_left: Long,
    /// Operations after which it is decided earlier.
    pub operations: Option<Long>,
    /// The operations on the active version since then.
    pub active: Tally,
    /// The operations on the version that is tried.
    pub canary: Tally,
}

/// A canary that ended.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PastCanary {
    /// The module.
    pub module: String,
    /// SHA-256 of the component that was tried.
    pub digest: String,
    /// How it ended.
    pub verdict: CanaryVerdict,
    /// Why.
    pub reason: String,
    /// When, in milliseconds since 1970.
    pub at_ms: Long,
    /// The operations on the active version.
    pub active: Tally,
    /// The operations on the version that was tried.
    pub canary: Tally,
}

/// The progress of a canary, event by event.
#[derive(Debug, Clone, Union, Deserialize)]
#[serde(tag = "__typename")]
pub enum CanaryProgress {
    /// It runs.
    Canary(Canary),
    /// It has ended.
    PastCanary(PastCanary),
}

/// How a canary ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CanaryVerdict {
    /// Its version is the active one.
    Promoted,
    /// The version that was active still is.
    Aborted,
}

/// Operations that called the module, counted.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// How many.
    pub operations: Long,
    /// How many of them failed.
    pub failed: Long,
    /// Those that failed, by error code; one may have several.
    pub by_code: Vec<CodeCount>,
    /// The median time of one.
    pub median_seconds: f64,
}

/// Operations with an error of one code.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeCount {
    /// The code, such as `GUEST_TRAPPED`.
    pub code: String,
    /// How many.
    pub operations: Long,
}

impl Canary {
    /// The canary of a module.
    pub(super) fn of(module: &str, status: CanaryStatus) -> Self {
        Self {
            module: module.to_owned(),
            digest: status.digest,
            share: status.share,
            by: status.by,
            since_ms: status.since_ms.into(),
            seconds_left: status.seconds_left.into(),
            operations: status.operations.map(Into::into),
            active: status.active.into(),
            canary: status.canary.into(),
        }
    }
}

impl PastCanary {
    /// A canary of a module.
    pub(super) fn of(module: &str, ended: EndedCanary) -> Self {
        Self {
            module: module.to_owned(),
            digest: ended.digest,
            verdict: match ended.verdict {
                "promoted" => CanaryVerdict::Promoted,
                _ => CanaryVerdict::Aborted,
            },
            reason: ended.reason,
            at_ms: ended.at_ms.into(),
            active: ended.active.into(),
            canary: ended.canary.into(),
        }
    }
}

impl From<TallyStatus> for Tally {
    fn from(status: TallyStatus) -> Self {
        let by_code = status.by_code.into_iter();
        Self {
            operations: status.operations.into(),
            failed: status.failed.into(),
            by_code: by_code
                .map(|(code, operations)| CodeCount {
                    code: code.to_owned(),
                    operations: operations.into(),
                })
                .collect(),
            median_seconds: status.median_seconds,
        }
    }
}
