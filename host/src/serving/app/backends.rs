//! The backends of an app: pools as the configuration wants them, reached by guests, checked and described for operators.

use std::time::{Duration, Instant};

use mayfly_config::{Config, Problem};
use mayfly_error::CallError;
use mayfly_runtime::capability::{Before, Pools, Surroundings};
use mayfly_runtime::imports::Backends;

use super::App;

/// How long a readiness check waits for a backend.
const CHECK_TIME: Duration = Duration::from_secs(2);
/// How long all backends together may take to describe their statements.
const DESCRIBE_TIME: Duration = Duration::from_secs(60);

impl App {
    /// Begins to keep connections ready, to close those that grew old, and to fetch the keys of issuers. Checking an app does without.
    pub fn keep_connections(&self) {
        self.pools.iter().for_each(|pool| pool.start());
        self.keep_keys();
    }

    /// Begins to fetch the keys of issuers, where that has not begun.
    pub fn keep_keys(&self) {
        if let Some(callers) = &self.callers {
            callers.start();
        }
    }

    /// What the backends need of the host's surroundings, or go without, in words for operators, with the backend's name.
    pub async fn missing(&self) -> Vec<(String, String)> {
        let mut all = missing(&self.pools).await;
        all.extend(gone_without(&self.pools));
        all
    }

    /// Logs, beside everything else, how many documents of the manifest the schema does not know how to answer.
    pub fn tell_invalid_documents(&self) {
        let (documents, engine) = (self.documents.clone(), self.engine.clone());
        // There may be thousands, and each takes as long as a request does to be checked.
        tokio::task::spawn_blocking(move || {
            let trusted = documents.trusted();
            let invalid = trusted.map(|trusted| trusted.invalid(&engine));
            let invalid = invalid.unwrap_or_default();
            if let Some(first) = invalid.first() {
                tracing::warn!(
                    count = invalid.len(),
                    "documents of the manifest cannot be answered; the first is {first}; `mayfly check` names all"
                );
            }
        });
    }

    /// Logs the same beside the start: whatever needs no credentials is served without.
    pub fn tell_missing(&self) {
        // The pools alone: a version of the app is given back when it is replaced.
        let pools = self.pools.clone();
        tokio::spawn(async move {
            for (backend, missing) in missing(&pools).await {
                tracing::error!(backend, "{missing}");
            }
            for (backend, missing) in gone_without(&pools) {
                tracing::warn!(backend, "{missing}");
            }
        });
    }

    /// Whether each backend answers, and the keys of each issuer are known, by its name in the configuration.
    pub async fn check_backends(&self) -> Vec<(String, Result<(), CallError>)> {
        let deadline = (Instant::now() + CHECK_TIME).into();
        let mut checks = Vec::new();
        for pool in self.pools.iter() {
            checks.push((pool.name(), pool.check(deadline).await));
        }
        checks.extend(self.callers.iter().flat_map(|callers| callers.check()));
        checks
    }

    /// Gets the keys of issuers that are new to this app, and says which cannot be fetched although they could as it was before.
    pub async fn lost_keys(&self, before: &Self, config: &Config) -> Vec<Problem> {
        match &self.callers {
            None => Vec::new(),
            Some(callers) => callers.lost(before.callers.as_deref(), config).await,
        }
    }

    /// What the backends say that the configuration does not: that they do not answer, that a statement is not as declared, or that an
    /// issuer's keys are of no use.
    pub async fn describe_backends(&self, config: &Config) -> Vec<Problem> {
        let deadline = (Instant::now() + DESCRIBE_TIME).into();
        let mut problems = Vec::new();
        for pool in self.pools.iter() {
            problems.extend(pool.describe(config, deadline).await);
        }
        if let Some(callers) = &self.callers {
            problems.extend(callers.fetch(config).await);
        }
        problems.sort_by_key(|problem| problem.line);
        problems
    }
}

async fn missing(pools: &Pools) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for pool in pools.iter() {
        let missing = pool.missing().await.into_iter();
        all.extend(missing.map(|missing| (pool.name(), missing)));
    }
    all
}

fn gone_without(pools: &Pools) -> impl Iterator<Item = (String, String)> {
    pools.iter().flat_map(|pool| {
        let missing = pool.goes_without().into_iter();
        missing.map(|missing| (pool.name(), missing))
    })
}

/// Pools for the backends of a configuration, and how guests reach them; those of `before` that are configured as they were are used
/// on, connections and all.
pub(super) async fn connect(
    config: &Config,
    surroundings: &Surroundings,
    before: Option<Before<'_>>,
    problems: &mut Vec<Problem>,
) -> (Pools, Backends) {
    let mut pools = Pools::default();
    let mut backends = Backends::default();
    for capability in surroundings.capabilities {
        let connected = capability
            .connect(config, surroundings, before, problems)
            .await;
        pools.extend(connected.pools);
        if let Some(reach) = connected.reach {
            backends = reach(backends);
        }
    }
    (pools, backends)
}
