//! Starts real hosts for tests: the built `mayfly`, as a process, on port 0, with its own embedded backends.
//!
//! - [`TestApp`] is a copy of an app in a directory of its own, changed as the test needs;
//! - [`TestHost`] is a running host, ended when dropped;
//! - [`built`] makes the programs and the guests, once per test run.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod app;
mod built;
mod chromium;
mod embedded;
mod host;
mod node;
mod python;
pub mod versions;

pub use app::TestApp;
pub use built::{built, mayfly, repository};
pub use chromium::chromium;
pub use embedded::Embedded;
pub use host::{Answer, TOKEN, TestHost};
pub use node::node_packages;
pub use python::python_packages;
