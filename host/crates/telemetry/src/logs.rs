//! Log lines: their levels, their format, and how they reach standard error.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal, Write};
use std::panic;

use tracing_subscriber::EnvFilter;

use crate::json_lines::JsonLines;
use crate::output;

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// Text for a terminal, JSON otherwise.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// Text for people.
    Text,
}

/// tiberius warns of every connection that is not encrypted; whether it is was the operator's choice.
const QUIETER: &str = "tiberius=error";

/// Starts the log of a server, at the levels `RUST_LOG` names or else those of `default_levels`: neither its lines nor anything
/// else it writes waits for a reader, and in JSON everything is, panics included.
///
/// # Errors
///
/// When no thread can be started.
pub fn start_server_log(format: LogFormat, default_levels: &str) -> io::Result<()> {
    let json = match format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !io::stderr().is_terminal(),
    };
    output::queue(json)?;
    start(json, default_levels);
    log_panics();
    Ok(())
}

/// Starts the log of a command that runs and ends: text, at the levels `RUST_LOG` names or else those of `default_levels`.
pub fn start_command_log(default_levels: &str) {
    start(false, default_levels);
}

fn start(json: bool, default_levels: &str) {
    let levels = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(format!("{default_levels},{QUIETER}")));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(levels)
        .with_writer(|| Lines);
    // Only a second start in one process fails, and then lines go where the first one sent them.
    let _ = if json {
        builder.event_format(JsonLines).try_init()
    } else {
        builder.with_ansi(io::stderr().is_terminal()).try_init()
    };
}

/// A panic is a line of the log: the standard library's own report would wait for a reader, and is not JSON.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("no message");
        let location = panic.location().map(ToString::to_string);
        let thread = std::thread::current();
        let backtrace = Backtrace::capture();
        let backtrace =
            (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
        tracing::error!(
            location,
            thread = thread.name(),
            backtrace,
            "panic: {message}"
        );
    }));
}

/// Takes the lines of the log, each whole, and never fails.
struct Lines;

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        output::write_line(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
