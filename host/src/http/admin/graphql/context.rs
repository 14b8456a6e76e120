//! What the resolvers of a request have with it.

use std::sync::Arc;

use async_graphql::{Error, ErrorExtensions, Result};
use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;

use crate::history::Actor;
use crate::http::Host;
use crate::http::admin::tokens::Identity;

/// What the resolvers of a request have with it.
#[derive(Clone)]
pub(in crate::http::admin) struct AdminContext {
    /// The host.
    pub(super) host: Arc<Host>,
    /// Where clients are served: what keeps connections to backends runs there.
    work: Handle,
    /// Who sent the request.
    identity: Identity,
}

impl AdminContext {
    pub(in crate::http::admin) fn new(host: Arc<Host>, work: Handle, identity: Identity) -> Self {
        Self {
            host,
            work,
            identity,
        }
    }

    /// Runs something where clients are served; ended when it is dropped.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T> {
        let done = AbortOnDropHandle::new(self.work.spawn(work)).await;
        done.map_err(|error| lost(&error))
    }

    /// Makes a change where clients are served. It is made to its end, also when nobody waits for that any more.
    pub(super) async fn change<T: Send + 'static, F>(
        &self,
        change: impl FnOnce(Actor) -> F,
    ) -> Result<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        // The endpoint has looked already: this is for whoever adds another way in.
        self.identity.may_deploy().map_err(|error| {
            Error::new(error.to_string())
                .extend_with(|_, extensions| extensions.set("code", "FORBIDDEN"))
        })?;
        let done = self.work.spawn(change(self.identity.actor())).await;
        done.map_err(|error| lost(&error))
    }
}

fn lost(error: &tokio::task::JoinError) -> Error {
    tracing::error!(%error, "an operator's request failed");
    Error::new("the request failed; see the log")
        .extend_with(|_, extensions| extensions.set("code", "INTERNAL"))
}
