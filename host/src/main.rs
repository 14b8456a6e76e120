//! `mayfly`: arguments, exit codes, signals.

#![deny(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;

use clap::Parser;
use mayfly::commands::{Command, Exit};
use mayfly_telemetry::output;

/// The allocator that gives back what it does not use, without being asked: after documents that took 200 MiB to plan, the resident
/// memory was within a tenth of what it had been twelve seconds later, where glibc's allocator and mimalloc kept almost all of it.
/// Requests are as fast with each of them.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// A GraphQL server whose resolvers are WebAssembly components.
///
/// An app is a directory with a mayfly.toml, a GraphQL schema and its modules. Each field marked @resolve is answered by a
/// module, in a fresh instance with a hard memory cap, which is gone when the field is answered.
///
/// First steps: `mayfly build APP` makes the modules, `mayfly serve APP` serves them.
#[derive(Parser)]
#[command(name = "mayfly", version, after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "Exit codes: 0 done; 1 failed; 2 wrong arguments; 3 the app has problems (they are listed); \
                          4 an address is in use; 5 a resolver answered with an error (`invoke`); \
                          6 the host refused (`module`); 7 requests were cut off (`serve`).";

fn main() -> ExitCode {
    let exit = match Arguments::parse().command.run(mayfly_capabilities::ALL) {
        Ok(exit) => exit,
        Err(error) => {
            output::fail(format_args!("{error:#}"));
            Exit::of(&error)
        }
    };
    output::finish();
    ExitCode::from(exit as u8)
}
