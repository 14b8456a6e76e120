//! What clients can hold: connections, time, memory, descriptors. Each client here does by hand what no honest one does.
//!
//! Time limits are set small by the configuration. Tests wait for what has to happen, and never measure how long it took.

mod answers;
mod bodies;
mod client;
mod descriptors;
mod ending;
mod frames;
mod heads;
mod http2;
mod methods;
mod operators;
mod places;
mod shapes;

use mayfly_tests::{TestApp, TestHost};
use serde_json::json;

/// A query of the sample app that needs no backend.
const QUERY: &str = r#"{"query":"{ __typename }"}"#;

/// A host of the sample app with these keys under `[server]`.
async fn host(server: &str) -> TestHost {
    TestHost::start(TestApp::students().with_configuration(&format!("[server]\n{server}"))).await
}

/// Checks that an honest client, with a connection of its own, is served.
async fn serves(host: &TestHost) {
    let answer = reqwest::Client::new()
        .post(format!("http://{}/graphql", host.graphql))
        .header("content-type", "application/json")
        .body(QUERY)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.expect("a text");
    assert_eq!(
        text,
        json!({ "data": { "__typename": "Query" } }).to_string()
    );
}

/// How many connections were closed for this reason.
async fn closed(host: &TestHost, reason: &str) -> f64 {
    let line = format!("mayfly_connections_closed_total{{reason=\"{reason}\"}}");
    host.metric(&line).await
}

/// How many connections are in this state.
async fn in_state(host: &TestHost, state: &str) -> f64 {
    host.metric(&format!("mayfly_connections{{state=\"{state}\"}}"))
        .await
}
