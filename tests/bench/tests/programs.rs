//! The programs of the bench do what they are started for; their numbers are looked at by people.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

use std::process::Command;

#[test]
fn more_invocations_than_one_operation_may_make_are_measured() {
    mayfly_tests::built();
    let app = mayfly_tests::repository().join("guest/bench");
    let output = Command::new(env!("CARGO_BIN_EXE_bench-mayfly"))
        .arg(app)
        .args(["--invocations", "1100"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    let (counting, invocations) = lines.split_last().unwrap();
    assert!(
        invocations.iter().all(
            |line| line.contains("of which instantiating") && line.contains("medians of 1100")
        ),
        "{said}"
    );
    assert!(counting.contains("against the budgets"), "{said}");
}
