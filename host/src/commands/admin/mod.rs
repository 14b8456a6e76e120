//! `mayfly admin`: the admin API itself; and what all commands share that ask a running host.

pub(super) mod client;

use clap::Subcommand;
use mayfly_telemetry::output;

use super::Exit;
use crate::http::admin::graphql;

/// The admin API of a running host.
#[derive(clap::Args)]
pub struct Admin {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Print the schema of the admin API, in GraphQL's schema language
    Schema,
}

impl Admin {
    pub(super) fn run(self) -> Exit {
        match self.action {
            Action::Schema => output::print(graphql::sdl().trim_end()),
        }
        Exit::Done
    }
}

/// Runs what asks a host: one connection, one request, so this thread is enough.
pub(super) fn block_on(act: impl Future<Output = anyhow::Result<Exit>>) -> anyhow::Result<Exit> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(act)
}
