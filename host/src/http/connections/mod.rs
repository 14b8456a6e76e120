//! Connections of clients: accepted up to a limit, driven by hyper, and held to what a client may take its time with.
//!
//! `listener` accepts, `transport` is TLS where there is a certificate, `drive` serves one connection, `activity` knows what each is doing
//! and until when it may, `open` has the list of them and chooses which one goes when others need its place or its memory, with the
//! `patience` that there is. A request goes through `request`, its answer through `delivery`; in HTTP/2 each has a task of its own
//! (`stream`). Nothing here knows GraphQL.

mod activity;
mod alarm;
mod answer;
mod delivery;
mod drive;
mod exchange;
mod frames;
mod listener;
mod open;
mod pace;
mod patience;
mod progress;
mod recent;
mod request;
mod socket;
mod state;
mod stream;
mod transport;

pub use exchange::Load;
pub use listener::Listener;
pub use open::Connections;
pub use request::{Peer, Streamed, TooSlow};
pub use state::State;
pub use transport::Certificate;
