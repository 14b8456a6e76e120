//! What of an app is deployed: lets versions in, swaps them, rolls them back, and remembers it on disk.
//!
//! Everything that replaces the snapshot of the app does so here, one after the other ([`Swap`](super::snapshot::Swap)). The list on disk is changed
//! before the snapshot, so that a restart never comes back with less than somebody was told; rolling back alone changes the snapshot
//! first, because it has to work when the disk does not. Both happen in tasks of their own: a client that goes away in between
//! cannot leave the two at odds.
//!
//! A module has one version at the gate at a time. Rolling back does not wait for it; instead, a version that finds another one
//! active than when it came to the gate is refused.

mod apply;
mod canary;
mod error;
mod rollback;
mod slot;
mod staged;
mod status;

pub use apply::{Applied, ApplyError};
pub use error::DeployError;
pub use status::{CanaryStatus, ModuleStatus, PastCanary, PastRefusal, VersionStatus};

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use mayfly_config::Config;
use mayfly_telemetry::names;
use metrics::histogram;
use parking_lot::Mutex;

use crate::history::{Action, Actor, Change, Changes, History};
use crate::serving::app::App;
use crate::serving::memory_plan::MemoryPlan;
use crate::serving::memory_plan::resident_bytes;
use crate::serving::snapshot::Snapshot;
use canary::Canaries;
use mayfly_runtime::modules::{
    Activation, ComponentBytes, Effort, Incoming, Origin, Pinned, Record, Refusal, Step, Store,
    Terms, Version, writing_remedy,
};
use slot::{GateTurn, Slot};

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

/// Whether to wait when another version of the module is at the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Wait for it to be through.
    Wait,
    /// Give up at once.
    Now,
}

/// A version that passed the gate. While this is held no other version of the module comes to the gate.
pub struct Admitted {
    pub version: Arc<Version>,
    /// The snapshot it was held against.
    pub app: Arc<App>,
    /// How it came.
    pub by: Origin,
    /// Who brought it.
    pub actor: Actor,
    /// When its bytes were there.
    pub received: Instant,
    /// Its component, which stays in the store meanwhile.
    pub component: Pinned,
    turn: GateTurn,
}

/// What a swap did.
#[derive(Debug, Clone)]
pub struct Swapped {
    /// The module.
    pub module: String,
    /// The version that is active now.
    pub digest: String,
    /// The version that was active before; the same when nothing changed.
    pub previous: String,
    /// What went wrong beside it, for the operator.
    pub warning: Option<String>,
}

impl Swapped {
    /// Whether another version is active than before.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.digest != self.previous
    }
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

    /// Begins to receive a component.
    ///
    /// # Errors
    ///
    /// When no file can be made.
    pub async fn receive(&self) -> io::Result<Incoming> {
        self.store.receive().await
    }

    /// Lets a component through the gate and swaps it in.
    ///
    /// # Errors
    ///
    /// Why it was refused; the version that was active then still is.
    pub async fn deploy(
        self: &Arc<Self>,
        module: &str,
        component: Pinned,
        (by, actor): (Origin, Actor),
        turn: Turn,
    ) -> Result<Swapped, DeployError> {
        let digest = component.digest.clone();
        let change = Change::new(&actor, Action::Push).of(module);
        let admitted = self.admit(module, component, (by, actor), turn).await;
        let swapped = match admitted {
            Ok(Some(admitted)) => self.swap(admitted).await,
            Ok(None) => Ok(Swapped {
                module: module.to_owned(),
                previous: digest.clone(),
                digest: digest.clone(),
                warning: None,
            }),
            Err(error) => Err(error),
        };
        if let Err(error) = &swapped {
            let active = self.active_digest(module);
            self.changes().record(
                change
                    .versions(active.as_deref(), Some(&digest))
                    .refused(error.to_string()),
            );
        }
        self.collect();
        swapped
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

    /// Lets the component file that the configuration names through the gate and swaps it in, when it is another one than the last.
    ///
    /// # Errors
    ///
    /// Why it was refused; the version that was active then still is.
    pub async fn deploy_file(
        self: &Arc<Self>,
        module: &str,
    ) -> Result<Option<Swapped>, DeployError> {
        let app = self.app().ok_or(DeployError::Loading)?;
        let file = active(&app, module)?.module.component.clone();
        if self.canary(module).is_some() {
            return Err(DeployError::CanaryRuns(module.to_owned()));
        }
        // A file that is being replaced may be missing for a moment; it is looked at again when it is there.
        let Ok(Ok(component)) =
            tokio::task::spawn_blocking(move || ComponentBytes::read(&file)).await
        else {
            return Ok(None);
        };
        if !self.slot(module).tries(
            component.digest(),
            self.store.module(module).file.as_deref(),
        ) {
            return Ok(None);
        }
        let store = self.store.clone();
        let kept = tokio::task::spawn_blocking(move || store.keep(&component))
            .await
            .map_err(io::Error::other)
            .flatten();
        let kept = kept.map_err(|error| {
            let message = format!(
                "the component cannot be stored: {error}; {}",
                writing_remedy(&error)
            );
            self.refused(Refusal::new(module, Step::Read, message), None)
        })?;
        let actor = Actor::file_watcher();
        self.deploy(module, kept, (Origin::File, actor), Turn::Wait)
            .await
            .map(Some)
    }

    /// Lets a component through the gate; none when its version is active already.
    ///
    /// # Errors
    ///
    /// Why it was refused.
    pub async fn admit(
        &self,
        module: &str,
        component: Pinned,
        (by, actor): (Origin, Actor),
        turn: Turn,
    ) -> Result<Option<Admitted>, DeployError> {
        let received = Instant::now();
        active(&*self.app().ok_or(DeployError::Loading)?, module)?;
        let turn = self
            .slot(module)
            .turn(turn)
            .await
            .ok_or_else(|| self.busy(module))?;
        let app = self.app().ok_or(DeployError::Loading)?;
        let running = active(&app, module)?;
        if running.digest == component.digest {
            self.came_again(module, running, by, &actor).await;
            return Ok(None);
        }
        let terms = Terms {
            module: running.module.clone(),
            wanted: app.wanted_of(module),
            backends: app.backends.clone(),
        };
        let (component, bytes) = tokio::task::spawn_blocking(move || {
            let bytes = component.read();
            (component, bytes)
        })
        .await
        .map_err(|lost| self.refused(Refusal::new(module, Step::Read, lost.to_string()), None))?;
        let passed = match bytes {
            Ok(bytes) => {
                app.loader
                    .pass_gate(&bytes, &terms, Effort::Background)
                    .await
            }
            Err(message) => Err(Refusal::new(module, Step::Read, message)),
        };
        match passed {
            Ok(version) => Ok(Some(Admitted {
                version: Arc::new(version),
                app,
                by,
                actor,
                received,
                component,
                turn,
            })),
            Err(refusal) => Err(self.refused(refusal, Some(&component.digest))),
        }
    }

    /// Makes a version that passed the gate the active one. Operations under way end on the snapshot they began with.
    ///
    /// # Errors
    ///
    /// When another version became active since, or the list on disk cannot be changed.
    pub async fn swap(self: &Arc<Self>, admitted: Admitted) -> Result<Swapped, DeployError> {
        let this = self.clone();
        let module = admitted.version.module.name.clone();
        let swapped = tokio::spawn(async move { this.swap_now(admitted).await }).await;
        swapped
            .unwrap_or_else(|lost| Err(Refusal::new(&module, Step::Swap, lost.to_string()).into()))
    }

    async fn swap_now(&self, admitted: Admitted) -> Result<Swapped, DeployError> {
        let Admitted {
            version,
            app: seen,
            by,
            actor,
            received,
            component,
            turn,
        } = admitted;
        let module = version.module.name.clone();
        let swap = self.snapshot.begin_swap().await;
        let app = swap.app().ok_or(DeployError::Loading)?;
        let before = self.as_seen(&app, &seen, &version)?;
        let activation =
            Activation::now(&version.digest, component.bytes, by).with_who(who(&actor));
        let (name, kept) = (module.clone(), self.kept);
        let noted = self
            .change(move |record| {
                record
                    .modules
                    .entry(name)
                    .or_default()
                    .activate(activation, kept)
            })
            .await;
        if let Err(error) = noted {
            let message = format!(
                "the list of active versions cannot be written: {error}; {}",
                writing_remedy(&error)
            );
            return Err(self.refused(
                Refusal::new(&module, Step::Swap, message),
                Some(&version.digest),
            ));
        }
        swap.replace(Arc::new(app.with_version(version.clone())));
        let swapped = Swapped {
            module,
            digest: version.digest.clone(),
            previous: before.digest.clone(),
            warning: None,
        };
        self.slot(&swapped.module).swapped(Some(before));
        drop(swap);
        histogram!(names::GATE_SECONDS, "module" => swapped.module.clone())
            .record(received.elapsed().as_secs_f64());
        count(&swapped, by.as_str());
        // What became of a canary is told with its verdict.
        if by != Origin::Canary {
            let change = Change::new(&actor, Action::Push).of(&swapped.module);
            self.changes()
                .record(change.versions(Some(&swapped.previous), Some(&swapped.digest)));
        }
        drop((component, turn));
        Ok(swapped)
    }

    /// The active version, when it and the schema are those that a new version was held against.
    fn as_seen(
        &self,
        app: &App,
        seen: &App,
        version: &Version,
    ) -> Result<Arc<Version>, DeployError> {
        let module = &version.module.name;
        let before = active(app, module)?;
        if active(seen, module).is_ok_and(|seen| Arc::ptr_eq(seen, before))
            && Arc::ptr_eq(&app.wanted, &seen.wanted)
        {
            return Ok(before.clone());
        }
        let message = format!(
            "version {} became active while this one was being checked; push it again",
            before.digest
        );
        Err(self.refused(
            Refusal::new(module, Step::Swap, message),
            Some(&version.digest),
        ))
    }

    /// Notes that the version which is active came again by another way.
    async fn came_again(&self, module: &str, running: &Version, by: Origin, actor: &Actor) {
        let activation = Activation::now(&running.digest, running.component_bytes as u64, by)
            .with_who(who(actor));
        let (name, kept) = (module.to_owned(), self.kept);
        let noted = self
            .change(move |record| {
                record
                    .modules
                    .entry(name)
                    .or_default()
                    .activate(activation, kept)
            })
            .await;
        if let Err(error) = noted {
            tracing::warn!(module, %error, "the list of active versions cannot be written");
        }
    }

    /// Counts, keeps and logs a refusal.
    pub fn refused(&self, refusal: Refusal, digest: Option<&str>) -> DeployError {
        self.slot(&refusal.module).refused(&refusal, digest);
        refusal.into()
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

/// Counts and logs a swap.
fn count(swapped: &Swapped, by: &'static str) {
    let Swapped {
        module,
        digest,
        previous,
        ..
    } = swapped;
    metrics::counter!(names::SWAPS, "module" => module.clone(), "by" => by).increment(1);
    tracing::info!(module, version = digest, previous, by, "swapped");
}

/// How long something has been so.
pub(crate) fn age(at_ms: u64) -> Duration {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    now.saturating_sub(Duration::from_millis(at_ms))
}
