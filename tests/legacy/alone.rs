//! The legacy library in one process that nobody supervises: what it was before. The figures of the documentation, beside those of the
//! chaos run over the app.

use std::process::Command;

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

/// What became of a process that nobody supervised.
pub struct Alone {
    /// Calls it answered before it died.
    pub calls: u64,
    /// Its resident memory at first, and before it died, in bytes.
    pub resident: (u64, u64),
    /// Its exit status; none when a signal ended it.
    pub code: Option<i32>,
}

/// Calls the library in one process until that dies of a crash, as one call in so many does.
pub fn until_it_dies(crash_one_in: u64) -> Alone {
    let directory = tempfile::tempdir().unwrap();
    let mut command = alone(&directory.path().join("ledger.txt"));
    command.env("LEGACY_CRASH_ONE_IN", crash_one_in.to_string());
    let (mut worker, _) = Worker::start(command);
    let at_first = worker.resident_bytes();
    let mut resident = at_first;
    let mut calls = 0;
    loop {
        worker.begin("GetAssessments", &wanted(calls % 1000 + 1).to_string());
        if !worker.answers() {
            break;
        }
        calls += 1;
        resident = worker.resident_bytes();
    }
    Alone {
        calls,
        resident: (at_first, resident),
        code: worker.ended().code,
    }
}

#[test]
fn the_library_alone_keeps_every_leak_and_dies_of_its_first_crash() {
    let alone = until_it_dies(CRASH_ONE_IN);
    let (at_first, at_last) = alone.resident;
    let leaked = alone.calls * LEAKED_BYTES;
    assert!(
        at_last >= at_first + leaked * 9 / 10,
        "it keeps what it leaks"
    );
    // No crash in so many calls is less likely than one in a million million.
    assert!(
        alone.calls < 30 * CRASH_ONE_IN,
        "{} calls without a crash",
        alone.calls
    );
    assert_ne!(alone.code, Some(0));
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
