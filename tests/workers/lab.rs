//! A worker of the tests, asked by the host's own client, or by a guest in a host.

use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use mayfly_capabilities::ALL;
use mayfly_capabilities::Borrower;
use mayfly_capabilities::worker::configuration::{Section, Worker};
use mayfly_capabilities::worker::{Client, Request, Surroundings};
use mayfly_config::Config;
use mayfly_error::CallError;
use mayfly_runtime::capability::readers;
use mayfly_tests::{TestApp, TestHost, built};
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::Instant;

/// The most bytes an answer may have.
const MOST: usize = 64 << 20;

/// Every method of the worker, of which one writes.
const READS: [&str; 10] = [
    "Echo",
    "Count",
    "Fail",
    "Misbehave",
    "Leak",
    "Reach",
    "Tree",
    "Print",
    "Sleep",
    "Work",
];

/// A worker without a host.
pub struct Lab {
    pub client: Client,
    pub directory: TempDir,
}

/// The program of the worker, as a configuration has it.
pub fn program() -> String {
    PROGRAM.to_str().unwrap().to_owned()
}

/// The program where every user can start it. What was built may be in somebody's own directory: then it is a copy, one for each user.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let program = built().join("mayfly-test-worker");
    let others_may_enter =
        |directory: &Path| fs::metadata(directory).is_ok_and(|entry| entry.mode() & 0o001 != 0);
    if program.ancestors().skip(1).all(others_may_enter) {
        return program;
    }
    let own = fs::metadata(&program).unwrap().uid();
    let directory = std::env::temp_dir().join(format!("mayfly-test-worker-{own}"));
    fs::create_dir_all(&directory).unwrap();
    let entry = fs::symlink_metadata(&directory).unwrap();
    assert!(
        entry.is_dir() && entry.uid() == own,
        "{} is somebody else's; remove it",
        directory.display()
    );
    fs::set_permissions(&directory, Permissions::from_mode(0o755)).unwrap();
    // Whole at once: another process of tests may be starting it.
    let copied = tempfile::NamedTempFile::new_in(&directory).unwrap();
    fs::copy(&program, copied.path()).unwrap();
    let copy = directory.join("mayfly-test-worker");
    copied.into_temp_path().persist(&copy).unwrap();
    copy
});

/// The tables of a worker `lab` with these keys; a command of its own where they have none.
pub fn tables(keys: &str) -> String {
    let mut text = "[workers.lab]\n".to_owned();
    if !["command = ", "dotnet = "]
        .iter()
        .any(|key| keys.contains(key))
    {
        text += &format!("command = [{:?}]\n", program());
    }
    if !keys.contains("call_timeout = ") {
        text += "call_timeout = \"60 s\"\n";
    }
    if !keys.contains("max_age") {
        text += "max_age = \"10 h\"\n";
    }
    text += keys;
    for method in READS {
        text += &format!("\n[workers.lab.methods.{method}]\naccess = \"read\"\n");
    }
    text + "\n[workers.lab.methods.Record]\naccess = \"write\"\n"
}

/// What such tables say.
pub fn worker(root: &Path, keys: &str) -> Worker {
    let text = format!(
        "schema = \"schema.graphql\"\n{}\n[modules.m]\ncomponent = \"m.wasm\"\n",
        tables(keys)
    );
    let config = Config::parse(root, &text, &readers(ALL), &|_| None);
    let config = config.unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    config.sections.get::<Section>().unwrap().workers[0].clone()
}

impl Lab {
    /// A worker with these keys, whose processes are kept ready.
    pub fn new(keys: &str) -> Self {
        Self::with(keys, |_, _| {})
    }

    /// The same with other surroundings.
    pub fn with(keys: &str, change: impl FnOnce(&mut Surroundings, &Path)) -> Self {
        built();
        let directory = TempDir::new().unwrap();
        let root = fs::canonicalize(directory.path()).unwrap();
        fs::create_dir(root.join("data")).unwrap();
        let keys = keys.replace("ROOT", root.to_str().unwrap());
        let mut surroundings = Surroundings {
            root: root.clone(),
            ..Surroundings::default()
        };
        change(&mut surroundings, &root);
        let client = Client::new(&worker(&root, &keys), surroundings).unwrap();
        client.start();
        Self { client, directory }
    }

    /// The directory of its app.
    pub fn path(&self, name: &str) -> PathBuf {
        fs::canonicalize(self.directory.path()).unwrap().join(name)
    }

    /// Calls a method, with a minute for it.
    pub async fn call(&self, method: &str, arguments: Value) -> Result<Value, CallError> {
        self.call_within(method, arguments, Duration::from_secs(60))
            .await
    }

    /// Calls a method, with so much time.
    pub async fn call_within(
        &self,
        method: &str,
        arguments: Value,
        time: Duration,
    ) -> Result<Value, CallError> {
        let request = Request {
            method: method.to_owned(),
            arguments: arguments.to_string(),
            borrower: Borrower::of("lab", "0123456789abcdef0123456789abcdef"),
        };
        let answer = self
            .client
            .call(request, MOST, Instant::now() + time)
            .await?;
        Ok(serde_json::from_str(&answer).unwrap())
    }

    /// The process that answers next, and how many calls it has had.
    pub async fn count(&self) -> (i64, i64) {
        let count = self.call("Count", Value::Null).await.unwrap();
        (
            count["pid"].as_i64().unwrap(),
            count["calls"].as_i64().unwrap(),
        )
    }

    /// Waits until this many processes are ready and nobody uses one.
    pub async fn ready(&self, processes: usize) {
        until(async || self.client.status().idle.len() == processes).await;
    }
}

/// An app with a worker `lab`, all whose methods are granted.
pub fn app(keys: &str) -> TestApp {
    let granted: Vec<_> = READS.iter().chain(&["Record"]).collect();
    TestApp::workers().with_configuration(&format!(
        "{}\n[modules.workers.grants]\nworkers.lab = {granted:?}\n",
        tables(keys)
    ))
}

/// What a guest is answered: the worker's JSON, or the error.
pub async fn ask(host: &TestHost, method: &str, arguments: &Value) -> Result<Value, Value> {
    asked(host, "query", method, arguments).await
}

/// The same as a mutation.
pub async fn change(host: &TestHost, method: &str, arguments: &Value) -> Result<Value, Value> {
    asked(host, "mutation", method, arguments).await
}

async fn asked(
    host: &TestHost,
    kind: &str,
    method: &str,
    arguments: &Value,
) -> Result<Value, Value> {
    let query = format!(
        "{kind} ($method: String!, $arguments: String!) {{ call(worker: \"lab\", method: $method, arguments: $arguments) }}"
    );
    let variables = json!({ "method": method, "arguments": arguments.to_string() });
    let answer = host.query_with(&query, variables).await;
    match answer["data"]["call"].as_str() {
        Some(text) => Ok(serde_json::from_str(text).unwrap()),
        None => Err(answer["errors"][0].clone()),
    }
}

/// Waits for something that has to come.
pub async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let came = tokio::time::timeout(Duration::from_secs(120), waiting).await;
    came.expect("what is waited for never came");
}

/// Whether a process is there, zombies aside.
pub fn lives(pid: i64) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    let (_, rest) = stat.rsplit_once(')').unwrap();
    !rest.trim_start().starts_with('Z')
}

/// Waits until none of these processes is there.
pub async fn gone(pids: &[i64]) {
    until(async || !pids.iter().any(|pid| lives(*pid))).await;
}
