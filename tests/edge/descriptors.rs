//! Descriptors: the limit is raised, told when it does not do, and kept from keeping operators out.

use mayfly_tests::{TestApp, TestHost, mayfly};
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::client::{Client, post, status};
use super::{QUERY, in_state, serves};

fn app(server: &str) -> TestApp {
    TestApp::students().with_configuration(&format!("[server]\n{server}"))
}

/// The soft limit of open files that a host runs with.
fn soft_limit(host: &TestHost) -> String {
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", host.pid())).expect("limits");
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .expect("a limit");
    line.split_whitespace().nth(3).expect("a number").to_owned()
}

#[tokio::test]
async fn the_soft_limit_is_raised_to_the_hard_one() {
    let wrapper = [
        "sh",
        "-c",
        "ulimit -Sn 128; ulimit -Hn 3000; exec \"$0\" \"$@\"",
    ];
    let host = TestHost::start_under(app(""), &wrapper).await;
    assert_eq!(soft_limit(&host), "3000");
    assert!(!host.has_logged("descriptors are needed"));
    let mut clients = Vec::new();
    for _ in 0..200 {
        clients.push(Client::connect(host.graphql).await);
    }
    host.until(async || in_state(&host, "idle").await == 200.0)
        .await;
    serves(&host).await;
}

#[tokio::test]
async fn a_limit_that_does_not_do_is_told_and_operators_keep_their_room() {
    let wrapper = ["sh", "-c", "ulimit -n 300; exec \"$0\" \"$@\""];
    let host = TestHost::start_under(app(""), &wrapper).await;
    host.ready().await;
    host.logged(&[
        "descriptors are needed",
        "1024 for `server.max_connections`",
        "the limit of open files is 300",
        "lower `server.max_connections` to 84",
    ])
    .await;
    let mut clients = Vec::new();
    for _ in 0..250 {
        clients.push(Client::connect(host.graphql).await);
    }
    host.until(async || in_state(&host, "idle").await >= 84.0)
        .await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(host.admin(path).await.status, 200, "{path}");
    }
    assert!(!host.has_logged("clients cannot be accepted"));
    drop(clients);
    serves(&host).await;
}

#[tokio::test]
async fn with_hardly_any_descriptors_clients_that_say_nothing_keep_nobody_out() {
    let wrapper = ["sh", "-c", "ulimit -n 64; exec \"$0\" \"$@\""];
    let host = TestHost::start_under(app("head_timeout = \"600 s\""), &wrapper).await;
    host.ready().await;
    let told = host.logged(&["descriptors are needed"]).await;
    assert!(
        told.contains("until then at most 8 clients and 8 operators are connected at once"),
        "{told}"
    );
    assert!(!told.contains("or lower"), "it would not help: {told}");
    let mut silent = Vec::new();
    for address in [host.admin, host.graphql] {
        for _ in 0..100 {
            silent.push(Client::connect(address).await);
        }
        for path in ["/healthz", "/readyz", "/metrics"] {
            assert_eq!(host.admin(path).await.status, 200, "{path}");
        }
        serves(&host).await;
    }
    assert!(!host.has_logged("clients cannot be accepted"));
}

#[tokio::test]
async fn check_tells_it_too() {
    let app = app("max_connections = 500_000");
    let output = mayfly()
        .arg("check")
        .arg(app.path())
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("warning: 500216 descriptors are needed"),
        "{text}"
    );
}

#[tokio::test]
async fn operators_are_served_when_no_descriptor_is_left() {
    let host = TestHost::start(app("")).await;
    host.ready().await;
    let open = std::fs::read_dir(format!("/proc/{}/fd", host.pid()))
        .expect("a process")
        .count() as u64;
    let pid = i32::try_from(host.pid()).ok().and_then(Pid::from_raw);
    let limit = |most: u64| Rlimit {
        current: Some(most),
        maximum: Some(20_000),
    };
    let before = prlimit(pid, Resource::Nofile, limit(open)).expect("a limit set");
    let mut waiting = Client::saying(host.graphql, post(QUERY)).await;
    host.logged(&[
        "clients cannot be accepted",
        "raise the limit of open files",
    ])
    .await;
    for path in ["/healthz", "/metrics"] {
        assert_eq!(host.admin(path).await.status, 200, "{path}");
    }
    prlimit(pid, Resource::Nofile, before).expect("a limit set");
    assert_eq!(status(&waiting.answer().await), 200);
    serves(&host).await;
    assert!(
        host.times_logged("clients cannot be accepted") < 10,
        "it does not try without a pause"
    );
}
