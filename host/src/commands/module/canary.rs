//! `mayfly module canary`: begins one, and waits for its end if asked.

use std::path::PathBuf;
use std::time::Duration;

use super::super::admin::client::Client;
use super::{Exit, read, show, tell, tell_push};
use crate::http::admin::graphql::CanarySettings;
use crate::http::admin::graphql::canaries::CanaryVerdict;
use crate::http::admin::graphql::outcomes::CanaryOutcome;
use crate::http::admin::graphql::requests::{BeginCanary, ShowModule, canary_of};

/// How often a canary is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Try a version on a share of the operations.
///
/// Errors, traps, out-of-memory and deadlines of both versions are compared. The version is promoted after its time or its number of
/// operations, or aborted as soon as it is worse. What is left out here is taken from `[modules.NAME.canary]`.
#[derive(clap::Args)]
pub(super) struct Canary {
    /// The module
    module: String,
    /// The component
    file: PathBuf,
    /// The share of operations it gets, such as 5%
    #[arg(long, value_name = "PERCENT")]
    share: Option<String>,
    /// What the share is of: operation, caller or header:NAME
    #[arg(long, value_name = "KEY")]
    by: Option<String>,
    /// Decide after this time, such as 10m
    #[arg(long = "for", value_name = "TIME")]
    time: Option<String>,
    /// Decide after this many of its operations, if that comes first
    #[arg(long, value_name = "NUMBER")]
    operations: Option<String>,
    /// Judge nothing with fewer operations than this
    #[arg(long, value_name = "NUMBER")]
    min_operations: Option<String>,
    /// How much larger the share of operations that fail may be, such as 1%
    #[arg(long, value_name = "PERCENT")]
    max_failure_increase: Option<String>,
    /// End it at once after this many traps, out-of-memory and deadlines that the active version has none of
    #[arg(long, value_name = "NUMBER")]
    max_faults: Option<String>,
    /// How much longer the median operation may take, such as 50%
    #[arg(long, value_name = "PERCENT")]
    max_slowdown: Option<String>,
    /// Wait until it is over; exit with 6 when it was aborted
    #[arg(long)]
    wait: bool,
}

impl Canary {
    /// Begins the canary.
    pub(super) async fn begin(self, client: &Client, json: bool) -> anyhow::Result<Exit> {
        let (bytes, digest) = read(&self.file)?;
        let parameters = format!("version={digest}&stage=true");
        let staged = client.push(&self.module, &parameters, bytes).await?;
        if !staged.done {
            return Ok(tell_push(&staged, json));
        }
        let operation = BeginCanary {
            module: &self.module,
            digest: &digest,
            settings: CanarySettings {
                share: self.share.clone(),
                by: self.by.clone(),
                time: self.time.clone(),
                operations: self.operations.clone(),
                min_operations: self.min_operations.clone(),
                max_failure_increase: self.max_failure_increase.clone(),
                max_faults: self.max_faults.clone(),
                max_slowdown: self.max_slowdown.clone(),
            },
        };
        let answer = client.ask(&operation).await?;
        let exit = tell(&answer, json, |data| match &data.canary {
            CanaryOutcome::Canary(canary) => Ok(show::canary_begun(canary)),
            CanaryOutcome::Refusal(refusal) => Err(show::refused(refusal)),
            CanaryOutcome::Failure(failure) => Err(failure.message.clone()),
        });
        if !self.wait || exit != Exit::Done {
            return Ok(exit);
        }
        self.end(client, &digest, json).await
    }

    /// Waits until it is over, and tells how it ended.
    async fn end(&self, client: &Client, digest: &str, json: bool) -> anyhow::Result<Exit> {
        let operation = ShowModule { name: &self.module };
        loop {
            tokio::time::sleep(LOOK).await;
            let answer = client.ask(&operation).await?;
            let module = answer.data.module.as_ref();
            let (running, past) = module.map_or((None, None), |module| canary_of(module, digest));
            if running.is_some() {
                continue;
            }
            let promoted = past.is_some_and(|past| past.verdict == CanaryVerdict::Promoted);
            let exit = tell(&answer, json, |data| match (past, &data.module) {
                (Some(past), _) => Ok(show::canary_ended(past)),
                (None, Some(module)) => Ok(show::module(module)),
                (None, None) => Err(format!("the app no longer has a module `{}`", self.module)),
            });
            return Ok(if promoted { exit } else { Exit::Refused });
        }
    }
}
