//! `POST /admin/graphql`: what operators look at, change and follow, from typed resolvers.
//!
//! `endpoint` is the way of a request: who sent it, its body through this project's readers and guard, then async-graphql;
//! `arrivals` is what requests wait for before that. `schema` is made of `query`, `mutation` and `subscription`, and they of the types of one subject each, which are thin over `serving` and
//! `history`. [`requests`] are the operations that the command line sends, typed with the same types. `events` sends live values.

mod arrivals;
pub mod canaries;
pub mod changes;
pub mod configuration;
mod context;
pub(super) mod endpoint;
pub mod errors;
mod events;
pub mod long;
pub mod memory;
pub mod metrics;
pub mod modules;
mod mutation;
pub mod operations;
pub mod outcomes;
pub mod pools;
pub mod process;
mod query;
pub mod requests;
mod schema;
mod subscription;
mod variables;

pub use mutation::CanarySettings;
pub use schema::sdl;
