//! The admin API: what operators look at, change and follow, who may, and what nobody can do to it.

mod audit;
mod bad_input;
mod clients;
mod commands;
mod events;
mod looks;
mod roles;
mod schema;

use mayfly_tests::{Answer, TestApp, TestHost};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A token of the role `read`.
const READ: &str = "a-token-for-reading-only";

/// A token of the role `deploy` with a name.
const CI: &str = "the-token-of-the-pipeline";

/// The hash of a token, as the configuration has it.
fn hash(token: &str) -> String {
    let hash = Sha256::digest(token);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `[server]` with a token of each kind, and more keys of it.
fn server(keys: &str) -> String {
    format!(
        "[server]\nadmin_token = {{ env = \"TEST_ADMIN_TOKEN\" }}\n{keys}\n\
         [server.admin_tokens.dashboard]\nrole = \"read\"\nsha256 = \"{}\"\n\
         [server.admin_tokens.ci]\nrole = \"deploy\"\nsha256 = \"{}\"\n",
        hash(READ),
        hash(CI).to_uppercase()
    )
}

/// An app with tokens, whose files are not watched.
fn app() -> TestApp {
    TestApp::swapping().with_configuration(&server("watch = false"))
}

async fn host() -> TestHost {
    TestHost::start(app()).await
}

/// A request to the admin API without a token, to be filled in.
fn request(host: &TestHost, query: &str) -> RequestBuilder {
    reqwest::Client::new()
        .post(format!("http://{}/admin/graphql", host.admin))
        .header("content-type", "application/json")
        .body(json!({ "query": query }).to_string())
}

/// Sends an operation with a token.
async fn ask_as(host: &TestHost, token: &str, query: &str) -> Answer {
    Answer::of(request(host, query).bearer_auth(token)).await
}

/// The status and code of a refusal.
fn refusal(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    assert_eq!(body.get("data"), None, "{body}");
    let code = body["errors"][0]["extensions"]["code"].as_str();
    let code = code.unwrap_or_else(|| panic!("{body}")).to_owned();
    (answer.status.as_u16(), code)
}
