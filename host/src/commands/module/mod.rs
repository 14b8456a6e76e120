//! `mayfly module`: versions of modules in a running host, over its admin address.

mod canary;
pub(super) mod show;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Subcommand;
use mayfly_config::file::read_bytes;
use mayfly_config::units;
use mayfly_telemetry::output;
use sha2::{Digest, Sha256};

use super::Exit;
use super::admin::block_on;
use super::admin::client::{AdminAddress, Answer, PushAnswer};
use crate::http::admin::graphql::outcomes::{AbortOutcome, ActivationOutcome};
use crate::http::admin::graphql::requests;
use mayfly_runtime::modules::MAX_COMPONENT_BYTES;

/// Deploy versions of modules to a running host, show them, roll them back.
///
/// A version is pushed through the gate: validate, compile, type-check, fields, probes. When a step refuses it, the command says
/// which and why, exits with 6, and the host keeps the version it had. A token, of the role `deploy` for changes, is read from
/// the environment variable MAYFLY_ADMIN_TOKEN.
#[derive(clap::Args)]
pub struct Module {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    address: AdminAddress,
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
    /// Go back to the version that was active before; repeat it to go further back
    Rollback {
        /// The module
        module: String,
        /// An earlier version to make active instead: its digest, or the first digits of it
        #[arg(long, value_name = "DIGEST")]
        to: Option<String>,
    },
}

impl Module {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        block_on(self.act())
    }

    async fn act(self) -> anyhow::Result<Exit> {
        let client = self.address.client()?;
        let json = self.address.json;
        let module = |module: &str| format!("the app has no module `{module}`");
        match self.action {
            Action::Push { module, file } => {
                let (bytes, digest) = read(&file)?;
                let parameters = format!("version={digest}");
                let answer = client.push(&module, &parameters, bytes).await?;
                Ok(tell_push(&answer, json))
            }
            Action::List => {
                let answer = client.ask(&requests::ListModules {}).await?;
                Ok(tell(&answer, json, |data| Ok(show::list(&data.modules))))
            }
            Action::Show { module: name } => {
                let answer = client.ask(&requests::ShowModule { name: &name }).await?;
                Ok(tell(&answer, json, |data| match &data.module {
                    Some(module) => Ok(show::module(module)),
                    None => Err(module(&name)),
                }))
            }
            Action::Canary(canary) => canary.begin(&client, json).await,
            Action::Promote { module } => {
                let answer = client.ask(&requests::Promote { module: &module }).await?;
                Ok(tell(&answer, json, |data| activation(&data.promote)))
            }
            Action::Abort { module } => {
                let answer = client.ask(&requests::Abort { module: &module }).await?;
                Ok(tell(&answer, json, |data| match &data.abort {
                    AbortOutcome::PastCanary(past) => Ok(show::canary_ended(past)),
                    AbortOutcome::Failure(failure) => Err(failure.message.clone()),
                }))
            }
            Action::Rollback { module, to } => {
                let operation = requests::RollBack {
                    module: &module,
                    to: to.as_deref(),
                };
                let answer = client.ask(&operation).await?;
                Ok(tell(&answer, json, |data| activation(&data.roll_back)))
            }
        }
    }
}

/// A component and its digest, which the host compares, so that what was cut off on the way is not taken for the whole.
fn read(file: &Path) -> anyhow::Result<(Vec<u8>, String)> {
    let cannot_read = || format!("cannot read {}", file.display());
    let bytes = std::fs::metadata(file).with_context(cannot_read)?.len();
    // A host would refuse it before it has read it to its end.
    anyhow::ensure!(
        bytes <= MAX_COMPONENT_BYTES,
        "{} is {}; a component may have at most {}",
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

fn activation(outcome: &ActivationOutcome) -> Result<String, String> {
    match outcome {
        ActivationOutcome::Activation(activation) => Ok(show::activated(activation)),
        ActivationOutcome::Refusal(refusal) => Err(show::refused(refusal)),
        ActivationOutcome::Failure(failure) => Err(failure.message.clone()),
    }
}

/// Prints what the host answered: what was done, or why it was not.
fn tell<T>(
    answer: &Answer<T>,
    json: bool,
    show: impl FnOnce(&T) -> Result<String, String>,
) -> Exit {
    if json {
        output::print(&answer.text);
    }
    match show(&answer.data) {
        Ok(done) => {
            if !json {
                output::print(done);
            }
            Exit::Done
        }
        Err(why) => {
            output::fail(why);
            Exit::Refused
        }
    }
}

/// Prints what the host answered to a component that was sent.
fn tell_push(answer: &PushAnswer, json: bool) -> Exit {
    let body = answer.body.root();
    if json {
        output::print(answer.body.text());
    }
    if !answer.done {
        output::fail(show::push_refused(body));
        return Exit::Refused;
    }
    if !json {
        output::print(show::pushed(body));
    }
    Exit::Done
}
