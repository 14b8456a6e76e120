//! What every clone of a pool shares.

use std::sync::Arc;
use std::time::Duration;

use super::connections::Connections;
use super::engine::Engine;
use super::pool_metrics::PoolMetrics;
use crate::holders::{Holders, WaitedInVain};

/// What every clone shares.
#[derive(Debug)]
pub(super) struct Shared<E: Engine> {
    pub(super) name: String,
    pub(super) connections: Arc<Connections<E>>,
    pub(super) meters: Arc<PoolMetrics>,
    pub(super) max_value_bytes: usize,
    pub(super) upkeep: UpkeepLimits,
    /// For giving a connection back: rolling back what its user left open.
    pub(super) recycle_timeout: Duration,
    /// What the operator says alters the session.
    pub(super) session_procedures: Vec<String>,
    pub(super) holders: Arc<Holders>,
    pub(super) waiters: Arc<Holders>,
    pub(super) waited_in_vain: WaitedInVain,
    pub(super) max_connections: usize,
    pub(super) wait_timeout: Duration,
}

/// When connections are closed, and how many are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct UpkeepLimits {
    pub(super) max_age: Duration,
    pub(super) max_idle: Duration,
    pub(super) check_after: Duration,
    pub(super) min_connections: usize,
}
