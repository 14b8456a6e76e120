//! Standard output and error of guests built for WASI: lines of the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// Bytes of output one write may have: what a guest writes at once is one line of the log.
const WRITE_BYTES: usize = 4_096;

/// Writes a guest's output to the log until the invocation's log bytes are used up; the rest is dropped.
#[derive(Clone)]
pub(super) struct LogStream {
    module: Arc<str>,
    stream: &'static str,
    left: Arc<AtomicUsize>,
}

impl LogStream {
    /// A stream for a module's `stdout` or `stderr`; streams of one invocation share `left`, in bytes.
    pub(super) fn new(module: Arc<str>, stream: &'static str, left: Arc<AtomicUsize>) -> Self {
        Self { module, stream, left }
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
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes.len()));
        if taken.is_ok() {
            let text = String::from_utf8_lossy(&bytes);
            tracing::info!(target: "guest", module = %self.module, stream = self.stream, "{}", text.trim_end());
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
