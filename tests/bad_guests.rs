//! Guests that misbehave: each ends as an error of the field that asked, with the code that is documented for it, and the next
//! answers are right.

use mayfly_tests::{TestApp, TestHost};
use serde_json::{Value, json};

/// Asks a field of the app with one guest per attack, and gives its error's code and message.
async fn failure(host: &TestHost, query: &str) -> (String, String) {
    let answer = host.query(query).await;
    let error = &answer["errors"][0];
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{query}: {answer}")).to_owned();
    (text(&error["extensions"]["code"]), text(&error["message"]))
}

/// What every attack must leave behind: a host that answers, with nothing in use.
async fn unharmed(host: &TestHost) {
    let answer = host.query("{ traps(how: NONE) leaks malformedJson(how: NONE) { id number colour tags } }").await;
    assert_eq!(answer.get("errors"), None, "{answer}");
    assert_eq!((&answer["data"]["traps"], &answer["data"]["leaks"]), (&json!(7), &json!(1)), "{answer}");
    assert_eq!(host.metric("mayfly_slots_in_use ").await, 0.0);
    assert_eq!(host.metric("mayfly_guest_memory_reserved ").await, 0.0);
    assert_eq!(host.metric("mayfly_operations ").await, 0.0);
}

async fn all_are(host: &TestHost, code: &str, queries: &[&str]) -> Vec<String> {
    let mut messages = Vec::new();
    for query in queries {
        let (found, message) = failure(host, query).await;
        assert_eq!(found, code, "{query}: {message}");
        messages.push(message);
    }
    unharmed(host).await;
    messages
}

#[tokio::test]
async fn text_that_is_not_json_is_invalid_output() {
    let host = TestHost::start(TestApp::hostile()).await;
    let ways = ["NOT_JSON", "EMPTY", "TRUNCATED", "TRAILING", "LONE_SURROGATE", "DEEPLY_NESTED"];
    let queries = ways.map(|way| format!("{{ malformedJson(how: {way}) {{ id number colour tags }} }}"));
    let messages = all_are(&host, "INVALID_OUTPUT", &queries.each_ref().map(String::as_str)).await;
    assert!(messages.iter().all(|message| message.starts_with("module `malformed-json`: ")), "{messages:#?}");
}

#[tokio::test]
async fn text_that_is_not_utf_8_traps() {
    let host = TestHost::start(TestApp::hostile()).await;
    all_are(&host, "GUEST_TRAPPED", &["{ malformedJson(how: INVALID_UTF8) { id } }"]).await;
}

#[tokio::test]
async fn json_that_does_not_fit_the_type_is_invalid_output_naming_the_field() {
    let host = TestHost::start(TestApp::hostile()).await;
    let ways = [
        "STRING_FOR_INT",
        "TOO_LARGE_FOR_INT",
        "FRACTION_FOR_INT",
        "NULL_FOR_NON_NULL",
        "MISSING_NON_NULL",
        "OBJECT_FOR_ID",
        "UNKNOWN_ENUM_VALUE",
        "VALUE_FOR_LIST",
        "NULL_IN_LIST",
        "LIST_FOR_OBJECT",
        "TEXT_FOR_OBJECT",
    ];
    let queries = ways.map(|way| format!("{{ wrongType(how: {way}) {{ id number colour tags }} }}"));
    let messages = all_are(&host, "INVALID_OUTPUT", &queries.each_ref().map(String::as_str)).await;
    insta::assert_debug_snapshot!("wrong_types", messages);
}

#[tokio::test]
async fn another_number_of_answers_than_parents_is_invalid_output_at_every_parent() {
    let host = TestHost::start(TestApp::hostile()).await;
    for field in ["tooFew", "tooMany", "none"] {
        let answer = host.query(&format!("{{ miscounted {{ id {field} }} }}")).await;
        let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{answer}"));
        assert_eq!(errors.len(), 3, "{answer}");
        for (index, error) in errors.iter().enumerate() {
            assert_eq!(error["extensions"]["code"], json!("INVALID_OUTPUT"), "{answer}");
            assert_eq!(error["path"], json!(["miscounted", index, field]));
        }
        assert_eq!(answer["data"]["miscounted"][2], json!({ "id": "3", field: null }));
    }
    unharmed(&host).await;
}

#[tokio::test]
async fn what_was_not_granted_is_denied_and_the_log_says_which_grant_is_missing() {
    let host = TestHost::start(TestApp::hostile()).await;
    let messages = all_are(&host, "DENIED", &["{ deniedTable }", "{ deniedStatement }", "{ deniedAction }"]).await;
    assert!(messages.iter().all(|message| message == "module `denied`: not allowed"), "{messages:?}");
    for missing in [
        r#"add \"get\" to `modules.denied.grants.dynamodb.Secrets`"#,
        r#"add \"secrets\" to `modules.denied.grants.sql`"#,
        r#"add \"put\" to `modules.denied.grants.dynamodb.Things`"#,
    ] {
        host.logged(&["DENIED", missing]).await;
    }
    let answer = host.query("{ deniedIgnored }").await;
    assert_eq!(answer, json!({ "data": { "deniedIgnored": "denied, denied, denied" } }), "a guest may go on without");
}

#[tokio::test]
async fn a_guest_that_grows_past_its_cap_gets_out_of_memory() {
    let host = TestHost::start(TestApp::hostile()).await;
    let messages = all_are(&host, "OUT_OF_MEMORY", &["{ grows(mib: 100) }"]).await;
    assert_eq!(messages, ["module `grows`: memory cap of 8388608 bytes reached"]);
    host.logged(&["OUT_OF_MEMORY", "raise `modules.grows.memory`"]).await;
    let answer = host.query("{ grows(mib: 4) growsWhileAllowed(mib: 100) }").await;
    assert_eq!(answer["data"]["grows"], json!(4), "{answer}");
    let taken = answer["data"]["growsWhileAllowed"].as_i64().unwrap();
    assert!((4..8).contains(&taken), "a guest may go on below its cap: {answer}");
}

#[tokio::test]
async fn a_guest_that_spins_ends_at_its_deadline_and_holds_up_nobody() {
    let host = TestHost::start_with(TestApp::hostile(), &[("TOKIO_WORKER_THREADS", "1")]).await;
    let spinning = host.query("{ spins }");
    let others = async {
        for _ in 0..50 {
            assert_eq!(host.query("{ leaks }").await, json!({ "data": { "leaks": 1 } }));
        }
    };
    let (answer, ()) = futures_util::future::join(spinning, others).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], json!("DEADLINE_EXCEEDED"), "{answer}");
    unharmed(&host).await;
}

#[tokio::test]
async fn a_guest_that_crashes_says_so_and_nothing_else() {
    let host = TestHost::start(TestApp::hostile()).await;
    let queries = [
        "{ traps(how: UNREACHABLE) }",
        "{ traps(how: ABORT) }",
        "{ traps(how: RECURSION) }",
        "{ traps(how: OUT_OF_BOUNDS) }",
        r#"{ panics(message: "a secret reason") }"#,
    ];
    let messages = all_are(&host, "GUEST_TRAPPED", &queries).await;
    for message in messages {
        assert!(message.ends_with(": the resolver crashed"), "clients learn nothing of how: {message}");
    }
    host.logged(&["GUEST_TRAPPED", "out of bounds memory access"]).await;
    host.logged(&["a secret reason"]).await;
}

#[tokio::test]
async fn memory_that_a_guest_corrupts_is_its_own() {
    let host = TestHost::start(TestApp::hostile()).await;
    for _ in 0..20 {
        let answer = host.query("{ traps(how: CORRUPT_MEMORY) }").await;
        assert!(answer["data"]["traps"].is_null() || answer["data"]["traps"] == json!(7), "{answer}");
        unharmed(&host).await;
    }
}

#[tokio::test]
async fn floods_end_at_their_limits() {
    // Time enough for a thousand calls of an unoptimised host on a busy machine.
    let floods = "component = \"build/floods.wasm\"\nsource = \"modules/floods\"\nmemory = \"8 MiB\"\ndeadline = ";
    let app = TestApp::hostile().configured(&format!("{floods}\"1 s\""), &format!("{floods}\"60 s\""));
    let host = TestHost::start(app).await;
    let answer = host.query("{ floods(with: LOG_LINES, count: 5000) }").await;
    assert_eq!(answer, json!({ "data": { "floods": "5000" } }), "lines past the limit are dropped");
    let answer = host.query("{ floods(with: CALLS, count: 5000) }").await;
    assert_eq!(answer, json!({ "data": { "floods": "1000" } }), "calls past the limit fail");
    let answer = host.query("{ floods(with: CALLS_AT_ONCE, count: 100) }").await;
    assert_eq!(answer, json!({ "data": { "floods": "64" } }), "pending calls past the limit fail");
    let (code, _) = failure(&host, "{ floods(with: TRANSACTIONS, count: 20000) }").await;
    assert_eq!(code, "GUEST_TRAPPED");
    let (code, message) = failure(&host, "{ floods(with: ANSWER, count: 7000000) }").await;
    assert!(matches!(code.as_str(), "OUT_OF_MEMORY" | "BUDGET_EXCEEDED"), "{code}: {message}");
    unharmed(&host).await;
}

#[tokio::test]
async fn an_answer_over_its_budget_is_named() {
    let app = TestApp::hostile()
        .configured("[modules.floods.grants]", "[modules.floods.limits]\nguest_to_host = \"64 KiB\"\n[modules.floods.grants]");
    let host = TestHost::start(app).await;
    let (code, message) = failure(&host, "{ floods(with: ANSWER, count: 100000) }").await;
    assert_eq!(code, "BUDGET_EXCEEDED", "{message}");
    assert!(message.contains("65536"), "{message}");
    unharmed(&host).await;
}

#[tokio::test]
async fn a_transaction_left_open_is_rolled_back_however_the_guest_ends() {
    let host = TestHost::start(TestApp::hostile()).await;
    let marks = async || host.query("{ marks }").await["data"]["marks"].clone();
    assert_eq!(marks().await, json!(0));
    for then in ["PANIC", "SPIN", "FAIL", "FORGET", "DROP", "ROLL_BACK"] {
        host.query(&format!("mutation {{ transactionLeftOpen(then: {then}) }}")).await;
        assert_eq!(marks().await, json!(0), "{then}");
    }
    let answer = host.query("mutation { transactionLeftOpen(then: COMMIT) }").await;
    assert_eq!(answer, json!({ "data": { "transactionLeftOpen": 1 } }));
    assert_eq!(marks().await, json!(1));
    host.until(async || host.backends().await["sqlserver"]["openTransactions"] == json!(0)).await;
    unharmed(&host).await;
}
