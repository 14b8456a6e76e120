//! The order of an invocation's calls, and what keeps its connection between them.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::OwnedMutexGuard;

use super::engine::Engine;
use super::lease::Lease;

/// A place in the order of calls.
pub(super) enum Turn {
    Now(OwnedMutexGuard<()>),
    Later(Pin<Box<dyn Future<Output = OwnedMutexGuard<()>> + Send>>),
}

/// The right to keep the connection between calls.
#[derive(Debug)]
pub(super) struct Claim(pub(super) Arc<AtomicBool>);

impl Drop for Claim {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// A connection that is kept between calls, and the place in their order. Dropped in this order: whoever comes next finds the
/// connection gone.
#[derive(Debug)]
pub(super) struct Hold<E: Engine> {
    pub(super) lease: Lease<E>,
    pub(super) _turn: OwnedMutexGuard<()>,
}
