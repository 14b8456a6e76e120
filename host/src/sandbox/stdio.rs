//! Standard output and error of guests built for WASI: lines of the log.

use std::sync::Arc;

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::imports::LogLeft;

/// Bytes of output one write may have: what a guest writes at once is one line of the log.
const WRITE_BYTES: usize = 4_096;

/// Writes a guest's output to the log until the invocation's log bytes are used up; the rest is dropped.
#[derive(Clone)]
pub(super) struct LogStream {
    /// The module and the trace of the operation.
    writer: Arc<(String, String)>,
    stream: &'static str,
    left: Arc<LogLeft>,
}

impl LogStream {
    /// `stdout` or `stderr` of a module in a trace; both streams and the import `log` share what is left.
    pub(super) fn new(writer: Arc<(String, String)>, stream: &'static str, left: Arc<LogLeft>) -> Self {
        Self { writer, stream, left }
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
        if self.left.take(bytes.len()) {
            let text = String::from_utf8_lossy(&bytes);
            let (module, trace_id) = &*self.writer;
            tracing::info!(target: "guest", %module, %trace_id, stream = self.stream, "{}", text.trim_end());
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES)
    }
}
