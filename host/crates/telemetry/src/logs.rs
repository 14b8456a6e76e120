//! Log lines: their levels, their format, and how they reach standard error.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::{self, Debug, Write as _};
use std::io::{self, IsTerminal, Write};
use std::panic;

use tracing::field::Field;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::format::{self, Writer};

use crate::controls::EscapeControls;
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
        builder
            .with_ansi(io::stderr().is_terminal())
            .fmt_fields(format::debug_fn(text_field).delimited(" "))
            .try_init()
    };
}

/// Writes a field of a line of text. What guests and clients say is in it: no end of line of theirs begins a line that nobody
/// logged, and no escape sequence reaches a terminal.
fn text_field(writer: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> fmt::Result {
    if field.name() != "message" {
        write!(writer, "{}=", field.name())?;
    }
    write!(EscapeControls(writer), "{value:?}")
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_of_text_is_one_line_whatever_is_in_it() {
        let memory = Memory::default();
        let writer = memory.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .fmt_fields(format::debug_fn(text_field).delimited(" "))
            .finish();
        let said = "ends\n\n2026-01-01 ERROR forged\r\u{1b}[2J\u{7f}\u{85}\tümlaut";
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(shown = %said, quoted = said, number = 3, "{said}");
        });
        let line = String::from_utf8(memory.0.lock().unwrap().clone()).unwrap();
        let line = line.strip_suffix('\n').unwrap();
        assert!(!line.contains(char::is_control), "{line:?}");
        let escaped = "ends\\n\\n2026-01-01 ERROR forged\\r\\u{1b}[2J\\u{7f}\\u{85}\\tümlaut";
        assert!(
            line.contains(&format!(" {escaped} shown={escaped} quoted=\"")),
            "{line}"
        );
        assert!(line.ends_with("number=3"), "{line}");
    }
}
