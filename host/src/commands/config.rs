//! `mayfly config`: what `mayfly.toml` may hold, for editors and for people.

use clap::Subcommand;
use mayfly_config::Config as Configuration;
use mayfly_runtime::capability::{Capabilities, readers};
use mayfly_telemetry::output;

use super::Exit;

/// Describe what mayfly.toml may hold
///
/// Both are made from the declarations that read the file, so they describe what this program accepts.
#[derive(clap::Args)]
pub struct Config {
    #[command(subcommand)]
    form: Form,
}

#[derive(Subcommand)]
enum Form {
    /// A JSON Schema (draft 2020-12), for editors
    Schema,
    /// A page in Markdown, for people
    Reference,
}

impl Config {
    pub(super) fn run(self, capabilities: Capabilities) -> anyhow::Result<Exit> {
        let description = Configuration::describe(&readers(capabilities));
        let text = match self.form {
            Form::Schema => description.schema(),
            Form::Reference => description.reference(),
        };
        output::print(text.trim_end());
        Ok(Exit::Done)
    }
}
