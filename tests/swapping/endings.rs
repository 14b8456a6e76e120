//! A host that is killed at any instant, or finds no room on its disk: its store stays whole, and it goes on with what it had.

use std::fs;
use std::path::{Path, PathBuf};

use mayfly_tests::versions::{mark, marked};
use mayfly_tests::{TestApp, TestHost};
use reqwest::Method;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{WITH_TOKEN, is_refused, refusal, swapping, version};

/// What can be seen of a swap from outside, in order.
#[derive(Debug, Clone, Copy)]
enum Instant {
    Receiving,
    Received,
    Compiling,
    Keeping,
    Kept,
    Writing,
    Written,
    Answered,
    /// After so many looks at nothing in particular.
    Looks(u32),
}

impl Instant {
    /// Whether it is here, or past.
    fn is_here(self, host: &TestHost, before: &Before, answered: bool, looks: u32) -> bool {
        let store = store(&host.app);
        let any = |directory: &str, end: &str| {
            names(&store.join(directory))
                .iter()
                .any(|name| name.ends_with(end))
        };
        let written = fs::read(store.join("active.json")).unwrap() != before.list;
        answered
            || match self {
                Self::Receiving => any("components", ".tmp") || written,
                Self::Received => {
                    names(&store.join("components")).len() > before.components || written
                }
                Self::Compiling => !host.compilers().is_empty() || written,
                Self::Keeping => any("compiled", ".tmp") || written,
                Self::Kept => {
                    names(&store.join("compiled")).len() > before.compiled
                        && !any("compiled", ".tmp")
                        || written
                }
                Self::Writing => store.join("active.json.tmp").exists() || written,
                Self::Written => written,
                Self::Answered => false,
                Self::Looks(most) => looks >= most,
            }
    }
}

/// What a store held before a swap.
struct Before {
    list: Vec<u8>,
    components: usize,
    compiled: usize,
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries
        .flatten()
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}

fn store(app: &TestApp) -> PathBuf {
    app.path().join(".mayfly")
}

/// Every component is what its name says, and nothing is left over.
fn is_whole(app: &TestApp) {
    for name in names(&store(app).join("components")) {
        let bytes = fs::read(store(app).join("components").join(&name)).unwrap();
        let digest: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(name, format!("{digest}.wasm"));
    }
    let list: serde_json::Value =
        serde_json::from_slice(&fs::read(store(app).join("active.json")).unwrap()).unwrap();
    for activation in list["modules"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|module| module["activations"].as_array().unwrap())
    {
        let file = store(app)
            .join("components")
            .join(format!("{}.wasm", activation["digest"].as_str().unwrap()));
        assert!(file.exists(), "{list}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_killed_at_any_instant_of_a_swap_comes_back_with_one_version_or_the_other() {
    let instants = [
        Instant::Looks(0),
        Instant::Receiving,
        Instant::Received,
        Instant::Looks(30),
        Instant::Compiling,
        Instant::Looks(300),
        Instant::Keeping,
        Instant::Kept,
        Instant::Writing,
        Instant::Written,
        Instant::Looks(3_000),
        Instant::Answered,
    ];
    let kept = format!("{WITH_TOKEN}kept_versions = 2\n");
    let mut app = TestApp::swapping().with_configuration(&kept);
    let mut expected = vec![mark("good", 0)];
    for (number, instant) in instants.into_iter().enumerate() {
        let host = TestHost::start(app).await;
        is_whole(&host.app);
        let found = version(&host).await;
        assert!(
            expected.contains(&found),
            "{found} answers, not one of {expected:?}, before {instant:?}"
        );
        let active = host.module("marked").await["active"]["digest"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(
            active,
            hex(&marked(&found)),
            "and it is the one that is told"
        );

        let store = store(&host.app);
        let count = |directory: &str| names(&store.join(directory)).len();
        let list = fs::read(store.join("active.json")).unwrap();
        let before = Before {
            list,
            components: count("components"),
            compiled: count("compiled"),
        };
        let next = mark("good", number + 1);
        let push = host
            .operator(Method::PUT, "/modules/marked")
            .body(marked(&next))
            .send();
        let push =
            tokio::spawn(
                async move { push.await.is_ok_and(|answer| answer.status().is_success()) },
            );
        let mut looks = 0;
        while !instant.is_here(&host, &before, push.is_finished(), looks) {
            looks += 1;
            tokio::task::yield_now().await;
        }
        let answered = push.is_finished();
        app = host.killed().await;
        let told = push.await.unwrap();
        // Who was told that it is active has to find it so; otherwise it may be either.
        expected = if answered && told {
            vec![next]
        } else {
            vec![found, next]
        };
    }
    let host = TestHost::start(app).await;
    is_whole(&host.app);
    assert_eq!(vec![version(&host).await], expected, "the last was told");
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Lets the host write files up to a size only, as a disk that has no more room.
fn room(host: &TestHost, bytes: Option<u64>) {
    let pid = Pid::from_raw(i32::try_from(host.pid()).unwrap());
    prlimit(
        pid,
        Resource::Fsize,
        Rlimit {
            current: bytes,
            maximum: None,
        },
    )
    .unwrap();
}

#[tokio::test]
async fn a_disk_without_room_refuses_versions_and_nothing_else() {
    // A limit of the size of files stands for a disk that is full.
    let host = TestHost::start(TestApp::swapping().with_configuration(WITH_TOKEN)).await;
    let component = marked(&mark("good", 1));

    room(&host, Some(component.len() as u64 / 2));
    let answer = host.push("marked", component.clone()).await;
    assert_eq!(answer.status, 507, "{}", answer.text);
    let body = answer.json();
    let (step, message) = refusal(&body);
    assert_eq!(step, "read");
    assert!(
        message.contains("cannot be stored")
            && message.ends_with("raise the limit of the size of files (`ulimit -f`, LimitFSIZE=)"),
        "{message}"
    );
    assert_eq!(
        names(&store(&host.app).join("components")).len(),
        2,
        "nothing is left over"
    );

    // What is compiled of it is larger. It need not be kept to be run.
    room(&host, Some(component.len() as u64 + 1));
    let kept = names(&store(&host.app).join("compiled")).len();
    assert_eq!(host.push("marked", component).await.status, 200);
    assert_eq!(version(&host).await, mark("good", 1));
    host.logged(&["the compiled code cannot be kept", "File too large"])
        .await;
    let compiled = names(&store(&host.app).join("compiled"));
    assert_eq!(
        compiled.len(),
        kept,
        "and nothing is left over: {compiled:?}"
    );

    room(&host, None);
    assert_eq!(
        host.push("marked", marked(&mark("good", 2))).await.status,
        200
    );
    assert_eq!(version(&host).await, mark("good", 2));
    is_whole(&host.app);
}

#[tokio::test]
async fn a_list_that_cannot_be_written_refuses_a_swap_and_lets_a_roll_back_through() {
    let host = swapping().await;
    assert_eq!(
        host.push("marked", marked(&mark("good", 1))).await.status,
        200
    );
    let obstacle = store(&host.app).join("active.json.tmp");
    fs::create_dir(&obstacle).unwrap();
    let message = is_refused(&host, marked(&mark("good", 2)), "swap").await;
    assert!(
        message.starts_with("the list of active versions cannot be written: "),
        "{message}"
    );

    let outcome = host.rollback("marked").await;
    assert!(
        outcome["warning"]
            .as_str()
            .unwrap_or_else(|| panic!("{outcome}"))
            .contains("a restart would undo this roll-back"),
        "{outcome}"
    );
    assert_eq!(version(&host).await, mark("good", 0));
    host.logged(&["\"ERROR\"", "a restart would undo this roll-back"])
        .await;

    fs::remove_dir(&obstacle).unwrap();
    assert_eq!(
        host.push("marked", marked(&mark("good", 3))).await.status,
        200
    );
    assert_eq!(
        host.module("marked").await["active"]["digest"],
        json!(hex(&marked(&mark("good", 3))))
    );
}
