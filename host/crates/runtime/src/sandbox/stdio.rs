//! Standard output and error of guests built for WASI: lines of the log.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::imports::{LogLeft, Origin};

/// Bytes that one write takes, and after which a line without an end is written anyway.
const LINE_BYTES: usize = 4_096;

/// Writes a guest's output to the log, a line of the log for each line of it, until the invocation's share of the log is used up; the
/// rest is dropped.
#[derive(Clone)]
pub(super) struct LogStream(Arc<Output>);

/// Who writes, for the log.
pub(super) struct Writer {
    pub(super) module: String,
    pub(super) origin: Origin,
    pub(super) trace_id: String,
}

/// One of a guest's streams. A C library hands a line over in pieces, so what has no end yet waits for it here.
struct Output {
    writer: Arc<Writer>,
    stream: &'static str,
    left: Arc<LogLeft>,
    /// What was written since the end of the last line.
    line: Mutex<Vec<u8>>,
}

impl LogStream {
    /// `stdout` or `stderr` of an invocation; both streams and the import `log` share what is left.
    pub(super) fn new(writer: Arc<Writer>, stream: &'static str, left: Arc<LogLeft>) -> Self {
        Self(Arc::new(Output {
            writer,
            stream,
            left,
            line: Mutex::default(),
        }))
    }
}

impl Output {
    fn write(&self, bytes: &[u8]) {
        let mut line = self.line.lock();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(piece);
            if piece.ends_with(b"\n") || line.len() >= LINE_BYTES {
                self.log(&line);
                line.clear();
            }
        }
    }

    fn log(&self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end();
        if !text.is_empty() && self.left.take(line.len()) {
            let Writer {
                module,
                origin,
                trace_id,
            } = &*self.writer;
            let version = &origin.version;
            let field = origin.field();
            let stream = self.stream;
            tracing::info!(target: "guest", %module, %version, %field, %trace_id, stream, "{text}");
        }
    }
}

impl Drop for Output {
    /// What has no end when the invocation ends, a crash included, is its last line.
    fn drop(&mut self) {
        let line = std::mem::take(&mut *self.line.lock());
        self.log(&line);
    }
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for LogStream {
    async fn ready(&mut self) {}
}

#[wasmtime_wasi::async_trait]
impl OutputStream for LogStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.write(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(LINE_BYTES)
    }
}
