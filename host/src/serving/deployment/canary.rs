//! Canaries: a version that passed the gate runs on a share of the operations until it is promoted or given up.
//!
//! There is one at a time. It keeps its module's turn at the gate, so that nothing else comes in by that way meanwhile; rolling the
//! module back and applying an app end it. It is a matter of one process: a host that starts again has the active version alone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use mayfly_telemetry::names;
use metrics::{counter, gauge};
use parking_lot::{Mutex, MutexGuard};

use super::status::{CanaryStatus, PastCanary};
use super::{Admitted, DeployError, Deployment, Swapped, Turn, active};
use crate::history::{Action, Actor, Change};
use crate::serving::canary::{Trial, Verdict};
use mayfly_runtime::modules::{Activation, Origin, Refusal, Step, writing_remedy};

/// The canary that runs, and how those before it ended.
#[derive(Default)]
pub(super) struct Canaries {
    /// Held by whoever begins or ends one, and taken before `swapping`.
    running: tokio::sync::Mutex<Option<Running>>,
    /// The last one of each module.
    ended: Mutex<BTreeMap<String, PastCanary>>,
}

struct Running {
    trial: Arc<Trial>,
    admitted: Admitted,
}

impl Deployment {
    /// Lets a component through the gate and runs it on a share of the operations. `asked` is what the configuration's
    /// `[modules.NAME.canary]` gives way to.
    ///
    /// # Errors
    ///
    /// When a canary runs already, or why the component was refused.
    pub async fn begin_canary(
        self: &Arc<Self>,
        module: &str,
        digest: &str,
        asked: Vec<(String, String)>,
        actor: Actor,
    ) -> Result<CanaryStatus, DeployError> {
        let (this, name, digest) = (self.clone(), module.to_owned(), digest.to_owned());
        let begun = tokio::spawn(async move {
            let change = Change::new(&actor, Action::Canary).of(&name);
            let begun = this.clone().begin_now(&name, &digest, &asked, actor).await;
            let active = this.active_digest(&name);
            let change = change.versions(active.as_deref(), Some(&digest));
            this.changes().record(match &begun {
                Ok(canary) => {
                    let message = format!("{} of {}", canary.share, canary.by);
                    change.saying(Some(message))
                }
                Err(error) => change.refused(error.to_string()),
            });
            begun
        });
        let begun = begun.await;
        begun.unwrap_or_else(|lost| Err(Refusal::new(module, Step::Swap, lost.to_string()).into()))
    }

    async fn begin_now(
        self: Arc<Self>,
        module: &str,
        digest: &str,
        asked: &[(String, String)],
        actor: Actor,
    ) -> Result<CanaryStatus, DeployError> {
        // Whoever begins or ends one right now makes this too early, too.
        let mut running = self
            .canaries
            .running
            .try_lock()
            .map_err(|_| self.busy(module))?;
        if let Some(running) = running.as_ref() {
            return Err(DeployError::CanaryRuns(running.trial.module.clone()));
        }
        let app = self.app().ok_or(DeployError::Loading)?;
        let mut settings = active(&app, module)?.module.canary.clone();
        for (key, text) in asked {
            settings.set(key, text).map_err(DeployError::Setting)?;
        }
        if active(&app, module)?.digest == digest {
            return Err(DeployError::AlreadyActive(module.to_owned()));
        }
        let component = self.component(module, digest)?;
        let admitted = self
            .admit(module, component, (Origin::Canary, actor), Turn::Now)
            .await;
        let was_checked = !matches!(
            admitted,
            Err(DeployError::Busy(_) | DeployError::CanaryRuns(_))
        );
        if was_checked {
            let staged = self.staged.lock().remove(module);
            drop(staged);
        }
        let admitted = admitted.inspect_err(|_| self.collect())?;
        let mut admitted = admitted.ok_or_else(|| DeployError::AlreadyActive(module.to_owned()))?;
        let trial = Trial::begin(rand::random(), module, &admitted.version.digest, settings);
        self.serve_beside(&admitted, &trial).await?;
        // A canary is long, and should not keep versions of other modules in memory.
        admitted.app = Arc::new(admitted.app.with_only(module));
        tracing::info!(
            module,
            version = trial.digest,
            share = %trial.settings.share,
            by = %trial.settings.by,
            seconds = trial.settings.time.as_secs(),
            "canary began"
        );
        gauge!(names::CANARY_SHARE, "module" => module.to_owned())
            .set(trial.settings.share.fraction());
        let status = CanaryStatus::of(&trial);
        *running = Some(Running {
            trial: trial.clone(),
            admitted,
        });
        drop(running);
        self.clone().judge(trial);
        Ok(status)
    }

    /// Puts the version that is tried beside the active one.
    async fn serve_beside(
        &self,
        admitted: &Admitted,
        trial: &Arc<Trial>,
    ) -> Result<(), DeployError> {
        let module = &trial.module;
        let swap = self.snapshot.begin_swap().await;
        let app = swap.app().ok_or(DeployError::Loading)?;
        self.as_seen(&app, &admitted.app, &admitted.version)?;
        let (name, digest) = (module.clone(), trial.digest.clone());
        let noted = self
            .change(move |record| record.modules.entry(name).or_default().canary = Some(digest))
            .await;
        if let Err(error) = noted {
            let message = format!(
                "the list of active versions cannot be written: {error}; {}",
                writing_remedy(&error)
            );
            return Err(self.refused(
                Refusal::new(module, Step::Swap, message),
                Some(&trial.digest),
            ));
        }
        swap.replace(Arc::new(
            app.trying(admitted.version.clone(), trial.clone()),
        ));
        Ok(())
    }

    /// Ends the canary when operations or time say so.
    fn judge(self: Arc<Self>, trial: Arc<Trial>) {
        tokio::spawn(async move {
            let verdict = trial.verdict().await;
            // Somebody may have ended it in the meantime, and a promotion that fails has been told as a refusal.
            let _ = self
                .end(
                    |running| running.id == trial.id,
                    &trial.module,
                    verdict,
                    Actor::verdict(),
                )
                .await;
        });
    }

    /// Makes the version that is tried the active one, whatever was counted so far.
    ///
    /// # Errors
    ///
    /// When the module has no canary, or the list on disk cannot be changed; the canary is over then.
    pub async fn promote(
        self: &Arc<Self>,
        module: &str,
        actor: Actor,
    ) -> Result<Swapped, DeployError> {
        let verdict = Verdict::Promote("promoted manually".to_owned());
        let change = Change::new(&actor, Action::Promote).of(module);
        let swapped = self
            .end(|trial| trial.module == module, module, verdict, actor)
            .await;
        let swapped = match swapped {
            Ok(swapped) => swapped.ok_or_else(|| DeployError::NoCanary(module.to_owned())),
            Err(error) => Err(error),
        };
        swapped.inspect_err(|error| self.changes().record(change.refused(error.to_string())))
    }

    /// Ends the canary of a module; all operations run on the active version from now on.
    ///
    /// # Errors
    ///
    /// When the module has no canary.
    pub async fn abort(
        self: &Arc<Self>,
        module: &str,
        reason: &str,
        actor: Actor,
    ) -> Result<PastCanary, DeployError> {
        let change = Change::new(&actor, Action::Abort).of(module);
        let verdict = Verdict::Abort(reason.to_owned());
        self.end(|trial| trial.module == module, module, verdict, actor)
            .await
            .inspect_err(|error| self.changes().record(change.refused(error.to_string())))?;
        self.last_canary(module)
            .ok_or_else(|| DeployError::NoCanary(module.to_owned()))
    }

    /// Ends whatever canary runs.
    pub(super) async fn abort_any(self: &Arc<Self>, reason: &str, actor: Actor) {
        // That there is none is fine.
        let _ = self
            .end(|_| true, "", Verdict::Abort(reason.to_owned()), actor)
            .await;
    }

    /// Ends the canary that `which` picks, in a task of its own, so that it is ended wholly or not at all.
    async fn end(
        self: &Arc<Self>,
        which: impl Fn(&Trial) -> bool,
        module: &str,
        verdict: Verdict,
        actor: Actor,
    ) -> Result<Option<Swapped>, DeployError> {
        let mut running = self.canaries.running.lock().await;
        let picked = running
            .take_if(|running| which(&running.trial))
            .ok_or_else(|| DeployError::NoCanary(module.to_owned()))?;
        drop(running);
        let this = self.clone();
        let ended = tokio::spawn(async move { this.end_now(picked, verdict, actor).await }).await;
        ended.unwrap_or_else(|lost| Err(Refusal::new(module, Step::Swap, lost.to_string()).into()))
    }

    async fn end_now(
        self: Arc<Self>,
        running: Running,
        verdict: Verdict,
        actor: Actor,
    ) -> Result<Option<Swapped>, DeployError> {
        let Running { trial, admitted } = running;
        trial.end(verdict.clone());
        let before = admitted.app.versions.get(&trial.module);
        let before = before.map(|before| before.digest.clone());
        let (swapped, verdict) = match verdict {
            // How long it was tried is not how long the gate took.
            Verdict::Promote(reason) => match self
                .swap(Admitted {
                    received: Instant::now(),
                    ..admitted
                })
                .await
            {
                Ok(swapped) => (Ok(Some(swapped)), Verdict::Promote(reason)),
                Err(error) => {
                    let reason = format!("it could not be promoted: {error}");
                    (Err(error), Verdict::Abort(reason))
                }
            },
            other => {
                drop(admitted);
                (Ok(None), other)
            }
        };
        // A swap has taken it away already.
        if !matches!(swapped, Ok(Some(_))) {
            self.serve_without(&trial).await;
        }
        self.note_end(&trial, verdict, &actor, &before);
        self.forget(&trial).await;
        self.collect();
        swapped
    }

    /// Takes the version that was tried away from the active one, where it still is.
    async fn serve_without(&self, trial: &Trial) {
        let swap = self.snapshot.begin_swap().await;
        if let Some(app) = swap.app().filter(|app| {
            app.canary
                .as_ref()
                .is_some_and(|canary| canary.trial.id == trial.id)
        }) {
            swap.replace(Arc::new(app.without_trial()));
        }
    }

    /// Takes a canary that ended off the list.
    async fn forget(&self, trial: &Trial) {
        let module = trial.module.clone();
        let forgotten = self.change(move |record| {
            if let Some(module) = record.modules.get_mut(&module) {
                module.canary = None;
            }
        });
        if let Err(error) = forgotten.await {
            tracing::warn!(module = trial.module, %error, "the list of active versions cannot be written");
        }
    }

    /// Counts, keeps and logs how a canary ended.
    fn note_end(&self, trial: &Trial, verdict: Verdict, actor: &Actor, before: &Option<String>) {
        let (module, version) = (&trial.module, &trial.digest);
        let (active, canary) = trial.tallies();
        let (verdict, reason) = match verdict {
            Verdict::Promote(reason) => {
                tracing::info!(module, version, "canary promoted: {reason}");
                ("promoted", reason)
            }
            Verdict::Abort(reason) => {
                tracing::warn!(module, version, "canary aborted: {reason}");
                ("aborted", reason)
            }
            Verdict::Continue => return,
        };
        counter!(names::CANARIES, "module" => module.clone(), "verdict" => verdict).increment(1);
        gauge!(names::CANARY_SHARE, "module" => module.clone()).set(0.0);
        let (action, after) = match verdict {
            "promoted" => (Action::Promote, Some(version)),
            _ => (Action::Abort, before.as_ref()),
        };
        let change = Change::new(actor, action).of(module);
        self.changes().record(
            change
                .versions(before.as_deref(), after.map(String::as_str))
                .saying(Some(reason.clone())),
        );
        let at_ms = Activation::now("", 0, Origin::Canary).at_ms;
        let past = PastCanary {
            digest: version.clone(),
            verdict,
            reason,
            at_ms,
            active: active.status(),
            canary: canary.status(),
        };
        self.ended().insert(module.clone(), past);
    }

    /// The canary of a module, when it has one.
    pub(super) fn canary(&self, module: &str) -> Option<CanaryStatus> {
        let app = self.app()?;
        app.canary
            .as_ref()
            .filter(|canary| canary.trial.module == module)
            .map(|canary| CanaryStatus::of(&canary.trial))
    }

    /// How the last canary of a module ended.
    pub(super) fn last_canary(&self, module: &str) -> Option<PastCanary> {
        self.ended().get(module).cloned()
    }

    /// Why a module's turn at the gate is taken.
    pub(super) fn busy(&self, module: &str) -> DeployError {
        match self.canary(module) {
            Some(_) => DeployError::CanaryRuns(module.to_owned()),
            None => DeployError::Busy(module.to_owned()),
        }
    }

    fn ended(&self) -> MutexGuard<'_, BTreeMap<String, PastCanary>> {
        // Nothing panics while it is held.
        self.canaries.ended.lock()
    }
}
