//! What workers write to standard output and standard error: lines of the log, with what they were doing meanwhile.
//!
//! A worker never waits for the log: what is too much of it is counted and left out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::Instant;

/// Bytes of one line; what is longer is cut.
const LINE_BYTES: usize = 8 << 10;

/// Lines of one process in one second.
const LINES_A_SECOND: u32 = 100;

/// Bytes of standard error that are kept for when the process ends.
const TAIL_BYTES: usize = 4 << 10;

/// A process, for the log.
#[derive(Debug)]
pub(super) struct About {
    pub worker: String,
    /// None for one on another machine.
    pub pid: Option<i32>,
    current: Mutex<Option<Current>>,
    /// The end of its standard error.
    tail: Mutex<VecDeque<u8>>,
}

/// The call under way.
#[derive(Debug, Clone)]
struct Current {
    method: String,
    trace_id: String,
}

impl About {
    pub(super) fn new(worker: &str, pid: Option<i32>) -> Arc<Self> {
        Arc::new(Self {
            worker: worker.to_owned(),
            pid,
            current: Mutex::new(None),
            tail: Mutex::default(),
        })
    }

    /// Lines from now on belong to this call.
    pub(super) fn begin(&self, method: &str, trace_id: &str) {
        *self.current.lock() = Some(Current {
            method: method.to_owned(),
            trace_id: trace_id.to_owned(),
        });
    }

    /// The end of its standard error, for messages.
    pub(super) fn tail(&self) -> String {
        let tail: Vec<u8> = self.tail.lock().iter().copied().collect();
        String::from_utf8_lossy(&tail).trim().to_owned()
    }

    fn keep(&self, bytes: &[u8]) {
        let mut tail = self.tail.lock();
        tail.extend(bytes);
        let over = tail.len().saturating_sub(TAIL_BYTES);
        tail.drain(..over);
    }

    fn log(&self, stream: &str, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end();
        if line.is_empty() {
            return;
        }
        let current = self.current.lock().clone();
        let method = current.as_ref().map(|current| current.method.as_str());
        let trace_id = current.as_ref().map(|current| current.trace_id.as_str());
        let (worker, pid) = (&self.worker, self.pid);
        tracing::info!(target: "worker", worker, pid, method, trace_id, stream, "{line}");
    }
}

/// Logs a stream line by line until it closes; standard error is kept as well.
pub(super) async fn relay(
    about: Arc<About>,
    stream: &'static str,
    mut from: impl AsyncRead + Unpin,
) {
    let mut line = Vec::new();
    let mut allowance = Allowance::new();
    let mut buffer = vec![0; 4 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let read = buffer.get(..count).unwrap_or_default();
        if stream == "stderr" {
            about.keep(read);
        }
        for part in read.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE_BYTES.saturating_sub(line.len());
            line.extend_from_slice(part.get(..part.len().min(room)).unwrap_or_default());
            if part.ends_with(b"\n") {
                allowance.log(&about, stream, &line);
                line.clear();
            }
        }
    }
    allowance.log(&about, stream, &line);
    allowance.tell(&about, stream);
}

/// Lines that may still be logged in this second.
struct Allowance {
    since: Instant,
    left: u32,
    dropped: u64,
}

impl Allowance {
    fn new() -> Self {
        Self {
            since: Instant::now(),
            left: LINES_A_SECOND,
            dropped: 0,
        }
    }

    fn log(&mut self, about: &About, stream: &str, line: &[u8]) {
        if self.since.elapsed() >= Duration::from_secs(1) {
            self.tell(about, stream);
            *self = Self::new();
        }
        if self.left == 0 {
            self.dropped += 1;
            return;
        }
        self.left -= 1;
        about.log(stream, line);
    }

    fn tell(&self, about: &About, stream: &str) {
        if self.dropped > 0 {
            let (worker, pid, dropped) = (&about.worker, about.pid, self.dropped);
            tracing::warn!(target: "worker", worker, pid, stream, dropped, "a worker writes faster than {LINES_A_SECOND} lines a second; the rest was left out");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_end_of_standard_error_is_kept() {
        let about = About::new("legacy", Some(7));
        let text = format!("{}\nthe last line\n", "x".repeat(10_000));
        relay(Arc::clone(&about), "stderr", text.as_bytes()).await;
        let tail = about.tail();
        assert!(tail.ends_with("x\nthe last line"), "{tail}");
        assert_eq!(tail.len(), TAIL_BYTES - 1);
        relay(Arc::clone(&about), "stdout", &b"not kept"[..]).await;
        assert_eq!(about.tail(), tail);
    }
}
