//! The pool of one SQL Server, and what runs on it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::sql::configuration::{ApplicationIntent, Encryption};
use mayfly_config::Endpoint;
use mayfly_config::file::read_bytes;
use mayfly_error::{CallCode, CallError};
use tiberius::{AuthMethod, EncryptionLevel};
use tokio::time::Instant;

use super::connection::Closed;
use super::connections::Connections;
use super::holders::Borrower;
use super::manager::{Gate, Manager};
use super::pool_metrics::PoolMetrics;
use super::shared::{Shared, UpkeepLimits};
use super::statement::{Statement, StatementProblem};
use super::upkeep;
use crate::share::Share;
use crate::time_limit::too_late;

/// The host's connections to one SQL Server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SqlServer {
    pub(super) shared: Arc<Shared>,
    pub(super) statements: Arc<Statements>,
    /// By module; the whole pool for those not named.
    pub(super) shares: Arc<HashMap<String, Share>>,
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
    /// Connections on loan by module; zero for one that had some before.
    pub holders: Vec<(Arc<str>, usize)>,
    /// Callers waiting by module; zero for one that had some before.
    pub waiters: Vec<(Arc<str>, usize)>,
    /// Connections closed since the start, by reason.
    pub closed: Vec<(&'static str, u64)>,
}

impl SqlServer {
    /// Prepares the pool and reads its statements; opens nothing. `embedded` is where the embedded endpoint listens. Those of
    /// `statements` that name another backend are left out.
    ///
    /// # Errors
    ///
    /// Every problem of the backend and its statements.
    pub fn new(
        config: &crate::sql::configuration::Backend,
        embedded: Option<SocketAddr>,
        statements: &[crate::sql::configuration::Statement],
    ) -> Result<Self, Vec<StatementProblem>> {
        let meters = Arc::new(PoolMetrics::new(&config.name));
        let prepared = prepare(&config.name, statements, &config.session_procedures);
        let (statements, manager) = match (prepared, manager(config, embedded, Arc::clone(&meters)))
        {
            (Ok(statements), Ok(manager)) => (statements, manager),
            (prepared, manager) => {
                return Err(prepared
                    .err()
                    .into_iter()
                    .flatten()
                    .chain(manager.err())
                    .collect());
            }
        };
        let max_connections = config.max_connections.max(1);
        let connections = Connections::new(manager, max_connections);
        read_lossily(&connections, &statements);
        Ok(Self {
            statements: Arc::new(statements),
            shares: Arc::default(),
            shared: Arc::new(Shared {
                name: config.name.clone(),
                connections,
                meters,
                max_value_bytes: config.max_value_bytes,
                upkeep: UpkeepLimits {
                    max_age: config.max_age,
                    max_idle: config.max_idle,
                    check_after: config.check_after,
                    min_connections: config.min_connections.min(config.max_connections),
                },
                recycle_timeout: config.recycle_timeout,
                session_procedures: config.session_procedures.clone(),
                holders: Arc::default(),
                waiters: Arc::default(),
                max_connections,
                wait_timeout: config.wait_timeout,
            }),
        })
    }

    /// The same pool with other statements: for an app that was loaded anew while its backends stayed the same.
    ///
    /// # Errors
    ///
    /// Every problem of the statements.
    pub fn with_statements(
        &self,
        statements: &[crate::sql::configuration::Statement],
    ) -> Result<Self, Vec<StatementProblem>> {
        let statements = Arc::new(prepare(
            &self.shared.name,
            statements,
            &self.shared.session_procedures,
        )?);
        read_lossily(&self.shared.connections, &statements);
        Ok(Self {
            statements,
            ..self.clone()
        })
    }

    /// The same pool, of whose connections a module may have at most so many at once, those being closed included.
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
    pub fn check_statements(
        statements: &[crate::sql::configuration::Statement],
    ) -> Vec<StatementProblem> {
        statements
            .iter()
            .filter_map(|statement| Statement::prepare(statement, &[]).err())
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
        let mut lease = self
            .shared
            .lend(
                &Share::default(),
                &what,
                &Borrower::host(),
                &"check".into(),
                deadline,
            )
            .await?;
        let Some(connection) = lease.connection() else {
            return Err(too_late(&what));
        };
        let patience = deadline.duration_since(Instant::now());
        connection
            .answers(patience)
            .await
            .map_err(|error| match error {
                Some(error) => {
                    CallError::new(CallCode::Unavailable, format!("{what}: does not answer"))
                        .with_detail(error.to_string())
                }
                None => too_late(&what),
            })
    }

    /// The name of the backend.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// The pool at this moment.
    #[must_use]
    pub fn status(&self) -> SqlServerStatus {
        let shared = &self.shared;
        SqlServerStatus {
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

/// The driver reads lossily by connection, so all do where one statement asks for it; `rows` finds what others must not be given.
fn read_lossily(connections: &Connections, statements: &Statements) {
    if statements.values().any(|statement| statement.lossy) {
        connections.read_lossily();
    }
}

fn prepare(
    backend: &str,
    statements: &[crate::sql::configuration::Statement],
    marked: &[String],
) -> Result<Statements, Vec<StatementProblem>> {
    let mut problems = Vec::new();
    let mut by_name = HashMap::new();
    for statement in statements
        .iter()
        .filter(|statement| statement.backend == backend)
    {
        match Statement::prepare(statement, marked) {
            Ok(prepared) => drop(by_name.insert(statement.name.clone(), Arc::new(prepared))),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() {
        Ok(by_name)
    } else {
        Err(problems)
    }
}

fn manager(
    config: &crate::sql::configuration::Backend,
    embedded: Option<SocketAddr>,
    meters: Arc<PoolMetrics>,
) -> Result<Manager, StatementProblem> {
    let problem =
        |text: &str, remedy: &str| StatementProblem::of_backend(&config.name, text, remedy);
    let address = match (&config.address, embedded) {
        (Endpoint::Embedded, Some(address)) => address.to_string(),
        (Endpoint::Embedded, None) => {
            return Err(problem(
                "the embedded endpoint is not running",
                "start it, or name a server",
            ));
        }
        (Endpoint::At(address), _) => address.clone(),
        (Endpoint::Vendor, _) => {
            return Err(problem("has no address", "write `address = \"host:port\"`"));
        }
    };
    let Some((host, port)) = address
        .rsplit_once(':')
        .and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)))
    else {
        return Err(problem(
            &format!("address `{address}` has no port"),
            "write `address = \"host:port\"`",
        ));
    };
    let mut settings = tiberius::Config::new();
    settings.host(host.trim_matches(['[', ']']));
    settings.port(port);
    settings.database(&config.database);
    settings.application_name(&config.application_name);
    settings.readonly(config.application_intent == ApplicationIntent::ReadOnly);
    settings.authentication(AuthMethod::sql_server(
        &config.user,
        config.password.expose(),
    ));
    // Connecting is bounded as a whole, and the driver's advice is about its functions.
    settings.handshake_timeout(None);
    // The driver's own bound leaves a connection out of step; every call has its deadline instead.
    settings.command_timeout(None);
    match config.encryption {
        // `Off` would be raised to `On` by the driver, and hang.
        Encryption::Off => settings.encryption(EncryptionLevel::NotSupported),
        Encryption::Required => settings.encryption(EncryptionLevel::Required),
    }
    if let (Encryption::Required, Some(file)) = (config.encryption, &config.ca_file) {
        settings.trust_cert_ca_bundle(
            certificates(file).map_err(|text| problem(&text, "correct `ca_file`"))?,
        );
    }
    if let Some(name) = &config.host_name_in_certificate {
        settings.hostname_in_certificate(name);
    }
    Ok(Manager {
        name: config.name.clone(),
        settings,
        address,
        first_batch: first_batch(config.max_value_bytes),
        connect_timeout: config.connect_timeout,
        max_age: config.max_age,
        max_uses: config.max_uses,
        check_after: config.check_after,
        encrypts: config.encryption == Encryption::Required,
        lossy: AtomicBool::new(false),
        meters,
        gate: Gate::default(),
    })
}

/// The largest file of certificates, in bytes: those of all public CAs together have a quarter of a MiB.
const MAX_CERTIFICATES_BYTES: u64 = 16 << 20;

/// The certificates of a PEM file.
fn certificates(file: &Path) -> Result<Vec<u8>, String> {
    let read = read_bytes(file, MAX_CERTIFICATES_BYTES)
        .map_err(|error| format!("ca_file {} cannot be read: {error}", file.display()))?;
    if String::from_utf8_lossy(&read).contains("-----BEGIN CERTIFICATE-----") {
        return Ok(read);
    }
    Err(format!(
        "ca_file {} holds no certificate in PEM",
        file.display()
    ))
}

/// What makes a session the one that statements find, whatever the server's `user options` say.
///
/// `TEXTSIZE`: the server cuts longer values off silently. Two bytes for each allowed one, and two more: a cut-off value is then
/// longer than allowed in UTF-16 too, and is refused instead of passed on. `NOCOUNT`: rows affected would not be told.
/// `IMPLICIT_TRANSACTIONS`: every statement would leave a transaction open.
fn first_batch(max_value_bytes: usize) -> String {
    let bytes = max_value_bytes.saturating_add(1).saturating_mul(2);
    let bytes = i32::try_from(bytes).unwrap_or(i32::MAX);
    format!("SET TEXTSIZE {bytes}; SET NOCOUNT OFF; SET IMPLICIT_TRANSACTIONS OFF")
}
