//! What Mayfly promises, tested from outside: real hosts, real guests, real drivers, on loopback.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod admin;
mod apply;
mod architecture;
mod audits;
mod authorisation;
mod backends;
mod bad_apps;
mod callers;
mod canary;
mod chaos;
mod clients;
mod commands;
mod configuration;
mod conformance;
mod dependencies;
mod dist;
mod documentation;
mod edge;
mod hostile;
mod http;
mod http_services;
mod imports;
mod javascript;
mod languages;
mod legacy;
mod memory;
mod new_apps;
mod operating;
mod operations;
mod rate_limits;
mod sample_app;
mod store;
mod swapping;
mod texts;
mod workers;
