//! The engine as its users see it: documents in, responses out, modules played by functions in memory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod abstract_types;
mod allocations;
mod auth;
mod auth_leaks;
mod auth_problems;
mod batching;
mod cache;
mod conditions;
mod introspection;
mod limits;
mod linear;
mod nasty;
mod nulls;
mod numbers;
mod plans;
mod response_size;
mod robustness;
mod schema_changes;
mod schema_problems;
mod schema_text;
mod selection;
mod stage;
mod validation;
mod validation_order;
mod variables;
