//! A machine that is smaller than the memory plan.

use std::process::Output;

use mayfly_tests::{TestApp, TestHost, mayfly};
use serde_json::json;
use toml::{Table, Value};

fn check(app: &TestApp, memory: &str) -> Output {
    mayfly()
        .args(["check", "--memory", memory])
        .arg(app.path())
        .output()
        .unwrap()
}

/// Writes values into a table, those of inner tables each on its own.
fn merge(into: &mut Table, values: Table) {
    for (key, value) in values {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(values)) => merge(inner, values),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}

#[tokio::test]
async fn the_values_for_512_mib_are_ready_to_paste_and_serve_16_operations_at_once() {
    let app = TestApp::students();
    let output = check(&app, "512 MiB");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let (_, values) = said
        .split_once("in place of the current ones:\n\n")
        .unwrap_or_else(|| panic!("{said}"));
    let values = values
        .rsplit_once("\n\n")
        .map_or(values, |(values, _)| values);
    let values: Table = toml::from_str(values).unwrap_or_else(|error| panic!("{error}: {values}"));
    assert!(
        values["server"]["max_operations"].as_integer().unwrap() >= 16,
        "{said}"
    );

    let file = app.path().join("mayfly.toml");
    let mut configuration: Table = toml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    merge(&mut configuration, values);
    let app = app.with_file(
        "mayfly.toml",
        toml::to_string(&configuration).unwrap().as_bytes(),
    );
    let fits = check(&app, "512 MiB");
    let said = String::from_utf8(fits.stdout).unwrap();
    assert!(
        !said.contains("warning") && said.ends_with("is fine\n"),
        "{said}"
    );

    let host = TestHost::start(app).await;
    let query =
        "{ students(ids: [\"S1\", \"S2\", \"S3\"]) { name assessments { id type score } } }";
    let asked = (0..16).map(|_| host.query(query));
    for answer in futures_util::future::join_all(asked).await {
        assert!(answer.get("errors").is_none(), "{answer}");
        assert_eq!(answer["data"]["students"].as_array().map(Vec::len), Some(3));
    }
    let plan = host.metric("mayfly_memory_plan ").await;
    assert!(plan > 0.0 && plan <= f64::from(512 << 20), "{plan}");
    assert_eq!(
        host.query("{ __typename }").await,
        json!({ "data": { "__typename": "Query" } })
    );
}

#[test]
fn where_nothing_fits_the_least_is_told() {
    let output = check(&TestApp::students(), "64 MiB");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("no values fit: this app needs at least "),
        "{said}"
    );

    let output = check(&TestApp::students(), "512");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("not a size such as \"512 MiB\"")
    );
}
