//! The gate: each step refuses what is bad in its own way, says which and why, and the running version does not notice.

use mayfly_tests::versions::{component, mark, marked};
use mayfly_tests::{TestApp, TestHost};
use serde_json::json;

use super::{WITH_TOKEN, is_refused, swapping, version};

#[tokio::test]
async fn a_good_version_gets_in_and_answers() {
    let host = swapping().await;
    let before = host.module("marked").await;
    let answer = host.push("marked", marked(&mark("good", 1))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let swapped = answer.json();
    assert_eq!(swapped["changed"], json!(true));
    assert_eq!(swapped["previous"], before["active"]["digest"]);
    assert_eq!(version(&host).await, mark("good", 1));
    let after = host.module("marked").await;
    assert_eq!(after["active"]["digest"], swapped["version"]);
    assert_eq!(
        (
            &after["active"]["origin"],
            &after["swaps"],
            &after["liveVersions"]
        ),
        (&json!("PUSH"), &json!(1), &json!(2))
    );
    assert_eq!(after["earlier"][0]["digest"], before["active"]["digest"]);
    let digest = swapped["version"].as_str().unwrap();
    host.logged(&["swapped", "\"module\":\"marked\"", digest])
        .await;
    assert_eq!(
        host.metric("mayfly_swaps_total{module=\"marked\",by=\"push\"}")
            .await,
        1.0
    );
    assert_eq!(
        host.metric(&format!(
            "mayfly_active_version{{module=\"marked\",version=\"{digest}\"}}"
        ))
        .await,
        1.0
    );
    assert_eq!(
        host.metric("mayfly_live_versions{module=\"marked\"}").await,
        2.0
    );
    assert_eq!(
        host.metric("mayfly_gate_seconds_count{module=\"marked\"}")
            .await,
        1.0
    );
}

#[tokio::test]
async fn what_is_no_component_is_refused_by_validate() {
    let host = swapping().await;
    let whole = component("marked");
    let table = [
        (Vec::new(), "the file is empty; run `mayfly build`"),
        (
            b"#!/bin/sh\n".to_vec(),
            "the file is not WebAssembly; give the component that `mayfly build` makes",
        ),
        (
            b"\0asm\x01\0\0\0".to_vec(),
            "the file is a core module, not a component; make it one with",
        ),
        (whole[..whole.len() / 2].to_vec(), ""),
    ];
    for (bytes, said) in table {
        let message = is_refused(&host, bytes, "validate").await;
        assert!(message.starts_with(said), "{message}");
    }
}

#[tokio::test]
async fn code_that_does_not_type_is_refused_by_compile() {
    let host = swapping().await;
    // A component with a core module whose function leaves nothing where it promised a number.
    let module = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x0a\x04\x01\x02\0\x0b";
    let mut bytes = b"\0asm\x0d\0\x01\0\x01".to_vec();
    bytes.push(u8::try_from(module.len()).unwrap());
    bytes.extend(module);
    let message = is_refused(&host, bytes, "compile").await;
    assert!(message.contains("type mismatch"), "{message}");
}

#[tokio::test]
async fn a_component_of_another_world_is_refused_by_type_check() {
    let host = swapping().await;
    let message = is_refused(&host, b"\0asm\x0d\0\x01\0".to_vec(), "type-check").await;
    assert!(message.contains("mayfly:resolver/handler"), "{message}");
}

#[tokio::test]
async fn a_component_that_lacks_a_field_is_refused_by_fields() {
    let host = swapping().await;
    let other = std::fs::read(
        mayfly_tests::repository().join("guest/apps/everything/build/everything.wasm"),
    )
    .unwrap();
    let message = is_refused(&host, other, "fields").await;
    assert!(
        message.contains("Query.version")
            && message.contains("which the component does not handle"),
        "{message}"
    );
}

#[tokio::test]
async fn a_version_that_fails_its_probe_is_refused_with_what_it_answered() {
    let app = TestApp::swapping()
        .configured("deadline = \"5 s\"", "deadline = \"1 s\"")
        .with_configuration(WITH_TOKEN);
    let host = TestHost::start(app).await;
    let table = [
        ("sick", "the answer is false, not true"),
        ("fail", "it answered with an error: not today (GUEST_ERROR)"),
        ("trap", "(GUEST_TRAPPED)"),
        ("grow", "(OUT_OF_MEMORY)"),
        ("spin", "(DEADLINE_EXCEEDED)"),
    ];
    for (kind, said) in table {
        let message = is_refused(&host, marked(&mark(kind, 0)), "probe").await;
        assert!(
            message.starts_with("probe 1 of `Query.healthy`: ") && message.contains(said),
            "{kind}: {message}"
        );
    }
}

#[tokio::test]
async fn a_probe_gives_arguments_and_parents_and_asks_for_a_part_of_the_answer() {
    let probes = r#"
[[modules.marked.probe]]
field = "Query.items"
arguments = '{"count": 2}'
answer = '[{"id": "0"}, {"id": "1", "made": "good-version-00000000001"}]'

[[modules.marked.probe]]
field = "Item.again"
parents = ['{"id": "0", "made": "x"}', '{"id": "1", "made": "x"}']
answer = '["good-version-00000000001", "good-version-00000000001"]'

[[modules.greedy.probe]]
field = "Query.greedy"
"#;
    let wasm = marked(&mark("good", 1));
    let host = TestHost::start(
        TestApp::swapping()
            .with_file("build/marked.wasm", &wasm)
            .with_configuration(&format!("{WITH_TOKEN}{probes}")),
    )
    .await;
    let message = is_refused(&host, marked(&mark("good", 2)), "probe").await;
    assert_eq!(
        message,
        "probe 2 of `Query.items`: the answer.1.made is \"good-version-00000000002\", not \"good-version-00000000001\""
    );
}

#[tokio::test]
async fn a_version_that_does_not_fit_its_cap_is_refused_by_instantiate() {
    // Without the probe, which would find out first.
    let probe = "[[modules.marked.probe]]\nfield = \"Query.healthy\"\nanswer = \"true\"\n";
    let host = TestHost::start(
        TestApp::swapping()
            .configured(probe, "")
            .with_configuration(WITH_TOKEN),
    )
    .await;
    let message = is_refused(&host, component("greedy"), "instantiate").await;
    assert!(
        message.contains("memory cap of 2097152 bytes reached"),
        "{message}"
    );
}

#[tokio::test]
async fn a_version_that_finds_no_room_is_refused_by_swap() {
    let server = format!("{WITH_TOKEN}live_versions = 3\nswap_wait = \"200 ms\"\n");
    let app = TestApp::swapping().configured(
        "deadline = \"5 s\"\nmax_batch",
        "deadline = \"100 s\"\nmax_batch",
    );
    let host = TestHost::start(app.with_configuration(&server)).await;
    // Active and previous are two of the three. The third is what a long operation holds, when a fourth comes.
    let operation = tokio::spawn(
        host.request()
            .json(&json!({ "query": "{ slow(milliseconds: 60000) }" }))
            .send(),
    );
    host.until(async || host.metric("mayfly_slots_in_use ").await > 0.0)
        .await;
    for number in 1..=2 {
        let answer = host.push("marked", marked(&mark("good", number))).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let message = is_refused(&host, marked(&mark("good", 3)), "swap").await;
    assert!(
        message.starts_with("3 versions are still in memory, which is the limit"),
        "{message}"
    );
    // Its client goes away, and with it the operation and its version.
    operation.abort();
    host.until(async || host.metric("mayfly_live_versions{module=\"marked\"}").await == 2.0)
        .await;
    let answer = host.push("marked", marked(&mark("good", 3))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn two_pushes_at_once_are_told_apart() {
    let host = swapping().await;
    let slow = host.push("marked", marked(&mark("slow", 1)));
    let other = async {
        host.until(async || host.module("marked").await["atGate"] == json!(true))
            .await;
        let refused = host.push("marked", marked(&mark("good", 2))).await;
        assert_eq!(
            (refused.status.as_u16(), refused.header("retry-after")),
            (409, "1"),
            "{}",
            refused.text
        );
        assert_eq!(
            refused.json()["error"]["message"],
            json!("another version of `marked` is being deployed; try again when that is done")
        );
    };
    let (slow, ()) = tokio::join!(slow, other);
    assert_eq!(slow.status, 200, "{}", slow.text);
    assert_eq!(version(&host).await, mark("slow", 1));
    assert_eq!(
        host.push("marked", marked(&mark("good", 2))).await.status,
        200
    );
    assert_eq!(version(&host).await, mark("good", 2));
}

#[tokio::test]
async fn a_version_at_the_gate_does_not_undo_a_roll_back() {
    let host = swapping().await;
    assert_eq!(
        host.push("marked", marked(&mark("good", 1))).await.status,
        200
    );
    let slow = host.push("marked", marked(&mark("slow", 2)));
    let rolled = async {
        host.until(async || host.module("marked").await["atGate"] == json!(true))
            .await;
        host.rolls_back("marked").await;
    };
    let (slow, ()) = tokio::join!(slow, rolled);
    assert_eq!(slow.status, 422, "{}", slow.text);
    assert_eq!(super::refusal(&slow.json()).0, "swap");
    assert_eq!(
        version(&host).await,
        mark("good", 0),
        "what was rolled back to stays"
    );
}
