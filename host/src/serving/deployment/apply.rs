//! Applying an app that changed on disk: schema, statements, grants and modules become one new snapshot, or everything is refused.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mayfly_config::{Config, FILE, Problem, Problems};
use mayfly_graphql::{Change, ChangeKind, Severity};
use mayfly_runtime::capability::load;
use mayfly_telemetry::names;
use metrics::counter;

use super::swap::count;
use super::{Deployment, Swapped, note_start};
use crate::history::{Action, Actor, Change as Changed};
use crate::serving::app::{App, NextApp};
use crate::serving::memory_plan::MemoryPlan;
use crate::serving::snapshot::Apply;
use mayfly_runtime::modules::writing_remedy;

/// How often it is tried again when versions are swapped in between.
const ATTEMPTS: usize = 8;

/// Characters of the problems of an app that are kept with the change that was not made; the log has all of them.
const TOLD_CHARACTERS: usize = 1_000;

/// What applying did.
#[derive(Debug)]
pub struct Applied {
    /// Whether anything was different.
    pub changed: bool,
    /// What clients may notice, breaking changes included when they were allowed.
    pub changes: Vec<Change>,
    /// Modules that go on with another version, or are new.
    pub swapped: Vec<Swapped>,
}

/// Why nothing was applied. What was served is still served.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The app is still being loaded.
    #[error("the app is still being loaded; try again")]
    Loading,
    /// What is on disk is wrong, or needs a restart.
    #[error("{0}")]
    Problems(Problems),
    /// Backends would not be reached any more that are reached now.
    #[error("{0}")]
    OutOfReach(Problems),
    /// Clients would break.
    #[error("{} of the changes would break clients; use `--allow-breaking` (`allow_breaking=true`) to apply them anyway", .0.len())]
    Breaking(Vec<Change>),
    /// Versions were swapped again and again meanwhile.
    #[error("modules were swapped while the app was being read; try again")]
    Busy,
    /// The list of active versions cannot be written, or a task was lost.
    #[error("the app cannot be applied: {0}")]
    Failed(String),
}

impl Deployment {
    /// The configuration that is served.
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        self.config.load_full()
    }

    /// Applies what changed in the app's directory. Operations under way end on the snapshot they began with; a canary ends.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, or what would break for clients, unless that is allowed.
    pub async fn apply(
        self: &Arc<Self>,
        allow_breaking: bool,
        actor: Actor,
    ) -> Result<Applied, ApplyError> {
        let this = self.clone();
        let applied = tokio::spawn(async move {
            let applied = this.clone().apply_now(allow_breaking, &actor).await;
            tell(&applied);
            this.record_applied(&applied, &actor);
            applied
        });
        let applied = applied.await;
        applied.unwrap_or_else(|lost| Err(ApplyError::Failed(lost.to_string())))
    }

    async fn apply_now(
        self: Arc<Self>,
        allow_breaking: bool,
        actor: &Actor,
    ) -> Result<Applied, ApplyError> {
        let turn = self.snapshot.begin_apply().await;
        let was = self.config();
        let root = was.root.clone();
        let capabilities = self
            .app()
            .ok_or(ApplyError::Loading)?
            .surroundings
            .capabilities;
        let read = tokio::task::spawn_blocking(move || load(&root, capabilities)).await;
        let config = read
            .map_err(|lost| ApplyError::Failed(lost.to_string()))?
            .map_err(ApplyError::Problems)?;
        let config = Arc::new(config);
        for _ in 0..ATTEMPTS {
            let app = self.app().ok_or(ApplyError::Loading)?;
            let next = app
                .next(&config, &was, &self.store)
                .await
                .map_err(ApplyError::Problems)?;
            let changes = app.engine.schema().changes_to(next.app.engine.schema());
            let breaking: Vec<_> = changes
                .iter()
                .filter(|change| change.severity == Severity::Breaking)
                .cloned()
                .collect();
            if !allow_breaking && !breaking.is_empty() {
                return Err(ApplyError::Breaking(breaking));
            }
            if config == was
                && app.engine.schema().sdl() == next.app.engine.schema().sdl()
                && same(&app, &next.app)
            {
                return Ok(Applied {
                    changed: false,
                    changes,
                    swapped: Vec::new(),
                });
            }
            let mut lost = out_of_reach(&config, &app, &next).await;
            lost.extend(next.app.lost_keys(&app, &config).await);
            if !lost.is_empty() {
                return Err(ApplyError::OutOfReach(Problems(lost)));
            }
            // Both of its sides were of the app that goes.
            self.abort_any("another app was applied", actor.clone())
                .await;
            if let Some(swapped) = self.serve_next(&turn, &app, next).await? {
                self.config.store(config);
                if let Some(now) = self.app() {
                    if now.lets_anybody_in() && !app.lets_anybody_in() {
                        tracing::warn!(
                            "everybody may call now: [callers] is gone, or `callers.anonymous` is true"
                        );
                    }
                    now.tell_invalid_documents();
                    MemoryPlan::of(&self.config(), &now, self.own_bytes).tell();
                }
                return Ok(Applied {
                    changed: true,
                    changes,
                    swapped,
                });
            }
        }
        Err(ApplyError::Busy)
    }

    /// Keeps what applying did, unless it did nothing.
    fn record_applied(&self, applied: &Result<Applied, ApplyError>, actor: &Actor) {
        let change = Changed::new(actor, Action::Apply);
        match applied {
            Ok(applied) if applied.changed => {
                let message = format!(
                    "{} changes of the schema that clients may notice, {} modules with another version",
                    applied.changes.len(),
                    applied.swapped.len()
                );
                for swapped in &applied.swapped {
                    let change = Changed::new(actor, Action::Apply).of(&swapped.module);
                    let before =
                        Some(swapped.previous.as_str()).filter(|before| !before.is_empty());
                    self.changes()
                        .record(change.versions(before, Some(&swapped.digest)));
                }
                self.changes().record(change.saying(Some(message)));
            }
            Ok(_) => {}
            Err(error) => {
                let told: String = error.to_string().chars().take(TOLD_CHARACTERS).collect();
                self.changes().record(change.refused(told));
            }
        }
    }

    /// Serves the next app; none when versions were swapped since it was read.
    async fn serve_next(
        self: &Arc<Self>,
        turn: &Apply<'_>,
        seen: &App,
        next: NextApp,
    ) -> Result<Option<Vec<Swapped>>, ApplyError> {
        let NextApp { app: next, pinned } = next;
        let swap = turn.begin_swap().await;
        let now = swap.app().ok_or(ApplyError::Loading)?;
        if !same(&now, seen) {
            return Ok(None);
        }
        let (active, kept): (Vec<_>, _) = (next.versions.values().cloned().collect(), self.kept);
        self.change(move |record| note_start(record, &active, kept))
            .await
            .map_err(|error| {
                ApplyError::Failed(format!(
                    "the list of active versions cannot be written: {error}; {}",
                    writing_remedy(&error)
                ))
            })?;
        let next = Arc::new(next);
        swap.replace(next.clone());
        now.pools.clear_gauges_without(&next.pools);
        let mut swapped = Vec::new();
        for (name, version) in &next.versions {
            let before = now.versions.get(name);
            if before.is_some_and(|before| before.digest == version.digest) {
                continue;
            }
            self.slot(name).swapped(before.cloned());
            let previous = before
                .map(|before| before.digest.clone())
                .unwrap_or_default();
            swapped.push(Swapped {
                module: name.clone(),
                digest: version.digest.clone(),
                previous,
                warning: None,
            });
        }
        drop(swap);
        next.pools.new_ones().for_each(|pool| pool.start());
        next.keep_keys();
        swapped.iter().for_each(|swapped| count(swapped, "apply"));
        drop(pinned);
        self.collect();
        Ok(Some(swapped))
    }
}

/// How long a new pool may take for its first connection: a login may be slow, and nobody waits for this one.
const FIRST_CONNECTION: Duration = Duration::from_secs(10);

/// Backends whose new pool gets no connection while the one it replaces has some: a password that was changed here before it was
/// there, for example. Those that do are left with a connection, so that the first call does not wait for one.
async fn out_of_reach(config: &Config, app: &App, next: &NextApp) -> Vec<Problem> {
    let mut problems = Vec::new();
    for next in next.app.pools.new_ones() {
        let name = next.name();
        let Some(before) = app.pools.named(&name) else {
            continue;
        };
        let deadline = || (Instant::now() + FIRST_CONNECTION).into();
        let Err(error) = next.check(deadline()).await else {
            continue;
        };
        if before.check(deadline()).await.is_err() {
            // There is nothing to lose.
            continue;
        }
        let why = if error.detail.is_empty() {
            &error.message
        } else {
            &error.detail
        };
        problems.push(Problem {
            file: config.root.join(FILE),
            line: next.line(),
            column: 0,
            message: format!(
                "`{name}` cannot be reached as it is configured now: {why}; its previous connections stay in use"
            ),
        });
    }
    problems
}

/// Whether two snapshots have the same versions under the same schema.
fn same(one: &App, other: &App) -> bool {
    one.versions.len() == other.versions.len()
        && one
            .versions
            .iter()
            .zip(&other.versions)
            .all(|(one, other)| one.0 == other.0 && Arc::ptr_eq(one.1, other.1))
}

/// Counts and logs what applying did.
fn tell(applied: &Result<Applied, ApplyError>) {
    let outcome = match applied {
        Ok(applied) if applied.changed => {
            tracing::info!(modules = applied.swapped.len(), "applied");
            for change in &applied.changes {
                let severity = change.severity.as_str();
                if change.kind == ChangeKind::RulesChanged {
                    tracing::warn!(severity, "schema: {change}");
                } else {
                    tracing::info!(severity, "schema: {change}");
                }
            }
            "applied"
        }
        Ok(_) => {
            tracing::info!("nothing to apply: what is on disk is what is served");
            "unchanged"
        }
        Err(error) => {
            tracing::warn!("not applied: {error}");
            if let ApplyError::Breaking(changes) = error {
                changes.iter().for_each(|change| {
                    tracing::warn!(severity = change.severity.as_str(), "schema: {change}")
                });
            }
            "refused"
        }
    };
    counter!(names::APPLIES, "outcome" => outcome).increment(1);
}
