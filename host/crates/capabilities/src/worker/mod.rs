//! Workers: the capability, and one pool of processes, or of connections to another machine, for each.
//!
//! `capability` is what the host knows of it, `import` what guests call, `command` what operators type.
//!
//! Of the pool: [`Client`] (`client`) makes calls, and makes a read once more; `pool` holds the processes and gives them out; `upkeep`
//! starts, replaces and ends them; `readiness` says what there is; `process` is one of them and what it may be used for; `start` makes one, local or remote; `protocol`
//! is what is said to it; `output` what it prints; `failure` says what went wrong.
//!
//! `supervisor` runs local processes, and knows none of this.

mod capability;
mod check;
mod client;
mod command;
pub mod configuration;
mod failure;
mod import;
mod metrics;
mod output;
mod pool;
mod process;
mod protocol;
mod readiness;
mod start;
mod supervisor;
mod upkeep;

pub use capability::WorkerCapability;
pub use client::{Client, Request};
pub use readiness::Status;
pub use start::Surroundings;

/// The generated bindings of `wit/worker.wit`.
mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::all,
        reason = "generated; the WIT files hold the documentation"
    )]
    wasmtime::component::bindgen!({
        path: "../../../wit",
        inline: "
            package mayfly:host-worker;
            world imports { import mayfly:resolver/worker@0.1.0; }
        ",
        imports: { default: trappable },
        with: {
            "mayfly:resolver/types": mayfly_runtime::imports::bindings::mayfly::resolver::types,
            "mayfly:resolver/pending": mayfly_runtime::imports::bindings::mayfly::resolver::pending,
        },
        require_store_data_send: true,
    });
}
