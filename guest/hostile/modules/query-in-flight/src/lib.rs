//! Sends a query that takes a minute, and ends in some way while it is under way, with or without a transaction open.

#![allow(unsafe_code, clippy::panic, reason = "the point is to break")]

use mayfly_guest::prelude::*;

mayfly_guest::resolvers! {
    Query.queryInFlight => query_in_flight,
    Mutation.statementInFlight => statement_in_flight,
}

#[derive(Deserialize)]
struct Arguments {
    then: String,
}

#[derive(Deserialize)]
struct Row {}

async fn query_in_flight(arguments: Arguments) -> Result<usize> {
    let rows = sql::statement("slow").query::<Row>();
    sent(&rows);
    end(&arguments.then, rows).await
}

/// A write that was made and a statement under way, in a transaction that nobody commits.
async fn statement_in_flight(arguments: Arguments) -> Result<usize> {
    let transaction = sql::begin("lab");
    transaction
        .statement("write_mark")
        .bind("id", &random::id())
        .execute()
        .await?;
    let rows = transaction.statement("slow").query::<Row>();
    sent(&rows);
    end(&arguments.then, rows).await
}

/// Gives the host a while to send it: only what was asked for can be in flight.
fn sent(rows: &Call<Vec<Row>>) {
    while clock::elapsed().as_millis() < 50 && !rows.is_ready() {}
}

async fn end(then: &str, rows: Call<Vec<Row>>) -> Result<usize> {
    match then {
        "PANIC" => panic!("with a query in flight"),
        #[cfg(target_arch = "wasm32")]
        "TRAP" => core::arch::wasm32::unreachable(),
        "SPIN" => loop {
            std::hint::black_box(&rows);
        },
        "WAIT" => return Ok(rows.await?.len()),
        "FAIL" => return Err(Error::new("FAILED", "with a query in flight")),
        "FORGET" => std::mem::forget(rows),
        _ => drop(rows),
    }
    Ok(0)
}
