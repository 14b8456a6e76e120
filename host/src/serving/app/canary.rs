//! A snapshot with a version that is tried beside it: which of the two an operation runs on.
//!
//! The two differ in one version of one module and share everything else. An operation chooses at its start and stays there to its
//! end. Both are in one snapshot, so that whoever replaces it replaces both at once.

use std::sync::Arc;

use mayfly_config::CanaryKey;

use crate::serving::app::App;
use crate::serving::canary::{Observation, Side, Trial};
use mayfly_runtime::modules::Version;

/// The snapshot with the version that is tried.
#[derive(Clone)]
pub struct AppCanary {
    /// The same app with that version.
    pub app: Arc<App>,
    /// What is counted of both sides.
    pub trial: Arc<Trial>,
}

impl App {
    /// The same app with another version of one module, on both sides of a canary of another one; a canary of this module is over.
    /// Operations under way keep the snapshot they began with.
    #[must_use]
    pub fn with_version(&self, version: Arc<Version>) -> Self {
        let mut next = self.clone();
        let others = next
            .canary
            .take()
            .filter(|canary| canary.trial.module != version.module.name);
        next.canary = others.map(|canary| AppCanary {
            app: Arc::new(canary.app.with_version(version.clone())),
            ..canary
        });
        next.versions.insert(version.module.name.clone(), version);
        next
    }

    /// The same app with a version that is tried beside it.
    #[must_use]
    pub fn trying(&self, version: Arc<Version>, trial: Arc<Trial>) -> Self {
        let plain = self.without_trial();
        let canary = AppCanary {
            app: Arc::new(plain.with_version(version)),
            trial,
        };
        Self {
            canary: Some(canary),
            ..plain
        }
    }

    /// The same app with nothing tried beside it.
    #[must_use]
    pub fn without_trial(&self) -> Self {
        Self {
            canary: None,
            ..self.clone()
        }
    }

    /// The same app with the version of one module only, for comparing with later.
    #[must_use]
    pub fn with_only(&self, module: &str) -> Self {
        let mut one = self.without_trial();
        one.versions.retain(|name, _| name == module);
        one
    }

    /// The snapshot an operation runs on, and what watches it when there are two to choose from. `key` is the operation's key.
    #[must_use]
    pub fn choose<'k>(
        self: Arc<Self>,
        key: impl FnOnce(&CanaryKey) -> Option<&'k str>,
    ) -> (Arc<Self>, Option<Observation>) {
        let Some(AppCanary { app, trial }) = &self.canary else {
            return (self, None);
        };
        let side = trial.side(key(trial.by()));
        let observation = trial.observe(side);
        match side {
            Side::Canary => (app.clone(), Some(observation)),
            Side::Active => (self, Some(observation)),
        }
    }
}
