//! The clock of the engine: a thread of its own that moves the epoch on, so that guests which spin give way.
//!
//! Not a tokio timer: a guest that spins could hold up the worker which drives the timers.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::Engine;

/// How long a guest may compute before others get their turn. Shorter costs wake-ups; longer delays others.
const TICK: Duration = Duration::from_millis(5);

/// Ticks until dropped.
pub(super) struct Ticker {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    pub(super) fn start(engine: &Engine) -> Self {
        let engine = engine.weak();
        let (stop, stopped) = channel();
        let tick = move || {
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                let Some(engine) = engine.upgrade() else {
                    return;
                };
                engine.increment_epoch();
            }
        };
        let thread = std::thread::Builder::new()
            .name("mayfly-epoch".to_owned())
            .spawn(tick);
        if let Err(error) = &thread {
            tracing::error!(%error, "the epoch thread cannot start; guests that spin will not be interrupted");
        }
        Self {
            stop: Some(stop),
            thread: thread.ok(),
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The engine may be dropped by this very thread, in which case there is nothing to wait for.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}
