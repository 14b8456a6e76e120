//! HTTP: the capability, and one pool of connections for each service.
//!
//! `capability` is what the host knows of it, `import` what guests call, `grants` what they may ask, `path` and `headers` how what they
//! say becomes a request.
//!
//! Of the pool: [`Client`] (`client`) is asked, waits for its `turn`, sends, and sends again (`attempts`); `same` joins identical requests;
//! `connections` keeps connections; `exchange` is one request and its answer on one of them, `unpack` what of it is packed; `failure` says
//! what went wrong.

mod answer;
mod attempts;
mod capability;
mod client;
pub mod configuration;
mod connections;
mod exchange;
mod failure;
mod grants;
mod headers;
mod import;
mod metrics;
mod path;
mod request;
mod same;
mod turn;
mod unpack;

pub use crate::circuit::CircuitState;
pub use capability::HttpCapability;
pub use client::{Client, Status};
pub use request::Request;
pub use same::Origin;

/// The generated bindings of `wit/http.wit`.
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
            package mayfly:host-http;
            world imports { import mayfly:resolver/http@0.1.0; }
        ",
        imports: { default: trappable },
        with: {
            "mayfly:resolver/types": mayfly_runtime::imports::bindings::mayfly::resolver::types,
            "mayfly:resolver/pending": mayfly_runtime::imports::bindings::mayfly::resolver::pending,
        },
        require_store_data_send: true,
    });
}
