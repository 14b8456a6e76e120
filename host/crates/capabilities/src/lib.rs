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
pub mod http;
mod share;
pub mod sql;
mod time_limit;
pub mod worker;

use mayfly_runtime::capability::Capabilities;

/// Every capability, in the order in which operators read of them.
pub const ALL: Capabilities = &[
    &dynamodb::DynamoDbCapability,
    &sql::SqlCapability,
    &http::HttpCapability,
    &worker::WorkerCapability,
];

/// The modules that may not have everything, by name, with their share of so many.
fn shares(
    config: &mayfly_config::Config,
    total: usize,
) -> impl Iterator<Item = (String, usize)> + '_ {
    let sharing = config
        .modules
        .iter()
        .filter(|module| module.share_percent < 100);
    sharing.map(move |module| (module.name.clone(), module.share_of(total)))
}

/// An error with what only operators may know.
fn because(error: &mayfly_error::CallError) -> &str {
    if error.detail.is_empty() {
        &error.message
    } else {
        &error.detail
    }
}
