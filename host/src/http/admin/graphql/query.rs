//! What operators may look at. Everything is in memory and answered on the operators' own thread, whatever the others do; only
//! backends are asked where clients are served, which is where connections to them live.

use std::sync::Arc;

use async_graphql::{Context, Error, ErrorExtensions, Object, Result};

use super::canaries::Canary;
use super::changes::Change;
use super::configuration::Configuration;
use super::context::AdminContext;
use super::errors::{Blame, RecentError};
use super::memory::Memory;
use super::metrics::Metrics;
use super::modules::{Module, Refusal};
use super::operations::{Operation, SlowOperation};
use super::pools::{Backend, Pool};
use super::process::Process;
use crate::serving::app::App;
use crate::serving::deployment::Deployment;
use crate::serving::memory_plan::InUse;

/// The most that a list may be asked for at once.
const MOST: usize = 500;

/// Elements of such lists for which their fields count once.
const SHARE: usize = 10;

/// What may be looked at, with a token of the role `read` or `deploy`.
pub struct Query;

#[Object]
impl Query {
    /// How the process is doing.
    async fn process(&self, context: &Context<'_>) -> Result<Process> {
        Ok(Process::of(&admin(context)?.host))
    }

    /// Every module, by name.
    async fn modules(&self, context: &Context<'_>) -> Result<Vec<Module>> {
        let modules = deployment(context)?.modules();
        Ok(modules.into_iter().map(Into::into).collect())
    }

    /// One module; null when the app has none of that name.
    async fn module(&self, context: &Context<'_>, name: String) -> Result<Option<Module>> {
        Ok(deployment(context)?.module(&name).ok().map(Into::into))
    }

    /// The canaries that run. There is one at a time.
    async fn canaries(&self, context: &Context<'_>) -> Result<Vec<Canary>> {
        let modules = deployment(context)?.modules().into_iter();
        let canaries = modules.filter_map(|module| Some(Canary::of(&module.name, module.canary?)));
        Ok(canaries.collect())
    }

    /// The last refusal of each module, the latest first.
    async fn refusals(&self, context: &Context<'_>) -> Result<Vec<Refusal>> {
        let modules = deployment(context)?.modules().into_iter();
        let mut refusals: Vec<_> = modules
            .filter_map(|module| Some(Refusal::of(&module.name, module.last_refusal?)))
            .collect();
        refusals.sort_by_key(|refusal| std::cmp::Reverse(refusal.at_ms));
        Ok(refusals)
    }

    /// Connections to backends: who holds them, and who waits for one.
    async fn pools(&self, context: &Context<'_>) -> Result<Vec<Pool>> {
        Ok(app(context)?.pools.iter().map(Pool::of).collect())
    }

    /// Whether each backend answers. They are asked now.
    #[graphql(complexity = "50 + child_complexity")]
    async fn backends(&self, context: &Context<'_>) -> Result<Vec<Backend>> {
        let app = app(context)?;
        let checks = admin(context)?
            .work(async move { app.check_backends().await })
            .await?;
        Ok(checks.into_iter().map(Into::into).collect())
    }

    /// The operations under way, the oldest first.
    #[graphql(complexity = "1 + first.min(MOST) * child_complexity / SHARE")]
    async fn operations(
        &self,
        context: &Context<'_>,
        #[graphql(default = 100)] first: usize,
    ) -> Result<Vec<Operation>> {
        let operations = admin(context)?
            .host
            .history
            .operations
            .list(first.min(MOST));
        Ok(operations
            .iter()
            .map(|operation| (&**operation).into())
            .collect())
    }

    /// The slowest operations of the last hour, the slowest first.
    #[graphql(complexity = "1 + first.min(MOST) * child_complexity / SHARE")]
    async fn slow_operations(
        &self,
        context: &Context<'_>,
        #[graphql(default = 10)] first: usize,
    ) -> Result<Vec<SlowOperation>> {
        let slow = admin(context)?.host.history.slow.list(first.min(MOST));
        Ok(slow.into_iter().map(Into::into).collect())
    }

    /// The latest errors in answers, the newest first.
    #[graphql(complexity = "1 + last.min(MOST) * child_complexity / SHARE")]
    async fn errors(
        &self,
        context: &Context<'_>,
        #[graphql(default = 20)] last: usize,
        #[graphql(desc = "Only errors that these are to blame for.")] blame: Option<Vec<Blame>>,
    ) -> Result<Vec<RecentError>> {
        let picked = |found: mayfly_error::Blame| {
            blame
                .as_ref()
                .is_none_or(|blame| blame.contains(&Blame::from(found)))
        };
        let errors = admin(context)?
            .host
            .history
            .errors
            .latest(last.min(MOST), picked);
        Ok(errors.into_iter().map(Into::into).collect())
    }

    /// The memory plan, line by line, beside what is in use.
    async fn memory(&self, context: &Context<'_>) -> Result<Memory> {
        let (host, app) = (&admin(context)?.host, app(context)?);
        let in_use = InUse {
            request_bytes: host.admission.held_bytes(),
            answer_bytes: host.answers.held_bytes(),
            connections: host.connections.count() as u64,
        };
        let plan = deployment(context)?.memory_plan(&app);
        Ok(Memory::of(&plan, &app, &in_use))
    }

    /// The configuration as it was loaded, without its secrets.
    async fn configuration(&self, context: &Context<'_>) -> Result<Configuration> {
        Ok(Configuration::of(&deployment(context)?.config()))
    }

    /// A few numbers of the last hour.
    #[graphql(complexity = "1 + last.min(MOST) * child_complexity / SHARE")]
    async fn metrics(
        &self,
        context: &Context<'_>,
        #[graphql(default = 360)] last: usize,
    ) -> Result<Metrics> {
        Ok(Metrics::of(
            &admin(context)?.host.history.samples,
            last.min(MOST),
        ))
    }

    /// The last changes of what is served, and attempts at them, the latest first.
    #[graphql(complexity = "1 + last.min(MOST) * child_complexity / SHARE")]
    async fn changes(
        &self,
        context: &Context<'_>,
        #[graphql(default = 20)] last: usize,
    ) -> Result<Vec<Change>> {
        let changes = admin(context)?.host.history.changes.latest(last.min(MOST));
        Ok(changes.into_iter().map(Into::into).collect())
    }
}

/// What a request has with it.
pub(super) fn admin<'c>(context: &Context<'c>) -> Result<&'c AdminContext> {
    context.data::<AdminContext>()
}

/// What is deployed, once it is.
pub(super) fn deployment<'c>(context: &Context<'c>) -> Result<&'c Arc<Deployment>> {
    admin(context)?.host.deployment().ok_or_else(loading)
}

/// The app that is served, once one is.
fn app(context: &Context<'_>) -> Result<Arc<App>> {
    deployment(context)?.app().ok_or_else(loading)
}

fn loading() -> Error {
    Error::new("the app is still being loaded; try again")
        .extend_with(|_, extensions| extensions.set("code", "LOADING"))
}
