//! The pool of one database, and what runs on it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use mayfly_error::{CallCode, CallError};
use tokio::time::Instant;

use super::connection::Closed;
use super::connections::Connections;
use super::declared;
use super::engine::Engine;
use super::gate::Gate;
use super::lease::Lease;
use super::manager::{Manager, answers};
use super::pool_metrics::PoolMetrics;
use super::shared::{Shared, UpkeepLimits};
use super::statement::StatementProblem;
use super::statements::{Statements, prepare, prepare_all};
use super::upkeep;
use crate::holders::{Borrower, WaitedInVain};
use crate::share::Share;
use crate::time_limit::too_late;

/// The host's connections to one database. Cheap to clone.
#[derive(Debug)]
pub struct Pool<E: Engine> {
    pub(super) shared: Arc<Shared<E>>,
    pub(super) statements: Arc<Statements<E>>,
    /// By module; the whole pool for those not named.
    pub(super) shares: Arc<HashMap<String, Share>>,
}

impl<E: Engine> Clone for Pool<E> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            statements: Arc::clone(&self.statements),
            shares: Arc::clone(&self.shares),
        }
    }
}

/// What a pool is told of its connections.
#[derive(Debug)]
pub(super) struct PoolLimits {
    /// The backend's name.
    pub(super) name: String,
    /// Connections there may be.
    pub(super) max_connections: usize,
    /// Connections that are kept ready.
    pub(super) min_connections: usize,
    /// For connecting, login included.
    pub(super) connect_timeout: Duration,
    pub(super) max_age: Duration,
    pub(super) max_idle: Duration,
    pub(super) check_after: Duration,
    pub(super) max_uses: u64,
    pub(super) wait_timeout: Duration,
    pub(super) recycle_timeout: Duration,
    pub(super) max_value_bytes: usize,
    pub(super) session_procedures: Vec<String>,
}

/// A pool at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolStatus {
    /// Connections that exist, those being closed included.
    pub size: usize,
    /// Connections on loan, those being rolled back or closed included.
    pub in_use: usize,
    /// Callers waiting for one.
    pub waiting: usize,
    /// Connections there may be.
    pub max_connections: usize,
    /// Connections on loan by module; zero for one that had some before.
    pub holders: Vec<(Arc<str>, usize)>,
    /// Callers waiting by module; zero for one that had some before.
    pub waiters: Vec<(Arc<str>, usize)>,
    /// Connections closed since the start, by reason.
    pub closed: Vec<(&'static str, u64)>,
}

impl<E: Engine> Pool<E> {
    /// Prepares the pool and reads its statements; opens nothing. `engine` is what connects, or what is wrong with it. Those of
    /// `statements` that name another backend are left out.
    ///
    /// # Errors
    ///
    /// Every problem of the backend and its statements.
    pub(super) fn prepare(
        limits: PoolLimits,
        engine: Result<E, StatementProblem>,
        statements: &[declared::Statement<E::Type>],
    ) -> Result<Self, Vec<StatementProblem>> {
        let prepared = prepare_all::<E>(&limits.name, statements, &limits.session_procedures);
        let (statements, engine) = match (prepared, engine) {
            (Ok(statements), Ok(engine)) => (statements, engine),
            (prepared, engine) => {
                let problems = prepared.err().into_iter().flatten();
                return Err(problems.chain(engine.err()).collect());
            }
        };
        adopt(&engine, &statements);
        let meters = Arc::new(PoolMetrics::new(&limits.name));
        let manager = Manager {
            name: limits.name.clone(),
            engine,
            connect_timeout: limits.connect_timeout,
            max_age: limits.max_age,
            max_uses: limits.max_uses,
            check_after: limits.check_after,
            meters: Arc::clone(&meters),
            gate: Gate::default(),
        };
        let max_connections = limits.max_connections.max(1);
        Ok(Self {
            statements: Arc::new(statements),
            shares: Arc::default(),
            shared: Arc::new(Shared {
                name: limits.name,
                connections: Connections::new(manager, max_connections),
                meters,
                max_value_bytes: limits.max_value_bytes,
                upkeep: UpkeepLimits {
                    max_age: limits.max_age,
                    max_idle: limits.max_idle,
                    check_after: limits.check_after,
                    min_connections: limits.min_connections.min(limits.max_connections),
                },
                recycle_timeout: limits.recycle_timeout,
                session_procedures: limits.session_procedures,
                holders: Arc::default(),
                waiters: Arc::default(),
                waited_in_vain: WaitedInVain::default(),
                max_connections,
                wait_timeout: limits.wait_timeout,
            }),
        })
    }

    /// The same pool with other statements: for an app that was loaded again while its backends stayed the same.
    ///
    /// # Errors
    ///
    /// Every problem of the statements.
    pub fn with_statements(
        &self,
        statements: &[declared::Statement<E::Type>],
    ) -> Result<Self, Vec<StatementProblem>> {
        let shared = &self.shared;
        let statements = prepare_all::<E>(&shared.name, statements, &shared.session_procedures)?;
        adopt(shared.connections.engine(), &statements);
        Ok(Self {
            statements: Arc::new(statements),
            ..self.clone()
        })
    }

    /// The same pool, of whose connections a module may have at most this many at once, those being closed included.
    #[must_use]
    pub fn with_shares(
        &self,
        connections_by_module: impl IntoIterator<Item = (String, usize)>,
    ) -> Self {
        let shares = connections_by_module
            .into_iter()
            .map(|(module, most)| (module, Share::of(most)))
            .collect();
        Self {
            shares: Arc::new(shares),
            ..self.clone()
        }
    }

    /// Every problem of statements, whatever their backend: for a check of the configuration that makes no pool.
    #[must_use]
    pub fn check_statements(statements: &[declared::Statement<E::Type>]) -> Vec<StatementProblem> {
        statements
            .iter()
            .filter_map(|statement| prepare::<E>(statement, &[]).err())
            .flatten()
            .collect()
    }

    /// Starts the upkeep: idle and old connections are closed, `min_connections` kept ready. It ends with the pool. Needs a
    /// runtime; without it the pool works, but keeps what it has opened until the next use.
    pub fn start_upkeep(&self) {
        tokio::spawn(upkeep::run(Arc::downgrade(&self.shared)));
    }

    /// Whether a pooled connection answers, for readiness.
    ///
    /// # Errors
    ///
    /// `unavailable` or `deadline`.
    pub async fn check(&self, deadline: Instant) -> Result<(), CallError> {
        let what = format!("backend `{}`", self.shared.name);
        let mut lease = self.lend_to_host("check", deadline).await?;
        let Some(connection) = lease.connection() else {
            return Err(too_late(&what));
        };
        let patience = deadline.duration_since(Instant::now());
        answers::<E>(connection, patience)
            .await
            .map_err(|error| match error {
                Some(error) => {
                    CallError::new(CallCode::Unavailable, format!("{what}: does not answer"))
                        .with_detail(error.to_string())
                }
                None => too_late(&what),
            })
    }

    /// A connection for the host's own use.
    pub(super) async fn lend_to_host(
        &self,
        purpose: &str,
        deadline: Instant,
    ) -> Result<Lease<E>, CallError> {
        let what = format!("backend `{}`", self.shared.name);
        let (share, host) = (Share::default(), Borrower::host());
        self.shared
            .lend(&share, &what, &host, &purpose.into(), deadline)
            .await
    }

    /// The name of the backend.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// The pool at this moment.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        let shared = &self.shared;
        PoolStatus {
            size: shared.connections.size(),
            in_use: shared.holders.len(),
            waiting: shared.waiters.len(),
            max_connections: shared.max_connections,
            holders: shared.holders.by_module(),
            waiters: shared.waiters.by_module(),
            closed: Closed::ALL
                .iter()
                .map(|reason| (reason.as_str(), shared.meters.closed_count(*reason)))
                .collect(),
        }
    }
}

fn adopt<E: Engine>(engine: &E, statements: &Statements<E>) {
    engine.adopt(statements.values().map(|statement| &**statement));
}
