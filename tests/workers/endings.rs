//! Nothing of a worker outlives it, and none of them the host, however either ends.

use std::fs;

use mayfly_tests::TestHost;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::lab::{Lab, app, ask, gone, lives, until};

/// The processes that a worker forked, itself first.
fn all(tree: &Value) -> Vec<i64> {
    let forked = tree["pids"].as_array().unwrap();
    let numbers = [&tree["pid"]].into_iter().chain(forked);
    numbers.map(|pid| pid.as_i64().unwrap()).collect()
}

fn send(pid: i64, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

fn parent(pid: i64) -> i64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(')').unwrap();
    rest.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A host whose worker has forked what would outlive it.
async fn with_tree(keys: &str) -> (TestHost, Vec<i64>) {
    let host = TestHost::start(app(&format!("processes = 1\n{keys}"))).await;
    let tree = all(&ask(&host, "Tree", &json!({})).await.unwrap());
    assert_eq!(tree.len(), 5);
    assert!(tree.iter().all(|pid| lives(*pid)), "{tree:?}");
    (host, tree)
}

#[tokio::test]
async fn a_host_that_is_killed_leaves_nothing() {
    let (host, tree) = with_tree("").await;
    let keeper = parent(tree[0]);
    let guard = parent(keeper);
    drop(host.killed().await);
    gone(&tree).await;
    gone(&[keeper, guard]).await;
}

#[tokio::test]
async fn a_host_that_ends_in_order_leaves_nothing() {
    let (host, tree) = with_tree("").await;
    drop(host.stopped().await);
    gone(&tree).await;
}

#[tokio::test]
async fn a_supervisor_that_is_killed_leaves_nothing_and_is_replaced() {
    let (host, tree) = with_tree("").await;
    // Who looks after this one worker.
    send(parent(tree[0]), Signal::KILL);
    gone(&tree).await;
    let tree = all(&ask(&host, "Tree", &json!({})).await.unwrap());
    // Who looks after all who look after workers.
    send(parent(parent(tree[0])), Signal::KILL);
    gone(&tree).await;
    host.until(async || ask(&host, "Echo", &json!(1)).await == Ok(json!(1)))
        .await;
}

#[tokio::test]
async fn a_worker_that_dies_takes_what_it_forked_along() {
    let lab = Lab::new("processes = 1\n");
    let tree = all(&lab.call("Tree", json!({})).await.unwrap());
    send(tree[0], Signal::KILL);
    gone(&tree).await;
    assert_eq!(lab.call("Echo", json!(1)).await, Ok(json!(1)));
}

#[tokio::test]
async fn a_worker_that_is_replaced_takes_what_it_forked_along() {
    let lab = Lab::new("processes = 1\nmax_calls = 1\n");
    let tree = all(&lab.call("Tree", json!({})).await.unwrap());
    gone(&tree).await;
}

#[tokio::test]
async fn a_pool_that_nobody_has_any_more_ends() {
    let lab = Lab::new("processes = 2\n");
    lab.ready(2).await;
    let pids = lab.client.status().idle;
    drop(lab);
    until(async || !pids.iter().any(|pid| lives(i64::from(*pid)))).await;
}
