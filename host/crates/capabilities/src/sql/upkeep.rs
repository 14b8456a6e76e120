//! The upkeep of a pool: closing what is old or idle, checking what was not used for long, opening what should be ready.
//!
//! It holds the pool only while it works, so a pool that is dropped ends it.

use std::sync::Weak;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::connection::Closed;
use super::engine::Engine;
use super::shared::Shared;

/// Rounds are never closer together: a test's limits may be tiny.
const SHORTEST_ROUND: Duration = Duration::from_millis(100);
/// Nor further apart: an outage should end soon for `min_connections` too.
const LONGEST_ROUND: Duration = Duration::from_secs(10);

/// Rounds of upkeep until the pool is gone.
pub(super) async fn run<E: Engine>(pool: Weak<Shared<E>>) {
    loop {
        let Some(round) = round(&pool) else {
            return;
        };
        sleep(round).await;
    }
}

/// One round; the time until the next, or none when the pool is gone.
fn round<E: Engine>(pool: &Weak<Shared<E>>) -> Option<Duration> {
    let shared = pool.upgrade()?;
    let limits = shared.upkeep;
    close_old(&shared);
    if let Some(before) = Instant::now().checked_sub(limits.check_after) {
        shared
            .connections
            .check_idle(before, shared.recycle_timeout);
    }
    shared.connections.keep_ready(limits.min_connections);
    let shortest = limits.max_age.min(limits.max_idle).min(limits.check_after);
    Some((shortest / 4).clamp(SHORTEST_ROUND, LONGEST_ROUND))
}

fn close_old<E: Engine>(shared: &Shared<E>) {
    let limits = shared.upkeep;
    let mut spare = shared
        .connections
        .size()
        .saturating_sub(limits.min_connections);
    shared.connections.close_idle(|connection| {
        let reason = if !connection.is_alive() {
            Closed::Gone
        } else if connection.opened.elapsed() > limits.max_age {
            Closed::Aged
        } else if connection.idle_since.elapsed() > limits.max_idle && spare > 0 {
            Closed::Idle
        } else {
            return None;
        };
        spare = spare.saturating_sub(1);
        Some(reason)
    });
}
