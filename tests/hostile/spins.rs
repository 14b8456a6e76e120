//! Loops without end, in the guest and in calls of the host.

use super::lab;
use mayfly_tests::TestApp;
use serde_json::json;

#[tokio::test]
async fn a_guest_that_spins_ends_at_its_deadline_and_holds_up_nobody() {
    let lab = lab!(TestApp::hostile(), &[("TOKIO_WORKER_THREADS", "1")]);
    for how in [
        "COMPUTE",
        "FILL_MEMORY",
        "CLOCK",
        "RANDOM",
        "LOG",
        "CONTEXT",
        "READY",
        "BEGIN_AND_DROP",
    ] {
        let attack = format!("{{ spins(how: {how}) }}");
        let others = async {
            for _ in 0..20 {
                assert_eq!(
                    lab.value("{ leaks }").await,
                    json!(1),
                    "while another spins: {how}"
                );
            }
        };
        futures_util::future::join(lab.fails(&attack, "DEADLINE_EXCEEDED"), others).await;
        lab.unharmed().await;
    }
    assert!(
        lab.has_logged("MiB by one instruction in "),
        "it did fill its memory"
    );
}

#[tokio::test]
async fn many_that_spin_at_once_all_end_and_others_are_answered_meanwhile() {
    let lab = lab!(TestApp::hostile(), &[("TOKIO_WORKER_THREADS", "1")]);
    let body = json!({ "query": "{ spins(how: COMPUTE) }" });
    let attacks = futures_util::future::join_all((0..16).map(|_| lab.post(&body)));
    let others = async {
        for _ in 0..20 {
            assert_eq!(lab.value("{ leaks }").await, json!(1));
        }
    };
    let (answers, ()) = futures_util::future::join(attacks, others).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.text.contains("DEADLINE_EXCEEDED")),
        "{answers:?}"
    );
    lab.unharmed().await;
}
