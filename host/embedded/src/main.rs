//! The process: arguments, the line that says it is ready, signals, exit codes.
//!
//! Standard output carries one line of JSON, once everything listens and the seed is loaded; logs go to standard error
//! (`RUST_LOG`, default `warn`). Exit codes: 0 ended as asked, 1 the system denied something, 2 wrong arguments, 3 seed, 4 address
//! taken, 5 data directory.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use mayfly_embedded::{Embedded, Options, StartError};
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};

/// A DynamoDB and a SQL Server endpoint over SQLite, and services over HTTP, for development and tests.
///
/// Prints one line of JSON with the addresses when it is ready. SQL Server lets in the user MAYFLY_EMBEDDED_USER with the password
/// MAYFLY_EMBEDDED_PASSWORD (both `mayfly` if not set).
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    /// End when standard input closes, which it does when the parent process ends, however it ends.
    #[arg(long)]
    until_stdin_closes: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter =
        tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        // Whoever reads the log may be gone, which is no reason to panic.
        .log_internal_errors(false)
        .init();
    let ended = tokio::runtime::Runtime::new()
        .map_err(StartError::from)
        .and_then(|runtime| {
            let ended = runtime.block_on(run(arguments));
            // A blocked read of standard input would keep the runtime from ending.
            runtime.shutdown_background();
            ended
        });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody could be told that nobody reads this.
            let _ = writeln!(std::io::stderr(), "mayfly-embedded: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), StartError> {
    // Before anything else, so that no signal finds the process unprepared.
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let embedded = Embedded::start(arguments.options).await?;
    let ready = serde_json::to_string(&embedded.addresses()).map_err(std::io::Error::from)?;
    let mut output = std::io::stdout();
    writeln!(output, "{ready}").and_then(|()| output.flush())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = stdin_closed(), if arguments.until_stdin_closes => {}
    }
    embedded.shutdown().await;
    Ok(())
}

async fn stdin_closed() {
    let mut input = tokio::io::stdin();
    let mut ignored = [0; 1024];
    while matches!(input.read(&mut ignored).await, Ok(1..)) {}
}
