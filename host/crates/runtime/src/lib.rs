//! Runs guests. Only this crate and the capabilities name wasmtime.
//!
//! - [`modules`] holds the versions of modules: how one gets in, where it is kept;
//! - [`sandbox`] runs one in a fresh, limited instance;
//! - [`imports`] answers its calls, after checking grants and budgets;
//! - [`capability`] says what brings further imports;
//! - [`program`] is what children of the host run;
//! - a [`Deadline`] goes from the arrival of a request to each of its calls.

#![allow(
    missing_docs,
    reason = "a line that could only repeat a name is left out"
)]
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod capability;
mod deadline;
pub mod imports;
pub mod modules;
pub mod program;
pub mod sandbox;

pub use deadline::Deadline;
