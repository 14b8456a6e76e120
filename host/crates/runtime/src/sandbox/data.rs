//! The data of a store: the state of one invocation.

use std::sync::Arc;

use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::memory::MemoryCap;
use super::stdio::{LogStream, Writer};
use crate::imports::Calls;

/// The data of a store.
pub struct Data {
    pub(super) calls: Calls,
    pub(super) memory: MemoryCap,
    pub(super) wasi: Option<Box<WasiCtx>>,
}

impl Data {
    /// The state behind the imports.
    pub fn calls(&mut self) -> &mut Calls {
        &mut self.calls
    }
}

impl WasiView for Data {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let Self { calls, wasi, .. } = self;
        let ctx = wasi.get_or_insert_with(|| Box::new(shut_in(calls)));
        WasiCtxView {
            ctx,
            table: calls.table_mut(),
        }
    }
}

/// A WASI without files, sockets, environment or arguments.
fn shut_in(calls: &mut Calls) -> WasiCtx {
    let writer = Arc::new(Writer {
        module: calls.module().name.clone(),
        origin: calls.origin().clone(),
        trace_id: calls.trace_id().to_owned(),
    });
    let left = calls.share_log();
    let mut builder = WasiCtx::builder();
    builder
        .stdout(LogStream::new(writer.clone(), "stdout", left.clone()))
        .stderr(LogStream::new(writer, "stderr", left))
        .max_random_size(64 << 10)
        .allow_blocking_current_thread(false)
        .allow_tcp(false)
        .allow_udp(false);
    builder.build()
}
