//! What is deployed, for people: the admin API, metrics.

use std::fmt::Write as _;

use mayfly_telemetry::names;
use metrics::gauge;
use serde::Serialize;

use super::{DeployError, Deployment, active, age};
use crate::serving::canary::{TallyStatus, Trial};
use mayfly_runtime::modules::{Activation, Origin, Refusal, Version};

/// A module as the admin API shows it.
#[derive(Debug, Clone, Serialize)]
pub struct ModuleStatus {
    pub name: String,
    /// The active version.
    pub active: VersionStatus,
    /// What was active before, the latest first; rolling back goes to the first of them.
    pub earlier: Vec<VersionStatus>,
    /// What was rolled back from, the latest first; `rollback` with its digest goes to it again.
    pub rolled_back: Vec<VersionStatus>,
    /// The fields the active version handles.
    pub fields: Vec<String>,
    /// The most memory one invocation may have, in bytes.
    pub memory_bytes: u64,
    /// Versions in memory.
    pub live_versions: usize,
    /// Whether a version is being deployed.
    pub at_gate: bool,
    /// The version that is tried on a share of the operations.
    pub canary: Option<CanaryStatus>,
    /// The digest of a component that is kept for a canary.
    pub staged: Option<String>,
    /// How the last canary ended.
    pub last_canary: Option<PastCanary>,
    /// Swaps since the process began.
    pub swaps: u64,
    /// Refusals since the process began.
    pub refusals: u64,
    /// The last of them.
    pub last_refusal: Option<PastRefusal>,
}

/// A canary that runs, as the admin API shows it.
#[derive(Debug, Clone, Serialize)]
pub struct CanaryStatus {
    /// SHA-256 of the component that is tried.
    pub digest: String,
    /// The share of operations it gets, such as `5%`.
    pub share: String,
    /// What the share is of: `operation`, `caller` or `header:NAME`.
    pub by: String,
    /// When it began, in milliseconds since 1970.
    pub since_ms: u64,
    /// Seconds until it is decided.
    pub seconds_left: u64,
    /// Operations after which it is decided earlier.
    pub operations: Option<u64>,
    /// What became of the operations on the active version since then.
    pub active: TallyStatus,
    /// What became of the operations on the version that is tried.
    pub canary: TallyStatus,
}

/// A canary that ended.
#[derive(Debug, Clone, Serialize)]
pub struct PastCanary {
    /// SHA-256 of the component that was tried.
    pub digest: String,
    /// `promoted` or `aborted`.
    pub verdict: &'static str,
    /// Why.
    pub reason: String,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// What became of the operations on the active version.
    pub active: TallyStatus,
    /// What became of the operations on the version that was tried.
    pub canary: TallyStatus,
}

impl CanaryStatus {
    pub(super) fn of(trial: &Trial) -> Self {
        let (active, canary) = trial.tallies();
        let since = trial
            .since
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            digest: trial.digest.clone(),
            share: trial.settings.share.to_string(),
            by: trial.settings.by.to_string(),
            since_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            seconds_left: trial.settings.time.saturating_sub(trial.age()).as_secs(),
            operations: trial.settings.operations,
            active: active.status(),
            canary: canary.status(),
        }
    }
}

/// A version that is or was active.
#[derive(Debug, Clone, Serialize)]
pub struct VersionStatus {
    /// SHA-256 of its component.
    pub digest: String,
    /// Size of its component.
    pub bytes: u64,
    /// How it came.
    pub by: Origin,
    /// The name of the token it came with.
    pub who: Option<String>,
    /// When it became active, in milliseconds since 1970.
    pub active_since_ms: u64,
    /// Seconds since then.
    pub age_seconds: u64,
    /// What was compiled of it, in bytes; none while it is not in memory.
    pub code_bytes: Option<u64>,
    /// The fields it handles; none while it is not in memory.
    pub fields: Option<Vec<String>>,
}

impl VersionStatus {
    /// The same, with what is known of a version that is in memory.
    fn loaded(self, version: &Version) -> Self {
        if self.digest != version.digest {
            return self;
        }
        Self {
            code_bytes: Some(version.code_bytes()),
            fields: Some(version.fields.iter().cloned().collect()),
            ..self
        }
    }
}

/// A version that was refused.
#[derive(Debug, Clone, Serialize)]
pub struct PastRefusal {
    /// Its digest, when it came far enough to have one.
    pub digest: Option<String>,
    /// The step that refused it.
    pub step: &'static str,
    /// Why.
    pub message: String,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

impl PastRefusal {
    pub(super) fn now(refusal: &Refusal, digest: Option<&str>) -> Self {
        let at_ms = Activation::now("", 0, Origin::Push).at_ms;
        Self {
            digest: digest.map(str::to_owned),
            step: refusal.step.as_str(),
            message: refusal.message.clone(),
            at_ms,
        }
    }
}

impl From<&Activation> for VersionStatus {
    fn from(activation: &Activation) -> Self {
        let Activation {
            digest,
            bytes,
            by,
            at_ms,
            who,
        } = activation.clone();
        Self {
            digest,
            bytes,
            by,
            who,
            active_since_ms: at_ms,
            age_seconds: age(at_ms).as_secs(),
            code_bytes: None,
            fields: None,
        }
    }
}

impl Deployment {
    /// What is known of every module.
    #[must_use]
    pub fn modules(&self) -> Vec<ModuleStatus> {
        let names: Vec<_> = self
            .app()
            .map(|app| app.versions.keys().cloned().collect())
            .unwrap_or_default();
        names
            .iter()
            .filter_map(|name| self.module(name).ok())
            .collect()
    }

    /// What is known of one module.
    ///
    /// # Errors
    ///
    /// When the app has no such module, or is not loaded yet.
    pub fn module(&self, name: &str) -> Result<ModuleStatus, DeployError> {
        let app = self.app().ok_or(DeployError::Loading)?;
        let version = active(&app, name)?;
        let record = self.store.module(name);
        let mut known = record
            .activations
            .iter()
            .rev()
            .map(VersionStatus::from)
            .peekable();
        // Between snapshot and list, a roll-back that could not be written shows as what is served.
        let listed = known.next_if(|first| first.digest == version.digest);
        let served = || {
            VersionStatus::from(&Activation::now(
                &version.digest,
                version.component_bytes as u64,
                Origin::Push,
            ))
        };
        let previous = self.slot(name).previous();
        let loaded = |known: VersionStatus| match &previous {
            Some(previous) => known.loaded(previous),
            None => known,
        };
        let canary = self.canary(name);
        let (swaps, refusals, last_refusal) = self.slot(name).counts();
        Ok(ModuleStatus {
            name: name.to_owned(),
            active: listed.unwrap_or_else(served).loaded(version),
            earlier: known.map(loaded).collect(),
            rolled_back: record
                .rolled_back
                .iter()
                .rev()
                .map(VersionStatus::from)
                .map(loaded)
                .collect(),
            fields: version.fields.iter().cloned().collect(),
            memory_bytes: version.module.memory_bytes,
            live_versions: app.loader.live_versions.taken(name),
            // A canary keeps the turn that it had at the gate.
            at_gate: canary.is_none() && self.slot(name).at_gate(),
            canary,
            staged: self.staged(name),
            last_canary: self.last_canary(name),
            swaps,
            refusals,
            last_refusal,
        })
    }

    /// Writes how many versions there are, and how old the active ones, to the metrics.
    pub fn record_gauges(&self) {
        for status in self.modules() {
            #[expect(clippy::cast_precision_loss, reason = "metrics are floating point")]
            let (live, age) = (
                status.live_versions as f64,
                status.active.age_seconds as f64,
            );
            gauge!(names::LIVE_VERSIONS, "module" => status.name.clone()).set(live);
            gauge!(names::VERSION_AGE, "module" => status.name).set(age);
        }
    }

    /// The digest of each active version in Prometheus's text format. Written here because a label that changes with every swap
    /// would stay in the registry for ever.
    #[must_use]
    pub fn render_active(&self) -> String {
        let name = names::ACTIVE_VERSION;
        let mut text =
            format!("# HELP {name} the active version of each module\n# TYPE {name} gauge\n");
        for version in self.app().iter().flat_map(|app| app.versions.values()) {
            // Names of modules are keys of a TOML table, so they may hold anything.
            let module = version
                .module
                .name
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\n', "\\n");
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{name}{{module=\"{module}\",version=\"{}\"}} 1",
                version.digest
            );
        }
        text
    }
}
