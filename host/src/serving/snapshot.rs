//! The app that is served, and who may replace it.
//!
//! Whoever replaces it holds a [`Swap`] from looking at it until it is replaced, so that nobody's change is lost. Applying another
//! configuration takes longer, and one is applied at a time: [`Apply`] comes first and gives out swaps; a swap leads to nothing else.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use tokio::sync::{Mutex, MutexGuard};

use super::app::App;

/// The app that is served; none while it is being loaded.
#[derive(Default)]
pub struct Snapshot {
    app: ArcSwapOption<App>,
    applying: Mutex<()>,
    swapping: Mutex<()>,
}

/// The turn of whoever applies another configuration.
pub struct Apply<'a> {
    snapshot: &'a Snapshot,
    _turn: MutexGuard<'a, ()>,
}

/// The turn of whoever replaces the app.
pub struct Swap<'a> {
    snapshot: &'a Snapshot,
    _turn: MutexGuard<'a, ()>,
}

impl Snapshot {
    /// The app that is served.
    #[must_use]
    pub fn app(&self) -> Option<Arc<App>> {
        self.app.load_full()
    }

    /// Waits for the turn to apply another configuration.
    pub async fn begin_apply(&self) -> Apply<'_> {
        Apply {
            snapshot: self,
            _turn: self.applying.lock().await,
        }
    }

    /// Waits for the turn to replace the app.
    pub async fn begin_swap(&self) -> Swap<'_> {
        Swap {
            snapshot: self,
            _turn: self.swapping.lock().await,
        }
    }

    /// Serves the first app, or the only one.
    pub fn begin_with(&self, app: Arc<App>) {
        self.app.store(Some(app));
    }
}

impl<'a> Apply<'a> {
    /// Waits for the turn to replace the app.
    pub async fn begin_swap(&self) -> Swap<'a> {
        self.snapshot.begin_swap().await
    }
}

impl Swap<'_> {
    /// The app that is served, which nobody replaces meanwhile.
    #[must_use]
    pub fn app(&self) -> Option<Arc<App>> {
        self.snapshot.app()
    }

    /// Serves another app from now on. Operations under way end on the one they began with.
    pub fn replace(&self, app: Arc<App>) {
        self.snapshot.app.store(Some(app));
    }
}
