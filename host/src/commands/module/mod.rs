//! `mayfly module`: versions of modules in a running host, over its admin address.

mod canary;
pub(super) mod client;
pub(super) mod show;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Subcommand;
use http::Method;
use mayfly_config::file::read_bytes;
use mayfly_config::units;
use mayfly_json::Value;
use mayfly_telemetry::output;
use sha2::{Digest, Sha256};

use super::Exit;
use client::{AdminAnswer, Client, segment};
use mayfly_runtime::modules::MAX_COMPONENT_BYTES;

/// Deploy versions of modules to a running host, show them, roll them back.
///
/// A version is pushed through the gate: validate, compile, type-check, fields, probes. When a step refuses it, the command says
/// which and why, ends with 6, and the host goes on with the version it had. The token of `server.admin_token` is read from the
/// environment variable MAYFLY_ADMIN_TOKEN.
#[derive(clap::Args)]
pub struct Module {
    #[command(subcommand)]
    action: Action,
    /// The host's admin address; its token is read from MAYFLY_ADMIN_TOKEN
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "MAYFLY_ADMIN",
        default_value = "http://127.0.0.1:8081"
    )]
    admin: String,
    /// Print the host's answer as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Action {
    /// Check a component and make it the active version
    Push {
        /// The module
        module: String,
        /// The component
        file: PathBuf,
    },
    /// Every module with its active version
    List,
    /// One module: its active version, earlier ones, the last refusal
    Show {
        /// The module
        module: String,
    },
    /// Check a component and try it on a share of the operations; it is promoted or aborted automatically
    Canary(canary::Canary),
    /// End the canary now and make its version the active one
    Promote {
        /// The module
        module: String,
    },
    /// End the canary now; all operations run on the active version
    Abort {
        /// The module
        module: String,
    },
    /// Go back to the version that was active before; again goes further back
    Rollback {
        /// The module
        module: String,
        /// Make this version active instead, one that was before: its digest, or the first digits of it
        #[arg(long, value_name = "DIGEST")]
        to: Option<String>,
    },
}

impl Module {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        // One connection, one request: this thread is enough.
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(self.act())
    }

    async fn act(self) -> anyhow::Result<Exit> {
        let client = Client::new(&self.admin)?;
        let (answer, show): (AdminAnswer, fn(Value<'_>) -> String) = match self.action {
            Action::Push { module, file } => {
                let (bytes, digest) = read(&file)?;
                let path = format!("/modules/{}?version={digest}", segment(&module));
                (client.send(Method::PUT, &path, bytes).await?, show::swapped)
            }
            Action::List => (
                client.send(Method::GET, "/modules", Vec::new()).await?,
                show::list,
            ),
            Action::Show { module } => (
                client
                    .send(
                        Method::GET,
                        &format!("/modules/{}", segment(&module)),
                        Vec::new(),
                    )
                    .await?,
                show::module,
            ),
            Action::Canary(canary) => return canary.begin(&client, self.json).await,
            Action::Promote { module } => (
                client
                    .send(
                        Method::POST,
                        &format!("/modules/{}/promote", segment(&module)),
                        Vec::new(),
                    )
                    .await?,
                show::swapped,
            ),
            Action::Abort { module } => (
                client
                    .send(
                        Method::POST,
                        &format!("/modules/{}/abort", segment(&module)),
                        Vec::new(),
                    )
                    .await?,
                show::canary_ended,
            ),
            Action::Rollback { module, to } => {
                let mut path = format!("/modules/{}/rollback", segment(&module));
                if let Some(digest) = to {
                    path.push_str(&format!("?to={}", segment(&digest)));
                }
                let answer = client.send(Method::POST, &path, Vec::new()).await?;
                (answer, show::swapped)
            }
        };
        Ok(tell(&answer, self.json, show))
    }
}

/// A component and its digest, which the host compares, so that what was cut off on the way is not taken for the whole.
fn read(file: &Path) -> anyhow::Result<(Vec<u8>, String)> {
    let cannot_read = || format!("cannot read {}", file.display());
    let bytes = std::fs::metadata(file).with_context(cannot_read)?.len();
    // A host would refuse it before it has read it to its end.
    anyhow::ensure!(
        bytes <= MAX_COMPONENT_BYTES,
        "{} is {}, and a component may have {} at most",
        file.display(),
        units::show_bytes(bytes),
        units::show_bytes(MAX_COMPONENT_BYTES)
    );
    let bytes = read_bytes(file, MAX_COMPONENT_BYTES).with_context(cannot_read)?;
    let digest = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok((bytes, digest))
}

/// Prints what the host answered.
fn tell(answer: &AdminAnswer, json: bool, show: fn(Value<'_>) -> String) -> Exit {
    if json {
        output::print(answer.body.text());
    }
    match (answer.status.is_success(), json) {
        (true, true) => {}
        (true, false) => output::print(show(answer.body.root())),
        (false, _) => output::fail(show::error(answer)),
    }
    if answer.status.is_success() {
        Exit::Done
    } else {
        Exit::Refused
    }
}
