//! GraphQL over HTTP, judged by the audits of the specification's own reference library.

use mayfly_tests::{TestApp, TestHost, node_packages, repository};
use serde_json::{Value, json};

#[tokio::test]
async fn every_audit_of_graphql_over_http_passes() {
    let folder = repository().join("tests/audits");
    node_packages(&folder);
    let host = TestHost::start(TestApp::students()).await;
    let url = format!("http://{}/graphql", host.graphql);
    let output = tokio::process::Command::new("node")
        .arg("audit.mjs")
        .arg(url)
        .current_dir(folder)
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let lines = String::from_utf8(output.stdout).unwrap();
    let audits: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(audits.len() >= 60, "{} audits", audits.len());
    let failed: Vec<_> = audits
        .iter()
        .filter(|audit| audit["status"] != json!("ok"))
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
