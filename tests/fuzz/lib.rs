//! Random guests, components and answers against the host's own code, in this process: its sandbox, its loader, its completion.
//!
//! - [`run`] is what a run is: a seed, a number of cases, and a failure that says how to see it again;
//! - [`under_test`] is the host: an app of `guest/fuzz`, loaded as any other, over [`backends`] that count what is open;
//! - one module per target: [`interpreter`], [`components`], [`loader`], [`completion`], [`texts`].
//!
//! Every target is a function of its seed alone. `make test` runs a few cases of each with a seed that never changes; `make fuzz`
//! runs them with fresh ones for as long as it is told to.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a fuzzer fails by panicking"
)]

pub mod backends;
mod candidate;
pub mod completion;
pub mod components;
pub mod interpreter;
pub mod loader;
pub mod run;
pub mod texts;
pub mod under_test;

use run::{Run, Verdict};

/// What is fuzzed.
#[derive(Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    /// Cases in `make test`: some seconds of them on a busy machine.
    pub cases: u32,
    pub fuzz: fn(Run) -> Verdict,
}

/// Every target, in the order they run.
pub const TARGETS: [Target; 5] = [
    Target {
        name: "interpreter",
        cases: 400,
        fuzz: interpreter::fuzz,
    },
    Target {
        name: "components",
        cases: 40,
        fuzz: components::fuzz,
    },
    Target {
        name: "loader",
        cases: 200,
        fuzz: loader::fuzz,
    },
    Target {
        name: "completion",
        cases: 2_000,
        fuzz: completion::fuzz,
    },
    Target {
        name: "texts",
        cases: 1_000,
        fuzz: texts::fuzz,
    },
];
