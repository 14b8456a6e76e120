//! Files, environment, standard streams, clocks and random numbers, by way of a C library.

use super::lab;
use serde_json::json;

fn ask(what: &str) -> String {
    format!("{{ reachesOutside(what: {what}) }}")
}

#[tokio::test]
async fn there_are_no_files_and_no_directories() {
    let lab = lab!();
    for what in [
        "READ_FILE",
        "READ_RELATIVE_FILE",
        "READ_OWN_PROCESS",
        "WRITE_FILE",
        "LIST_DIRECTORY",
        "MAKE_DIRECTORY",
    ] {
        let answer = lab.value(&ask(what)).await;
        assert!(
            answer.as_str().unwrap().starts_with("refused: "),
            "{what}: {answer}"
        );
    }
    assert!(!std::path::Path::new("/tmp/mayfly-was-here").exists());
    lab.unharmed().await;
}

#[tokio::test]
async fn there_is_no_environment_no_input_and_nothing_left_open() {
    let lab = lab!(
        mayfly_tests::TestApp::hostile(),
        &[("A_SECRET", "of the operator")]
    );
    for what in ["ENVIRONMENT", "STANDARD_INPUT", "INHERITED"] {
        assert_eq!(lab.value(&ask(what)).await, json!("nothing"), "{what}");
    }
    lab.unharmed().await;
}

#[tokio::test]
async fn clocks_go_and_random_numbers_differ() {
    let lab = lab!();
    assert_eq!(lab.value(&ask("CLOCKS")).await, json!("time"));
    let (first, second) = (
        lab.value(&ask("RANDOM")).await,
        lab.value(&ask("RANDOM")).await,
    );
    assert_eq!(first.as_str().map(str::len), Some(64));
    assert_ne!(first, second);
    lab.unharmed().await;
}

#[tokio::test]
async fn what_is_printed_becomes_log_lines_up_to_the_limit() {
    let lab = lab!();
    assert_eq!(
        lab.value("{ reachesOutside(what: PRINT, count: 1) }").await,
        json!("printed")
    );
    for (line, stream) in [
        ("line 0 of standard output", "stdout"),
        ("a line without an end", "stdout"),
        ("a line for standard error", "stderr"),
    ] {
        let line = lab.logged(&[line]).await;
        assert!(
            line.contains("\"module\":\"reaches-outside\"") && line.contains(stream),
            "{line}"
        );
    }
    // Some 270 kB, of which 64 KiB may be written.
    assert_eq!(
        lab.value("{ reachesOutside(what: PRINT, count: 10000) }")
            .await,
        json!("printed")
    );
    lab.unharmed().await;
    assert!(!lab.has_logged("line 5000"));
}

#[tokio::test]
async fn a_guest_that_exits_has_crashed() {
    let lab = lab!();
    let queries = [0, 1].map(|status| format!("{{ reachesOutside(what: EXIT, count: {status}) }}"));
    lab.all_fail(&queries, "GUEST_TRAPPED").await;
}
