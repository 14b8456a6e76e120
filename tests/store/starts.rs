//! Starting on a store: after a kill, beside another host, on a disk that is full or read-only.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use mayfly_tests::versions::{component, mark, marked, renamed};
use mayfly_tests::{TestApp, TestHost, built};

use super::{WITH_TOKEN, files, store, version};

#[tokio::test]
async fn a_start_right_after_a_kill_finds_the_store_free() {
    let mut app = TestApp::swapping().with_configuration(WITH_TOKEN);
    for number in 0..5 {
        let host = TestHost::start(app).await;
        let push = host
            .operator(reqwest::Method::PUT, "/modules/marked")
            .body(renamed(component("marked"), number));
        let push = tokio::spawn(push.send());
        host.until(async || !host.compilers().is_empty() || push.is_finished())
            .await;
        // Nobody waits until the process is gone.
        let (killed, _child) = host.killed_now();
        app = killed;
    }
    assert_eq!(version(&TestHost::start(app).await).await, mark("good", 0));
}

#[tokio::test]
async fn a_host_waits_for_another_one_that_ends() {
    let first = TestHost::start(TestApp::swapping()).await;
    let directory = first.app.path().to_owned();
    let program = built().join("mayfly");
    let second = std::thread::spawn(move || {
        Command::new(program)
            .arg("serve")
            .arg(directory)
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .args(["--log-format", "text"])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    });
    let mut second = second.join().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(second.stderr.take().unwrap()));
    let waits = format!("another host (process {}) serves with ", first.pid());
    let said = lines.find(|line| line.as_ref().unwrap().contains(&waits));
    assert!(said.unwrap().unwrap().contains("waiting for it to end"));
    let _app = first.killed().await;
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(second.stdout.take().unwrap()));
    assert!(
        lines.any(|line| line.unwrap().starts_with("graphql ")),
        "it serves"
    );
    second.kill().unwrap();
    second.wait().unwrap();
}

/// A module that keeps the compiler busy for long.
fn busy() -> Vec<u8> {
    let values = 4_000;
    let each = |text: &dyn Fn(usize) -> String| (0..values).map(text).collect::<String>();
    let text = format!(
        "(module (memory (export \"memory\") 1)
           (func (export \"mayfly:resolver/handler@0.1.0#resolve\")
             (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (unreachable))
           (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
           (@custom \"mayfly:fields\" \"Query.version\\n\")
           (func (export \"busy\") (result i64) {} (local $address i32)
             (block (loop {} {} (br 0))) (i64.const 0) {}))",
        "(local i64)".repeat(values),
        each(&|at| format!("(local.set {at} (i64.load (local.get $address)))")),
        each(&|at| format!("(br_if 0 (i64.eqz (local.get {at})))")),
        each(&|at| format!("(local.get {at}) (i64.add)")),
    );
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    write("busy.wat", &text);
    write(
        "schema.graphql",
        "type Query { version: String @resolve(module: \"m\") } directive @resolve(module: String!, needs: String) on FIELD_DEFINITION",
    );
    write(
        "mayfly.toml",
        "schema = \"schema.graphql\"\n[modules.m]\ncomponent = \"busy.wasm\"\nsource = \"busy.wat\"\n",
    );
    let built = mayfly_tests::mayfly()
        .arg("build")
        .arg(directory.path())
        .output()
        .unwrap();
    assert!(built.status.success(), "{built:?}");
    fs::read(directory.path().join("busy.wasm")).unwrap()
}

#[tokio::test]
async fn a_compiler_ends_with_the_host_that_is_killed() {
    let host = TestHost::start(TestApp::swapping().with_configuration(WITH_TOKEN)).await;
    let push = host
        .operator(reqwest::Method::PUT, "/modules/marked")
        .body(busy());
    let push = tokio::spawn(push.send());
    host.until(async || !host.compilers().is_empty()).await;
    let compilers = host.compilers();
    drop(host.killed().await);
    assert!(push.await.unwrap().is_err(), "it was compiling");
    let runs = |pid: &u32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.contains("\nPid:") && !status.contains("State:\tZ")
    };
    let ends = async {
        while compilers.iter().any(runs) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(300), ends)
        .await
        .expect("they end");
}

#[tokio::test]
async fn what_was_being_written_when_a_host_was_killed_goes_at_the_next_start() {
    let app = TestHost::start(TestApp::swapping()).await.stopped().await;
    let leftovers = ["compiled/1.tmp", "components/2.tmp", "active.json.tmp"];
    let leftovers = leftovers.map(|name| store(&app, name));
    for file in &leftovers {
        fs::write(file, "half").unwrap();
    }
    let _host = TestHost::start(app).await;
    for file in &leftovers {
        assert!(!file.exists(), "{}", file.display());
    }
}

/// Everything that changes about files and directories when something is written to them, whatever it is.
fn state(directory: &Path) -> BTreeMap<PathBuf, (u64, u64, i64, i64)> {
    let look = |path: &Path| {
        let seen = fs::symlink_metadata(path).unwrap();
        (seen.ino(), seen.len(), seen.ctime(), seen.ctime_nsec())
    };
    let mut state = BTreeMap::from([(directory.to_owned(), look(directory))]);
    for path in files(directory) {
        if path.is_dir() {
            state.extend(self::state(&path));
        } else {
            state.insert(path.clone(), look(&path));
        }
    }
    state
}

#[tokio::test]
async fn a_start_that_changes_nothing_writes_nothing() {
    let host = TestHost::start(TestApp::swapping().with_configuration(WITH_TOKEN)).await;
    let pushed = host.push("marked", marked(&mark("good", 1))).await;
    assert_eq!(pushed.status, 200, "{}", pushed.text);
    let app = host.stopped().await;
    let before = state(&store(&app, ""));
    let host = TestHost::start(app).await;
    assert_eq!(version(&host).await, mark("good", 1));
    let app = host.stopped().await;
    assert_eq!(state(&store(&app, "")), before);
}

#[tokio::test]
async fn a_damaged_artifact_on_a_full_disk_costs_compiling_and_nothing_else() {
    let app = TestHost::start(TestApp::swapping()).await.stopped().await;
    for file in super::compiled(&app) {
        fs::write(file, "damaged").unwrap();
    }
    // Files may have 64 KiB, as on a disk that has no more room: less than what is compiled takes.
    let full = ["sh", "-c", "ulimit -f 128; exec \"$@\"", "sh"];
    let host = TestHost::start_under(app, &full).await;
    assert_eq!(version(&host).await, mark("good", 0));
    host.logged(&["the compiled code cannot be kept", "ulimit -f"])
        .await;
}

#[tokio::test]
async fn a_limit_of_files_that_no_memory_fits_is_told_and_no_module_is_blamed() {
    let app = TestHost::start(TestApp::swapping()).await.stopped().await;
    let limited = ["sh", "-c", "ulimit -f 8; exec \"$@\"", "sh"];
    let host = TestHost::start_under(app, &limited).await;
    host.logged(&["files may have 4 KiB", "ulimit -f unlimited"])
        .await;
    let answer = host.query("{ items(count: 1) { made } }").await;
    assert_eq!(
        answer["errors"][0]["extensions"]["code"],
        serde_json::json!("INTERNAL"),
        "{answer}"
    );
    host.logged(&["an instance cannot be made", "File too large"])
        .await;
}
