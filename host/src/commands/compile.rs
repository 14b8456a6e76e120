//! `mayfly compile`: the limited child process in which components are compiled.

use std::path::PathBuf;
use std::time::Duration;

use super::Exit;
use crate::modules::{CompilerLimits, compile_in_this_process, give_way};

/// Compile a component from standard input.
#[derive(clap::Args)]
pub struct Compile {
    /// The file to write
    #[arg(long)]
    output: PathBuf,
    /// Address space it may use, in bytes
    #[arg(long)]
    memory: u64,
    /// Processor time it may use, in seconds
    #[arg(long)]
    seconds: u64,
    /// Use one thread, and the processor only when nobody else wants it
    #[arg(long)]
    background: bool,
}

impl Compile {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        CompilerLimits {
            memory_bytes: self.memory,
            time: Duration::from_secs(self.seconds),
        }
        .limit_this_process()?;
        if self.background {
            give_way()?;
        }
        compile_in_this_process(&mut std::io::stdin().lock(), &self.output, !self.background)?;
        Ok(Exit::Done)
    }
}
