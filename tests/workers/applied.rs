//! What happens to workers when their app is applied again.

use mayfly_tests::TestHost;
use serde_json::{Value, json};

use super::lab::{app, ask, lives};

async fn apply(host: &TestHost, from: &str, to: &str) {
    let file = host.app.path().join("mayfly.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    assert!(before.contains(from));
    std::fs::write(&file, before.replace(from, to)).unwrap();
    let applied = host
        .ask_admin("mutation { apply { __typename } }", json!({}))
        .await;
    assert_eq!(applied["errors"], Value::Null, "{applied}");
}

#[tokio::test]
async fn applying_keeps_the_processes_of_what_did_not_change_and_ends_the_others() {
    let app = app("processes = 1\n")
        .with_configuration("[server]\nadmin_token = { env = \"TEST_ADMIN_TOKEN\" }");
    let host = TestHost::start(app).await;
    let pid = ask(&host, "Count", &Value::Null).await.unwrap()["pid"].clone();
    apply(&host, "deadline = \"60 s\"", "deadline = \"61 s\"").await;
    let count = ask(&host, "Count", &Value::Null).await.unwrap();
    assert_eq!((&count["pid"], &count["calls"]), (&pid, &json!(2)));
    apply(&host, "call_timeout = \"60 s\"", "call_timeout = \"50 s\"").await;
    let count = ask(&host, "Count", &Value::Null).await.unwrap();
    assert_ne!(count["pid"], pid);
    host.until(async || !lives(pid.as_i64().unwrap())).await;
}
