//! `mayfly codegen`: types for whoever writes resolvers in TypeScript.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use mayfly_config::Config;
use mayfly_config::file::read_text;
use mayfly_runtime::capability::{self, Capabilities};
use mayfly_telemetry::output;

use super::{AppDirectory, Exit};
use crate::codegen::typescript;

/// Write the schema as TypeScript types: arguments, parents and answers of resolvers, and what each module answers.
///
/// `export const resolvers: StudentsResolvers = { … }` is then checked by the editor and by tsc.
#[derive(clap::Args)]
pub struct Codegen {
    #[command(flatten)]
    directory: AppDirectory,
    /// Only the resolvers of this module
    #[arg(long)]
    module: Option<String>,
    /// The file to write; standard output without it
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Codegen {
    pub(super) fn run(self, capabilities: Capabilities) -> anyhow::Result<Exit> {
        let config =
            Config::load_for_build(&self.directory.app, &capability::readers(capabilities))?;
        let file = config.schema.display();
        let sdl = read_text(&config.schema).with_context(|| format!("cannot read {file}"))?;
        let written =
            typescript(&sdl, self.module.as_deref()).with_context(|| format!("{file}"))?;
        match self.out {
            Some(out) => {
                let place = out.display();
                fs::write(&out, written).with_context(|| format!("cannot write {place}"))?;
                output::print(format_args!("wrote {place}"));
            }
            None => output::print(format_args!("{}", written.trim_end())),
        }
        Ok(Exit::Done)
    }
}
