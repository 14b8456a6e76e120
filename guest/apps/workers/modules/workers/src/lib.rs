//! Asks workers for whatever it is told to, granted or not.

use mayfly_guest::prelude::*;

mayfly_guest::resolvers! {
    Query.call => call,
    Query.callAll => call_all,
    Mutation.call => call,
}

#[derive(Deserialize)]
struct Arguments {
    worker: String,
    method: String,
    arguments: String,
}

#[derive(Deserialize)]
struct Many {
    worker: String,
    method: String,
    arguments: Vec<String>,
}

/// Errors are passed on.
async fn call(call: Arguments) -> Result<String> {
    worker::named(&call.worker)
        .call_json(&call.method, &call.arguments)
        .await
}

async fn call_all(calls: Many) -> Result<Vec<String>> {
    let worker = worker::named(&calls.worker);
    let all = calls.arguments.iter();
    let answers = join_all(all.map(|arguments| worker.call_json(&calls.method, arguments))).await;
    let shown = answers
        .into_iter()
        .map(|answer| answer.unwrap_or_else(|error| format!("error {error}")));
    Ok(shown.collect())
}
