//! The two streams of this process: results and announcements on standard output, progress and errors on standard error.
//!
//! A command that runs and ends writes to them directly, and ends quietly when whoever reads its results goes away. A server never
//! waits for its readers and never ends because of them: its lines go through a queue, and are JSON when its log is.
//!
//! Names and messages of clients, guests and hosts are in it: what a terminal would act on is escaped.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;
use std::time::Duration;

use crate::controls::escape_lines;
use crate::json_lines::line;
use crate::queue::LineQueue;

/// Bytes of lines that may wait for a reader of standard error, which carries the log.
const LOG_BYTES: usize = 2 << 20;

/// Bytes of lines that may wait for a reader of standard output, which carries what is announced at the start.
const ANNOUNCED_BYTES: usize = 64 << 10;

/// How long the end of the process waits for a reader of what was written last.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a shell makes of a process that ended by SIGPIPE: 128 and the signal's number.
const CLOSED_PIPE: i32 = 141;

/// What the streams of a server are.
struct Queued {
    json: bool,
    stdout: LineQueue,
    stderr: LineQueue,
}

static QUEUED: OnceLock<Queued> = OnceLock::new();

/// Sends everything through queues from now on; JSON or text.
///
/// # Errors
///
/// When no thread can be started.
pub(crate) fn queue(json: bool) -> io::Result<()> {
    let notice = if json { dropped_in_json } else { dropped };
    let queued = Queued {
        json,
        stdout: LineQueue::start(io::stdout(), ANNOUNCED_BYTES, notice)?,
        stderr: LineQueue::start(io::stderr(), LOG_BYTES, notice)?,
    };
    // Only a second start in one process fails, and then the first one's queues stay.
    let _ = QUEUED.set(queued);
    Ok(())
}

fn dropped(lines: u64) -> String {
    format!("{lines} lines were dropped: they were not read fast enough\n")
}

fn dropped_in_json(lines: u64) -> String {
    let message = "lines were dropped: they were not read fast enough";
    line("WARN", message, &[("dropped", &lines.to_string())])
}

/// Prints a result on standard output.
pub fn print(result: impl Display) {
    let text = format!("{result}\n");
    let text = escape_lines(&text);
    if let Some(queued) = QUEUED.get() {
        queued.stdout.push(queued.format("INFO", &text).as_bytes());
        return;
    }
    let mut stdout = io::stdout().lock();
    let printed = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match printed {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(CLOSED_PIPE),
        Err(error) => {
            tell(format_args!("error: cannot write the result: {error}"));
            std::process::exit(1);
        }
    }
}

/// Says on standard error how things are going.
pub fn tell(progress: impl Display) {
    write_to_stderr("INFO", &escape_lines(&format!("{progress}\n")));
}

/// Says on standard error why the process ends; each line is a problem of its own.
pub fn fail(error: impl Display) {
    let text = format!("{error}\n");
    let text = escape_lines(&text);
    match QUEUED.get() {
        Some(queued) if queued.json => {
            for problem in text.lines() {
                let line = line("ERROR", problem, &[]);
                queued.stderr.push(line.as_bytes());
            }
        }
        _ => write_to_stderr("ERROR", &format!("error: {text}")),
    }
}

/// Announces on standard output what a program may want to know: `text` for people, the same as named values for programs.
pub fn announce(text: &str, message: &str, values: &[(&str, &str)]) {
    match QUEUED.get() {
        Some(queued) if queued.json => {
            let line = line("INFO", message, values);
            queued.stdout.push(line.as_bytes());
        }
        _ => print(text),
    }
}

/// Waits, not for long, until what was written last has been read.
pub fn finish() {
    if let Some(queued) = QUEUED.get() {
        queued.stderr.flush(LAST_WORDS);
        queued.stdout.flush(LAST_WORDS);
    }
}

/// Writes whole lines to standard error, as they are. Nobody could be told that this failed.
pub(crate) fn write_line(line: &[u8]) {
    match QUEUED.get() {
        Some(queued) => queued.stderr.push(line),
        None => drop(io::stderr().lock().write_all(line)),
    }
}

fn write_to_stderr(level: &str, text: &str) {
    match QUEUED.get() {
        Some(queued) => queued.stderr.push(queued.format(level, text).as_bytes()),
        None => write_line(text.as_bytes()),
    }
}

impl Queued {
    fn format(&self, level: &str, text: &str) -> String {
        if self.json {
            line(level, text.trim_end(), &[])
        } else {
            text.to_owned()
        }
    }
}
