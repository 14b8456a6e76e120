//! `mayfly snapshot`: the limited child process in which the top level of a module is evaluated.

use std::time::Duration;

use mayfly_runtime::modules::compiler::{
    CompilerLimits, end_with_the_host, give_way_out_of_memory, read_module_and_input,
    write_snapshot,
};
use mayfly_runtime::sandbox::{Snapshot as Made, SnapshotLimits};

use super::Exit;

/// Run a core module's build function on an input, and write what it leaves in memory into a new module, to standard output.
#[derive(clap::Args)]
pub struct Snapshot {
    /// Size of the module, in bytes
    #[arg(long)]
    module: u64,
    /// Size of the input, in bytes
    #[arg(long)]
    input: u64,
    /// What the instance may hold, in bytes
    #[arg(long)]
    cap: u64,
    /// Seconds the build function has
    #[arg(long)]
    time: u64,
    /// Address space the process may use, in bytes
    #[arg(long)]
    memory: u64,
    /// Processor time the process may use, in seconds
    #[arg(long)]
    seconds: u64,
}

impl Snapshot {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        // Where the system refuses this, somebody else goes first when memory runs out; that is no reason not to build.
        let _ = give_way_out_of_memory();
        CompilerLimits {
            memory_bytes: self.memory,
            time: Duration::from_secs(self.seconds),
        }
        .limit_this_process()?;
        let (module, input) =
            read_module_and_input(&mut std::io::stdin().lock(), self.module, self.input)?;
        end_with_the_host();
        let limits = SnapshotLimits {
            memory_bytes: self.cap,
            time: Duration::from_secs(self.time),
        };
        let made = Made::take(&module, &input, limits)?;
        write_snapshot(&made, &mut std::io::stdout().lock())?;
        Ok(Exit::Done)
    }
}
