//! The clients that people use, from npm, as they are.

use std::path::Path;

use mayfly_tests::{TestApp, TestHost, chromium, node_packages, python_packages, repository};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What a program of this folder prints.
async fn run(program: &str, arguments: &[&str]) -> String {
    let folder = repository().join("tests/clients");
    let packages = folder.clone();
    tokio::task::spawn_blocking(move || node_packages(&packages))
        .await
        .unwrap();
    let output = tokio::process::Command::new("node")
        .arg(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

async fn answers_of(program: &str, host: &TestHost, what: &str) -> Value {
    let url = format!("http://{}/graphql", host.graphql);
    let printed = run(program, &[&url, what]).await;
    serde_json::from_str(&printed).unwrap()
}

fn ids(answers: &Value) -> Vec<&str> {
    let answers = answers.as_array().unwrap().iter();
    answers
        .map(|answer| answer["id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn apollo_client_sends_a_document_once_and_its_hash_from_then_on() {
    for what in ["persisted-post", "persisted-get"] {
        let host = TestHost::start(TestApp::students()).await;
        let printed = answers_of("apollo.mjs", &host, what).await;
        assert_eq!(ids(&printed["answers"]), ["S1", "S2"]);
        let sent: Vec<_> = printed["requests"]
            .as_array()
            .unwrap()
            .iter()
            .map(|request| request["hasQuery"].as_bool().unwrap())
            .collect();
        assert_eq!(sent, [false, true, false], "{what}: {printed}");
    }
}

#[tokio::test]
async fn apollo_client_without_persisted_queries_on_the_server_goes_on() {
    let app = TestApp::students().with_configuration("[documents]\npersisted_queries = false\n");
    let host = TestHost::start(app).await;
    let printed = answers_of("apollo.mjs", &host, "persisted-post").await;
    assert_eq!(ids(&printed["answers"]), ["S1", "S2"]);
}

#[tokio::test]
async fn apollo_client_sends_several_operations_in_one_request() {
    let app = TestApp::students().with_configuration("[documents]\nmax_batch = 5\n");
    let host = TestHost::start(app).await;
    let printed = answers_of("apollo.mjs", &host, "batch").await;
    assert_eq!(ids(&printed["answers"]), ["S1", "S2", "S3"]);
    assert_eq!(printed["requests"], 1);
}

#[tokio::test]
async fn urql_names_documents_by_their_hash() {
    let host = TestHost::start(TestApp::students()).await;
    let printed = answers_of("urql.mjs", &host, "").await;
    assert_eq!(ids(&printed["answers"]), ["S1", "S2"]);
    assert_eq!(printed["requests"], json!(["GET", "GET", "GET"]));
}

#[tokio::test]
async fn graphql_request_reads_answers_batches_and_codes() {
    let app = TestApp::students().with_configuration("[documents]\nmax_batch = 5\n");
    let host = TestHost::start(app).await;
    let printed = answers_of("graphql-request.mjs", &host, "").await;
    assert_eq!(printed["one"]["id"], "S1");
    assert_eq!(ids(&printed["batch"]), ["S1", "S2"]);
    assert_eq!(printed["code"], "GRAPHQL_VALIDATION_FAILED");
}

#[tokio::test]
async fn python_s_gql_reads_the_schema_answers_and_codes() {
    let host = TestHost::start(TestApp::students()).await;
    // The folder with its packages, which the admin API is tested with, too.
    let packages = repository().join("tests/admin/clients");
    let python = tokio::task::spawn_blocking(move || python_packages(&packages));
    let output = tokio::process::Command::new(python.await.unwrap())
        .arg("python_gql.py")
        .arg(format!("http://{}/graphql", host.graphql))
        .current_dir(repository().join("tests/clients"))
        .output()
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed["one"]["id"], "S1");
    assert_eq!(printed["code"], "GUEST_ERROR");
    assert_eq!(
        printed["fields"],
        json!(["assessments", "student", "students"])
    );
}

/// Serves an empty page; gives the port.
async fn page() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = [0; 4_096];
                drop(stream.read(&mut head).await);
                let page = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 15\r\nconnection: close\r\n\r\n<!doctype html>";
                drop(stream.write_all(page.as_bytes()).await);
            });
        }
    });
    port
}

#[tokio::test]
async fn a_page_of_another_origin_reads_answers_in_chromium_where_it_may() {
    let chromium = tokio::task::spawn_blocking(chromium).await.unwrap();
    let port = page().await;
    let (known, unknown) = (
        format!("http://localhost:{port}"),
        format!("http://127.0.0.1:{port}"),
    );
    let app = TestApp::students().with_configuration(&format!("[cors]\norigins = [\"{known}\"]\n"));
    let host = TestHost::start(app).await;
    let url = format!("http://{}/graphql", host.graphql);
    let arguments = [&url, chromium.to_str().unwrap(), &known, &unknown];
    let printed: Value = serde_json::from_str(&run("browser.mjs", &arguments).await).unwrap();
    let (known, unknown) = (&printed[&known], &printed[&unknown]);
    for way in ["post", "get"] {
        assert_eq!(known[way]["status"], 200, "{way}: {printed}");
        assert_eq!(known[way]["type"], "cors", "{way}: {printed}");
        assert_eq!(
            known[way]["answer"]["data"]["student"]["id"], "S1",
            "{way}: {printed}"
        );
    }
    assert_eq!(known["otherHeader"]["failed"], "TypeError", "{printed}");
    // What needs no preflight is sent, and read, but it is no request that is executed.
    assert_eq!(known["simple"]["status"], 415, "{printed}");
    for way in ["post", "get", "otherHeader", "simple"] {
        assert_eq!(unknown[way]["failed"], "TypeError", "{way}: {printed}");
    }
}

#[tokio::test]
async fn manifests_of_relay_apollo_and_graphql_code_generator_are_enforced_as_they_are_written() {
    let directory = tempfile::tempdir().unwrap();
    let schema = repository().join("guest/apps/students/schema.graphql");
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    run("manifests.mjs", &[&text(&schema), &text(directory.path())]).await;
    for manifest in ["relay.json", "codegen.json", "apollo.json"] {
        let written = std::fs::read(directory.path().join(manifest)).unwrap();
        let read: Value = serde_json::from_slice(&written).unwrap();
        let id = match read["operations"][0]["id"].as_str() {
            Some(id) => id.to_owned(),
            None => read.as_object().unwrap().keys().next().unwrap().clone(),
        };
        let app = TestApp::students()
            .with_file("manifest.json", &written)
            .with_configuration("[documents]\nmanifest = \"manifest.json\"\n");
        let host = TestHost::start(app).await;
        let variables = json!({ "id": "S1" });
        let by_hash = json!({ "persistedQuery": { "version": 1, "sha256Hash": id } });
        for request in [
            json!({ "documentId": id, "variables": variables }),
            json!({ "extensions": by_hash, "variables": variables }),
        ] {
            let answer = host.post(&request).await.json();
            assert_eq!(
                answer["data"]["student"]["id"], "S1",
                "{manifest}: {answer}"
            );
        }
        let other = host.post(&json!({ "query": "{ __typename }" })).await;
        assert!(
            other.text.contains("DOCUMENT_NOT_TRUSTED"),
            "{}",
            other.text
        );
    }
}
