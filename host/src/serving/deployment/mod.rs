//! What of an app is deployed: lets versions in, swaps them, rolls them back, and remembers it on disk.
//!
//! Everything that replaces the snapshot of the app does so here, one after the other ([`Swap`](super::snapshot::Swap)). The list on disk is changed
//! before the snapshot, so that a restart never comes back with less than somebody was told; rolling back alone changes the snapshot
//! first, because it has to work when the disk does not. Both happen in tasks of their own: a client that goes away in between
//! cannot leave the two at odds.
//!
//! A module has one version at the gate at a time. Rolling back does not wait for it; instead, a version that finds another one
//! active than when it came to the gate is refused.

mod admit;
mod apply;
mod canary;
mod error;
mod rollback;
mod slot;
mod staged;
mod status;
mod swap;

pub use admit::{Admitted, Turn};
pub use apply::{Applied, ApplyError};
pub use error::DeployError;
pub use status::{CanaryStatus, ModuleStatus, PastCanary, PastRefusal, VersionStatus};
pub use swap::Swapped;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use mayfly_config::Config;
use parking_lot::Mutex;

use crate::history::{Actor, Changes, History};
use crate::serving::app::App;
use crate::serving::memory_plan::MemoryPlan;
use crate::serving::memory_plan::resident_bytes;
use crate::serving::snapshot::Snapshot;
use canary::Canaries;
use mayfly_runtime::modules::{Activation, Origin, Pinned, Record, Store, Version};
use slot::Slot;

/// What is deployed now, and how that changes.
pub struct Deployment {
    snapshot: Arc<Snapshot>,
    store: Arc<Store>,
    /// Activations remembered for each module.
    kept: usize,
    slots: Mutex<BTreeMap<String, Arc<Slot>>>,
    canaries: Canaries,
    /// What the app that is served was made from.
    config: ArcSwap<Config>,
    /// What the process took once the first app was loaded, in bytes.
    own_bytes: u64,
    /// Where changes are kept.
    history: Arc<History>,
    /// Components that came for a canary, by module.
    staged: Mutex<BTreeMap<String, Pinned>>,
}

impl Deployment {
    /// Serves an app that was restored from this store, and notes what is active now, if that is news.
    pub async fn start(
        snapshot: Arc<Snapshot>,
        app: Arc<App>,
        store: Arc<Store>,
        config: Config,
        history: Arc<History>,
    ) -> Arc<Self> {
        let deployment = Arc::new(Self {
            snapshot,
            store,
            slots: Mutex::default(),
            canaries: Canaries::default(),
            kept: config.server.kept_versions,
            config: ArcSwap::from_pointee(config),
            own_bytes: resident_bytes(),
            history,
            staged: Mutex::default(),
        });
        for (module, record) in &deployment.store.record().modules {
            if let Some(version) = &record.canary {
                tracing::warn!(
                    module,
                    version,
                    "canary ended with the host that ran it; all operations run on the active version"
                );
            }
        }
        let active: Vec<_> = app.versions.values().cloned().collect();
        let kept = deployment.kept;
        let noted = deployment.note(move |record| note_start(record, &active, kept));
        if let Err(error) = noted.await {
            tracing::error!(
                "the list of active versions cannot be written ({error}), so the next start begins from an older one"
            );
        }
        deployment.store.collect();
        deployment.store.collect_artifacts(app.sandbox.engine());
        deployment.snapshot.begin_with(app.clone());
        MemoryPlan::of(&deployment.config(), &app, deployment.own_bytes).tell();
        for name in app.versions.keys() {
            deployment.clone().keep_previous_resident(name.clone());
        }
        deployment
    }

    /// The app that is served now.
    #[must_use]
    pub fn app(&self) -> Option<Arc<App>> {
        self.snapshot.app()
    }

    /// The changes that were made.
    #[must_use]
    pub fn changes(&self) -> &Changes {
        &self.history.changes
    }

    /// The most that the process may hold with an app.
    #[must_use]
    pub fn memory_plan(&self, app: &App) -> MemoryPlan {
        MemoryPlan::of(&self.config(), app, self.own_bytes)
    }

    /// The digest of a module's active version.
    #[must_use]
    pub fn active_digest(&self, module: &str) -> Option<String> {
        let app = self.app()?;
        Some(app.versions.get(module)?.digest.clone())
    }

    fn slot(&self, module: &str) -> Arc<Slot> {
        let mut slots = self.slots.lock();
        slots.entry(module.to_owned()).or_default().clone()
    }

    /// Changes the list on disk.
    async fn change(&self, change: impl FnOnce(&mut Record) + Send + 'static) -> io::Result<()> {
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || store.change(change))
            .await
            .map_err(io::Error::other)
            .flatten()
    }

    /// Changes the list, also when the disk does not take it.
    async fn note(&self, change: impl FnOnce(&mut Record) + Send + 'static) -> io::Result<()> {
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || store.note(change))
            .await
            .map_err(io::Error::other)
            .flatten()
    }

    /// Removes from the store what nobody needs any more, without making anybody wait.
    pub fn collect(&self) {
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || store.collect());
    }
}

/// The active version of a module.
fn active<'a>(app: &'a App, module: &str) -> Result<&'a Arc<Version>, DeployError> {
    app.versions
        .get(module)
        .ok_or_else(|| DeployError::UnknownModule(module.to_owned()))
}

/// The name of the token that a version came with.
fn who(actor: &Actor) -> Option<String> {
    actor.is_operator.then(|| actor.name.clone())
}

/// What is active at the start is what was, or came by file.
fn note_start(record: &mut Record, active: &[Arc<Version>], kept: usize) {
    record
        .modules
        .retain(|name, _| active.iter().any(|version| version.module.name == *name));
    for version in active {
        let module = record
            .modules
            .entry(version.module.name.clone())
            .or_default();
        module.canary = None;
        if module
            .active()
            .is_none_or(|known| known.digest != version.digest)
        {
            module.activate(
                Activation::now(
                    &version.digest,
                    version.component_bytes as u64,
                    Origin::File,
                ),
                kept,
            );
        }
    }
}

/// How long something has been so.
pub(crate) fn age(at_ms: u64) -> Duration {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    now.saturating_sub(Duration::from_millis(at_ms))
}
