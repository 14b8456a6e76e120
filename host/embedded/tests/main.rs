//! The endpoints, seen by the drivers that production uses.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test that meets something unexpected fails"
)]

mod endpoints;
