//! What a cached request of workload A allocates on the host, exactly: a guard against slow growth that no clock disturbs.
//!
//! A number that falls is progress, and is written down here; one that grows needs a reason.
//!
//! The guests are written in WebAssembly itself. What a compiler makes of a guest decides what it imports, and that is counted too: a
//! function more or less is some bytes of every instance.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

#[path = "../mayfly/in_memory.rs"]
mod in_memory;

use std::path::Path;
use std::sync::Arc;

use allocation_counter::measure;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use in_memory::InMemory;
use mayfly::http::Host;
use mayfly::http::graphql_router;
use mayfly::serving::app::App;
use mayfly_capabilities::dynamodb::DynamoDbCapability;
use mayfly_capabilities::sql::{SqlCapability, databases};
use mayfly_runtime::capability::{self, Surroundings};
use mayfly_runtime::imports::Backends;
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
    let app = app();
    let mut router = runtime.block_on(async { graphql_router(host(app.path()).await) });
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
        ((68, 28_549), (99, 33_666)),
        "allocations and bytes: data in the guest, data by host calls"
    );
}

/// The app of the bench with guests that are the same whatever builds the others.
fn app() -> tempfile::TempDir {
    mayfly_tests::built();
    let directory = tempfile::tempdir().unwrap();
    for file in ["mayfly.toml", "schema.graphql"] {
        let original = mayfly_tests::repository().join("guest/bench").join(file);
        std::fs::copy(original, directory.path().join(file)).unwrap();
    }
    for (module, text) in [
        ("in-guest", guest("Query.report", "", "")),
        (
            "host-calls",
            guest("Query.reportByHostCalls", IMPORTS, CALLS),
        ),
    ] {
        let source = directory.path().join(format!("{module}.wat"));
        let component = directory.path().join(format!("build/{module}.wasm"));
        std::fs::write(&source, text).unwrap();
        let built = mayfly::build::build_modules(
            &[mayfly::build::ModuleSource::new(&source, &component)],
            &mut |_| (),
        );
        assert!(built.failures.is_empty(), "{:?}", built.failures);
    }
    directory
}

/// What every guest answers.
const ANSWER: &str = include_str!("../data/assessments.json");

/// What a guest that calls the host imports.
const IMPORTS: &str = r#"
  (import "mayfly:resolver/dynamodb@0.1.0" "get" (func $get (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "mayfly:resolver/sql@0.1.0" "query" (func $query (param i32 i32 i32 i32) (result i32)))
  (import "mayfly:resolver/pending@0.1.0" "[method]pending.take" (func $take (param i32 i32)))
  (import "mayfly:resolver/pending@0.1.0" "[resource-drop]pending" (func $drop (param i32)))"#;

/// A profile from DynamoDB and rows from SQL Server, both under way at once. The texts are where `guest` puts them.
const CALLS: &str = r#"
    (local.set $profile (call $get
      (i32.const 512) (i32.const 8) (i32.const 520) (i32.const 34) (i32.const 0) (i32.const 0) (i32.const 0)))
    (local.set $rows (call $query (i32.const 576) (i32.const 22) (i32.const 600) (i32.const 11)))
    (call $take (local.get $profile) (i32.const 96))
    (call $take (local.get $rows) (i32.const 96))
    (call $drop (local.get $profile))
    (call $drop (local.get $rows))"#;

/// A guest that makes these calls and answers a field.
fn guest(field: &str, imports: &str, calls: &str) -> String {
    let answer: String = ANSWER.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let length = ANSWER.len();
    format!(
        r#"(module {imports}
  (memory (export "memory") 4)
  (global $next (mut i32) (i32.const 65536))
  (data (i32.const 512) "Students{{\"PK\":\"STUDENT#S1\",\"SK\":\"PROFILE\"}}")
  (data (i32.const 576) "assessments_of_student  {{\"id\":\"S1\"}}")
  (data (i32.const 1024) "{answer}")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "mayfly:resolver/handler@0.1.0#resolve")
    (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (local $profile i32) (local $rows i32)
    {calls}
    ;; A list of one answer: a result, which is a JSON text.
    (i32.store (i32.const 64) (i32.const 72))
    (i32.store (i32.const 68) (i32.const 1))
    (i32.store (i32.const 76) (i32.const 1024))
    (i32.store (i32.const 80) (i32.const {length}))
    (i32.const 64))
  (@custom "mayfly:fields" "{field}\n"))"#
    )
}

async fn host(directory: &Path) -> Arc<Host> {
    let config = capability::load(directory, mayfly_capabilities::ALL).expect("it is an app");
    let mut app = App::load(
        &config,
        &Surroundings::nowhere(mayfly_capabilities::ALL),
        &|_| (),
    )
    .await
    .expect("the app loads");
    let memory = Arc::new(InMemory::load().unwrap());
    let databases = databases(&config, memory.clone());
    let backends = Backends::default()
        .with::<DynamoDbCapability>(memory)
        .with::<SqlCapability>(Arc::new(databases));
    app.backends = Arc::new(backends);
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
        .header("host", "localhost")
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
