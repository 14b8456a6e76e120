//! `mayfly compile`: the limited child process in which components are compiled.

use std::path::PathBuf;

use super::Exit;
use crate::modules::{compile_in_this_process, give_way, limit_this_process};

/// Compile a component from standard input.
#[derive(clap::Args)]
pub struct Compile {
    /// The file to write
    #[arg(long)]
    output: PathBuf,
    /// Use one thread, and the processor only when nobody else wants it
    #[arg(long)]
    background: bool,
}

impl Compile {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        limit_this_process()?;
        if self.background {
            give_way()?;
        }
        compile_in_this_process(&mut std::io::stdin().lock(), &self.output, !self.background)?;
        Ok(Exit::Done)
    }
}
