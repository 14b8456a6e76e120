//! An operation prepared for execution: a tree of nodes, one per field a module answers, and below each the shape of its answer.
//!
//! [`node`] says what a plan is, [`path`] how a place in its answer is named, [`build`] makes one from a validated document and the values of its conditions, within a
//! [`budget`]; [`cost`] tells how large its answer may grow, by [`introspection_sizes`] where the schema itself answers; [`cache`]
//! keeps plans within a number of bytes. A plan depends on no value of a variable but those that `@skip` and `@include` ask, which
//! are part of its key.

mod budget;
pub(crate) mod build;
pub(crate) mod cache;
mod collect;
pub(crate) mod cost;
pub(crate) mod decisions;
pub(crate) mod introspection_sizes;
pub(crate) mod node;
pub(crate) mod path;
mod selection;

pub use cache::CacheStats;
pub use node::{Plan, Step};
