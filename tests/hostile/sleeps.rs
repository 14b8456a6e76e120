//! Sleeps, by the clocks of WASI.

use super::lab;
use mayfly_tests::TestApp;
use serde_json::json;

#[tokio::test]
async fn a_guest_that_sleeps_past_its_deadline_ends_there_and_holds_up_nobody() {
    let lab = lab!(TestApp::hostile(), &[("TOKIO_WORKER_THREADS", "1")]);
    for how in ["FOR", "UNTIL", "DOZE"] {
        let attack = format!("{{ sleeps(how: {how}, milliseconds: 3600000) }}");
        let others = async {
            for _ in 0..30 {
                assert_eq!(
                    lab.value("{ leaks }").await,
                    json!(1),
                    "while another sleeps: {how}"
                );
            }
        };
        futures_util::future::join(lab.fails(&attack, "DEADLINE_EXCEEDED"), others).await;
        lab.unharmed().await;
    }
}

#[tokio::test]
async fn many_may_sleep_at_once_and_wake_up() {
    let lab = lab!(
        TestApp::hostile().configured("deadline = \"500 ms\"", "deadline = \"30 s\""),
        &[("TOKIO_WORKER_THREADS", "1")]
    );
    let sleepers = (0..32).map(|_| lab.value("{ sleeps(how: FOR, milliseconds: 100) }"));
    assert!(
        futures_util::future::join_all(sleepers)
            .await
            .iter()
            .all(|awake| *awake == json!(true))
    );
    lab.unharmed().await;
}
