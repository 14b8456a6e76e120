//! How connections are made, and which idle ones may be handed out.
//!
//! While the server is down, connecting fails at once: after a failure the next attempt waits for a pause that grows to two seconds,
//! and only one caller tries when it is over. The pool recovers with the first success.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use tiberius::error::Error;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_util::compat::TokioAsyncWriteCompatExt;

use super::connection::{Client, Closed, Connection, FATAL_CLASS, Wire};
use super::login::reason;
use super::meters::Meters;
use super::trancount::NAMES_TRANSACTIONS;

/// The pause after the first failure; it doubles up to the second.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// A caller that gave up after this long has learned that the server does not answer.
const TELLING: Duration = Duration::from_secs(1);

/// Makes connections to one server.
#[derive(Debug)]
pub(super) struct Manager {
    /// The backend's name, for remedies.
    pub(super) name: String,
    /// The driver's settings, without a host's connection.
    pub(super) settings: tiberius::Config,
    /// `host:port`.
    pub(super) address: String,
    /// Run once on each connection.
    pub(super) first_batch: String,
    /// For TCP, TLS and login together.
    pub(super) connect_timeout: Duration,
    pub(super) max_age: Duration,
    pub(super) max_uses: u64,
    pub(super) meters: Arc<Meters>,
    pub(super) gate: Gate,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    /// The last attempt failed a moment ago, and the pause is not over.
    #[error("not tried: the last attempt failed: {0}")]
    Paused(String),
    /// TCP failed.
    #[error("cannot connect to {0}: {1}")]
    Tcp(String, std::io::Error),
    /// TLS, login or the first batch failed.
    #[error("cannot log in to {0}: {1}")]
    Login(String, String),
    /// The server sends its clients elsewhere.
    #[error("{0} sends its clients to {1}:{2}, which sends them on")]
    Routed(String, String, u16),
    /// The server took too long.
    #[error("cannot connect to {0} within {1:?}")]
    Timeout(String, Duration),
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = ConnectError;

    async fn create(&self) -> Result<Connection, ConnectError> {
        let attempt = self
            .gate
            .enter(Instant::now())
            .map_err(ConnectError::Paused)?;
        let began = Instant::now();
        // The driver's handshake is a very large future; on the heap, it is not part of every call that may need a connection.
        let outcome = timeout(self.connect_timeout, Box::pin(self.open()))
            .await
            .unwrap_or_else(|_| {
                Err(ConnectError::Timeout(
                    self.address.clone(),
                    self.connect_timeout,
                ))
            });
        match &outcome {
            Ok(_) => {
                self.meters.created(began.elapsed());
                attempt.succeeded();
            }
            Err(error) => {
                self.meters.failed(error);
                attempt.failed(error.to_string(), Instant::now());
            }
        }
        outcome
    }

    /// Needs no round trip: a connection comes back into the pool only after its answer was read and its transaction ended.
    async fn recycle(
        &self,
        connection: &mut Connection,
        _: &Metrics,
    ) -> RecycleResult<ConnectError> {
        let closed = if !connection.is_alive() {
            Closed::Gone
        } else if connection.opened.elapsed() > self.max_age {
            Closed::Aged
        } else {
            return Ok(());
        };
        self.meters.closed(closed, connection, None);
        Err(RecycleError::message(closed.as_str()))
    }
}

impl Manager {
    async fn open(&self) -> Result<Connection, ConnectError> {
        match Box::pin(self.open_at(&self.address)).await {
            // The server sends its clients elsewhere, once.
            Err(ConnectError::Routed(_, host, port)) => {
                Box::pin(self.open_at(&format!("{host}:{port}"))).await
            }
            outcome => outcome,
        }
    }

    async fn open_at(&self, address: &str) -> Result<Connection, ConnectError> {
        let tcp = |error| ConnectError::Tcp(address.to_owned(), error);
        let login = |error| match error {
            Error::Routing { host, port } => ConnectError::Routed(address.to_owned(), host, port),
            error => ConnectError::Login(address.to_owned(), reason(&self.name, &error)),
        };
        let socket = TcpStream::connect(address).await.map_err(tcp)?;
        socket.set_nodelay(true).map_err(tcp)?;
        let wire = Wire::new(socket);
        let handshake = Box::pin(Client::connect(
            self.settings.clone(),
            wire.clone().compat_write(),
        ));
        let mut client: Client = handshake.await.map_err(login)?;
        let names_transactions = self.prepare(&mut client).await.map_err(login)?;
        Ok(Connection::new(
            client,
            wire,
            self.max_uses,
            names_transactions,
        ))
    }

    /// Runs the first batch; whether the server has `CURRENT_TRANSACTION_ID()`. One that has not runs none of the batch that names it.
    async fn prepare(&self, client: &mut Client) -> Result<bool, Error> {
        let asking = format!("{}; {NAMES_TRANSACTIONS}", self.first_batch);
        match batch(client, asking).await {
            Ok(()) => return Ok(true),
            Err(Error::Server(error)) if error.class() < FATAL_CLASS => {}
            Err(error) => return Err(error),
        }
        batch(client, self.first_batch.clone()).await?;
        Ok(false)
    }
}

/// Runs a batch whose results do not matter.
async fn batch(client: &mut Client, text: String) -> Result<(), Error> {
    client.simple_query(text).await?.into_results().await?;
    Ok(())
}

/// Lets attempts through, or not.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: Mutex<GateState>,
}

#[derive(Debug, Default)]
struct GateState {
    /// Failures in a row.
    failures: u32,
    /// When the next attempt may be made.
    not_before: Option<Instant>,
    /// Whether one is being made, after a failure.
    probing: bool,
    /// What the last failure was.
    last: String,
}

/// An attempt that was let through. Dropped without a verdict, its caller gave up.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    gate: &'a Gate,
    began: Instant,
    decided: bool,
}

impl Gate {
    /// An attempt, or the last failure while the pause lasts.
    pub(super) fn enter(&self, now: Instant) -> Result<Attempt<'_>, String> {
        let mut state = self.lock();
        if state.failures > 0 {
            if state.probing || state.not_before.is_some_and(|instant| now < instant) {
                return Err(state.last.clone());
            }
            state.probing = true;
        }
        Ok(Attempt {
            gate: self,
            began: now,
            decided: false,
        })
    }

    fn lock(&self) -> MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, error: String, now: Instant) {
        let mut state = self.lock();
        let pause = FIRST_PAUSE
            .saturating_mul(2u32.saturating_pow(state.failures.min(16)))
            .min(LONGEST_PAUSE);
        state.failures = state.failures.saturating_add(1);
        state.not_before = now.checked_add(pause);
        state.probing = false;
        state.last = error;
    }
}

impl Attempt<'_> {
    pub(super) fn succeeded(mut self) {
        self.decided = true;
        *self.gate.lock() = GateState::default();
    }

    pub(super) fn failed(mut self, error: String, now: Instant) {
        self.decided = true;
        self.gate.fail(error, now);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.decided {
            return;
        }
        if self.began.elapsed() >= TELLING {
            self.gate.fail(
                "no answer before the caller gave up".to_owned(),
                Instant::now(),
            );
        } else {
            self.gate.lock().probing = false;
        }
    }
}

#[cfg(test)]
mod tests;
