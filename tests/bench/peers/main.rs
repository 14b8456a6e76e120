//! The Rust servers that workload A is measured against, one subcommand each.
//!
//! All of them are what a user would write who wants speed and has the data in memory already: one axum route, the request read by
//! serde_json, the answer written by serde_json. Each gets what flatters it: one thread (every server is pinned to one core, and a
//! runtime of one thread neither steals work nor wakes anyone), data borrowed instead of cloned, and a serde_json without the
//! `arbitrary_precision` that Mayfly's own host pays for.

mod derived;
mod dynamic;
mod endpoint;
mod floor;
mod workload;

use std::net::SocketAddr;

use axum::serve::ListenerExt;
use clap::{Parser, ValueEnum};

/// A server for workload A.
#[derive(Parser)]
struct Arguments {
    /// Which one
    #[arg(value_enum)]
    peer: Peer,
    /// Where it listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

#[derive(Clone, Copy, ValueEnum)]
enum Peer {
    /// axum and serde_json, no GraphQL: what no GraphQL server can go below
    Floor,
    /// async-graphql with derived types
    Derived,
    /// async-graphql with a schema made at run time
    Dynamic,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Arguments { peer, listen } = Arguments::parse();
    let data = workload::assessments()?;
    let router = match peer {
        Peer::Floor => floor::router(data),
        Peer::Derived => endpoint::router(derived::schema(data)),
        Peer::Dynamic => endpoint::router(dynamic::schema(data)?),
    };
    if keeps_all_digits() {
        let why = "serde_json keeps all digits of numbers here, as Mayfly's does, which slows async-graphql down";
        println!(
            "warning {why}; build the peers alone: cargo build --release -p mayfly-bench-peers"
        );
    }
    let listener = tokio::net::TcpListener::bind(listen).await?;
    println!("listening {}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        // As Mayfly does: answers are written whole.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await?;
    Ok(())
}

/// Whether serde_json has the feature `arbitrary_precision`, because cargo gave it the features other packages ask for.
fn keeps_all_digits() -> bool {
    const DIGITS: &str = "1.00000000000000000000001";
    let number = serde_json_plain::from_str::<serde_json_plain::Value>(DIGITS);
    number.is_ok_and(|number| number.to_string().as_str() == DIGITS)
}
