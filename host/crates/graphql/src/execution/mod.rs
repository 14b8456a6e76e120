//! Plans, run: which node is called when, with which parents, and what happens to failures.
//!
//! [`resolve`] is what the engine needs of whoever runs modules; [`run`] walks the plan; [`introspection`] writes what the schema says
//! of itself; [`chunk`] calls a module for some parents and tries again where that is allowed; [`join`] writes the response once every
//! node is complete.

mod chunk;
mod introspection;
mod join;
mod resolve;
mod run;

pub use resolve::{Answers, Invocation, Resolve};
pub(crate) use run::{Execution, execute};
