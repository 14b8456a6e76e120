//! When processes are replaced, and that somebody follows them first.

use std::collections::BTreeMap;
use std::fs;

use futures_util::future::join_all;
use mayfly_error::CallCode;
use serde_json::{Value, json};

use super::lab::{Lab, gone, lives, program, until};

#[tokio::test]
async fn with_one_call_each_no_call_finds_what_another_one_left() {
    let lab = Lab::new("processes = 1\nmax_calls = 1\n");
    let mut seen = Vec::new();
    for _ in 0..20 {
        let (pid, calls) = lab.count().await;
        assert_eq!(calls, 1);
        assert!(!seen.contains(&pid));
        seen.push(pid);
    }
    until(async || seen.iter().all(|pid| !lives(*pid))).await;
    // The next one is there already, and the one after that.
    lab.ready(2).await;
}

#[tokio::test]
async fn processes_take_as_many_calls_as_they_may_give_or_take_a_tenth() {
    let lab = Lab::new("processes = 2\nmax_calls = 20\n");
    let calls = (0..400).map(|_| lab.count());
    let mut most: BTreeMap<i64, i64> = BTreeMap::new();
    for (pid, calls) in join_all(calls).await {
        let known = most.entry(pid).or_default();
        *known = calls.max(*known);
    }
    assert!(most.len() >= 400 / 22, "{most:?}");
    assert!(most.values().all(|calls| *calls <= 22), "{most:?}");
    until(async || lab.client.status().usage.size == 2).await;
}

#[tokio::test]
async fn who_is_replaced_ends_after_its_successor_said_hello() {
    let command = format!("command = [{:?}, \"unless:ROOT/closed\"]", program());
    let lab = Lab::new(&format!(
        "{command}\nprocesses = 1\nmax_calls = 50\ncircuit_failures = 1\ncircuit_open = \"100 ms\"\n"
    ));
    let (pid, _) = lab.count().await;
    // Nobody can follow now: it takes the calls that it may, and is not ended when it may take no more.
    fs::write(lab.path("closed"), "").unwrap();
    let refused = loop {
        match lab.call("Count", Value::Null).await {
            Ok(count) => assert_eq!(count["pid"], json!(pid)),
            Err(error) => break error,
        }
    };
    assert!(
        refused.message.ends_with("the worker cannot be started"),
        "{refused:?}"
    );
    assert!(lives(pid));
    fs::remove_file(lab.path("closed")).unwrap();
    until(async || !lives(pid)).await;
    assert_ne!(lab.count().await.0, pid);
}

#[tokio::test]
async fn a_process_that_leaks_is_replaced_before_it_is_ended() {
    let lab = Lab::new("processes = 1\nmemory = \"256 MiB\"\nrecycle_memory = \"64 MiB\"\n");
    let mut kept: BTreeMap<i64, i64> = BTreeMap::new();
    for _ in 0..100 {
        let leaked = lab.call("Leak", json!({ "bytes": 4 << 20 })).await.unwrap();
        let pid = leaked["pid"].as_i64().unwrap();
        kept.insert(pid, leaked["kept"].as_i64().unwrap());
    }
    // Past 64 MiB another one is started, and takes over when it has said hello: well before 256 MiB.
    assert!(kept.len() > 1, "{kept:?}");
    assert!(kept.values().all(|calls| *calls < 60), "{kept:?}");
}

#[tokio::test]
async fn a_process_that_grows_past_its_memory_is_ended_and_costs_its_call() {
    let lab = Lab::new("processes = 1\nmemory = \"64 MiB\"\n");
    let error = lab
        .call("Misbehave", json!({ "how": "grow" }))
        .await
        .unwrap_err();
    assert_eq!(error.code, CallCode::Unavailable);
    assert!(
        error.detail.contains("more than `workers.lab.memory` (64 MiB), and was ended; raise it, lower `recycle_memory`"),
        "{error:?}"
    );
    assert_eq!(lab.count().await.1, 1);
}

#[tokio::test]
async fn a_process_that_starts_too_many_others_is_ended_with_them() {
    let lab = Lab::new("processes = 1\nmax_tasks = 8\n");
    match lab.call("Tree", json!({ "more": 10 })).await {
        // It answered just before.
        Ok(tree) => {
            let forked = tree["pids"].as_array().unwrap();
            let pids: Vec<_> = forked.iter().map(|pid| pid.as_i64().unwrap()).collect();
            gone(&pids).await;
        }
        Err(error) => assert!(
            error.detail.contains("`workers.lab.max_tasks`"),
            "{error:?}"
        ),
    }
    until(async || {
        lab.call("Count", Value::Null)
            .await
            .is_ok_and(|count| count["calls"] == 1)
    })
    .await;
}

#[tokio::test]
async fn a_process_that_is_old_is_replaced() {
    let lab = Lab::new("processes = 1\nmax_age = \"200 ms\"\n");
    let (pid, _) = lab.count().await;
    until(async || !lives(pid)).await;
    assert_ne!(lab.count().await.0, pid);
}

#[tokio::test]
async fn a_process_keeps_what_its_library_keeps_between_calls() {
    let lab = Lab::new("processes = 1\n");
    for expected in 1..=5 {
        assert_eq!(lab.count().await.1, expected);
    }
    assert_eq!(lab.call("Echo", Value::Null).await, Ok(Value::Null));
}
