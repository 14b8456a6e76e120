//! What happens to a call whose process dies, hangs or says something else, and of everybody else's.

use std::fs;
use std::time::Duration;

use futures_util::future::join_all;
use mayfly_error::{CallCode, CallError};
use serde_json::{Value, json};

use super::lab::{Lab, lives, until};

#[tokio::test]
async fn a_read_whose_process_dies_is_answered_by_another_one() {
    let lab = Lab::new("writable = [\"ROOT/data\"]\nprocesses = 1\n");
    let (pid, _) = lab.count().await;
    let once = lab.path("data/once");
    let answer = lab
        .call(
            "Misbehave",
            json!({ "how": "signal", "signal": 11, "once": once }),
        )
        .await;
    assert_eq!(answer, Ok(json!("the second time")));
    assert_ne!(lab.count().await.0, pid);
}

#[tokio::test]
async fn a_read_whose_process_dies_twice_is_unavailable_and_told_with_its_end() {
    let lab = Lab::new("");
    let signalled = json!({ "how": "signal", "signal": 11 });
    let error = lab.call("Misbehave", signalled).await.unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (
            CallCode::Unavailable,
            "Misbehave of worker `lab`: the process ended before it answered"
        )
    );
    assert_eq!(
        error.detail,
        "Misbehave of worker `lab`: it was ended by signal 11 (SIGSEGV)"
    );
    let error = lab
        .call("Misbehave", json!({ "how": "exit" }))
        .await
        .unwrap_err();
    assert_eq!(
        error.detail,
        "Misbehave of worker `lab`: it exited with status 3"
    );
}

#[tokio::test]
async fn a_write_whose_process_dies_is_made_once_and_its_outcome_unknown() {
    let lab = Lab::new("writable = [\"ROOT/data\"]\n");
    let ledger = lab.path("data/ledger");
    for (line, die) in [("first", "before"), ("second", "after"), ("third", "never")] {
        let recorded = lab
            .call(
                "Record",
                json!({ "ledger": ledger, "line": line, "die": die }),
            )
            .await;
        if die == "never" {
            assert_eq!(recorded, Ok(Value::Null));
        } else {
            assert_eq!(
                recorded.unwrap_err().code,
                CallCode::OutcomeUnknown,
                "{line}"
            );
        }
    }
    assert_eq!(fs::read_to_string(&ledger).unwrap(), "second\nthird\n");
}

/// What a call is told whose process says something else than its answer.
async fn said(how: &str, more: Value) -> CallError {
    let lab = Lab::new("processes = 1\n");
    let (pid, _) = lab.count().await;
    let mut arguments = json!({ "how": how });
    arguments["bytes"] = more;
    let error = lab.call("Misbehave", arguments).await.unwrap_err();
    // Whatever it would say next could be another call's answer.
    until(async || !lives(pid)).await;
    assert_ne!(lab.count().await.0, pid);
    error
}

#[tokio::test]
async fn a_process_that_says_something_else_is_ended_and_told_with_a_remedy() {
    let remedy = "; check it with `mayfly worker check -- COMMAND`";
    for (how, problem) in [
        ("other id", "it answered call 2, and call 1 was under way"),
        (
            "not json",
            "it sent an invalid message: invalid JSON: it ends too early at line 1, column 23",
        ),
        (
            "no frame",
            "it sent a frame of 1684365941 bytes, more than 1049600",
        ),
        ("empty", "it sent a frame of no bytes"),
        ("other type", "it said hello in the middle of a call"),
    ] {
        let error = said(how, Value::Null).await;
        assert_eq!(error.code, CallCode::Unavailable, "{how}");
        assert_eq!(
            error.message, "Misbehave of worker `lab`: the process gave an unreadable answer",
            "{how}"
        );
        if how == "other id" {
            // Which call it was depends on what the process had before.
            assert!(
                error.detail.contains("it answered call "),
                "{}",
                error.detail
            );
            assert!(error.detail.ends_with(remedy), "{}", error.detail);
            continue;
        }
        assert_eq!(
            error.detail,
            format!("Misbehave of worker `lab`: {problem}{remedy}")
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_refused_with_the_key() {
    let error = said("large", json!(2 << 20)).await;
    assert_eq!(
        (error.code, error.detail.as_str()),
        (
            CallCode::Budget,
            "Misbehave of worker `lab`: the answer is larger than 1048576 bytes; answer with less, or raise `workers.lab.methods.Misbehave.max_answer`"
        )
    );
}

#[tokio::test]
async fn a_second_answer_is_nobodys() {
    let lab = Lab::new("processes = 1\n");
    let (pid, _) = lab.count().await;
    let twice = lab.call("Misbehave", json!({ "how": "twice" })).await;
    assert_eq!(twice, Ok(json!("once")));
    // It said so much more that nobody asked for, and is not used again.
    assert_eq!(lab.call("Echo", json!("mine")).await, Ok(json!("mine")));
    assert_ne!(lab.count().await.0, pid);
    until(async || !lives(pid)).await;
}

#[tokio::test]
async fn a_call_that_hangs_ends_at_its_deadline_and_its_process_after_the_grace() {
    let lab = Lab::new("processes = 1\ncancel_grace = \"50 ms\"\n");
    let (pid, _) = lab.count().await;
    let soon = Duration::from_millis(200);
    let hung = lab
        .call_within("Misbehave", json!({ "how": "hang" }), soon)
        .await;
    assert_eq!(hung.unwrap_err().code, CallCode::Deadline);
    until(async || !lives(pid)).await;
    assert_ne!(lab.count().await.0, pid);
}

#[tokio::test]
async fn a_late_answer_within_the_grace_costs_no_process_and_goes_to_nobody() {
    let lab = Lab::new("processes = 1\ncancel_grace = \"60 s\"\n");
    let (pid, _) = lab.count().await;
    let late = lab.call_within("Sleep", json!({ "ms": 300 }), Duration::from_millis(50));
    assert_eq!(late.await.unwrap_err().code, CallCode::Deadline);
    assert_eq!(lab.call("Echo", json!("mine")).await, Ok(json!("mine")));
    // The one that was late is in order again.
    until(async || {
        lab.client
            .status()
            .idle
            .contains(&i32::try_from(pid).unwrap())
            || !lives(pid)
    })
    .await;
}

#[tokio::test]
async fn a_write_cut_off_at_its_deadline_is_unknown() {
    let lab = Lab::new("writable = [\"ROOT/data\"]\nprocesses = 1\ncancel_grace = \"0 ms\"\n");
    // A ledger nobody opens the other end of.
    let pipe = lab.path("data/pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let line = json!({ "ledger": pipe, "line": "x" });
    let cut = lab
        .call_within("Record", line, Duration::from_millis(100))
        .await;
    let code = cut.unwrap_err().code;
    assert_eq!(code, CallCode::OutcomeUnknown);
}

#[tokio::test]
async fn a_process_that_ends_between_calls_is_given_to_nobody() {
    let lab = Lab::new("processes = 1\n");
    for _ in 0..5 {
        let (pid, _) = lab.count().await;
        let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        assert_eq!(lab.call("Echo", json!(1)).await, Ok(json!(1)));
    }
}

#[tokio::test]
async fn one_method_that_kills_opens_its_own_circuit_and_shuts_nobody_else_out() {
    let lab = Lab::new("circuit_failures = 4\ncircuit_open = \"300 ms\"\n");
    let die = json!({ "how": "exit" });
    // Each is made twice.
    for _ in 0..2 {
        let error = lab.call("Misbehave", die.clone()).await.unwrap_err();
        assert!(error.message.ends_with("before it answered"), "{error}");
    }
    assert_eq!(lab.client.status().methods_open, ["Misbehave"]);
    let error = lab.call("Misbehave", die.clone()).await.unwrap_err();
    assert_eq!(
        error.message,
        "Misbehave of worker `lab`: processes died in this method several times in a row, and it is left alone for a moment"
    );
    assert_eq!(lab.call("Echo", json!(1)).await, Ok(json!(1)));
    // One trial at a time, until one is answered.
    let answered = json!({ "how": "twice" });
    until(async || lab.call("Misbehave", answered.clone()).await.is_ok()).await;
    assert!(lab.client.status().methods_open.is_empty());
}

#[tokio::test]
async fn one_crash_in_five_hundred_calls_shuts_nobody_out() {
    let lab = Lab::new("processes = 2\n");
    let calls = (0..2_000).map(|number| {
        let lab = &lab;
        async move {
            if number % 500 == 250 {
                let crashed = lab.call("Work", json!({ "how": "exit" })).await;
                return crashed.is_err();
            }
            let worked = lab.call("Work", json!({ "value": number })).await;
            worked.is_ok_and(|worked| worked["value"] == json!(number))
        }
    });
    let well = join_all(calls).await;
    let reached = well.iter().filter(|well| **well).count();
    assert!(
        reached * 100 >= well.len() * 99,
        "{reached} of {}",
        well.len()
    );
    assert!(lab.client.status().methods_open.is_empty());
    assert!(!lab.client.status().starts_open);
}
