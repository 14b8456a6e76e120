//! `mayfly status`, and `--json` of every command that asks a host.

use mayfly_tests::versions::{mark, marked};
use mayfly_tests::{TOKEN, mayfly};

use super::*;

/// Runs `mayfly` against a host; gives its exit code, standard output and standard error.
fn run(host: &TestHost, token: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = mayfly();
    command
        .args(arguments)
        .args(["--admin", &format!("http://{}", host.admin)])
        .env("MAYFLY_ADMIN_TOKEN", token);
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[tokio::test]
async fn the_status_says_what_changed_last_and_what_fails() {
    let app = app().configured(
        "[[modules.marked.probe]]\nfield = \"Query.healthy\"\nanswer = \"true\"\n",
        "",
    );
    let host = TestHost::start(app).await;
    let (_, calm, error) = run(&host, READ, &["status"]);
    assert_eq!(error, "");
    for part in [
        "serving",
        "operations",
        "0 of 128 running, 0 waiting",
        "memory",
        "modules",
        "marked",
    ] {
        assert!(calm.contains(part), "{calm}");
    }
    assert!(!calm.contains("errors in the last"), "{calm}");
    let digest = host.push("marked", marked(&mark("trap", 1))).await.json()["version"].clone();
    host.push("marked", b"nonsense".to_vec()).await;
    for _ in 0..3 {
        host.post(&json!({ "query": "query Crash { healthy }" }))
            .await;
    }
    let (code, told, _) = run(&host, READ, &["status"]);
    assert_eq!(code, Some(6), "{told}");
    for part in [
        "not all is well:\n  3 errors in the last 5 min\n",
        "3 × GUEST_TRAPPED  Query.healthy",
        "push by default",
        "not done: module `marked`: validate",
        " ago at the step validate",
        &digest.as_str().unwrap()[..12],
    ] {
        assert!(told.contains(part), "{part:?} is not in\n{told}");
    }
    assert!(told.lines().count() < 40, "it is one screen:\n{told}");
}

#[tokio::test]
async fn every_command_that_asks_a_host_prints_json_on_request() {
    let host = host().await;
    let file = host.app.path().join("next.wasm");
    std::fs::write(&file, marked(&mark("good", 1))).unwrap();
    let file = file.to_str().unwrap();
    let app = host.app.path().to_str().unwrap();
    let commands: [(&[&str], &str); 8] = [
        (&["status"], "/process/state"),
        (&["module", "list"], "/modules/0/name"),
        (&["module", "show", "marked"], "/module/active/digest"),
        (
            &["module", "canary", "marked", file, "--for", "1h"],
            "/canary/digest",
        ),
        (&["module", "promote", "marked"], "/promote/digest"),
        (&["module", "rollback", "marked"], "/rollBack/previous"),
        (&["module", "push", "marked", file], "/version"),
        (&["apply", app], "/apply/__typename"),
    ];
    for (arguments, pointer) in commands {
        let (_, out, error) = run(&host, TOKEN, &[arguments, &["--json"]].concat());
        let told: Value =
            serde_json::from_str(&out).unwrap_or_else(|_| panic!("{arguments:?}: {out} {error}"));
        assert!(
            told.pointer(pointer).is_some_and(Value::is_string),
            "{arguments:?}: {told}"
        );
    }
    let (code, out, error) = run(&host, TOKEN, &["module", "abort", "marked", "--json"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &told["abort"]["code"]),
        (Some(6), &json!("NO_CANARY"))
    );
    assert_eq!(error, "error: module `marked` has no canary\n");
    let (code, out, _) = run(&host, READ, &["apply", app, "--json"]);
    assert_eq!((code, out.as_str()), (Some(6), ""), "whose token may not");
}
