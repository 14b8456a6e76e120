//! The upkeep of a pool: closing what is old or idle, opening what should be ready.
//!
//! It holds the pool only while it works, so a pool that is dropped ends it.

use std::sync::Weak;
use std::time::Duration;

use deadpool::managed::Timeouts;
use tokio::time::sleep;

use super::connection::Closed;
use super::pool::Shared;

/// Rounds are never closer together: a test's limits may be tiny.
const SHORTEST_ROUND: Duration = Duration::from_millis(100);
/// Nor further apart: an outage should end soon for `min_connections` too.
const LONGEST_ROUND: Duration = Duration::from_secs(10);

/// When connections are closed, and how many are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) max_age: Duration,
    pub(super) max_idle: Duration,
    pub(super) min_connections: usize,
}

/// Rounds of upkeep until the pool is gone.
pub(super) async fn run(pool: Weak<Shared>) {
    loop {
        let Some(round) = round(&pool).await else {
            return;
        };
        sleep(round).await;
    }
}

/// One round; the time until the next, or none when the pool is gone.
async fn round(pool: &Weak<Shared>) -> Option<Duration> {
    let shared = pool.upgrade()?;
    let limits = shared.limits;
    close_old(&shared);
    open_ready(&shared).await;
    Some((limits.max_age.min(limits.max_idle) / 4).clamp(SHORTEST_ROUND, LONGEST_ROUND))
}

fn close_old(shared: &Shared) {
    let limits = shared.limits;
    let mut spare = shared
        .pool
        .status()
        .size
        .saturating_sub(limits.min_connections);
    let closed = shared.pool.retain(|connection, _| {
        let reason = if !connection.is_alive() {
            Closed::Gone
        } else if connection.opened.elapsed() > limits.max_age {
            Closed::Aged
        } else if connection.idle_since.elapsed() > limits.max_idle && spare > 0 {
            Closed::Idle
        } else {
            return true;
        };
        spare = spare.saturating_sub(1);
        shared.meters.closed(reason, connection, None);
        false
    });
    drop(closed);
}

/// Opens connections until there are `min_connections`: held together, so that no idle one is counted twice.
async fn open_ready(shared: &Shared) {
    let wanted = shared.limits.min_connections;
    let mut held = Vec::new();
    while shared.pool.status().size < wanted && held.len() < wanted {
        let no_wait = Timeouts {
            wait: Some(Duration::ZERO),
            create: None,
            recycle: None,
        };
        match shared.pool.timeout_get(&no_wait).await {
            Ok(object) => held.push(object),
            // Whoever tried has said why.
            Err(_) => return,
        }
    }
}
