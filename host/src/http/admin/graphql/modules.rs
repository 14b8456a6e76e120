//! Modules and their versions.

use async_graphql::{Enum, SimpleObject};
use mayfly_runtime::modules::Origin;
use serde::Deserialize;

use super::canaries::{Canary, PastCanary};
use super::long::Long;
use crate::serving::deployment::{ModuleStatus, PastRefusal, VersionStatus};

/// A named unit of guest code that the app deploys.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Module {
    /// Its name in the configuration.
    pub name: String,
    /// The version that answers.
    pub active: Version,
    /// The versions that were active before, the latest first. `rollBack` without `to` goes to the first of them.
    pub earlier: Vec<Version>,
    /// The versions that were rolled back from, the latest first. `rollBack` with `to` goes to one of them again.
    pub rolled_back: Vec<Version>,
    /// The digest of a component that was sent with `?stage=true` and waits for `canary`.
    pub staged: Option<String>,
    /// The fields that the active version handles, as `Type.field`.
    pub fields: Vec<String>,
    /// The most memory that one invocation may have.
    pub memory_bytes: Long,
    /// Versions in memory: the active one, the one before it, and those that operations still hold.
    pub live_versions: usize,
    /// Whether a version is being checked.
    pub at_gate: bool,
    /// The version that is tried on a share of the operations.
    pub canary: Option<Canary>,
    /// How the last canary ended.
    pub last_canary: Option<PastCanary>,
    /// How often another version became active, since the process began.
    pub swaps: Long,
    /// How often a version was refused, since the process began.
    pub refusals: Long,
    /// The last refusal.
    pub last_refusal: Option<Refusal>,
}

/// A version of a module that is or was active.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// SHA-256 of its component, which names it.
    pub digest: String,
    /// The size of its component.
    pub size_bytes: Long,
    /// Where it came from.
    pub origin: VersionOrigin,
    /// The name of the admin token that sent it; null if it came from a file.
    pub pushed_by: Option<String>,
    /// When it became active, in milliseconds since 1970.
    pub active_since_ms: Long,
    /// Seconds since then.
    pub age_seconds: Long,
    /// The size of its compiled code; null while it is not in memory.
    pub code_bytes: Option<Long>,
    /// The fields it handles, as `Type.field`; null while it is not in memory.
    pub fields: Option<Vec<String>>,
}

/// Where a version came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VersionOrigin {
    /// As the component file that the configuration names.
    File,
    /// Through the admin API.
    Push,
    /// As a canary that was promoted.
    Canary,
}

/// A version that was refused by a step it has to pass.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// The module.
    pub module: String,
    /// The version's digest, if it got that far.
    pub digest: Option<String>,
    /// The step that refused it, such as `compile` or `probe`.
    pub step: String,
    /// Why.
    pub message: String,
    /// When, in milliseconds since 1970.
    pub at_ms: Long,
}

impl From<ModuleStatus> for Module {
    fn from(status: ModuleStatus) -> Self {
        let name = status.name;
        let versions =
            |versions: Vec<VersionStatus>| versions.into_iter().map(Into::into).collect();
        Self {
            active: status.active.into(),
            earlier: versions(status.earlier),
            rolled_back: versions(status.rolled_back),
            staged: status.staged,
            fields: status.fields,
            memory_bytes: status.memory_bytes.into(),
            live_versions: status.live_versions,
            at_gate: status.at_gate,
            canary: status.canary.map(|canary| Canary::of(&name, canary)),
            last_canary: status.last_canary.map(|past| PastCanary::of(&name, past)),
            swaps: status.swaps.into(),
            refusals: status.refusals.into(),
            last_refusal: status.last_refusal.map(|past| Refusal::of(&name, past)),
            name,
        }
    }
}

impl From<VersionStatus> for Version {
    fn from(status: VersionStatus) -> Self {
        Self {
            digest: status.digest,
            size_bytes: status.bytes.into(),
            origin: match status.by {
                Origin::File => VersionOrigin::File,
                Origin::Push => VersionOrigin::Push,
                Origin::Canary => VersionOrigin::Canary,
            },
            pushed_by: status.who,
            active_since_ms: status.active_since_ms.into(),
            age_seconds: status.age_seconds.into(),
            code_bytes: status.code_bytes.map(Into::into),
            fields: status.fields,
        }
    }
}

impl Refusal {
    /// A refusal of a module.
    pub(super) fn of(module: &str, past: PastRefusal) -> Self {
        Self {
            module: module.to_owned(),
            digest: past.digest,
            step: past.step.to_owned(),
            message: past.message,
            at_ms: past.at_ms.into(),
        }
    }
}
