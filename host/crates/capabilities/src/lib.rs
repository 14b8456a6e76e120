//! What guests reach outside: one folder per capability, each with all that is its own.
//!
//! A capability owns its import, grants, pool, metrics, lines of the memory plan and readiness. The host walks over [`ALL`] and names
//! none of them; they know neither each other nor the host.
//!
//! Invariants of every pool: a call ends at its deadline; a future that is dropped midway never hands one caller's answer to another; a
//! connection counts against its pool until it is closed; nothing a backend said reaches a guest's message.

#![allow(
    missing_docs,
    reason = "a line that could only repeat a name is left out"
)]

mod circuit;
mod decimal;
mod dial;
pub mod dynamodb;
mod holders;
pub mod http;
mod pool_gauges;
mod share;
pub mod sql;
mod time_limit;
mod turns;
pub mod worker;

pub use holders::Borrower;

use std::path::Path;

use mayfly_config::{Config, FILE, Problem};
use mayfly_runtime::capability::Capabilities;

/// Every capability, in the order in which operators read of them.
pub const ALL: Capabilities = &[
    &dynamodb::DynamoDbCapability,
    &sql::SqlCapability,
    &http::HttpCapability,
    &worker::WorkerCapability,
];

/// An error with what only operators may know.
fn because(error: &mayfly_error::CallError) -> &str {
    if error.detail.is_empty() {
        &error.message
    } else {
        &error.detail
    }
}

/// What is wrong with the table that begins in a line.
fn problem_at(config: &Config, line: usize, message: String) -> Problem {
    Problem {
        file: config.root.join(FILE),
        line,
        column: 0,
        message,
    }
}

/// Whether files that a table names hold what they held.
fn hold_the_same<'f>(
    mut files: impl Iterator<Item = &'f Path>,
    config: &Config,
    was: &Config,
) -> bool {
    files.all(|file| config.named.get(file) == was.named.get(file))
}
