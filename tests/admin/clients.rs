//! Ordinary clients: graphql-request, with the introspection query of GraphiQL, and Python's gql, which introspects by itself.

use std::path::PathBuf;

use mayfly_tests::{TOKEN, node_packages, python_packages, repository};
use tokio::process::Command;

use super::*;

fn folder() -> PathBuf {
    repository().join("tests/admin/clients")
}

/// Runs a client against a host, and gives what it printed.
async fn run(mut command: Command, host: &TestHost) -> Value {
    let url = format!("http://{}/admin/graphql", host.admin);
    let output = command
        .args([&url, TOKEN])
        .current_dir(folder())
        .output()
        .await
        .unwrap();
    let (out, error) = (output.stdout, String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&out).unwrap_or_else(|problem| panic!("{problem}: {error}"))
}

#[tokio::test]
async fn graphql_request_introspects_looks_and_changes() {
    node_packages(&folder());
    let host = host().await;
    let mut node = Command::new("node");
    node.arg("request.mjs");
    let told = run(node, &host).await;
    assert!(told["types"].as_u64().unwrap() > 30, "{told}");
    let active = &told["looked"]["module"]["active"];
    assert_eq!(
        active["digest"],
        host.module("marked").await["active"]["digest"]
    );
    assert_eq!(told["changed"]["rollBack"]["code"], json!("UNKNOWN_MODULE"));
    assert_eq!(told["refused"], json!([401, "UNAUTHENTICATED"]));
}

#[tokio::test]
async fn gql_for_python_introspects_looks_and_changes() {
    let python = python_packages(&folder());
    let host = host().await;
    let mut command = Command::new(python);
    command.arg("request.py");
    let told = run(command, &host).await;
    assert_eq!(
        told["looked"]["process"]["state"],
        json!("SERVING"),
        "{told}"
    );
    assert_eq!(told["looked"]["module"]["name"], json!("marked"));
    assert_eq!(told["changed"]["apply"]["__typename"], json!("Unchanged"));
    assert!(told["types"].as_u64().unwrap() > 40, "{told}");
    assert!(!told["refused"].is_null(), "a stranger was let in");
}
