//! A call's turn: one of this many requests that a service, and a module's share of it, may have under way.

use mayfly_error::CallError;
use tokio::time::Instant;

use super::client::{Client, Shared, pool_name};
use super::metrics;
use super::request::Request;
use crate::time_limit::TimeLimit;
use crate::turns::Turn;

/// A call that waits for its turn, and since when. It is told also of one that leaves before it was served.
struct Waiting<'a>(&'a Shared, Instant);

impl Client {
    /// Waits for its turn: for its own share, then for the pool.
    pub(super) async fn turn(
        &self,
        request: &Request,
        what: &str,
        limit: TimeLimit,
    ) -> Result<Turn<'_>, CallError> {
        let shared = &*self.shared;
        let _waiting = Waiting(shared, Instant::now());
        let task = format!("{} {}", request.method.as_str(), request.route).into();
        let turns = &shared.turns;
        let turn = turns.take(&self.share, &request.borrower, &task, limit.at());
        turn.await
            .ok_or_else(|| limit.too_late(what, pool_name(&shared.service.name)))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        metrics::waited(&pool_name(&self.0.service.name), self.1.elapsed());
    }
}
