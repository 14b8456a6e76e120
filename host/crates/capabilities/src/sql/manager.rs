//! How connections are made, and which may be lent.
//!
//! While the server is down, connecting fails at once (`gate`). The pool recovers with the first success.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::connection::{Closed, Connection};
use super::engine::{ConnectionOf, Engine};
use super::failure::EngineError;
use super::gate::Gate;
use super::pool_metrics::PoolMetrics;

/// Makes connections to one server.
#[derive(Debug)]
pub(super) struct Manager<E> {
    /// The backend's name, for remedies.
    pub(super) name: String,
    pub(super) engine: E,
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
    /// The database says why.
    #[error("{0}")]
    Failed(String),
    /// The runtime is shutting down.
    #[error("not attempted: the host is shutting down")]
    Ended,
    /// The server took too long.
    #[error("cannot connect to {address} within {limit:?}; check `{section}.{name}.address`")]
    Timeout {
        address: String,
        limit: Duration,
        section: &'static str,
        name: String,
    },
}

impl<E: Engine> Manager<E> {
    /// A new connection, or at once the last failure while the pause lasts.
    pub(super) async fn create(&self) -> Result<ConnectionOf<E>, ConnectError> {
        let attempt = self
            .gate
            .enter(Instant::now())
            .map_err(ConnectError::Paused)?;
        let began = Instant::now();
        let outcome = match timeout(self.connect_timeout, Box::pin(self.engine.open())).await {
            Ok(Ok((client, wire))) => Ok(Connection::new(client, wire, self.max_uses)),
            Ok(Err(reason)) => Err(ConnectError::Failed(reason)),
            Err(_) => Err(ConnectError::Timeout {
                address: self.engine.address().to_owned(),
                limit: self.connect_timeout,
                section: E::SECTION,
                name: self.name.clone(),
            }),
        };
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
    pub(super) fn unfit(&self, connection: &ConnectionOf<E>) -> Option<Closed> {
        if !connection.usable() {
            // Its check was given up midway.
            Some(Closed::CutOff)
        } else if !connection.is_alive() {
            Some(Closed::Gone)
        } else if connection.opened.elapsed() > self.max_age
            || self.engine.is_outdated(&connection.client)
        {
            Some(Closed::Aged)
        } else {
            None
        }
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
}

/// Asks the server for almost nothing. The error is none when it did not answer in time.
pub(super) async fn answers<E: Engine>(
    connection: &mut ConnectionOf<E>,
    limit: Duration,
) -> Result<(), Option<E::Error>> {
    connection.asking();
    match timeout(limit, E::ping(&mut connection.client)).await {
        Ok(Ok(())) => {
            connection.answered();
            Ok(())
        }
        Ok(Err(error)) => {
            connection.failed(error.is_answer());
            Err(Some(error))
        }
        Err(_) => Err(None),
    }
}
