//! The legacy library in one process that nobody supervises: what it was before. The figures of the documentation, beside those of the
//! chaos run over the app.

use std::process::Command;
use std::time::Instant;

use serde_json::json;

use super::driver::{Worker, dotnet, legacy_app};

/// What every call of the library leaves behind.
const LEAKED_BYTES: u64 = 64 << 10;
/// One call in so many crashes.
const CRASH_ONE_IN: u64 = 500;

fn alone(ledger: &std::path::Path) -> Command {
    let mut command = dotnet(&legacy_app().join("bin/LegacyApi.dll"));
    command.env("LEGACY_LEDGER", ledger);
    command
}

fn wanted(student: u64) -> serde_json::Value {
    json!({ "studentIds": [format!("S{student}")], "type": "FLUENCY", "from": null, "to": null, "trouble": null })
}

#[test]
fn the_library_alone_keeps_every_leak_and_dies_of_its_first_crash() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = alone(&directory.path().join("ledger.txt"));
    command.env("LEGACY_CRASH_ONE_IN", CRASH_ONE_IN.to_string());
    let (mut worker, _) = Worker::start(command);
    let at_first = worker.resident_bytes();
    let began = Instant::now();
    let mut calls = 0;
    let mut resident = at_first;
    loop {
        worker.begin("GetAssessments", &wanted(calls % 1000 + 1).to_string());
        if !worker.answers() {
            break;
        }
        calls += 1;
        resident = worker.resident_bytes();
    }
    println!(
        "alone: {calls} calls until it died, with {} MiB, {} MiB at first, after {} ms",
        resident >> 20,
        at_first >> 20,
        began.elapsed().as_millis()
    );
    assert!(
        resident >= at_first + calls * LEAKED_BYTES * 9 / 10,
        "it keeps what it leaks"
    );
    // Not one crash in so many calls is less likely than one in a million million.
    assert!(calls < 30 * CRASH_ONE_IN, "{calls} calls without a crash");
    let end = worker.ended();
    assert!(end.code != Some(0), "{end:?}");
}

#[test]
fn the_library_alone_gives_one_caller_what_another_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let (mut worker, _) = Worker::start(alone(&directory.path().join("ledger.txt")));
    worker.call("GetAssessments", &wanted(7));
    let mut stale = wanted(8);
    stale["trouble"] = json!("STALE");
    let rows = worker.call("GetAssessments", &stale);
    assert_eq!(rows[0]["StudentId"], json!("S7"));
}
