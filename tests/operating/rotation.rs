//! A secret in a file of its own is rotated while clients ask.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use mayfly_tests::{Embedded, TestApp, TestHost};
use serde_json::Value;

const QUERY: &str = "{ student(id: \"S1\") { name assessments { id } } }";

/// Where the connection string of the tests' SQL Server stands.
const FILE: &str = "school";

fn connection_string(server: &Embedded, password: &str) -> String {
    let (host, port) = (server.sqlserver.ip(), server.sqlserver.port());
    format!(
        "Server={host},{port};Database=School;User ID=mayfly;Password={password};Encrypt=false\n"
    )
}

fn rotate(host: &TestHost, contents: &str) {
    let temporary = host.app.path().join("being-written");
    fs::write(&temporary, contents).unwrap();
    fs::rename(temporary, host.app.path().join(FILE)).unwrap();
}

fn is_right(answer: &Value) -> bool {
    let assessments = answer["data"]["student"]["assessments"].as_array();
    answer.get("errors").is_none() && assessments.is_some_and(|list| !list.is_empty())
}

#[tokio::test]
async fn a_rotated_password_moves_the_pool_over_without_a_failed_call() {
    let first = Embedded::start(None).await;
    let second = Embedded::with_password("rotated").await;
    let app = TestApp::students()
        .configured(
            "address = \"embedded\"\ndatabase = \"School\"\nmax_connections = 8",
            "connection_string = { file = \"school\" }\nmax_connections = 8",
        )
        .with_file(FILE, connection_string(&first, "mayfly").as_bytes());
    let host = TestHost::start(app).await;
    host.ready().await;

    let (stop, asked, failed) = (
        AtomicBool::new(false),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    let client = async || {
        while !stop.load(Ordering::Relaxed) {
            let answer = host.query(QUERY).await;
            asked.fetch_add(1, Ordering::Relaxed);
            failed.fetch_add(usize::from(!is_right(&answer)), Ordering::Relaxed);
        }
    };
    let operator = async || {
        // Told here before it holds there: what is used goes on being used, until the server knows it too.
        rotate(&host, &connection_string(&second, "not yet"));
        host.logged(&[
            "not applied: ",
            "`sqlserver.school` cannot be reached as it is configured now",
        ])
        .await;
        rotate(&host, &connection_string(&second, "rotated"));
        host.until(async || {
            host.metric("mayfly_applies_total{outcome=\"applied\"}")
                .await
                >= 1.0
        })
        .await;
        let before = asked.load(Ordering::Relaxed);
        host.until(async || asked.load(Ordering::Relaxed) > before + 20)
            .await;
        first.kill().await;
        let before = asked.load(Ordering::Relaxed);
        host.until(async || asked.load(Ordering::Relaxed) > before + 20)
            .await;
        stop.store(true, Ordering::Relaxed);
    };
    tokio::join!(client(), client(), client(), operator());
    assert_eq!(
        failed.load(Ordering::Relaxed),
        0,
        "of {}",
        asked.load(Ordering::Relaxed)
    );
    drop(second);
}

#[tokio::test]
async fn the_admin_token_may_change_too() {
    let app = TestApp::swapping()
        .with_configuration("[server]\nadmin_token = { file = \"school\" }\n")
        .with_file(FILE, b"the-first-of-the-tokens\n");
    let host = TestHost::start(app).await;
    let status = async |token: &str| {
        let url = format!("http://{}/admin/graphql", host.admin);
        let request = reqwest::Client::new()
            .post(url)
            .header("content-type", "application/json")
            .body(r#"{"query":"{ __typename }"}"#);
        request.bearer_auth(token).send().await.unwrap().status()
    };
    assert_eq!(status("the-first-of-the-tokens").await, 200);
    rotate(&host, "the-second-of-the-tokens\n");
    host.until(async || status("the-second-of-the-tokens").await == 200)
        .await;
    assert_eq!(status("the-first-of-the-tokens").await, 401);
}
