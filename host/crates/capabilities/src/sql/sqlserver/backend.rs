//! A pool of SQL Server connections, as `[sqlserver.NAME]` describes it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use mayfly_config::Endpoint;
use mayfly_config::file::read_bytes;
use tiberius::{AuthMethod, EncryptionLevel};

use super::configuration::{ApplicationIntent, Backend, Encryption};
use super::login::{SECTION, SqlServerEngine};
use super::sql_type::SqlType;
use crate::sql::declared::Statement;
use crate::sql::pool::{Pool, PoolLimits};
use crate::sql::statement::StatementProblem;

impl Pool<SqlServerEngine> {
    /// Prepares the pool and reads its statements; opens nothing. `embedded` is where the embedded endpoint listens. Those of
    /// `statements` that name another backend are left out.
    ///
    /// # Errors
    ///
    /// Every problem of the backend and its statements.
    pub fn new(
        config: &Backend,
        embedded: Option<SocketAddr>,
        statements: &[Statement<SqlType>],
    ) -> Result<Self, Vec<StatementProblem>> {
        let limits = PoolLimits {
            name: config.name.clone(),
            max_connections: config.max_connections,
            min_connections: config.min_connections,
            connect_timeout: config.connect_timeout,
            max_age: config.max_age,
            max_idle: config.max_idle,
            check_after: config.check_after,
            max_uses: config.max_uses,
            wait_timeout: config.wait_timeout,
            recycle_timeout: config.recycle_timeout,
            max_value_bytes: config.max_value_bytes,
            session_procedures: config.session_procedures.clone(),
        };
        Self::prepare(limits, engine(config, embedded), statements)
    }
}

/// What connects, as it is configured. `embedded` is where the embedded endpoint listens.
fn engine(
    config: &Backend,
    embedded: Option<SocketAddr>,
) -> Result<SqlServerEngine, StatementProblem> {
    let problem = |text: &str, remedy: &str| {
        StatementProblem::of_backend(SECTION, &config.name, text, remedy)
    };
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
    Ok(SqlServerEngine {
        name: config.name.clone(),
        settings,
        address,
        first_batch: first_batch(config.max_value_bytes),
        encrypts: config.encryption == Encryption::Required,
        lossy: AtomicBool::new(false),
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
        "ca_file {} contains no PEM certificate",
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
