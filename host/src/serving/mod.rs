//! What is served and how it changes, with one writer of the snapshot.
//!
//! [`app`] is the snapshot: everything a request needs, read from the configuration. [`deployment`] replaces it: versions, canaries,
//! roll-backs, another configuration. [`watch`] notices files that change, [`canary`] judges a version that is tried on a share of the
//! operations. [`memory_plan`] and [`descriptors`] are what the process may take.

pub mod app;
pub mod canary;
pub mod deployment;
pub mod descriptors;
pub mod memory_plan;
pub mod watch;
