//! `mayfly module canary`: begins one, and waits for its end if asked.

use std::path::PathBuf;
use std::time::Duration;

use http::Method;
use mayfly_json::{Limits, Tree, Value, quoted};

use super::client::{AdminAnswer, Client, segment};
use super::{Exit, read, show, tell};

/// How often a canary is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Try a version on a share of the operations.
///
/// Errors, traps, out-of-memory and deadlines of both versions are compared. The version is promoted after its time or its number of
/// operations, or given up as soon as it is worse. What is not said here is taken from `[modules.NAME.canary]`.
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
    /// End it at once after this many traps, out-of-memory and deadlines of which the active version has none
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
        let given = [
            ("share", &self.share),
            ("by", &self.by),
            ("for", &self.time),
            ("operations", &self.operations),
            ("min_operations", &self.min_operations),
            ("max_failure_increase", &self.max_failure_increase),
            ("max_faults", &self.max_faults),
            ("max_slowdown", &self.max_slowdown),
        ];
        let mut path = format!("/modules/{}/canary?version={digest}", segment(&self.module));
        for (key, value) in given {
            path.extend(
                value
                    .iter()
                    .map(|value| format!("&{key}={}", segment(value))),
            );
        }
        let answer = client.send(Method::POST, &path, bytes).await?;
        let exit = tell(&answer, json, show::canary_begun);
        if !self.wait || exit != Exit::Done {
            Ok(exit)
        } else {
            self.end(client, &digest, json).await
        }
    }

    /// Waits until it is over, and tells how it ended.
    async fn end(&self, client: &Client, digest: &str, json: bool) -> anyhow::Result<Exit> {
        loop {
            tokio::time::sleep(LOOK).await;
            let answer = client
                .send(
                    Method::GET,
                    &format!("/modules/{}", segment(&self.module)),
                    Vec::new(),
                )
                .await?;
            let body = answer.body.root();
            let is_this = |canary: &Value<'_>| {
                canary
                    .get("digest")
                    .and_then(Value::as_str)
                    .is_some_and(|other| other == digest)
            };
            let runs = body.get("canary").as_ref().is_some_and(is_this);
            if answer.status.is_success() && runs {
                continue;
            }
            let Some(ended) = body.get("last_canary").filter(is_this) else {
                return Ok(tell(&answer, json, show::module));
            };
            let promoted = ended
                .get("verdict")
                .and_then(Value::as_str)
                .is_some_and(|verdict| verdict == "promoted");
            let text = format!("{{\"module\":{},\"canary\":{ended}}}", quoted(&self.module));
            let limits = Limits::of_bytes(text.len());
            let answer = AdminAnswer {
                status: answer.status,
                body: Tree::read(text, limits).unwrap_or_default(),
            };
            tell(&answer, json, show::canary_ended);
            return Ok(if promoted { Exit::Done } else { Exit::Refused });
        }
    }
}
