//! Live values. A stream makes nothing before its client has taken what was made before.

use std::time::Duration;

use async_graphql::{Context, Result, Subscription as GraphqlSubscription};
use futures_util::stream::{self, Stream};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::canaries::{Canary, CanaryProgress, PastCanary};
use super::changes::Change;
use super::context::AdminContext;
use super::process::Process;
use super::query::{admin, deployment};

/// Changes that a client may be behind; it misses those before.
const BEHIND: usize = 100;

/// What may be followed, with a token of the role `read` or `deploy`.
pub struct Subscription;

#[GraphqlSubscription]
impl Subscription {
    /// How the process is doing, repeatedly.
    async fn process(
        &self,
        context: &Context<'_>,
        #[graphql(default = 2, desc = "Seconds between two events, from 1 to 60.")]
        every_seconds: u64,
    ) -> Result<impl Stream<Item = Process> + use<>> {
        let host = admin(context)?.host.clone();
        let every = every(every_seconds);
        Ok(stream::unfold((host, every), async |(host, mut every)| {
            every.tick().await;
            Some((Process::of(&host), (host, every)))
        }))
    }

    /// Each change of what is served, and each attempt at one, as it happens.
    async fn changes(&self, context: &Context<'_>) -> Result<impl Stream<Item = Change> + use<>> {
        let admin = admin(context)?.clone();
        let follow = admin.host.history.changes.follow();
        let seen = *follow.borrow();
        let start = (admin, follow, seen);
        Ok(stream::unfold(start, async |(admin, mut follow, seen)| {
            // The sender lives as long as the host.
            let newest = *follow.wait_for(|number| *number > seen).await.ok()?;
            let next = next_change(&admin, seen, newest)?;
            let seen = next.number.0;
            Some((next, (admin, follow, seen)))
        }))
    }

    /// The canary of a module, repeatedly, until it has ended. Ends at once if there is none.
    async fn canary(
        &self,
        context: &Context<'_>,
        module: String,
        #[graphql(default = 1, desc = "Seconds between two events, from 1 to 60.")]
        every_seconds: u64,
    ) -> Result<impl Stream<Item = CanaryProgress> + use<>> {
        let deployment = deployment(context)?.clone();
        let running = deployment.module(&module).ok();
        let running = running.and_then(|status| status.canary);
        let start = running.map(|canary| (deployment, canary.digest, every(every_seconds)));
        Ok(stream::unfold(start, move |start| {
            let module = module.clone();
            async move {
                let (deployment, digest, mut every) = start?;
                every.tick().await;
                let status = deployment.module(&module).ok()?;
                let running = status.canary.filter(|canary| canary.digest == digest);
                if let Some(canary) = running {
                    let event = CanaryProgress::Canary(Canary::of(&module, canary));
                    return Some((event, Some((deployment, digest, every))));
                }
                let past = status.last_canary.filter(|past| past.digest == digest)?;
                let event = CanaryProgress::PastCanary(PastCanary::of(&module, past));
                Some((event, None))
            }
        }))
    }
}

/// The change after the one that was seen last.
fn next_change(admin: &AdminContext, seen: u64, newest: u64) -> Option<Change> {
    let behind = usize::try_from(newest - seen).unwrap_or(usize::MAX);
    let mut missed = admin.host.history.changes.latest(behind.min(BEHIND));
    missed.retain(|change| change.number > seen);
    missed.pop().map(Into::into)
}

fn every(seconds: u64) -> Interval {
    let mut every = interval(Duration::from_secs(seconds.clamp(1, 60)));
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    every
}
