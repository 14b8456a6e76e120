//! Modules are replaced while requests run: none fails, none is answered by two versions, and a bad version never gets in.

mod endings;
mod gate;
mod load;
mod ways_in;

use mayfly_tests::{TestApp, TestHost};
use serde_json::{Value, json};

/// What an app needs for its modules to be changed over the admin API.
const WITH_TOKEN: &str = "[server]\nadmin_token = { env = \"TEST_ADMIN_TOKEN\" }\n";

/// A host whose module `marked` can be swapped.
async fn swapping() -> TestHost {
    TestHost::start(TestApp::swapping().with_configuration(WITH_TOKEN)).await
}

/// The mark of the version that answers.
async fn version(host: &TestHost) -> String {
    let answer = host.query("{ version }").await;
    answer["data"]["version"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"))
        .to_owned()
}

/// The step and message of a refusal.
fn refusal(body: &Value) -> (&str, &str) {
    let text = |key: &str| {
        body["error"][key]
            .as_str()
            .unwrap_or_else(|| panic!("{body}"))
    };
    (text("step"), text("message"))
}

/// The versions of a list, in its order.
fn digests(versions: &Value) -> Vec<&str> {
    let versions = versions.as_array().unwrap_or_else(|| panic!("{versions}"));
    versions
        .iter()
        .map(|version| {
            version["digest"]
                .as_str()
                .unwrap_or_else(|| panic!("{version}"))
        })
        .collect()
}

/// Sends what has to be refused, and sees that the running version did not notice.
async fn is_refused(host: &TestHost, component: Vec<u8>, step: &str) -> String {
    let before = host.module("marked").await;
    let mark = version(host).await;
    let answer = host.push("marked", component).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    let body = answer.json();
    let (found, message) = refusal(&body);
    assert_eq!(
        (found, body["error"]["module"].as_str()),
        (step, Some("marked")),
        "{message}"
    );
    let after = host.module("marked").await;
    assert_eq!(after["active"]["digest"], before["active"]["digest"]);
    assert_eq!(digests(&after["earlier"]), digests(&before["earlier"]));
    assert_eq!(
        after["refusals"],
        json!(before["refusals"].as_u64().unwrap() + 1)
    );
    assert_eq!(
        (
            &after["lastRefusal"]["step"],
            &after["lastRefusal"]["message"]
        ),
        (&json!(step), &json!(message))
    );
    assert_eq!(
        version(host).await,
        mark,
        "the running version does not notice"
    );
    host.logged(&["\"WARN\"", "refused: ", &format!("\"step\":\"{step}\"")])
        .await;
    assert!(
        host.metric(&format!(
            "mayfly_refusals_total{{module=\"marked\",step=\"{step}\"}}"
        ))
        .await
            >= 1.0
    );
    message.to_owned()
}
