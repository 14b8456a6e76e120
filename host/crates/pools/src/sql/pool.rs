//! The pool of one SQL Server, and what runs on it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use deadpool::Runtime;
use deadpool::managed::{Pool, PoolError, QueueMode};
use mayfly_config::{Encryption, Place};
use mayfly_error::{CallCode, CallError};
use tiberius::{AuthMethod, EncryptionLevel};
use tokio::time::{Instant, timeout_at};

use super::connection::Closed;
use super::lease::{Count, Lease};
use super::manager::{ConnectError, Gate, Manager};
use super::statement::{Problem, Statement};
use super::upkeep;
use crate::clock::too_late;

/// The host's connections to one SQL Server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SqlServer {
    pub(super) shared: Arc<Shared>,
    pub(super) statements: Arc<Statements>,
}

/// The statements of one backend, by name.
pub(super) type Statements = HashMap<String, Arc<Statement>>;

/// A pool at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlServerStatus {
    /// Connections that exist, those being closed included.
    pub size: usize,
    /// Connections on loan, those being rolled back or closed included.
    pub in_use: usize,
    /// Callers waiting for one.
    pub waiting: usize,
    /// Connections there may be.
    pub max_connections: usize,
    /// Connections closed since the start, by reason.
    pub closed: Vec<(&'static str, u64)>,
}

/// What every clone shares.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) name: String,
    pub(super) pool: Pool<Manager>,
    pub(super) counters: Arc<Counters>,
    pub(super) in_use: Arc<AtomicUsize>,
    pub(super) max_value_bytes: usize,
    pub(super) limits: upkeep::Limits,
    waiting: Arc<AtomicUsize>,
    max_connections: usize,
}

/// Connections closed, by reason.
#[derive(Debug)]
pub(super) struct Counters {
    backend: String,
    closed: [AtomicU64; Closed::ALL.len()],
}

impl Counters {
    /// One was closed.
    pub(super) fn closed(&self, reason: Closed) {
        if let Some(count) = self.closed.get(reason as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        tracing::debug!(backend = self.backend, reason = reason.as_str(), "a connection was closed");
        metrics::counter!(
            "mayfly_sql_connections_closed_total",
            "backend" => self.backend.clone(),
            "reason" => reason.as_str()
        )
        .increment(1);
    }
}

impl SqlServer {
    /// Prepares the pool and reads its statements; opens nothing. `embedded` is where the embedded endpoint listens. Those of
    /// `statements` that name another backend are left out.
    ///
    /// # Errors
    ///
    /// Every problem of the backend and its statements.
    pub fn new(
        config: &mayfly_config::SqlServer,
        embedded: Option<SocketAddr>,
        statements: &[mayfly_config::Statement],
    ) -> Result<Self, Vec<Problem>> {
        let counters = Arc::new(Counters { backend: config.name.clone(), closed: Default::default() });
        let prepared = prepare(&config.name, statements);
        let (statements, manager) = match (prepared, manager(config, embedded, Arc::clone(&counters))) {
            (Ok(statements), Ok(manager)) => (statements, manager),
            (prepared, manager) => return Err(prepared.err().into_iter().flatten().chain(manager.err()).collect()),
        };
        let pool = Pool::builder(manager)
            .max_size(config.max_connections.max(1))
            // The connection used last is used next, so that those not needed grow old and are closed.
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| vec![Problem::of_backend(&config.name, &error.to_string(), "report this")])?;
        Ok(Self {
            statements: Arc::new(statements),
            shared: Arc::new(Shared {
                name: config.name.clone(),
                pool,
                counters,
                in_use: Arc::default(),
                max_value_bytes: config.max_value_bytes,
                limits: upkeep::Limits {
                    max_age: config.max_age,
                    max_idle: config.max_idle,
                    min_connections: config.min_connections.min(config.max_connections),
                },
                waiting: Arc::default(),
                max_connections: config.max_connections.max(1),
            }),
        })
    }

    /// The same pool with other statements: for an app that was loaded anew while its backends stayed the same.
    ///
    /// # Errors
    ///
    /// Every problem of the statements.
    pub fn with_statements(&self, statements: &[mayfly_config::Statement]) -> Result<Self, Vec<Problem>> {
        let statements = Arc::new(prepare(&self.shared.name, statements)?);
        Ok(Self { shared: Arc::clone(&self.shared), statements })
    }

    /// Every problem of statements, whatever their backend: for a check of the configuration that makes no pool.
    #[must_use]
    pub fn check_statements(statements: &[mayfly_config::Statement]) -> Vec<Problem> {
        statements.iter().filter_map(|statement| Statement::prepare(statement).err()).flatten().collect()
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
        let mut lease = self.shared.lend(&what, deadline).await?;
        let Some(connection) = lease.connection() else { return Err(too_late(&what)) };
        connection.asking();
        let answer = timeout_at(deadline, async { connection.client.simple_query("SELECT 1").await?.into_results().await }).await;
        match answer {
            Ok(Ok(_)) => {
                connection.answered();
                Ok(())
            }
            Ok(Err(error)) => {
                connection.failed(&error);
                Err(CallError::new(CallCode::Unavailable, format!("{what}: does not answer")).with_detail(error.to_string()))
            }
            Err(_) => Err(too_late(&what)),
        }
    }

    /// The pool at this moment.
    #[must_use]
    pub fn status(&self) -> SqlServerStatus {
        let shared = &self.shared;
        let count = |reason: &Closed| shared.counters.closed.get(*reason as usize).map_or(0, |n| n.load(Ordering::Relaxed));
        SqlServerStatus {
            size: shared.pool.status().size,
            in_use: shared.in_use.load(Ordering::Relaxed),
            waiting: shared.waiting.load(Ordering::Relaxed),
            max_connections: shared.max_connections,
            closed: Closed::ALL.iter().map(|reason| (reason.as_str(), count(reason))).collect(),
        }
    }
}

impl Shared {
    /// A connection, when one is free. `what` names the call in errors.
    pub(super) async fn lend(&self, what: &str, deadline: Instant) -> Result<Lease, CallError> {
        if Instant::now() >= deadline {
            return Err(too_late(what));
        }
        let _waiting = Count::of(&self.waiting);
        match timeout_at(deadline, self.pool.get()).await {
            Ok(Ok(object)) => Ok(Lease::new(object, self)),
            Ok(Err(error)) => Err(self.unavailable(what, &error)),
            Err(_) => {
                Err(CallError::new(CallCode::Deadline, format!("{what}: no connection to backend `{}` in time", self.name)))
            }
        }
    }

    fn unavailable(&self, what: &str, error: &PoolError<ConnectError>) -> CallError {
        CallError::new(CallCode::Unavailable, format!("{what}: backend `{}` cannot be reached", self.name))
            .with_detail(error.to_string())
    }
}

fn prepare(backend: &str, statements: &[mayfly_config::Statement]) -> Result<Statements, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut by_name = HashMap::new();
    for statement in statements.iter().filter(|statement| statement.backend == backend) {
        match Statement::prepare(statement) {
            Ok(prepared) => drop(by_name.insert(statement.name.clone(), Arc::new(prepared))),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() { Ok(by_name) } else { Err(problems) }
}

fn manager(config: &mayfly_config::SqlServer, embedded: Option<SocketAddr>, counters: Arc<Counters>) -> Result<Manager, Problem> {
    let problem = |text: &str, remedy: &str| Problem::of_backend(&config.name, text, remedy);
    let address = match (&config.address, embedded) {
        (Place::Embedded, Some(address)) => address.to_string(),
        (Place::Embedded, None) => return Err(problem("the embedded endpoint is not running", "start it, or name a server")),
        (Place::At(address), _) => address.clone(),
        (Place::Vendor, _) => return Err(problem("has no address", "write `address = \"host:port\"`")),
    };
    let Some((host, port)) = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?))) else {
        return Err(problem(&format!("address `{address}` has no port"), "write `address = \"host:port\"`"));
    };
    let mut settings = tiberius::Config::new();
    settings.host(host.trim_matches(['[', ']']));
    settings.port(port);
    settings.database(&config.database);
    settings.application_name("mayfly");
    settings.authentication(AuthMethod::sql_server(&config.user, config.password.expose()));
    settings.handshake_timeout(Some(config.connect_timeout));
    // The driver's own bound leaves a connection out of step; every call has its deadline instead.
    settings.command_timeout(None);
    match config.encryption {
        // `Off` would be raised to `On` by the driver, and hang.
        Encryption::Off => settings.encryption(EncryptionLevel::NotSupported),
        Encryption::Required => settings.encryption(EncryptionLevel::Required),
    }
    if let (Encryption::Required, Some(ca_file)) = (config.encryption, &config.ca_file) {
        settings.trust_cert_ca(ca_file.display());
    }
    Ok(Manager {
        settings,
        address,
        first_batch: first_batch(config.max_value_bytes),
        connect_timeout: config.connect_timeout,
        max_age: config.max_age,
        counters,
        gate: Gate::default(),
    })
}

/// The server cuts longer values off silently. Two bytes for each allowed one, and two more: a cut-off value is then longer than
/// allowed in UTF-16 too, and is refused instead of passed on.
fn first_batch(max_value_bytes: usize) -> String {
    let bytes = max_value_bytes.saturating_add(1).saturating_mul(2);
    format!("SET TEXTSIZE {}", i32::try_from(bytes).unwrap_or(i32::MAX))
}
