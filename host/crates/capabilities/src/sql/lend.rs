//! Lending: waiting for a connection, in time, and the message if there is none.

use std::sync::Arc;

use mayfly_error::{CallCode, CallError};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout, timeout_at};

use super::engine::Engine;
use super::lease::Lease;
use super::manager::ConnectError;
use super::pool_metrics::PoolMetrics;
use super::shared::Shared;
use crate::holders::{Borrower, Entry};
use crate::share::Share;
use crate::time_limit::too_late;

impl<E: Engine> Shared<E> {
    /// A connection, when one of the share and of the pool is free. `what` names the call in errors, `borrower` and `statement` in logs and metrics.
    pub(super) async fn lend(
        &self,
        share: &Share,
        what: &str,
        borrower: &Borrower,
        statement: &Arc<str>,
        deadline: Instant,
    ) -> Result<Lease<E>, CallError> {
        if Instant::now() >= deadline {
            return Err(too_late(what));
        }
        let wait = Wait {
            meters: &self.meters,
            entry: self.waiters.enter(borrower, statement),
            began: Instant::now(),
        };
        let lent = async {
            let share = timeout(self.wait_timeout, share.take()).await?;
            let given = timeout(self.wait_timeout, self.connections.get()).await?;
            Ok::<_, Elapsed>(given.map(|pooled| (pooled, share)))
        };
        match timeout_at(deadline, lent).await {
            Ok(Ok(Ok((pooled, share)))) => {
                let holder = self.holders.enter(borrower, statement);
                Ok(Lease::new(pooled, (holder, share), self))
            }
            Ok(Err(_)) => {
                self.warn_of_waiting(&wait);
                let limit = self.wait_timeout;
                let (section, name) = (E::SECTION, &self.name);
                let message = format!(
                    "{what}: no connection to backend `{name}` was free within {limit:?} (`{section}.{name}.wait_timeout`)"
                );
                Err(CallError::new(CallCode::Throttled, message))
            }
            Ok(Ok(Err(error))) => Err(self.unavailable(what, &error)),
            Err(_) => {
                self.warn_of_waiting(&wait);
                Err(CallError::new(
                    CallCode::Deadline,
                    format!("{what}: no connection to backend `{}` in time", self.name),
                ))
            }
        }
    }

    fn warn_of_waiting(&self, wait: &Wait<'_>) {
        self.waited_in_vain
            .tell(&self.name, &wait.entry, &self.holders);
    }

    fn unavailable(&self, what: &str, error: &ConnectError) -> CallError {
        CallError::new(
            CallCode::Unavailable,
            format!("{what}: backend `{}` cannot be reached", self.name),
        )
        .with_detail(error.to_string())
    }
}

/// A caller that waits. Its time is counted also when it leaves before it was served.
struct Wait<'a> {
    meters: &'a PoolMetrics,
    entry: Entry,
    began: Instant,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.meters.waited(self.began.elapsed());
    }
}
