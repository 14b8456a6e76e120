//! How connections are made, and which may be lent.
//!
//! While the server is down, connecting fails at once: after a failure the next attempt waits for a pause that grows to two seconds,
//! and only one is made when it is over. The pool recovers with the first success.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tiberius::error::Error;
use tokio::time::{Instant, timeout};
use tokio_util::compat::TokioAsyncWriteCompatExt;

use super::connection::{Client, Closed, Connection, FATAL_CLASS, Traits, Wire};
use super::dial::dial;
use super::login_failure::reason;
use super::pool_metrics::PoolMetrics;
use super::trancount::NAMES_TRANSACTIONS;

/// The pause after the first failure; it doubles up to the second.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Makes connections to one server.
#[derive(Debug)]
pub(super) struct Manager {
    /// The backend's name, for remedies.
    pub(super) name: String,
    /// The driver's settings, without a host's connection.
    pub(super) settings: tiberius::Config,
    /// `host:port`.
    pub(super) address: String,
    /// Whether the configuration asks for encryption.
    pub(super) encrypts: bool,
    /// Whether text that is not valid UTF-16 is read with U+FFFD in its place: some statement asks for it.
    pub(super) lossy: AtomicBool,
    /// Run once on each connection.
    pub(super) first_batch: String,
    /// For TCP, TLS and login together.
    pub(super) connect_timeout: Duration,
    pub(super) max_age: Duration,
    pub(super) max_uses: u64,
    /// An idle connection that has proven nothing for so long is checked.
    pub(super) check_after: Duration,
    pub(super) meters: Arc<PoolMetrics>,
    pub(super) gate: Gate,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    /// The last attempt failed a moment ago, and the pause is not over.
    #[error("not attempted again yet; the last attempt failed: {0}")]
    Paused(String),
    /// TCP failed.
    #[error("cannot connect to {0}: {1}; check `sqlserver.{2}.address`")]
    Tcp(String, std::io::Error, String),
    /// TLS, login or the first batch failed.
    #[error("cannot log in to {0}: {1}")]
    Login(String, String),
    /// The server sends its clients elsewhere.
    #[error("{0} redirects to {1}:{2}, which redirects again")]
    Routed(String, String, u16),
    /// The runtime is shutting down.
    #[error("not attempted: the host is shutting down")]
    Ended,
    /// The server took too long.
    #[error("cannot connect to {0} within {1:?}; check `sqlserver.{2}.address`")]
    Timeout(String, Duration, String),
}

impl Manager {
    /// A new connection, or at once the last failure while the pause lasts.
    pub(super) async fn create(&self) -> Result<Connection, ConnectError> {
        let attempt = self
            .gate
            .enter(Instant::now())
            .map_err(ConnectError::Paused)?;
        let began = Instant::now();
        let outcome = timeout(self.connect_timeout, Box::pin(self.open()))
            .await
            .unwrap_or_else(|_| {
                Err(ConnectError::Timeout(
                    self.address.clone(),
                    self.connect_timeout,
                    self.name.to_string(),
                ))
            });
        match &outcome {
            Ok(_) => {
                self.meters.created(began.elapsed());
                attempt.succeeded(Instant::now());
            }
            Err(error) => {
                self.meters.failed(error);
                attempt.failed(error.to_string(), Instant::now());
            }
        }
        outcome
    }

    /// Why a connection may not be lent. Needs no round trip: one comes back only after its answer was read and its transaction ended.
    pub(super) fn unfit(&self, connection: &Connection) -> Option<Closed> {
        if !connection.usable() {
            // Its check was given up midway.
            Some(Closed::CutOff)
        } else if !connection.is_alive() {
            Some(Closed::Gone)
        } else if connection.opened.elapsed() > self.max_age
            || connection.traits.lossy != self.is_lossy()
        {
            Some(Closed::Aged)
        } else {
            None
        }
    }

    pub(super) fn is_lossy(&self) -> bool {
        self.lossy.load(Ordering::Relaxed)
    }

    /// The last failure, while connecting would fail at once.
    pub(super) fn refusal(&self) -> Option<ConnectError> {
        self.gate.refusal(Instant::now()).map(ConnectError::Paused)
    }

    /// How long to wait before the next attempt.
    pub(super) fn pause(&self) -> Duration {
        self.gate.pause(Instant::now())
    }

    /// After so long without a proof a connection is not lent without a check. Upkeep checks it long before, if there is any.
    pub(super) fn stale_after(&self) -> Duration {
        self.check_after.saturating_mul(2)
    }

    /// After so long without a proof a connection may be dead without anybody knowing.
    pub(super) fn doubtful_after(&self) -> Duration {
        self.check_after / 30
    }

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
        let tcp = |error| ConnectError::Tcp(address.to_owned(), error, self.name.to_string());
        let login = |error| match error {
            Error::Routing { host, port } => ConnectError::Routed(address.to_owned(), host, port),
            error => ConnectError::Login(
                address.to_owned(),
                reason(&self.name, self.encrypts, &error),
            ),
        };
        let socket = dial(address).await.map_err(tcp)?;
        let wire = Wire::new(socket);
        let lossy = self.is_lossy();
        let mut settings = self.settings.clone();
        settings.lossy_utf16_decoding(lossy);
        let handshake = Box::pin(Client::connect(settings, wire.clone().compat_write()));
        let mut client: Client = handshake.await.map_err(login)?;
        let names_transactions = self.prepare(&mut client).await.map_err(login)?;
        Ok(Connection::new(
            client,
            wire,
            self.max_uses,
            Traits {
                names_transactions,
                lossy,
            },
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
    /// When an attempt last succeeded.
    succeeded: Option<Instant>,
}

/// An attempt that was let through. Dropped without a verdict, it lets another one try.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    gate: &'a Gate,
    began: Instant,
}

impl Gate {
    /// An attempt, or the last failure while the pause lasts.
    pub(super) fn enter(&self, now: Instant) -> Result<Attempt<'_>, String> {
        let mut state = self.lock();
        if let Some(last) = state.refusal(now) {
            return Err(last);
        }
        state.probing = state.failures > 0;
        Ok(Attempt {
            gate: self,
            began: now,
        })
    }

    /// The last failure, while no attempt is let through.
    pub(super) fn refusal(&self, now: Instant) -> Option<String> {
        self.lock().refusal(now)
    }

    /// How long until the next attempt may be let through.
    pub(super) fn pause(&self, now: Instant) -> Duration {
        let not_before = self.lock().not_before;
        not_before.map_or(FIRST_PAUSE, |instant| instant.duration_since(now))
    }

    fn lock(&self) -> MutexGuard<'_, GateState> {
        self.state.lock()
    }

    /// An attempt that began before another succeeded says nothing of the server as it is since then.
    fn fail(&self, error: String, began: Instant, now: Instant) {
        let mut state = self.lock();
        if state.succeeded.is_some_and(|succeeded| succeeded >= began) {
            return;
        }
        let pause = FIRST_PAUSE
            .saturating_mul(2u32.saturating_pow(state.failures.min(16)))
            .min(LONGEST_PAUSE);
        state.failures = state.failures.saturating_add(1);
        state.not_before = now.checked_add(pause);
        state.probing = false;
        state.last = error;
    }
}

impl GateState {
    fn refusal(&self, now: Instant) -> Option<String> {
        let refuses = self.failures > 0
            && (self.probing || self.not_before.is_some_and(|instant| now < instant));
        refuses.then(|| self.last.clone())
    }
}

impl Attempt<'_> {
    pub(super) fn succeeded(self, now: Instant) {
        *self.gate.lock() = GateState {
            succeeded: Some(now),
            ..GateState::default()
        };
    }

    pub(super) fn failed(self, error: String, now: Instant) {
        self.gate.fail(error, self.began, now);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.gate.lock().probing = false;
    }
}

#[cfg(test)]
mod tests;
