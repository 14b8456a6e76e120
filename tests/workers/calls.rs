//! Calls from a guest to the answer of a worker: values, errors, grants, the log, metrics.

use mayfly_tests::TestHost;
use serde_json::{Value, json};

use super::lab::{app, ask, change};

#[tokio::test]
async fn a_guest_calls_a_method_and_is_given_its_answer() {
    let host = TestHost::start(app("")).await;
    let value = json!({ "a": [1, null, "ü\n\u{0}"], "type": "result", "id": 7 });
    assert_eq!(ask(&host, "Echo", &value).await, Ok(value));
    for line in [
        "mayfly_worker_calls_total{worker=\"lab\",method=\"Echo\",outcome=\"ok\"}",
        "mayfly_worker_call_seconds_count{worker=\"lab\",method=\"Echo\"}",
        "mayfly_worker_starts_total{worker=\"lab\",outcome=\"ok\"}",
        "mayfly_pool_wait_seconds_count{backend=\"workers.lab\"}",
        "mayfly_pool_size{backend=\"workers.lab\"}",
    ] {
        assert!(host.metric(line).await > 0.0, "{line}");
    }
    host.ready().await;
}

#[tokio::test]
async fn many_calls_at_once_share_the_processes() {
    let host = TestHost::start(app("processes = 3\n")).await;
    let arguments: Vec<_> = (0..50).map(|n| json!({ "n": n }).to_string()).collect();
    let query =
        "query ($all: [String!]!) { callAll(worker: \"lab\", method: \"Echo\", arguments: $all) }";
    let answer = host.query_with(query, json!({ "all": arguments })).await;
    assert_eq!(answer["data"]["callAll"], json!(arguments), "{answer}");
}

#[tokio::test]
async fn an_error_of_the_worker_has_its_message_and_costs_no_process() {
    let host = TestHost::start(app("processes = 1\n")).await;
    let first = ask(&host, "Count", &Value::Null).await.unwrap();
    let error = ask(&host, "Fail", &json!({ "message": "no student S9" }))
        .await
        .unwrap_err();
    assert_eq!(error["message"], "no student S9", "{error}");
    assert_eq!(error["extensions"]["code"], "GUEST_ERROR", "{error}");
    let second = ask(&host, "Count", &Value::Null).await.unwrap();
    assert_eq!(
        (&second["pid"], &second["calls"]),
        (&first["pid"], &json!(3))
    );
}

#[tokio::test]
async fn a_worker_has_the_configured_environment_and_directory_and_nothing_else() {
    let keys = "environment = { NAME = \"value\", SECRET = { env = \"TEST_ADMIN_TOKEN\" } }\ndirectory = \"modules\"\n";
    let host = TestHost::start_with(app(keys), &[("LEAKED", "from the host")]).await;
    let count = ask(&host, "Count", &Value::Null).await.unwrap();
    assert_eq!(
        count["environment"],
        json!([["NAME", "value"], ["SECRET", mayfly_tests::TOKEN]])
    );
    assert!(count["directory"].as_str().unwrap().ends_with("/modules"));
}

#[tokio::test]
async fn what_was_not_granted_is_denied_and_told_with_the_grant() {
    let app = app("").configured(
        "[modules.workers.grants]\nworkers.lab = [\"Echo\", ",
        "[modules.workers.grants]\nworkers.lab = [",
    );
    let host = TestHost::start(app).await;
    let error = ask(&host, "Echo", &Value::Null).await.unwrap_err();
    assert_eq!(error["extensions"]["code"], "DENIED", "{error}");
    host.until(async || {
        host.has_logged("module `workers` may not call `Echo` of worker `lab`; add \\\"Echo\\\" to `modules.workers.grants.workers.lab`")
    })
    .await;
    let query = "{ call(worker: \"other\", method: \"Echo\", arguments: \"1\") }";
    let answer = host.query(query).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "DENIED");
}

#[tokio::test]
async fn arguments_that_are_no_single_value_are_refused() {
    let host = TestHost::start(app("")).await;
    for arguments in ["1,\"method\":\"Record\"", "", "{\"a\":1,\"a\":2}", "{"] {
        let query =
            "query ($a: String!) { call(worker: \"lab\", method: \"Echo\", arguments: $a) }";
        let answer = host.query_with(query, json!({ "a": arguments })).await;
        let message = answer["errors"][0]["message"].as_str().unwrap();
        assert!(
            message.starts_with("Echo of worker `lab`: the arguments are refused: "),
            "{message}"
        );
    }
}

#[tokio::test]
async fn numbers_keep_their_digits_where_the_worker_keeps_them() {
    let host = TestHost::start(app("")).await;
    let query = "{ call(worker: \"lab\", method: \"Echo\", arguments: \"12345678901234567890\") }";
    let answer = host.query(query).await;
    assert_eq!(answer["data"]["call"], "12345678901234567890", "{answer}");
}

#[tokio::test]
async fn what_a_worker_prints_is_a_line_of_the_log_with_its_call() {
    let host = TestHost::start(app("")).await;
    let words = json!({ "stdout": "{\"type\":\"result\"}", "stderr": "warning: {old}" });
    assert_eq!(ask(&host, "Print", &words).await, Ok(Value::Null));
    for (stream, words) in [("stdout", "result"), ("stderr", "warning: {old}")] {
        let line = host.logged(&[words, "\"target\":\"worker\""]).await;
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["worker"], "lab", "{line}");
        assert_eq!(line["method"], "Print", "{line}");
        assert_eq!(line["stream"], stream, "{line}");
        assert_eq!(line["trace_id"].as_str().unwrap().len(), 32, "{line}");
        assert!(line["pid"].is_number(), "{line}");
    }
    // It was no frame, and the process goes on.
    assert_eq!(ask(&host, "Echo", &json!(1)).await, Ok(json!(1)));
}

#[tokio::test]
async fn a_mutation_may_write() {
    let host = TestHost::start(app("writable = [\"data\"]\n").with_file("data/ledger", b"")).await;
    let ledger = host.app.path().join("data/ledger");
    let line = json!({ "ledger": ledger, "line": "one" });
    assert_eq!(change(&host, "Record", &line).await, Ok(Value::Null));
    assert_eq!(std::fs::read_to_string(&ledger).unwrap(), "one\n");
}

#[tokio::test]
async fn an_answer_larger_than_the_module_may_take_is_refused_and_costs_no_process() {
    let app = app("processes = 1\n").configured(
        "[workers.lab.methods.Misbehave]\naccess = \"read\"\n",
        "[workers.lab.methods.Misbehave]\naccess = \"read\"\nmax_answer = \"32 MiB\"\n",
    );
    let host = TestHost::start(app).await;
    let first = ask(&host, "Count", &Value::Null).await.unwrap();
    let large = json!({ "how": "large", "bytes": 20 << 20 });
    let error = ask(&host, "Misbehave", &large).await.unwrap_err();
    assert_eq!(error["extensions"]["code"], "BUDGET_EXCEEDED", "{error}");
    let second = ask(&host, "Count", &Value::Null).await.unwrap();
    assert_eq!(first["pid"], second["pid"]);
}
