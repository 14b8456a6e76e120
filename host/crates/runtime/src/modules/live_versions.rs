//! Places for live versions: how many versions of one module may be in memory at once.
//!
//! A version holds its place until nobody holds the version: not the app, not the version kept for rolling back, not an operation
//! that began before a swap. So a swap that comes too early waits for old operations to end, and memory for code is bounded.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The place of a live version, given back with its last holder.
pub type LiveVersion = Arc<OwnedSemaphorePermit>;

/// The places of every module.
pub struct LiveVersions {
    bound: usize,
    wait: Duration,
    modules: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl LiveVersions {
    /// `bound` places for each module; who finds none waits for at most `wait`.
    #[must_use]
    pub fn new(bound: usize, wait: Duration) -> Self {
        Self {
            bound,
            wait,
            modules: Mutex::default(),
        }
    }

    /// Waits for a place.
    ///
    /// # Errors
    ///
    /// When none was given back in time.
    pub(super) async fn take(&self, module: &str) -> Result<LiveVersion, String> {
        let places = self.of(module);
        match tokio::time::timeout(self.wait, places.acquire_owned()).await {
            Ok(Ok(place)) => Ok(Arc::new(place)),
            _ => Err(format!(
                "{} versions are still in memory, which is the limit, and no operation released one within {:?}; try again, or raise \
                 `server.live_versions` or `server.swap_wait`",
                self.bound, self.wait
            )),
        }
    }

    /// Versions of a module that are in memory.
    #[must_use]
    pub fn taken(&self, module: &str) -> usize {
        self.bound - self.of(module).available_permits()
    }

    fn of(&self, module: &str) -> Arc<Semaphore> {
        let mut modules = self.modules.lock();
        if let Some(places) = modules.get(module) {
            return places.clone();
        }
        let places = Arc::new(Semaphore::new(self.bound));
        modules.insert(module.to_owned(), places.clone());
        places
    }
}
