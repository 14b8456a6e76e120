//! Mayfly: a GraphQL server whose resolvers are WebAssembly components, each invocation in a fresh instance.
//!
//! In the order a request goes:
//!
//! - [`http`] reads the request and writes the answer, [`callers`] knows who sent it;
//! - the crate `mayfly-graphql` guards, validates, plans, executes and completes it;
//! - [`resolve`] picks the version of the module that answers a field, and [`meter`] counts what became of it;
//! - the crate `mayfly-runtime` runs it in a fresh, limited instance, and answers its calls after checking grants and budgets;
//! - the crate `mayfly-capabilities` holds what they reach: import, grants and connections of each backend.
//!
//! [`app`] puts them together, and reads them anew while they are served; [`deployment`] swaps them, [`watch`] notices files that
//! change, [`canary`] judges a version that is tried on a share of the operations, which [`tried`] picks; [`host`] is what runs,
//! [`memory_plan`] and [`descriptors`] what it may take; [`commands`] are what a person types, [`embedded`] starts the backends an app can be tried with,
//! [`build`] makes components from source. The crates `mayfly-config`, `mayfly-error` and `mayfly-telemetry` are leaves that any
//! layer may use.

#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod app;
pub mod build;
pub mod callers;
pub mod canary;
pub mod commands;
pub mod deployment;
pub mod descriptors;
pub mod embedded;
pub mod host;
pub mod http;
pub mod memory_plan;
pub mod meter;
pub mod resolve;
pub mod tried;
pub mod watch;
