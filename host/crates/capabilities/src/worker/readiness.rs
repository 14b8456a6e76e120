//! Whether a worker is ready, and what is under way in its pool.

use std::sync::Arc;

use mayfly_error::{CallCode, CallError};
use mayfly_runtime::capability::PoolUsage;
use tokio::time::{Instant, timeout_at};

use super::client::Client;
use crate::circuit::CircuitState;

/// What is under way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Processes that there are, those that start or are ending included; calls under way, and calls that wait.
    pub usage: PoolUsage,
    /// Process numbers of those that nobody uses now.
    pub idle: Vec<i32>,
    /// Whether nothing is started, because starts failed.
    pub starts_open: bool,
    /// Methods that are left alone, because processes died in them.
    pub methods_open: Vec<String>,
}

impl Client {
    /// Whether a process is there, or can be had.
    ///
    /// # Errors
    ///
    /// There is none, and why.
    pub async fn check(&self, deadline: Instant) -> Result<(), CallError> {
        let what = format!("worker `{}`", self.pool.worker.name);
        let has_some = {
            let state = self.pool.state.lock();
            state.has_some()
        };
        if has_some {
            return Ok(());
        }
        match timeout_at(deadline, self.pool.take(&what)).await {
            Ok(taken) => taken.map(drop),
            Err(_) => {
                let why = self.pool.state.lock().failure.clone();
                let detail = why.unwrap_or_else(|| "no process has said hello yet".to_owned());
                let error = CallError::new(
                    CallCode::Unavailable,
                    format!("{what}: no process is ready"),
                );
                Err(error.with_detail(format!("{what}: {detail}")))
            }
        }
    }

    /// Starts one beside all others, and gives the methods it has.
    ///
    /// # Errors
    ///
    /// Why it could not be started.
    pub async fn try_out(&self, deadline: Instant) -> Result<Vec<String>, String> {
        let late = |_| "no process was ready in time".to_owned();
        let place = Arc::clone(&self.pool.places).acquire_owned();
        let place = timeout_at(deadline, place).await.map_err(late)?;
        let place = place.map_err(|error| error.to_string())?;
        let started = timeout_at(deadline, self.pool.source.start(place)).await;
        let started = started.map_err(late)??;
        let methods = started.hello.methods;
        started.process.end("tried").await;
        Ok(methods)
    }

    /// What is under way.
    #[must_use]
    pub fn status(&self) -> Status {
        let pool = &*self.pool;
        let state = pool.state.lock();
        let idle = state.idle.iter().filter_map(|process| process.about.pid);
        let methods = pool.methods.iter();
        let open = methods.filter(|(_, circuit)| circuit.state() != CircuitState::Closed);
        Status {
            usage: pool.turns.usage(pool.open()),
            idle: idle.collect(),
            starts_open: pool.starts.state() != CircuitState::Closed,
            methods_open: open.map(|(name, _)| name.clone()).collect(),
        }
    }
}
