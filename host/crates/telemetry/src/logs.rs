//! Log lines.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

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

/// Starts logging to standard error, at the levels `RUST_LOG` names or else those of `default_levels`.
pub fn start_logs(format: LogFormat, default_levels: &str) {
    let levels = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(format!("{default_levels},{QUIETER}")));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(levels)
        .with_writer(std::io::stderr);
    let json = match format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    // Only a second start in one process fails, and then lines go where the first one sent them.
    let _ = if json {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.try_init()
    };
}
