//! How a version comes in: its component is received, passes the gate, and is swapped in.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use mayfly_runtime::modules::{
    Activation, ComponentBytes, Effort, Incoming, Origin, Pinned, Refusal, Step, Terms, Version,
    writing_remedy,
};

use super::slot::GateTurn;
use super::{DeployError, Deployment, Swapped, active, who};
use crate::history::{Action, Actor, Change};
use crate::serving::app::App;

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
    /// The snapshot it was checked against.
    pub app: Arc<App>,
    /// How it came.
    pub by: Origin,
    /// Who brought it.
    pub actor: Actor,
    /// When its bytes were there.
    pub received: Instant,
    /// Its component, which stays in the store meanwhile.
    pub component: Pinned,
    pub(super) turn: GateTurn,
}

impl Deployment {
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
            self.record_refusal(module, change, Some(&digest), error);
        }
        self.collect();
        swapped
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
        let read = {
            let file = file.clone();
            tokio::task::spawn_blocking(move || ComponentBytes::read(&file)).await
        };
        let component = match read.map_err(|lost| lost.to_string()).flatten() {
            Ok(component) => component,
            // One that is being replaced may be missing for a moment; it is looked at again when it is there.
            Err(_) if !file.exists() => return Ok(None),
            Err(message) => return Err(self.not_read(module, message)),
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
            self.not_read(module, message)
        })?;
        let actor = Actor::file_watcher();
        self.deploy(module, kept, (Origin::File, actor), Turn::Wait)
            .await
            .map(Some)
    }

    /// Notes that a component file is not what it should be, before it has a version.
    fn not_read(&self, module: &str, message: String) -> DeployError {
        let change = Change::new(&Actor::file_watcher(), Action::Push).of(module);
        let error = self.refused(Refusal::new(module, Step::Read, message), None);
        self.record_refusal(module, change, None, &error);
        error
    }

    /// Keeps a change that was not made.
    fn record_refusal(
        &self,
        module: &str,
        change: Change,
        digest: Option<&str>,
        error: &DeployError,
    ) {
        let active = self.active_digest(module);
        let change = change.versions(active.as_deref(), digest);
        self.changes().record(change.refused(error.to_string()));
    }

    /// Lets a component through the gate; none when its version is already active.
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
}
