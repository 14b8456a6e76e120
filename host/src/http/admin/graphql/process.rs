//! The process: how it is doing.

use async_graphql::{Enum, SimpleObject};
use serde::Deserialize;

use super::long::Long;
use crate::http::Host;
use mayfly_config::Config;

/// The process that serves.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Process {
    /// The version of Mayfly.
    pub version: String,
    /// Whether it serves.
    pub state: ProcessState,
    /// The app's directory; null while it is being loaded.
    pub directory: Option<String>,
    /// Seconds since it began.
    pub uptime_seconds: Long,
    /// Its resident memory.
    pub resident_bytes: Long,
    /// Operations that are running.
    pub running: Long,
    /// The most there may be.
    pub max_running: Long,
    /// Operations that wait for a place.
    pub waiting: Long,
    /// Connections of clients.
    pub connections: Long,
    /// The most there may be.
    pub max_connections: Long,
}

/// Whether the process serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProcessState {
    /// The app is being loaded.
    Loading,
    /// It serves.
    Serving,
    /// It finishes what is under way, and ends.
    Ending,
}

impl Process {
    pub(super) fn of(host: &Host) -> Self {
        let state = match (host.is_ending(), host.deployment().is_some()) {
            (true, _) => ProcessState::Ending,
            (false, true) => ProcessState::Serving,
            (false, false) => ProcessState::Loading,
        };
        let readings = host.readings();
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            state,
            directory: host.config().map(|config| directory(&config)),
            uptime_seconds: host.history.started.elapsed().as_secs().into(),
            resident_bytes: readings.resident_bytes.into(),
            running: readings.running.into(),
            max_running: host.limits.max_operations.into(),
            waiting: readings.waiting.into(),
            connections: readings.connections.into(),
            max_connections: host.limits.max_connections.into(),
        }
    }
}

/// The app's directory, as it is found from anywhere.
fn directory(config: &Config) -> String {
    let directory = std::path::absolute(&config.root);
    let directory = directory.unwrap_or_else(|_| config.root.clone());
    directory.display().to_string()
}
