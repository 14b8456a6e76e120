//! Mayfly: a GraphQL server whose resolvers are WebAssembly components, each invocation in a fresh instance.
//!
//! In the order a request goes:
//!
//! - [`http`] reads the request and writes the answer, [`callers`] knows who sent it, [`rate_limits`] how much they asked for, [`documents`] what it names, [`tls`] has the certificates;
//! - the crate `mayfly-graphql` guards, validates, plans, executes and completes it;
//! - [`resolve`] picks the version of the module that answers a field, and [`invocation_metrics`] counts what became of it;
//! - the crate `mayfly-runtime` runs it in a fresh, limited instance, and answers its calls after checking grants and budgets;
//! - the crate `mayfly-capabilities` holds what they reach: import, grants and connections of each backend.
//!
//! [`codegen`] writes types of a schema for whoever writes resolvers. [`history`] is what the host remembers of all this for operators.
//!
//! [`serving`] puts them together, and changes what is served; [`commands`] are what a person types, [`embedded`] starts the backends
//! an app can be tried with,
//! [`build`] makes components from source. The crates `mayfly-config`, `mayfly-error` and `mayfly-telemetry` are leaves that any
//! layer may use.

#![allow(
    missing_docs,
    reason = "a line that could only repeat a name is left out"
)]
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod build;
pub mod callers;
pub mod codegen;
pub mod commands;
mod credentials;
pub mod documents;
pub mod embedded;
pub mod history;
pub mod http;
pub mod invocation_metrics;
pub mod rate_limits;
pub mod resolve;
pub mod serving;
pub mod tls;
