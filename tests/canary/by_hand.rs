//! Canaries begun, promoted, given up and met by other changes.

use std::process::Command;

use mayfly_tests::{TOKEN, mayfly};

use super::*;

fn long() -> Value {
    json!({ "share": "50%", "for": "24h" })
}

fn message(answer: &Answer) -> String {
    answer.json()["error"]["message"]
        .as_str()
        .unwrap_or_else(|| panic!("{}", answer.text))
        .to_owned()
}

#[tokio::test]
async fn one_canary_runs_at_a_time_and_keeps_the_gate_of_its_module() {
    let host = unprobed().await;
    for action in ["promote", "abort"] {
        let outcome = act(&host, action).await;
        assert_eq!(outcome["code"], json!("NO_CANARY"));
        assert_eq!(outcome["message"], json!("module `marked` has no canary"));
    }
    tries(&host, &mark("good", 1), long()).await;
    let runs = "a canary of `marked` is running; promote or abort it first";
    let second = try_version(&host, &mark("good", 2), long()).await;
    assert_eq!(
        (&second["code"], &second["message"]),
        (&json!("CANARY_RUNS"), &json!(runs))
    );
    let answer = host.push("marked", marked(&mark("good", 2))).await;
    assert_eq!(
        (answer.status.as_u16(), message(&answer).as_str()),
        (409, runs)
    );
    let other = mayfly_tests::versions::renamed(mayfly_tests::versions::component("greedy"), 1);
    assert_eq!(
        host.push("greedy", other).await.status,
        200,
        "other modules are swapped meanwhile"
    );
    assert!(!host.module("marked").await["canary"].is_null());
    assert_eq!(host.query("{ greedy }").await["data"]["greedy"], json!(1));
    assert_eq!(
        act(&host, "promote").await["__typename"],
        json!("Activation")
    );
    assert_eq!(active(&host).await, mark("good", 1));
    assert_eq!(
        host.push("marked", marked(&mark("good", 2))).await.status,
        200,
        "the gate is free again"
    );
}

#[tokio::test]
async fn what_cannot_be_tried_is_refused_with_the_reason() {
    let host = unprobed().await;
    let same = mayfly_tests::versions::component("marked");
    let same = try_component(&host, same, json!({})).await;
    assert_eq!(
        (&same["code"], &same["message"]),
        (
            &json!("ALREADY_ACTIVE"),
            &json!("that version of `marked` is already active; try another version")
        )
    );
    let wrong = try_version(&host, &mark("good", 1), json!({ "share": "90%" })).await;
    assert_eq!(
        (&wrong["code"], &wrong["message"]),
        (
            &json!("INVALID_SETTING"),
            &json!("`share` must be a percentage from 0.01% to 50%, such as \"5%\"")
        )
    );
    let broken = try_component(&host, b"nonsense".to_vec(), json!({})).await;
    assert_eq!(
        (&broken["__typename"], &broken["step"]),
        (&json!("Refusal"), &json!("validate"))
    );
    assert_eq!(host.stage("nobody", b"nonsense".to_vec()).await.status, 404);
    let nobody = begin(&host, "nobody", json!("0"), json!({})).await;
    assert_eq!(nobody["code"], json!("UNKNOWN_MODULE"));
    for digest in ["0".repeat(64), "../../active".to_owned(), String::new()] {
        let unsent = begin(&host, "marked", json!(digest), json!({})).await;
        assert_eq!(unsent["code"], json!("UNKNOWN_VERSION"), "{unsent}");
    }
    assert!(host.module("marked").await["canary"].is_null());
    assert_eq!(active(&host).await, mark("good", 0));
}

#[tokio::test]
async fn a_version_that_a_probe_refuses_is_not_tried() {
    let host = TestHost::start(TestApp::swapping().with_configuration(WITH_TOKEN)).await;
    let refused = try_version(&host, &mark("sick", 1), long()).await;
    assert_eq!(
        (&refused["__typename"], &refused["step"]),
        (&json!("Refusal"), &json!("probe"))
    );
    let status = host.module("marked").await;
    assert!(status["canary"].is_null());
    assert!(status["staged"].is_null(), "and it is not kept");
}

#[tokio::test]
async fn the_configuration_says_how_and_the_command_more() {
    let canary =
        "[modules.marked.canary]\nshare = \"7.5%\"\nby = \"header:x-tenant\"\noperations = 3000\n";
    let host =
        TestHost::start(TestApp::swapping().with_configuration(&format!("{WITH_TOKEN}{canary}")))
            .await;
    let canary = tries(&host, &mark("good", 1), json!({ "by": "operation" })).await;
    assert_eq!(
        (&canary["share"], &canary["by"], &canary["operations"]),
        (&json!("7.5%"), &json!("operation"), &json!(3_000))
    );
}

#[tokio::test]
async fn rolling_the_module_back_ends_its_canary() {
    let host = unprobed().await;
    assert_eq!(
        host.push("marked", marked(&mark("good", 1))).await.status,
        200
    );
    tries(&host, &mark("good", 2), long()).await;
    host.rolls_back("marked").await;
    assert_eq!(active(&host).await, mark("good", 0));
    let status = host.module("marked").await;
    assert!(status["canary"].is_null());
    assert_eq!(
        status["lastCanary"]["reason"],
        json!("the module was rolled back")
    );
}

#[tokio::test]
async fn a_component_file_that_changes_waits_for_the_canary_to_end() {
    let host = unprobed().await;
    tries(&host, &mark("good", 1), long()).await;
    let (file, temporary) = (
        host.app.path().join("build"),
        host.app.path().join("next.wasm"),
    );
    // The app's directory of components is a link to everybody's: this host gets one of its own.
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    std::fs::write(&temporary, marked(&mark("good", 2))).unwrap();
    std::fs::rename(&temporary, file.join("marked.wasm")).unwrap();
    std::fs::write(
        file.join("greedy.wasm"),
        mayfly_tests::versions::component("greedy"),
    )
    .unwrap();
    // The watcher has looked at the directory once it has taken another component from it.
    std::fs::write(
        &temporary,
        mayfly_tests::versions::renamed(mayfly_tests::versions::component("greedy"), 7),
    )
    .unwrap();
    std::fs::rename(&temporary, file.join("greedy.wasm")).unwrap();
    host.until(async || host.module("greedy").await["swaps"] == json!(1))
        .await;
    assert_eq!(host.module("marked").await["swaps"], json!(0));
    assert_eq!(act(&host, "abort").await["verdict"], json!("ABORTED"));
    host.until(async || active(&host).await == mark("good", 2))
        .await;
}

#[tokio::test]
async fn after_a_restart_the_active_version_is_alone() {
    let host = unprobed().await;
    let began = tries(&host, &mark("good", 1), long()).await;
    let host = TestHost::start(host.killed().await).await;
    let digest = began["digest"].as_str().unwrap();
    host.logged(&["canary ended with the host that ran it", digest])
        .await;
    assert!(host.module("marked").await["canary"].is_null());
    for _ in 0..20 {
        assert_eq!(active(&host).await, mark("good", 0));
    }
    let host = host.restarted().await;
    assert!(
        !host.has_logged("canary ended with the host"),
        "it is told once"
    );
}

#[tokio::test]
async fn the_command_line_begins_promotes_and_gives_up() {
    let host = unprobed().await;
    let file = host.app.path().join("next.wasm");
    std::fs::write(&file, marked(&mark("good", 1))).unwrap();
    let run = |arguments: &[&str]| {
        let mut command: Command = mayfly();
        command
            .arg("module")
            .args(arguments)
            .args(["--admin", &format!("http://{}", host.admin)]);
        let output = command.env("MAYFLY_ADMIN_TOKEN", TOKEN).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code().unwrap(),
            text(&output.stdout) + &text(&output.stderr),
        )
    };
    let path = file.to_str().unwrap();
    let (code, said) = run(&[
        "canary",
        "marked",
        path,
        "--share",
        "25%",
        "--by",
        "header:x-tenant",
        "--for",
        "10m",
    ]);
    assert!(
        code == 0 && said.contains("is tried on 25% by header:x-tenant"),
        "{code} {said}"
    );
    let (code, said) = run(&["show", "marked"]);
    assert!(
        code == 0 && said.contains("  canary   ") && said.contains("0 of 0 operations failed"),
        "{code} {said}"
    );
    let (code, said) = run(&["abort", "marked"]);
    assert!(
        code == 0 && said.contains("aborted: aborted manually"),
        "{code} {said}"
    );
    let (code, said) = run(&["promote", "marked"]);
    assert!(
        code == 6 && said == "error: module `marked` has no canary\n",
        "{code} {said}"
    );
    assert_eq!(run(&["canary", "marked", path]).0, 0);
    let (code, said) = run(&["promote", "marked"]);
    assert!(
        code == 0 && said.contains("is active (before: "),
        "{code} {said}"
    );
    assert_eq!(active(&host).await, mark("good", 1));
    std::fs::write(&file, marked(&mark("good", 2))).unwrap();
    let (code, said) = run(&["canary", "marked", path, "--for", "1ms", "--wait"]);
    assert!(
        code == 6 && said.contains("aborted: only 0 operations ran on it"),
        "{code} {said}"
    );
}

#[tokio::test]
async fn a_version_that_was_active_before_is_tried_without_sending_it_again() {
    let host = unprobed().await;
    let first = host.module("marked").await["active"]["digest"].clone();
    assert_eq!(
        host.push("marked", marked(&mark("good", 1))).await.status,
        200
    );
    let again = begin(&host, "marked", first.clone(), long()).await;
    assert_eq!(
        (&again["__typename"], &again["digest"]),
        (&json!("Canary"), &first)
    );
    assert_eq!(
        act(&host, "promote").await["__typename"],
        json!("Activation")
    );
    assert_eq!(active(&host).await, mark("good", 0));
}

#[tokio::test]
async fn a_component_that_was_staged_is_kept_until_another_one_is() {
    let host = unprobed().await;
    let components = host.app.path().join(".mayfly/components");
    let kept = |digest: &Value| {
        let name = format!("{}.wasm", digest.as_str().unwrap());
        components.join(name).exists()
    };
    let mut digests = Vec::new();
    for number in 1..=2 {
        let staged = host.stage("marked", marked(&mark("good", number))).await;
        digests.push(staged.json()["version"].clone());
    }
    let [first, second] = digests.as_slice() else {
        panic!("{digests:?}")
    };
    host.until(async || !kept(first)).await;
    assert!(kept(second));
    assert_eq!(&host.module("marked").await["staged"], second);
    assert_eq!(
        active(&host).await,
        mark("good", 0),
        "nothing is active by being staged"
    );
    let gone = begin(&host, "marked", first.clone(), long()).await;
    assert_eq!(gone["code"], json!("UNKNOWN_VERSION"));
}
