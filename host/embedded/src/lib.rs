//! `mayfly-embedded`: a DynamoDB and a SQL Server endpoint over SQLite, and services over HTTP, with fault switches.
//!
//! A process of its own beside the host, so that its memory, CPU and faults are never the host's; a library too, for tests that
//! want it in-process. It listens on loopback addresses only.
//!
//! In reading order: [`Options`] → `store` (the data directory and the seed) → `gate` (a listener that can be down) → `dynamodb`
//! (dynoxide behind a proxy) and `tds` (SQL Server's protocol; `tsql` turns its language into SQLite's; both speak of
//! `sql_types`) → `http` (services that answer with documents) → `control` ([`Faults`] and [`Status`] over HTTP).
//!
//! What of SQL Server it has and lacks is in `docs/embedded-sql-server.md`, which a test runs line by line.

#![allow(
    missing_docs,
    reason = "a line that could only repeat a name is left out"
)]
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a process of its own, for trying and testing, which reads what a host and its developer write"
)]

mod control;
mod dynamodb;
mod error;
mod faults;
mod gate;
mod http;
mod options;
mod sql_types;
mod status;
mod store;
mod tds;
mod tsql;

pub use error::StartError;
pub use faults::{
    Also, DropAt, DropConnection, DynamoDbFaults, Faults, ForeignAnswer, Gzip, Half, HalfRow,
    HttpFaults, Large, LateAttentionAck, LoginFailure, Malformed, MalformedText, NotNow, Page,
    Plain, Redirect, Slow, SlowLogin, SqlErrorFault, SqlServerFaults, Stall, Surplus, Switches,
    Then, Unprocessed, WrongLength,
};
pub use options::Options;
pub use status::{Counters, DynamoDbCounters, HttpCounters, Request, SqlServerCounters, Status};

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use serde::Serialize;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use gate::Gate;

/// Where the endpoints listen: the line the process prints when it is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Addresses {
    /// DynamoDB, over HTTP.
    pub dynamodb: SocketAddr,
    /// SQL Server, over TDS.
    pub sqlserver: SocketAddr,
    /// Services over HTTP, each below its name.
    pub http: SocketAddr,
    /// Fault switches and counters, over HTTP.
    pub control: SocketAddr,
}

/// The running endpoints. Dropping it leaves them running; call [`Embedded::shutdown`].
#[derive(Debug)]
pub struct Embedded {
    addresses: Addresses,
    faults: Arc<Faults>,
    status: Arc<Status>,
    closing: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    keeper: store::Keeper,
}

impl Embedded {
    /// Loads the data and listens. When this returns, every endpoint takes connections.
    ///
    /// # Errors
    ///
    /// A seed file is wrong, the data directory cannot be used, an address is taken, or the clock is wrong.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        check_clock(SystemTime::now())?;
        let (faults, status, closing) = (
            Arc::<Faults>::default(),
            Arc::<Status>::default(),
            CancellationToken::new(),
        );
        let gate = |address, refuses| {
            Gate::bind(address, Arc::clone(&faults), refuses)
                .map_err(|why| StartError::Listen { address, why })
        };
        let dynamodb_gate = gate(options.dynamodb, |set: &Switches| set.dynamodb.refuse)?;
        let sqlserver_gate = gate(options.sqlserver, |set: &Switches| set.sqlserver.refuse)?;
        let http_gate = gate(options.http, |set: &Switches| set.http.refuse)?;
        let control = TcpListener::bind(options.control).await;
        let control = control.map_err(|why| StartError::Listen {
            address: options.control,
            why,
        })?;
        let behind = TcpListener::bind("127.0.0.1:0").await?;
        let addresses = Addresses {
            dynamodb: dynamodb_gate.address(),
            sqlserver: sqlserver_gate.address(),
            http: http_gate.address(),
            control: control.local_addr()?,
        };
        let (user, password) = (options.user.clone(), options.password.clone());
        let tls = match (&options.sqlserver_certificate, &options.sqlserver_key) {
            (Some(certificate), Some(key)) => {
                Some(tds::acceptor(certificate, key).map_err(StartError::Certificate)?)
            }
            _ => None,
        };
        let store = tokio::task::spawn_blocking(move || store::open(&options))
            .await
            .map_err(std::io::Error::other)??;
        let server = tds::Server {
            databases: Arc::new(store.databases),
            user,
            password,
            tls,
            faults: Arc::clone(&faults),
            status: Arc::clone(&status),
        };
        let router = control::router(Arc::clone(&faults), Arc::clone(&status));
        let stop = closing.clone();
        let tasks = vec![
            tokio::spawn(tds::serve(
                sqlserver_gate,
                Arc::new(server),
                closing.clone(),
            )),
            tokio::spawn(dynamodb::serve(
                dynamodb_gate,
                store.dynamodb,
                behind,
                Arc::clone(&faults),
                Arc::clone(&status),
                closing.clone(),
            )),
            tokio::spawn(http::serve(
                http_gate,
                store.http,
                Arc::clone(&faults),
                Arc::clone(&status),
                closing.clone(),
            )),
            tokio::spawn(async move {
                let served = axum::serve(control, router)
                    .with_graceful_shutdown(async move { stop.cancelled().await })
                    .await;
                if let Err(error) = served {
                    tracing::error!(%error, "the control endpoint failed");
                }
            }),
        ];
        Ok(Self {
            addresses,
            faults,
            status,
            closing,
            tasks,
            keeper: store.keeper,
        })
    }

    /// Where the endpoints listen.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// The fault switches.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The counters.
    #[must_use]
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// Closes all connections, waits for what runs to end, and removes temporary files.
    pub async fn shutdown(self) {
        self.closing.cancel();
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "an endpoint failed");
            }
        }
        self.keeper.close();
    }
}

/// Whether ids that hold the time can be made, which panics otherwise.
fn check_clock(now: SystemTime) -> Result<(), StartError> {
    let since = now.duration_since(SystemTime::UNIX_EPOCH);
    since.map(drop).map_err(|_| StartError::Clock)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_clock_before_1970_is_refused_in_words() {
        assert!(check_clock(SystemTime::UNIX_EPOCH).is_ok());
        let early = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        let told = check_clock(early).map_err(|error| error.to_string());
        assert_eq!(
            told,
            Err("the clock of this machine says that it is before 1970; set it".to_owned())
        );
    }
}
