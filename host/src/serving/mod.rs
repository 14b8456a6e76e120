//! What is served and how it changes, with one writer of the snapshot.
//!
//! [`app`] is everything a request needs, read from the configuration, [`snapshot`] holds the one that is served. [`deployment`] replaces it: versions, canaries,
//! roll-backs, another configuration. [`watch`] notices files that change, [`canary`] judges a version that is tried on a share of the
//! operations. [`memory_plan`], [`descriptors`] and [`file_size`] are what the process may take.

pub mod app;
pub mod canary;
pub mod deployment;
pub mod descriptors;
pub mod file_size;
pub mod memory_plan;
pub mod snapshot;
pub mod watch;
