//! What browsers and GraphQL clients need to connect: origins, codings, documents by name; and the clients themselves.

mod compression;
mod cors;
mod documents;
mod packages;
pub mod tls;
