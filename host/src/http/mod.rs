//! HTTP: GraphQL on one address; health and metrics on another, which is not for clients.

mod accept;
#[expect(
    clippy::disallowed_types,
    reason = "what it answers with is the host's own; nothing is read into these"
)]
pub mod admin;
mod admission;
mod answer_memory;
mod body;
mod compression;
mod connections;
mod cors;
mod exchange;
mod graphql;
mod hosts;
mod ide;
mod queue;
mod receive;
mod request;
mod state;
mod trace;
mod turns;

pub use admin::router as admin_router;
pub use admission::Admission;
pub use answer_memory::AnswerMemory;
pub use compression::Compression;
pub use connections::{Certificate, Connections, Listener, State};
pub use graphql::router as graphql_router;
pub use state::Host;
pub use turns::Turns;
