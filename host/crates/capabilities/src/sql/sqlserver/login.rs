//! How connections are made: TCP, TLS, login, and the first batch.

use std::sync::atomic::{AtomicBool, Ordering};

use tiberius::error::Error;
use tokio_util::compat::TokioAsyncWriteCompatExt;

use super::client::{Client, Driver, first_row};
use super::login_failure::{reason, said_too_much};
use super::trancount::NAMES_TRANSACTIONS;
use crate::dial::tcp::dial;
use crate::sql::failure::EngineError;
use crate::sql::wire::Wire;

/// What the tables of the configuration are called.
pub(super) const SECTION: &str = "sqlserver";

/// A SQL Server, and how to log in to it.
#[derive(Debug)]
pub struct SqlServerEngine {
    /// The backend's name, for remedies.
    pub(super) name: String,
    /// The driver's settings, without a host's connection.
    pub(super) settings: tiberius::Config,
    /// `host:port`.
    pub(super) address: String,
    /// Whether the configuration asks for encryption.
    pub(super) encrypts: bool,
    /// Whether text that is not valid UTF-16 is read with U+FFFD in its place: some statement asks for it. The driver reads so by
    /// connection, so all do; `rows` finds what other statements must not be given.
    pub(super) lossy: AtomicBool,
    /// Run once on each connection.
    pub(super) first_batch: String,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// TCP failed.
    #[error("cannot connect to {0}: {1}; check `{SECTION}.{2}.address`")]
    Tcp(String, std::io::Error, String),
    /// TLS, login or the first batch failed.
    #[error("cannot log in to {0}: {1}")]
    Login(String, String),
    /// The server sends its clients elsewhere.
    #[error("{0} redirects to {1}:{2}, which redirects again")]
    Routed(String, String, u16),
}

impl SqlServerEngine {
    pub(super) fn is_lossy(&self) -> bool {
        self.lossy.load(Ordering::Relaxed)
    }

    /// Connects and logs in.
    pub(super) async fn open(&self) -> Result<(Client, Wire), Refused> {
        match Box::pin(self.open_at(&self.address)).await {
            // The server sends its clients elsewhere, once.
            Err(Refused::Routed(_, host, port)) => {
                Box::pin(self.open_at(&format!("{host}:{port}"))).await
            }
            outcome => outcome,
        }
    }

    async fn open_at(&self, address: &str) -> Result<(Client, Wire), Refused> {
        let tcp = |error| Refused::Tcp(address.to_owned(), error, self.name.to_string());
        let socket = dial(address).await.map_err(tcp)?;
        let wire = Wire::new(socket);
        let login = |error| match error {
            _ if wire.is_at_ceiling() => {
                Refused::Login(address.to_owned(), said_too_much(&self.name))
            }
            Error::Routing { host, port } => Refused::Routed(address.to_owned(), host, port),
            error => Refused::Login(
                address.to_owned(),
                reason(&self.name, self.encrypts, &error),
            ),
        };
        let is_lossy = self.is_lossy();
        let mut settings = self.settings.clone();
        settings.lossy_utf16_decoding(is_lossy);
        let handshake = Box::pin(Driver::connect(settings, wire.clone().compat_write()));
        let mut driver: Driver = handshake.await.map_err(login)?;
        let names_transactions = self.prepare(&mut driver).await.map_err(login)?;
        let client = Client {
            driver,
            names_transactions,
            is_lossy,
        };
        Ok((client, wire))
    }

    /// Runs the first batch; whether the server has `CURRENT_TRANSACTION_ID()`. One that has not runs none of the batch that names it.
    async fn prepare(&self, client: &mut Driver) -> Result<bool, Error> {
        let asking = format!("{}; {NAMES_TRANSACTIONS}", self.first_batch);
        match first_row(client, &asking).await {
            Ok(_) => return Ok(true),
            Err(error) if error.is_answer() => {}
            Err(error) => return Err(error),
        }
        first_row(client, &self.first_batch).await?;
        Ok(false)
    }
}
