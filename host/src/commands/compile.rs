//! `mayfly compile`: the limited child process in which components are compiled.

use std::io::Write;
use std::time::Duration;

use mayfly_config::CompilePriority;

use super::Exit;
use mayfly_runtime::modules::compiler::{
    CompilerLimits, compile, end_with_the_host, give_way, give_way_out_of_memory, has_idle_core,
    read_component,
};

/// Compile a component from standard input, to standard output; standard input has to stay open meanwhile.
#[derive(clap::Args)]
pub struct Compile {
    /// Size of the component, in bytes
    #[arg(long)]
    bytes: u64,
    /// Address space it may use, in bytes
    #[arg(long)]
    memory: u64,
    /// Processor time it may use, in seconds
    #[arg(long)]
    seconds: u64,
    /// Use this priority, and one thread unless a core is idle
    #[arg(long, value_name = "PRIORITY", value_parser = priority)]
    background: Option<CompilePriority>,
}

impl Compile {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        // The host logs what is told here.
        let tell = |refused: Result<(), String>| {
            if let Err(refused) = refused {
                let _ = writeln!(std::io::stderr(), "{refused}");
            }
        };
        tell(give_way_out_of_memory());
        tell(give_way(self.background.unwrap_or(CompilePriority::Normal)));
        CompilerLimits {
            memory_bytes: self.memory,
            time: Duration::from_secs(self.seconds),
        }
        .limit_this_process()?;
        let component = read_component(&mut std::io::stdin().lock(), self.bytes)?;
        end_with_the_host();
        let parallel = self.background.is_none() || has_idle_core();
        let artifact = compile(&component, parallel)?;
        let mut output = std::io::stdout().lock();
        output.write_all(&artifact)?;
        output.flush()?;
        Ok(Exit::Done)
    }
}

fn priority(text: &str) -> Result<CompilePriority, String> {
    CompilePriority::parse(text).ok_or_else(|| format!("unknown priority {text}"))
}
