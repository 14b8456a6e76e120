//! `mayfly invoke`: one invocation, and what it cost.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use mayfly_config::{Config, units};
use mayfly_graphql::Invocation;

use super::{Exit, show_progress};
use crate::app::{App, EmbeddedAddresses};
use crate::embedded::EmbeddedProcess;
use crate::imports::{Allowance, Caller, Operation};
use crate::resolve::Resolver;
use crate::sandbox::Outcome;

/// Run one field of one module once, and show the answer and what it cost.
///
/// Example: mayfly invoke guest/apps/students Query.student --args '{"id": "S1"}'
#[derive(clap::Args)]
pub struct Invoke {
    /// The app's directory (the current one when left out), and the field, such as Query.student
    #[arg(value_names = ["APP", "TYPE.FIELD"], num_args = 1..=2, required = true)]
    target: Vec<String>,
    /// The field's arguments, a JSON object
    #[arg(long, value_name = "JSON", default_value = "{}")]
    args: String,
    /// A parent, a JSON object with what the field needs; may be given several times
    #[arg(long, value_name = "JSON")]
    parent: Vec<String>,
    /// The caller's claims, a JSON object, as a token would carry them; `sub` is the caller's id
    #[arg(long, value_name = "JSON", default_value = "{}")]
    claims: String,
}

impl Invoke {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        mayfly_telemetry::start_logs(mayfly_telemetry::LogFormat::Text, "warn,guest=info");
        tokio::runtime::Runtime::new()?.block_on(self.invoke())
    }

    async fn invoke(self) -> anyhow::Result<Exit> {
        let given = [("--args", &self.args), ("--claims", &self.claims)];
        for (flag, json) in given
            .into_iter()
            .chain(self.parent.iter().map(|json| ("--parent", json)))
        {
            let value: serde_json::Value =
                serde_json::from_str(json).with_context(|| format!("{flag} is not JSON"))?;
            anyhow::ensure!(value.is_object(), "{flag} must be a JSON object");
        }
        let (directory, field) = match self.target.as_slice() {
            [directory, field] => (directory.as_str(), field.clone()),
            other => (".", other.concat()),
        };
        let mut config = Config::load(Path::new(directory))?;
        let embedded = EmbeddedProcess::start_for(&mut config).await?;
        let addresses = embedded
            .as_ref()
            .map_or_else(EmbeddedAddresses::default, |process| {
                process.addresses.clone()
            });
        let app = Arc::new(App::load(&config, &addresses, &show_progress).await?);
        let caller = Caller::with_claims(serde_json::from_str(&self.claims)?);
        let allowance = Allowance::new(config.operation);
        let operation = Operation {
            trace_id: format!("{:032x}", rand::random::<u128>()),
            caller,
            allowance,
        };
        let invocation = self.invocation(&app, &field)?;
        let outcome = Resolver::new(app, operation).invoke(invocation).await?;
        Ok(show(&outcome))
    }

    fn invocation(self, app: &App, field: &str) -> anyhow::Result<Invocation> {
        let Some((type_name, field_name)) = field.split_once('.') else {
            bail!(
                "`{}` is not a field; write it as Type.field, such as Query.student",
                field
            );
        };
        let mut bindings = app.engine.schema().bindings();
        let Some(binding) = bindings
            .find(|binding| *binding.type_name == *type_name && *binding.field_name == *field_name)
        else {
            let known = app
                .engine
                .schema()
                .bindings()
                .map(|b| format!("{}.{}", b.type_name, b.field_name));
            bail!(
                "no module answers `{}`; the fields are {}",
                field,
                known.collect::<Vec<_>>().join(", ")
            );
        };
        Ok(Invocation {
            module: binding.module.to_string().into(),
            type_name: type_name.into(),
            field_name: field_name.into(),
            arguments: self.args,
            parents: self.parent,
            selection: Arc::new([]),
            mutation: false,
        })
    }
}

/// Answers on standard output, costs on standard error.
fn show(outcome: &Outcome) -> Exit {
    let mut exit = Exit::Done;
    match &outcome.answers {
        Ok(answers) => {
            for answer in answers {
                match answer {
                    Ok(json) => println!("{json}"),
                    Err(error) => {
                        println!("null");
                        eprintln!("error: {} ({})", error.log_message(), error.code());
                        exit = Exit::ResolverFailed;
                    }
                }
            }
        }
        Err(error) => {
            eprintln!("error: {} ({})", error.log_message(), error.code());
            exit = Exit::ResolverFailed;
        }
    }
    let timing = outcome.timing;
    eprintln!(
        "instantiated in {:?}, ran for {:?}; {} peak memory, {} host calls, {} given to the guest",
        timing.instantiate,
        timing.run,
        units::show_bytes(outcome.peak_memory_bytes as u64),
        outcome.usage.host_calls,
        units::show_bytes(outcome.usage.host_to_guest_bytes)
    );
    exit
}
