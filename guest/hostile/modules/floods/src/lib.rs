//! Asks the host for too much of one thing.

use mayfly_guest::bindings::mayfly::resolver as host;
use mayfly_guest::{block_on, prelude::*};
use std::hint::black_box;

mayfly_guest::resolvers! { Query.floods => floods }

#[derive(Deserialize)]
struct Arguments {
    with: String,
    count: u32,
}

#[derive(Deserialize)]
struct Thing {}

/// Answers with how many times it was served before an error, or with text of `count` bytes.
fn floods(arguments: Arguments) -> Result<String> {
    let count = arguments.count;
    let get = || dynamodb::table("Things").get::<Thing>(object! { PK: "1" });
    let served: usize = match arguments.with.as_str() {
        "LOG_LINES" => (0..count).inspect(|line| info!("line {line}")).count(),
        "LONG_LOG_LINES" => (0..count)
            .inspect(|_| info!("{}", "x".repeat(1 << 20)))
            .count(),
        "CALLS" => (0..count).map_while(|_| get().wait().ok()).count(),
        "CALLS_AT_ONCE" => block_on(join_all((0..count).map(|_| get())))
            .iter()
            .flatten()
            .count(),
        "ABANDONED_CALLS" => (0..count).inspect(|_| drop(get())).count(),
        "TRANSACTIONS" => (0..count)
            .map(|_| sql::begin("lab"))
            .collect::<Vec<_>>()
            .len(),
        "STREAMS" => (0..count)
            .map_while(|_| sql::statement("things").stream::<Thing>().ok())
            .collect::<Vec<_>>()
            .len(),
        "PENDING_CALLS" => (0..count).map(|_| get()).collect::<Vec<_>>().len(),
        "WAITS" => waits(count as usize),
        "RANDOM_BYTES" => (0..count)
            .inspect(|_| drop(black_box(random::bytes(65_536))))
            .count(),
        "ANSWER" => return Ok("x".repeat(count as usize)),
        _ => 0,
    };
    Ok(served.to_string())
}

/// Waits for one call as if it were many; answers with how many of them were ready.
fn waits(count: usize) -> usize {
    let options = host::dynamodb::ReadOptions {
        consistent: false,
        attributes: Vec::new(),
    };
    let call = host::dynamodb::get("Things", r#"{"PK":"1"}"#, &options);
    host::pending::wait_any(&vec![&call; count]).len()
}
