//! Rolling back: the version that was active before, at once, whatever is at the gate and whatever the disk says.

use std::sync::Arc;

use super::swap::count;
use super::{DeployError, Deployment, Swapped, active, who};
use crate::history::{Action, Actor, Change};
use crate::serving::app::App;
use mayfly_runtime::modules::{Activation, Effort, ModuleRecord, Refusal, Step, Version};

impl Deployment {
    /// Makes the version active that was before, or the one whose digest begins like `to`, which was active at some time. Doing so
    /// again goes further back. A canary of the module ends.
    ///
    /// # Errors
    ///
    /// When there is none, or it no longer fits the app.
    pub async fn rollback(
        self: &Arc<Self>,
        module: &str,
        to: Option<String>,
        actor: Actor,
    ) -> Result<Swapped, DeployError> {
        let change = Change::new(&actor, Action::RollBack).of(module);
        let rolled = self.rollback_by(module, to.clone(), actor).await;
        if let Err(error) = &rolled {
            let active = self.active_digest(module);
            self.changes().record(
                change
                    .versions(active.as_deref(), to.as_deref())
                    .refused(error.to_string()),
            );
        }
        rolled
    }

    async fn rollback_by(
        self: &Arc<Self>,
        module: &str,
        to: Option<String>,
        actor: Actor,
    ) -> Result<Swapped, DeployError> {
        // A canary goes on when there is nothing to go back to.
        active(&*self.app().ok_or(DeployError::Loading)?, module)?;
        target(&self.store.module(module), module, to.as_deref())?;
        // What is tried was checked against the version that goes.
        if self.canary(module).is_some() {
            let reason = "the module was rolled back";
            let _ = self.abort(module, reason, actor.clone()).await;
        }
        let this = self.clone();
        let name = module.to_owned();
        let rolled =
            tokio::spawn(async move { this.rollback_now(&name, to.as_deref(), &actor).await })
                .await;
        rolled.unwrap_or_else(|lost| Err(Refusal::new(module, Step::Swap, lost.to_string()).into()))
    }

    async fn rollback_now(
        self: Arc<Self>,
        module: &str,
        to: Option<&str>,
        actor: &Actor,
    ) -> Result<Swapped, DeployError> {
        loop {
            let app = self.app().ok_or(DeployError::Loading)?;
            let before = active(&app, module)?.clone();
            let record = self.store.module(module);
            let (target, change) = target(&record, module, to)?;
            let earlier = self.earlier(&app, module, &target).await;
            let swap = self.snapshot.begin_swap().await;
            // Loading may have taken a while; look again when something was swapped meanwhile, also when it went wrong: what was
            // loaded may have been removed from the store since.
            let app = swap.app().ok_or(DeployError::Loading)?;
            let same = active(&app, module).is_ok_and(|active| Arc::ptr_eq(active, &before))
                && self.store.module(module) == record;
            if !same {
                continue;
            }
            let version = earlier.map_err(|refusal| self.refused(refusal, Some(&target)))?;
            swap.replace(Arc::new(app.with_version(version)));
            self.slot(module).swapped(None);
            let warning = self.note_rollback(module, change, actor).await;
            drop(swap);
            let swapped = Swapped {
                module: module.to_owned(),
                digest: target,
                previous: before.digest.clone(),
                warning,
            };
            count(&swapped, "rollback");
            let change = Change::new(actor, Action::RollBack).of(module);
            self.changes().record(
                change
                    .versions(Some(&swapped.previous), Some(&swapped.digest))
                    .saying(swapped.warning.clone()),
            );
            drop(before);
            self.collect();
            self.clone().keep_previous_resident(module.to_owned());
            return Ok(swapped);
        }
    }

    /// The version to go back to: the one that was kept in memory, or else loaded from the store.
    async fn earlier(
        &self,
        app: &App,
        module: &str,
        digest: &str,
    ) -> Result<Arc<Version>, Refusal> {
        let configuration = app
            .versions
            .get(module)
            .map(|version| version.module.clone());
        let configuration = configuration
            .ok_or_else(|| Refusal::new(module, Step::Swap, "the app no longer has this module"))?;
        if let Some(kept) = self
            .slot(module)
            .previous()
            .filter(|kept| kept.digest == digest)
        {
            let lacking = app.wanted_of(module).difference(&kept.fields).next();
            return match lacking {
                None => Ok(Arc::new(kept.configured(configuration))),
                Some(field) => {
                    let message = format!(
                        "the schema now gives it {field}, which that version does not handle"
                    );
                    Err(Refusal::new(module, Step::Fields, message))
                }
            };
        }
        let (store, name) = (self.store.clone(), digest.to_owned());
        let read = tokio::task::spawn_blocking(move || store.read(&name)).await;
        let component = read.map_err(|lost| lost.to_string()).flatten();
        let component = component.map_err(|message| Refusal::new(module, Step::Read, message))?;
        let version = app
            .loader
            .load(
                configuration,
                &component,
                app.wanted_of(module),
                Effort::Background,
                &|_| (),
            )
            .await?;
        Ok(Arc::new(version))
    }

    /// Notes in the list what is active again; what went wrong with it.
    async fn note_rollback(&self, module: &str, target: Target, actor: &Actor) -> Option<String> {
        let name = module.to_owned();
        let who = who(actor);
        let kept = self.kept;
        let noted = self.note(move |record| {
            if let Some(module) = record.modules.get_mut(&name) {
                match target {
                    Target::Back(steps) => module.roll_back(steps),
                    Target::Forward(activation) => {
                        module.activate(activation.with_who(who), kept);
                    }
                }
            }
        });
        let error = noted.await.err()?;
        let warning = format!(
            "the list of active versions cannot be written ({error}), so a restart would undo this roll-back"
        );
        tracing::error!(module, "{warning}");
        Some(warning)
    }

    /// Loads the version before the active one, so that rolling back takes no time. It passed the gate once.
    pub(super) fn keep_previous_resident(self: Arc<Self>, module: String) {
        tokio::spawn(async move {
            let Some(previous) = self
                .store
                .module(&module)
                .previous()
                .map(|previous| previous.digest.clone())
            else {
                return;
            };
            let Some(app) = self.app() else { return };
            match self.earlier(&app, &module, &previous).await {
                Ok(version) => self.slot(&module).keep(version),
                Err(refusal) => tracing::warn!(
                    module,
                    version = previous,
                    "the previous version cannot be kept ready: {refusal}"
                ),
            }
        });
    }
}

/// What a roll-back does to the list of activations.
enum Target {
    /// The one this many steps back is active again.
    Back(usize),
    /// One that was rolled back from is active again.
    Forward(Activation),
}

/// The digest to go to, and what happens to the list; `to` is how it begins.
fn target(
    record: &ModuleRecord,
    module: &str,
    to: Option<&str>,
) -> Result<(String, Target), DeployError> {
    let Some(to) = to.map(str::to_ascii_lowercase) else {
        let nothing = || DeployError::NothingBefore(module.to_owned());
        let previous = record.previous().ok_or_else(nothing)?;
        return Ok((previous.digest.clone(), Target::Back(1)));
    };
    let active = record.active().map(|active| active.digest.as_str());
    let matches =
        |known: &Activation| known.digest.starts_with(&to) && Some(&*known.digest) != active;
    let back = record
        .earlier()
        .filter(|(_, known)| matches(known))
        .map(|(steps, known)| (known.digest.clone(), Target::Back(steps)));
    let forward = record
        .rolled_back
        .iter()
        .rev()
        .filter(|known| matches(known))
        .map(|known| {
            let again = Activation::now(&known.digest, known.bytes, known.by);
            (known.digest.clone(), Target::Forward(again))
        });
    let mut found: Vec<_> = back.chain(forward).collect();
    found.sort_by(|(left, _), (right, _)| left.cmp(right));
    found.dedup_by(|(left, _), (right, _)| left == right);
    match (found.pop(), found.is_empty()) {
        (Some(found), true) => Ok(found),
        (None, _) if active.is_some_and(|active| active.starts_with(&to)) => {
            let message = format!("that version of `{module}` is already active");
            Err(DeployError::Setting(message))
        }
        (found, _) => Err(DeployError::NotKept {
            module: module.to_owned(),
            digest: to,
            several: found.is_some(),
        }),
    }
}
