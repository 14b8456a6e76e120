//! What is known of one module beside its versions: whose turn it is at the gate, what rolling back finds, what was refused.

use std::sync::Arc;

use mayfly_telemetry::names;
use metrics::counter;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Turn;
use super::status::PastRefusal;
use mayfly_runtime::modules::{Refusal, Version};

/// One module.
pub(super) struct Slot {
    /// One turn.
    gate: Arc<Semaphore>,
    state: Mutex<State>,
}

/// The turn at the gate, over when it is dropped.
pub(super) type GateTurn = OwnedSemaphorePermit;

#[derive(Default)]
struct State {
    /// The version before the active one, in memory so that rolling back takes no time.
    previous: Option<Arc<Version>>,
    /// The digest of the component file that was tried last.
    tried: Option<String>,
    swaps: u64,
    refusals: u64,
    last_refusal: Option<PastRefusal>,
}

impl Default for Slot {
    fn default() -> Self {
        Self {
            gate: Arc::new(Semaphore::new(1)),
            state: Mutex::default(),
        }
    }
}

impl Slot {
    /// Waits for the turn at the gate, or takes it when it is free.
    pub(super) async fn turn(&self, turn: Turn) -> Option<GateTurn> {
        match turn {
            Turn::Wait => self.gate.clone().acquire_owned().await.ok(),
            Turn::Now => self.gate.clone().try_acquire_owned().ok(),
        }
    }

    /// Whether a version is being deployed.
    pub(super) fn at_gate(&self) -> bool {
        self.gate.available_permits() == 0
    }

    /// Whether a component file is another one than was tried last, or, at first, than got in last. Remembers it.
    pub(super) fn tries(&self, digest: &str, got_in: Option<&str>) -> bool {
        let mut state = self.state();
        let known = state.tried.as_deref().or(got_in) == Some(digest);
        state.tried = Some(digest.to_owned());
        !known
    }

    /// A version became active; `previous` is what rolling back finds.
    pub(super) fn swapped(&self, previous: Option<Arc<Version>>) {
        let mut state = self.state();
        state.previous = previous;
        state.swaps += 1;
    }

    /// The version before the active one, when it is in memory.
    pub(super) fn previous(&self) -> Option<Arc<Version>> {
        self.state().previous.clone()
    }

    /// Keeps a version for rolling back, unless there is one.
    pub(super) fn keep(&self, version: Arc<Version>) {
        self.state().previous.get_or_insert(version);
    }

    /// Counts, keeps and logs a refusal.
    pub(super) fn refused(&self, refusal: &Refusal, digest: Option<&str>) {
        let Refusal {
            module,
            step,
            message,
        } = refusal;
        counter!(names::REFUSALS, "module" => module.clone(), "step" => step.as_str()).increment(1);
        tracing::warn!(
            module,
            version = digest,
            step = step.as_str(),
            "refused: {message}"
        );
        let mut state = self.state();
        state.refusals += 1;
        state.last_refusal = Some(PastRefusal::now(refusal, digest));
    }

    /// Swaps, refusals, and the last refusal, since the process began.
    pub(super) fn counts(&self) -> (u64, u64, Option<PastRefusal>) {
        let state = self.state();
        (state.swaps, state.refusals, state.last_refusal.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock()
    }
}
