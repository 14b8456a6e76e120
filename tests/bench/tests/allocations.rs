//! What a cached request of workload A allocates on the host, exactly: a guard against slow growth that no clock disturbs.
//!
//! A number that falls is progress, and is written down here; one that grows needs a reason.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

#[path = "../mayfly/in_memory.rs"]
mod in_memory;

use std::sync::Arc;

use allocation_counter::measure;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use in_memory::InMemory;
use mayfly::app::{App, EmbeddedAddresses};
use mayfly::host::Host;
use mayfly::http::graphql_router;
use mayfly::imports::Backends;
use mayfly_config::Config;
use mayfly_telemetry::Metrics;
use tower::Service;

/// Requests before the one that is measured: the plan is cached, buffers have grown, and every pool is warm.
const WARM_UP: usize = 50;

/// Requests that are measured.
const TRIES: usize = 5;

#[test]
fn a_cached_request_allocates_exactly_this() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut router = runtime.block_on(async { graphql_router(host().await) });
    let mut measured = |field: &str| {
        for _ in 0..WARM_UP {
            let response = runtime.block_on(router.call(request(field))).unwrap();
            check(runtime.block_on(text(response)));
        }
        // The least of some: the clock may tick while a guest runs, which then gives way, and that allocates.
        let spent = (0..TRIES).map(|_| {
            let request = request(field);
            let mut response = None;
            let spent =
                measure(|| response = Some(runtime.block_on(router.call(request)).unwrap()));
            check(runtime.block_on(text(response.unwrap())));
            (spent.count_total, spent.bytes_total)
        });
        spent.min().unwrap()
    };
    let (in_guest, by_host_calls) = (measured("report"), measured("reportByHostCalls"));
    assert_eq!(
        (in_guest, by_host_calls),
        ((75, 29_854), (101, 34_438)),
        "allocations and bytes: data in the guest, data by host calls"
    );
}

async fn host() -> Arc<Host> {
    mayfly_tests::built();
    let directory = mayfly_tests::repository().join("guest/bench");
    let config = Config::load(&directory).expect("guest/bench is an app");
    let mut app = App::load(&config, &EmbeddedAddresses::unused(), &|_| ())
        .await
        .expect("the app loads");
    let memory = Arc::new(InMemory::load().unwrap());
    app.backends = Arc::new(Backends {
        dynamodb_shares: Default::default(),
        dynamodb: Some(memory.clone()),
        sqlserver: config
            .sqlserver
            .iter()
            .map(|backend| (backend.name.clone(), memory.clone() as _))
            .collect(),
        statements: config
            .statements
            .iter()
            .map(|statement| (statement.name.clone(), statement.backend.clone()))
            .collect(),
    });
    let host = Host::new(config.server, Metrics::start().unwrap());
    host.serve(Arc::new(app));
    host
}

fn request(field: &str) -> Request<Body> {
    let query = format!(
        "query ($id: ID!) {{ report: {field}(studentId: $id) {{ id name grade readingLevel score takenAt active }} }}"
    );
    let body = serde_json_plain::json!({ "query": query, "variables": { "id": "S1" } }).to_string();
    Request::post("/graphql")
        .header("content-type", "application/json")
        .header("accept", "application/graphql-response+json")
        .body(Body::from(body))
        .unwrap()
}

async fn text(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Twenty objects with seven fields each, and no error.
fn check(answer: String) {
    let answer: serde_json_plain::Value = serde_json_plain::from_str(&answer).unwrap();
    assert!(answer.get("errors").is_none(), "{answer}");
    let report = answer
        .pointer("/data/report")
        .and_then(|report| report.as_array())
        .expect("a list");
    assert_eq!(report.len(), 20);
    assert!(
        report
            .iter()
            .all(|object| object.as_object().is_some_and(|object| object.len() == 7)),
        "{answer}"
    );
}
