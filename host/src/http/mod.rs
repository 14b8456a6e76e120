//! HTTP: GraphQL on one address; health and metrics on another, which is not for clients.

mod accept;
#[expect(
    clippy::disallowed_types,
    reason = "what it answers with is the host's own; nothing is read into these"
)]
mod admin;
mod admission;
mod answers;
mod body;
mod connections;
mod graphql;
mod hosts;
mod ide;
mod queue;
mod request;
mod turns;

pub use admin::router as admin_router;
pub use admission::{Admission, BYTES_PER_BODY_BYTE, largest_request_bytes};
pub use answers::AnswerMemory;
pub use connections::{ADMIN_CONNECTIONS, CONNECTION_BYTES, Connections, Listener, State};
pub use graphql::router as graphql_router;
pub use turns::Turns;
