//! Programs that keep the cores busy: one thread on the servers' core, one on that of the load.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::cores::Cores;

/// Busy until dropped.
pub(super) struct Busy {
    stop: Arc<AtomicBool>,
}

impl Busy {
    pub(super) fn start(cores: Cores) -> Self {
        let stop = Arc::<AtomicBool>::default();
        for take in [Cores::take_server_core, Cores::take_load_core] {
            let stop = stop.clone();
            thread::spawn(move || {
                // A core that is not taken is one that cannot be kept busy, which `Cores` has checked.
                if take(&cores).is_err() {
                    return;
                }
                let mut turns = 0_u64;
                while !stop.load(Ordering::Relaxed) {
                    turns = black_box(turns.wrapping_add(1));
                }
            });
        }
        Self { stop }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
