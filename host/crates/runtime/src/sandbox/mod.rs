//! The sandbox: one engine, and a fresh, limited instance for every invocation.
//!
//! An invocation first acquires its module's whole memory cap from a semaphore of bytes, so that what guests may hold together is
//! one number; then a place in the engine's pool; then it lives in a store of its own, which is dropped whatever happened. Nothing
//! here knows GraphQL.

mod address_space;
mod appsync;
mod capacity;
mod data;
mod engine;
mod instance;
mod memory;
mod proposals;
mod shares;
mod snapshot;
mod stdio;
mod ticker;
mod trap;

pub use address_space::cannot_reserve;
pub use capacity::Capacity;
pub use data::Data;
pub use engine::Sandbox;
pub use instance::{Outcome, Request, Timing};
pub use shares::MemoryShares;
pub use snapshot::{Snapshot, SnapshotLimits};

/// A component that is compiled, type-checked and linked; instances are made of it.
pub type Prepared = crate::imports::bindings::ResolverPre<Data>;
