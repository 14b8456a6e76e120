//! What is not applied, with everything that is wrong, while the old answers go on.

use super::*;

/// Sees that applying is refused with these problems, and that what was served still is.
async fn is_refused(host: &TestHost, expected: &[&str]) {
    let body = apply(host, false).await;
    let problems = body["problems"]
        .as_array()
        .unwrap_or_else(|| panic!("{body}"));
    let messages: Vec<_> = problems
        .iter()
        .map(|problem| problem["message"].as_str().unwrap())
        .collect();
    assert_eq!(messages.len(), expected.len(), "{messages:#?}");
    for (message, expected) in messages.iter().zip(expected) {
        assert!(
            message.contains(expected),
            "{message:?} does not say {expected:?}"
        );
    }
    let answer = host.query("{ version items(count: 2) { made } }").await;
    assert_eq!(
        answer["data"]["version"],
        json!(mark("good", 0)),
        "the old answers go on: {answer}"
    );
}

#[tokio::test]
async fn what_breaks_clients_is_refused_until_it_is_allowed() {
    let host = swapping().await;
    edit(
        &host,
        "schema.graphql",
        "  \"The mark of the version that made the item.\"\n  made: String!\n",
        "",
    );
    edit(
        &host,
        "schema.graphql",
        "needs: \"id made\"",
        "needs: \"id\"",
    );
    edit(
        &host,
        "schema.graphql",
        "items(count: Int!)",
        "items(count: Int!, from: Int!)",
    );
    let outcome = apply(&host, false).await;
    let breaking = [
        json!({ "kind": "REQUIRED_ARG_ADDED", "severity": "breaking", "coordinate": "Query.items(from:)",
                "message": "`Query.items(from:)` was added and is required" }),
        json!({ "kind": "FIELD_REMOVED", "severity": "breaking", "coordinate": "Item.made", "message": "`Item.made` was removed" }),
    ];
    let message = "2 of the changes would break clients; use `--allow-breaking` (`allow_breaking=true`) to apply them anyway";
    assert_eq!(
        outcome,
        json!({ "__typename": "BreakingChanges", "message": message, "changes": breaking })
    );
    assert_eq!(
        host.query("{ items(count: 1) { made } }").await["data"]["items"][0]["made"],
        json!(mark("good", 0))
    );
    assert_eq!(applies(&host, true).await["changes"], json!(breaking));
    let answer = host
        .post(&json!({ "query": "{ items(count: 1) { made } }" }))
        .await;
    assert_eq!(
        answer.json()["errors"][0]["extensions"]["code"],
        json!("GRAPHQL_VALIDATION_FAILED"),
        "{}",
        answer.text
    );
    assert_eq!(
        host.query("{ items(count: 1, from: 0) { id } }").await,
        json!({ "data": { "items": [{ "id": "0" }] } })
    );
}

#[tokio::test]
async fn a_broken_file_is_refused_with_every_problem() {
    let host = swapping().await;
    edit(
        &host,
        "mayfly.toml",
        "max_batch = 5",
        "max_batch = 0\nmemroy = \"1 MiB\"",
    );
    is_refused(
        &host,
        &[
            "`modules.marked.max_batch` must be a whole number",
            "unknown key `modules.marked.memroy`",
        ],
    )
    .await;
    edit(
        &host,
        "mayfly.toml",
        "max_batch = 0\nmemroy = \"1 MiB\"",
        "max_batch = 5",
    );
    edit(&host, "schema.graphql", "made: String!", "made: Strin!");
    edit(
        &host,
        "schema.graphql",
        "  \"Always 1.\"\n  greedy: Int! @resolve(module: \"greedy\")",
        "  greedy: Int! @resolve(module: \"gredy\")",
    );
    is_refused(&host, &["unknown type \"Strin\"; did you mean \"String\"?"]).await;
    edit(&host, "schema.graphql", "made: Strin!", "made: String!");
    is_refused(&host, &["names the module `gredy`, which is not declared"]).await;
    fs::remove_file(host.app.path().join("mayfly.toml")).unwrap();
    is_refused(&host, &["cannot be read"]).await;
    assert_eq!(
        host.metric("mayfly_applies_total{outcome=\"refused\"}")
            .await,
        4.0
    );
}

#[tokio::test]
async fn a_field_that_the_module_does_not_handle_and_a_bad_component_are_refused_together() {
    let host = swapping().await;
    own_components(&host);
    edit(
        &host,
        "schema.graphql",
        "  made: String!",
        "  made: String!\n  lost: Int @resolve(module: \"marked\")",
    );
    write(&host, "build/greedy.wasm", b"nonsense");
    let fields = "module `marked`: fields: the schema gives it Item.lost, which the version that is active (";
    is_refused(
        &host,
        &[
            fields,
            "module `greedy`: validate: the file is not WebAssembly",
        ],
    )
    .await;
}

#[tokio::test]
async fn what_needs_a_restart_is_refused_with_its_name() {
    let host = swapping().await;
    edit(
        &host,
        "mayfly.toml",
        "watch = false",
        "watch = false\nmax_operations = 7\nguest_headers = [\"x-tenant\"]",
    );
    edit(
        &host,
        "mayfly.toml",
        "memory = \"2 MiB\"",
        "memory = \"32 MiB\"",
    );
    is_refused(
        &host,
        &[
            "`server.max_operations` cannot change while the host runs; restart the host, or change it back",
            "`server.guest_headers` cannot change while the host runs",
            "`modules.marked.memory` is above 16 MiB, which this host reserved when it started",
        ],
    )
    .await;
}

#[tokio::test]
async fn another_app_than_the_one_that_is_served_is_not_applied() {
    let host = swapping().await;
    let apply = "mutation { apply(directory: \"/somewhere/else\") { __typename ... on Failure { code message } } }";
    let outcome = host.ask_admin(apply, json!({})).await["apply"].clone();
    assert_eq!(outcome["code"], json!("OTHER_APP"), "{outcome}");
    let message = outcome["message"].as_str().unwrap();
    assert!(message.starts_with("this host serves "), "{message}");
}
