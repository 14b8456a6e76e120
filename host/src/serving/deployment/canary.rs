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
use serde::Serialize;

use super::{Admitted, DeployError, Deployment, Swapped, Turn, active};
use crate::serving::canary::{TallyStatus, Trial, Verdict};
use mayfly_runtime::modules::{Activation, Origin, Pinned, Refusal, Step, writing_remedy};

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
    fn of(trial: &Trial) -> Self {
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
        component: Pinned,
        asked: Vec<(String, String)>,
    ) -> Result<CanaryStatus, DeployError> {
        let (this, name) = (self.clone(), module.to_owned());
        let begun =
            tokio::spawn(async move { this.begin_now(&name, component, &asked).await }).await;
        begun.unwrap_or_else(|lost| Err(Refusal::new(module, Step::Swap, lost.to_string()).into()))
    }

    async fn begin_now(
        self: Arc<Self>,
        module: &str,
        component: Pinned,
        asked: &[(String, String)],
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
        let admitted = self
            .admit(module, component, Origin::Canary, Turn::Now)
            .await?;
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
                .end(|running| running.id == trial.id, &trial.module, verdict)
                .await;
        });
    }

    /// Makes the version that is tried the active one, whatever was counted so far.
    ///
    /// # Errors
    ///
    /// When the module has no canary, or the list on disk cannot be changed; the canary is over then.
    pub async fn promote(self: &Arc<Self>, module: &str) -> Result<Swapped, DeployError> {
        let verdict = Verdict::Promote("promoted by hand".to_owned());
        let swapped = self
            .end(|trial| trial.module == module, module, verdict)
            .await?;
        swapped.ok_or_else(|| DeployError::NoCanary(module.to_owned()))
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
    ) -> Result<PastCanary, DeployError> {
        self.end(
            |trial| trial.module == module,
            module,
            Verdict::Abort(reason.to_owned()),
        )
        .await?;
        self.last_canary(module)
            .ok_or_else(|| DeployError::NoCanary(module.to_owned()))
    }

    /// Ends whatever canary runs.
    pub(super) async fn abort_any(self: &Arc<Self>, reason: &str) {
        // That there is none is fine.
        let _ = self
            .end(|_| true, "", Verdict::Abort(reason.to_owned()))
            .await;
    }

    /// Ends the canary that `which` picks, in a task of its own, so that it is ended wholly or not at all.
    async fn end(
        self: &Arc<Self>,
        which: impl Fn(&Trial) -> bool,
        module: &str,
        verdict: Verdict,
    ) -> Result<Option<Swapped>, DeployError> {
        let mut running = self.canaries.running.lock().await;
        let picked = running
            .take_if(|running| which(&running.trial))
            .ok_or_else(|| DeployError::NoCanary(module.to_owned()))?;
        drop(running);
        let this = self.clone();
        let ended = tokio::spawn(async move { this.end_now(picked, verdict).await }).await;
        ended.unwrap_or_else(|lost| Err(Refusal::new(module, Step::Swap, lost.to_string()).into()))
    }

    async fn end_now(
        self: Arc<Self>,
        running: Running,
        verdict: Verdict,
    ) -> Result<Option<Swapped>, DeployError> {
        let Running { trial, admitted } = running;
        trial.end(verdict.clone());
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
        self.note_end(&trial, verdict);
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
    fn note_end(&self, trial: &Trial, verdict: Verdict) {
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
