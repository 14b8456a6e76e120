//! A running host.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Notify;

use crate::app::TestApp;
use crate::built::built;

/// How long anything may take before a test is stuck. Generous: it fails tests that hang, and times nothing.
const PATIENCE: Duration = Duration::from_secs(300);
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(5);

/// The token of hosts that have one.
pub const TOKEN: &str = "a-token-for-tests-only";

/// Everything that there is to know of a module.
const MODULE: &str = "name active { digest sizeBytes origin pushedBy activeSinceMs ageSeconds codeBytes fields } \
    earlier { digest origin pushedBy fields } rolledBack { digest origin } staged fields memoryBytes liveVersions atGate \
    canary { digest share by operations secondsLeft active { operations failed } canary { operations failed } } \
    lastCanary { digest verdict reason active { operations failed byCode { code operations } } \
    canary { operations failed byCode { code operations } medianSeconds } } \
    swaps refusals lastRefusal { module digest step message atMs }";

/// An answer over HTTP.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

/// A running host, killed when dropped.
pub struct TestHost {
    pub app: TestApp,
    pub graphql: SocketAddr,
    pub admin: SocketAddr,
    /// The embedded backends' control address, when the app uses them.
    pub control: Option<SocketAddr>,
    client: Client,
    child: Child,
    log: Log,
}

/// What the host wrote to standard error.
#[derive(Clone, Default)]
struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    grown: Arc<Notify>,
}

impl TestHost {
    /// Starts a host and waits until it serves.
    pub async fn start(app: TestApp) -> Self {
        Self::start_with(app, &[]).await
    }

    /// Starts a host with environment variables of its own.
    pub async fn start_with(app: TestApp, environment: &[(&str, &str)]) -> Self {
        Self::start_by(app, Command::new(built().join("mayfly")), environment).await
    }

    /// Starts a host from the directory that its app is in, with a relative path, as people type it.
    pub async fn start_from_above(app: TestApp) -> Self {
        let mut command = Command::new(built().join("mayfly"));
        command.current_dir(app.path().parent().expect("a directory above"));
        let path = app.path().file_name().expect("a name").to_owned();
        Self::start_at(app, path.as_ref(), command, &[]).await
    }

    /// Starts a host by a command that is given the host's own command line, such as a shell that sets limits.
    pub async fn start_under(app: TestApp, wrapper: &[&str]) -> Self {
        let (program, arguments) = wrapper.split_first().expect("a command");
        let mut command = Command::new(program);
        command.args(arguments).arg(built().join("mayfly"));
        Self::start_by(app, command, &[]).await
    }

    /// Starts a host from another file of the same program, by a command of its own.
    pub async fn start_program(app: TestApp, command: std::process::Command) -> Self {
        built();
        Self::start_by(app, Command::from(command), &[]).await
    }

    async fn start_by(app: TestApp, command: Command, environment: &[(&str, &str)]) -> Self {
        let path = app.path().to_owned();
        Self::start_at(app, &path, command, environment).await
    }

    /// Starts a host whose command names its app by this path.
    async fn start_at(
        app: TestApp,
        path: &Path,
        mut command: Command,
        environment: &[(&str, &str)],
    ) -> Self {
        let mut child = command
            .arg("serve")
            .arg(path)
            .args([
                "--listen",
                "127.0.0.1:0",
                "--admin-listen",
                "127.0.0.1:0",
                "--log-format",
                "json",
            ])
            .env("TEST_ADMIN_TOKEN", TOKEN)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the host starts");
        let log = Log::default();
        tokio::spawn(log.clone().collect(child.stderr.take().expect("a pipe")));
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let (mut graphql, mut admin, mut control) = (None, None, None);
        while graphql.is_none() {
            let line = tokio::time::timeout(PATIENCE, lines.next_line())
                .await
                .expect("the host says something");
            let Some(line) = line.expect("text") else {
                panic!("the host ended: {:#?}", log.lines())
            };
            let announced: Value = serde_json::from_str(&line).expect("a line of JSON");
            let address = |name: &str| address_in(announced.get(name)?.as_str()?);
            admin = admin.or_else(|| address("admin"));
            control = control.or_else(|| address("embedded"));
            graphql = graphql.or_else(|| address("graphql"));
        }
        app.share_compiled();
        // Nothing else is written there; reading on keeps the pipe from filling.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let client = Client::builder()
            .timeout(PATIENCE)
            .build()
            .expect("a client");
        let (graphql, admin) = (graphql.expect("an address"), admin.expect("an address"));
        Self {
            app,
            graphql,
            admin,
            control,
            client,
            child,
            log,
        }
    }

    /// Sends a query and gives the answer's body.
    pub async fn query(&self, query: &str) -> Value {
        self.query_with(query, json!({})).await
    }

    /// Sends a query with variables and gives the answer's body.
    pub async fn query_with(&self, query: &str, variables: Value) -> Value {
        let answer = self
            .post(&json!({ "query": query, "variables": variables }))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()
    }

    /// Posts a GraphQL request as an up-to-date client does, without looking at the status.
    pub async fn post(&self, body: &Value) -> Answer {
        let request = self
            .request()
            .header("content-type", "application/json")
            .body(body.to_string());
        Answer::of(request.header("accept", "application/graphql-response+json")).await
    }

    /// A POST to the GraphQL endpoint, to be filled in.
    pub fn request(&self) -> RequestBuilder {
        self.client.post(format!("http://{}/graphql", self.graphql))
    }

    /// A GET of the GraphQL address.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.client.get(format!("http://{}{path}", self.graphql))).await
    }

    /// A GET of the admin address.
    pub async fn admin(&self, path: &str) -> Answer {
        Answer::of(self.client.get(format!("http://{}{path}", self.admin))).await
    }

    /// A request to the admin address, with the token, to be filled in.
    pub fn operator(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("http://{}{path}", self.admin))
            .bearer_auth(TOKEN)
    }

    /// Pushes a component as a version of a module.
    pub async fn push(&self, module: &str, component: Vec<u8>) -> Answer {
        Answer::of(
            self.operator(Method::PUT, &format!("/modules/{module}"))
                .body(component),
        )
        .await
    }

    /// Keeps a component for a canary of a module.
    pub async fn stage(&self, module: &str, component: Vec<u8>) -> Answer {
        let path = format!("/modules/{module}?stage=true");
        Answer::of(self.operator(Method::PUT, &path).body(component)).await
    }

    /// Sends an operation to the admin API, with the token.
    pub async fn send_admin(&self, query: &str, variables: Value) -> Answer {
        let body = json!({ "query": query, "variables": variables });
        let request = self
            .operator(Method::POST, "/admin/graphql")
            .header("content-type", "application/json")
            .body(body.to_string());
        Answer::of(request).await
    }

    /// Sends an operation to the admin API that has to be executed without an error, and gives `data`.
    pub async fn ask_admin(&self, query: &str, variables: Value) -> Value {
        let answer = self.send_admin(query, variables).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let body = answer.json();
        assert_eq!(body.get("errors"), None, "{body}");
        body["data"].clone()
    }

    /// What the admin API says of a module.
    pub async fn module(&self, module: &str) -> Value {
        let query = format!("query($name: String!) {{ module(name: $name) {{ {MODULE} }} }}");
        let data = self.ask_admin(&query, json!({ "name": module })).await;
        data["module"].clone()
    }

    /// Rolls a module back, and gives the outcome.
    pub async fn rollback(&self, module: &str) -> Value {
        let query = "mutation($module: String!) { rollBack(module: $module) { __typename \
            ... on Activation { module digest previous warning } ... on Refusal { module step message } \
            ... on Failure { code message } } }";
        let data = self.ask_admin(query, json!({ "module": module })).await;
        data["rollBack"].clone()
    }

    /// Rolls a module back that has something to go back to.
    pub async fn rolls_back(&self, module: &str) {
        let outcome = self.rollback(module).await;
        assert_eq!(outcome["__typename"], json!("Activation"), "{outcome}");
    }

    /// The value of a metric's first line that begins like this, 0 when there is none.
    pub async fn metric(&self, line: &str) -> f64 {
        let text = self.admin("/metrics").await.text;
        let found = text.lines().find(|candidate| candidate.starts_with(line));
        found
            .and_then(|line| line.rsplit(' ').next()?.parse().ok())
            .unwrap_or(0.0)
    }

    /// The embedded backends' counters.
    pub async fn backends(&self) -> Value {
        let control = self.control.expect("the app uses the embedded backends");
        Answer::of(self.client.get(format!("http://{control}/status")))
            .await
            .json()
    }

    /// Whether what the embedded backends say at a path holds this text.
    pub async fn control_has(&self, path: &str, part: &str) -> bool {
        let control = self.control.expect("the app uses the embedded backends");
        Answer::of(self.client.get(format!("http://{control}{path}")))
            .await
            .text
            .contains(part)
    }

    /// Sets the embedded backends' fault switches.
    pub async fn faults(&self, faults: &Value) {
        let control = self.control.expect("the app uses the embedded backends");
        let put = self
            .client
            .put(format!("http://{control}/faults"))
            .header("content-type", "application/json");
        let answer = Answer::of(put.body(faults.to_string())).await;
        assert!(answer.status.is_success(), "{}", answer.text);
    }

    /// Waits until the host says it is ready.
    pub async fn ready(&self) {
        self.until_ready(true).await;
    }

    /// Waits until the host says that it is ready, or that it is not.
    pub async fn until_ready(&self, ready: bool) {
        self.until(async || (self.admin("/readyz").await.status == StatusCode::OK) == ready)
            .await;
    }

    /// Asks again and again until the answer is yes; fails when it never is.
    pub async fn until(&self, holds: impl AsyncFn() -> bool) {
        let asking = async {
            while !holds().await {
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::time::timeout(PATIENCE, asking)
            .await
            .unwrap_or_else(|_| panic!("it never came: {:#?}", self.log.lines()));
    }

    /// Waits for a log line that holds all of these texts, and gives it.
    pub async fn logged(&self, parts: &[&str]) -> String {
        let search = async {
            loop {
                let grown = self.log.grown.notified();
                let found = self
                    .log
                    .lines()
                    .into_iter()
                    .find(|line| parts.iter().all(|part| line.contains(part)));
                if let Some(line) = found {
                    return line;
                }
                grown.await;
            }
        };
        tokio::time::timeout(PATIENCE, search)
            .await
            .unwrap_or_else(|_| panic!("no line with {parts:?}: {:#?}", self.log.lines()))
    }

    /// Whether a log line so far holds this text.
    #[must_use]
    pub fn has_logged(&self, part: &str) -> bool {
        self.log.lines().iter().any(|line| line.contains(part))
    }

    /// The host's process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id().expect("the host runs")
    }

    /// The host's resident memory, in bytes.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        let statm =
            std::fs::read_to_string(format!("/proc/{}/statm", self.pid())).expect("the host runs");
        let pages: u64 = statm
            .split_whitespace()
            .nth(1)
            .and_then(|pages| pages.parse().ok())
            .expect("a number");
        pages * rustix::param::page_size() as u64
    }

    /// The most memory the host ever had resident, in bytes.
    #[must_use]
    pub fn peak_resident_bytes(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the host runs");
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .expect("the system counts it");
        let kib: u64 = line
            .split_whitespace()
            .next()
            .and_then(|kib| kib.parse().ok())
            .expect("a number");
        kib << 10
    }

    /// How many lines with this part have been logged.
    #[must_use]
    pub fn times_logged(&self, part: &str) -> usize {
        self.log
            .lines()
            .iter()
            .filter(|line| line.contains(part))
            .count()
    }

    /// How many components' machine code the host has mapped: memory that is executable and of no file.
    #[must_use]
    pub fn loaded_components(&self) -> usize {
        let maps =
            std::fs::read_to_string(format!("/proc/{}/maps", self.pid())).expect("the host runs");
        let is_code = |line: &&str| {
            let mut fields = line.split_whitespace().skip(1);
            fields.next() == Some("r-xp") && fields.nth(3).is_none()
        };
        maps.lines().filter(is_code).count()
    }

    /// The processes that compile for this host now.
    #[must_use]
    pub fn compilers(&self) -> Vec<u32> {
        compilers_of(self.pid())
    }

    /// Asks the host to end, without waiting.
    pub fn terminate(&self) {
        let pid = i32::try_from(self.pid())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
            .expect("a process id");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a signal sent");
    }

    /// Ends the host at once, as the kernel does, and waits until it is gone; gives its app.
    pub async fn killed(mut self) -> TestApp {
        self.child.kill().await.expect("a signal sent");
        self.app
    }

    /// Kills the host as [`TestHost::killed`], without waiting until it is gone.
    pub fn killed_now(mut self) -> (TestApp, Child) {
        self.child.start_kill().expect("a signal sent");
        (self.app, self.child)
    }

    /// Ends the host in order; gives its app.
    pub async fn stopped(mut self) -> TestApp {
        self.terminate();
        tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .expect("the host ends")
            .expect("a status");
        self.app
    }

    /// Ends the host in order and starts another one on the same app.
    pub async fn restarted(self) -> Self {
        Self::start(self.stopped().await).await
    }

    /// Waits for the host's end.
    pub async fn ended(mut self) -> ExitStatus {
        tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .expect("the host ends")
            .expect("a status")
    }
}

impl Answer {
    /// Sends a request.
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        Self {
            status,
            headers,
            text: response.text().await.expect("text"),
        }
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// A header, empty when missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

impl Log {
    async fn collect(self, pipe: impl AsyncRead + Unpin) {
        let mut lines = BufReader::new(pipe).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            self.lines.lock().expect("no test panics here").push(line);
            self.grown.notify_waiters();
        }
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().expect("no test panics here").clone()
    }
}

/// The children of a process that compile.
fn compilers_of(parent: u32) -> Vec<u32> {
    let is_compiler = |pid: &u32| {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}"));
        let (Ok(status), Ok(arguments)) = (read("status"), read("cmdline")) else {
            return false;
        };
        let is_child = status
            .lines()
            .any(|line| line.strip_prefix("PPid:").map(str::trim) == Some(&parent.to_string()));
        is_child && arguments.split('\0').nth(1) == Some("compile")
    };
    let processes = std::fs::read_dir("/proc").expect("/proc is mounted");
    processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(is_compiler)
        .collect()
}

/// The address in `http://127.0.0.1:8080/…`, or with `https`.
fn address_in(line: &str) -> Option<SocketAddr> {
    line.split("://").nth(1)?.split('/').next()?.parse().ok()
}
