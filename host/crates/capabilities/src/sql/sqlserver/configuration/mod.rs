//! `[sqlserver.NAME]`: what a pool connects to, and how hard.

mod backend;
mod client;
mod connection_string;

pub use backend::Backend;
pub use client::{ApplicationIntent, Encryption};
