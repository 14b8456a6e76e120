//! What a hostile worker tries: the store, secrets, the host's memory, environment and descriptors, other processes.

use std::fs;
use std::os::fd::AsFd;

use mayfly_tests::TestHost;
use serde_json::{Value, json};

use super::lab::{Lab, app, ask};

/// Keys by which a worker runs as another user, without Landlock.
const AS_USER: &str = "user = \"65534:65534\"\nrestrict_files = false\n";

async fn reach(host: &TestHost, what: &str, path: &str) -> Value {
    let arguments = json!({ "what": what, "path": path, "to": format!("{path}.other") });
    ask(host, "Reach", &arguments).await.unwrap()
}

/// Whether the system refused it.
fn is_refused(reached: &Value) -> bool {
    let error = reached["error"].as_str().unwrap_or_default();
    [
        "Permission denied",
        "Operation not permitted",
        "cross-device",
    ]
    .iter()
    .any(|refusal| error.contains(refusal))
}

/// Tries everything that is the host's. The app is named by a relative path: what is hidden must not depend on where that leads from.
async fn try_everything(keys: &str) {
    let app = app(&format!(
        "processes = 1\nenvironment = {{ TOKEN = {{ file = \"secret\" }} }}\n{keys}"
    ))
    .with_file("secret", b"a-secret");
    let host = TestHost::start_from_above(app).await;
    let root = fs::canonicalize(host.app.path()).unwrap();
    let store = root.join(".mayfly");
    let compiled = store.join("compiled");
    let artifact = fs::read_dir(&compiled)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.extension()
                .is_some_and(|extension| extension == "cwasm")
        })
        .unwrap();
    // Tests share what they compile by links, and what those lead to is none of this store.
    let shared = fs::read(&artifact).unwrap();
    fs::remove_file(&artifact).unwrap();
    fs::write(&artifact, shared).unwrap();
    let own = host.pid();
    let shown = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let forbidden = [
        ("list", shown(&store)),
        ("list", shown(&compiled)),
        ("read", shown(&artifact)),
        ("append", shown(&artifact)),
        ("rename", shown(&artifact)),
        ("link", shown(&artifact)),
        ("write", shown(&compiled.join("new.cwasm"))),
        ("write", shown(&root.join("mayfly.toml"))),
        ("read", format!("/proc/{own}/mem")),
        ("read", format!("/proc/{own}/environ")),
        ("read", format!("/proc/{own}/maps")),
        ("read", format!("/proc/{own}/fd/1")),
        ("append", format!("/proc/{own}/fd/2")),
        ("read", format!("/proc/{own}/task/{own}/fd/0")),
        ("read", format!("/proc/{own}/root/etc/hostname")),
        ("list", format!("/proc/{own}/cwd/")),
    ];
    for (what, path) in &forbidden {
        let reached = reach(&host, what, path).await;
        assert!(is_refused(&reached), "{what} {path}: {reached}");
    }
    if !keys.contains("restrict_files") {
        let reached = reach(&host, "read", &shown(&root.join("secret"))).await;
        assert!(is_refused(&reached), "{reached}");
    }
    let signal = json!({ "what": "signal", "pid": own });
    let reached = ask(&host, "Reach", &signal).await.unwrap();
    assert!(is_refused(&reached), "{reached}");
    let limits = json!({ "what": "take descriptors", "pid": own });
    let reached = ask(&host, "Reach", &limits).await.unwrap();
    assert!(is_refused(&reached), "{reached}");
    // Memory of System V would outlive worker and host.
    let memory = json!({ "what": "leave memory" });
    let reached = ask(&host, "Reach", &memory).await.unwrap();
    assert!(is_refused(&reached), "{reached}");
    assert!(artifact.exists());
    host.ready().await;
}

#[tokio::test]
async fn a_worker_of_the_hosts_own_user_reaches_nothing_of_the_host() {
    try_everything("").await;
}

#[tokio::test]
async fn a_worker_of_another_user_reaches_nothing_of_the_host() {
    try_everything(AS_USER).await;
}

#[tokio::test]
async fn a_worker_of_another_user_with_restricted_files_reaches_nothing_of_the_host() {
    try_everything("user = \"65534:65534\"\n").await;
}

#[tokio::test]
async fn a_worker_has_three_descriptors_whatever_the_host_inherited() {
    // Something that whoever starts the host left open.
    let inherited = fs::File::open("/etc/hostname").unwrap();
    rustix::io::fcntl_setfd(inherited.as_fd(), rustix::io::FdFlags::empty()).unwrap();
    let host = TestHost::start(app("processes = 1\n")).await;
    let open = ask(&host, "Reach", &json!({ "what": "descriptors" })).await;
    let open = open.unwrap();
    let open = open.as_array().unwrap();
    let others: Vec<_> = open
        .iter()
        .filter(|entry| {
            let number: u32 = entry[0].as_str().unwrap().parse().unwrap();
            let to = entry[1].as_str().unwrap();
            // Its own copy of the socket, and the list that is being read.
            number > 2 && !to.starts_with("socket:") && !to.contains("/fd")
        })
        .collect();
    assert!(others.is_empty(), "{open:?}");
    drop(inherited);
}

#[tokio::test]
async fn a_worker_has_limits_no_core_files_and_no_new_privileges() {
    let lab = Lab::new("processes = 1\nmemory = \"100 MiB\"\nmax_files = 77\n");
    let limits = lab
        .call("Reach", json!({ "what": "limits" }))
        .await
        .unwrap();
    let limit = |name: &str| {
        let lines = limits.as_str().unwrap().lines();
        let line = lines
            .into_iter()
            .find(|line| line.starts_with(name))
            .unwrap();
        let rest = line[name.len()..].split_whitespace();
        rest.take(2).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(limit("Max core file size"), ["0", "0"]);
    assert_eq!(limit("Max open files"), ["77", "77"]);
    let data = (356_u64 << 20).to_string();
    assert_eq!(limit("Max data size"), [data.clone(), data]);
    assert_eq!(limit("Max address space"), ["unlimited", "unlimited"]);
    let status = lab
        .call("Reach", json!({ "what": "status" }))
        .await
        .unwrap();
    let status = status.as_str().unwrap();
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");
    assert!(status.contains("CapEff:\t0000000000000000"), "{status}");
    assert!(status.contains("CapPrm:\t0000000000000000"), "{status}");
}

#[tokio::test]
async fn address_space_is_limited_where_that_is_asked_for() {
    let lab = Lab::new("processes = 1\naddress_space = \"1 GiB\"\n");
    let limits = lab
        .call("Reach", json!({ "what": "limits" }))
        .await
        .unwrap();
    let line = limits
        .as_str()
        .unwrap()
        .lines()
        .find(|line| line.starts_with("Max address space"))
        .unwrap();
    assert!(line.contains("1073741824"), "{line}");
}

#[tokio::test]
async fn a_worker_writes_only_where_it_may() {
    let lab = Lab::new("processes = 1\nwritable = [\"ROOT/data\"]\n");
    for (path, may) in [("data/new", true), ("new", false)] {
        let path = lab.path(path);
        let reached = lab
            .call("Reach", json!({ "what": "write", "path": path }))
            .await
            .unwrap();
        assert_eq!(reached == json!("written"), may, "{reached}");
        assert_eq!(path.exists(), may);
    }
}

#[tokio::test]
async fn what_may_be_written_must_not_hold_what_is_hidden() {
    let lab = Lab::with(
        "processes = 1\nwritable = [\"ROOT/data\"]\ncircuit_failures = 1\n",
        |around, root| {
            around.hidden.push(root.join("data/secret"));
        },
    );
    let error = lab.call("Echo", Value::Null).await.unwrap_err();
    assert!(
        error.detail.contains(
            "may be written, and holds what workers must not see; make `writable` narrower"
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_the_system_lacks_is_said_at_the_start_and_by_the_check() {
    let host = TestHost::start(app("processes = 1\n")).await;
    let cgroups = fs::read_to_string("/proc/self/cgroup").unwrap();
    if !cgroups.lines().any(|line| line.starts_with("0::/")) {
        host.logged(&["this system has no control groups of version 2"])
            .await;
    }
    let checked = mayfly_tests::mayfly()
        .arg("check")
        .arg(host.app.path())
        .output()
        .unwrap();
    let said = String::from_utf8(checked.stdout).unwrap();
    // Where the system has them, they may be ours to use, and nothing is lacking.
    let controllers = fs::read_to_string("/sys/fs/cgroup/cgroup.controllers");
    assert!(
        said.contains("so memory is limited by RLIMIT_DATA and a check every 100 ms")
            || controllers.is_ok_and(|controllers| controllers.contains("memory")),
        "{said}"
    );
}
