//! A start function that loops.

use super::lab;
use serde_json::json;

#[tokio::test]
async fn a_start_function_that_loops_ends_at_its_deadline_and_holds_up_nobody() {
    let lab = lab!(mayfly_tests::TestApp::hostile(), &[("TOKIO_WORKER_THREADS", "1")]);
    let others = async {
        for _ in 0..50 {
            assert_eq!(lab.value("{ leaks }").await, json!(1));
        }
    };
    futures_util::future::join(lab.fails("{ startLoops }", "DEADLINE_EXCEEDED"), others).await;
    lab.unharmed().await;
}
