//! `mayfly completions`: what a shell completes of a command line.

use clap_complete::{Shell, generate};
use mayfly_runtime::capability::Capabilities;
use mayfly_telemetry::output;

use super::{Exit, command};

/// Print completions for a shell.
///
/// Example: mayfly completions bash > /etc/bash_completion.d/mayfly
#[derive(clap::Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, capabilities: Capabilities) -> anyhow::Result<Exit> {
        let mut script = Vec::new();
        generate(
            self.shell,
            &mut command(capabilities),
            "mayfly",
            &mut script,
        );
        output::print(String::from_utf8(script)?.trim_end());
        Ok(Exit::Done)
    }
}
