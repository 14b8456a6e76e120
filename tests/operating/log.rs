//! The log stops nothing, whoever reads it or not.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use mayfly_tests::{TestApp, mayfly};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long anything may take before a test is stuck.
const PATIENCE: Duration = Duration::from_secs(300);

/// A host whose streams are the test's own.
struct Served {
    child: Child,
    graphql: String,
    admin: String,
}

fn serve(app: &TestApp) -> Command {
    let mut command = Command::from(mayfly());
    command
        .arg("serve")
        .arg(app.path())
        .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .args(["--log-format", "json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

impl Served {
    /// Starts it, and reads of its standard output what it announces, which has to be JSON.
    async fn start(app: &TestApp) -> Self {
        let mut child = serve(app).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (mut graphql, mut admin) = (None, None);
        while graphql.is_none() {
            let line = lines.next_line().await.unwrap().expect("an announcement");
            let line: Value = serde_json::from_str(&line).expect("a line of JSON");
            let address = |name: &str| Some(line.get(name)?.as_str()?.to_owned());
            admin = admin.or_else(|| address("admin"));
            graphql = address("graphql");
        }
        // The rest is read, so that only standard error fills.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self {
            child,
            graphql: graphql.unwrap(),
            admin: admin.unwrap(),
        }
    }

    async fn ask(&self, query: &str) -> Value {
        let client = reqwest::Client::new();
        let request = client
            .post(&self.graphql)
            .header("content-type", "application/json")
            .body(json!({ "query": query }).to_string());
        let answer = request.send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    async fn admin(&self, path: &str) -> String {
        let answer = reqwest::get(format!("{}{path}", self.admin)).await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.text().await.unwrap()
    }

    /// Tells it to end.
    async fn end(mut self) -> ExitStatus {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        let pid = pid.and_then(rustix::process::Pid::from_raw).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        ended.expect("it ends though nobody reads").unwrap()
    }
}

/// The app whose guest may write as much as it likes.
fn noisy() -> TestApp {
    let limits = "[modules.floods.limits]\nlog_lines = 1000000\nlog_bytes = \"1 GiB\"\n[modules.floods.grants]";
    TestApp::hostile().configured("[modules.floods.grants]", limits)
}

#[tokio::test]
async fn requests_health_and_the_end_go_on_when_nobody_reads_the_log() {
    let host = Served::start(&noisy()).await;
    // Several times what the pipe and the queue before it hold.
    let flood = "{ floods(with: LOG_LINES, count: 20000) }";
    assert_eq!(
        host.ask(flood).await,
        json!({ "data": { "floods": "20000" } })
    );
    assert_eq!(
        host.ask(flood).await,
        json!({ "data": { "floods": "20000" } })
    );
    host.admin("/healthz").await;
    let metrics = host.admin("/metrics").await;
    let dropped = metrics
        .lines()
        .find_map(|line| line.strip_prefix("mayfly_log_lines_dropped_total "))
        .unwrap_or_else(|| panic!("{metrics}"));
    assert!(dropped.parse::<f64>().unwrap() > 1_000.0, "{dropped}");
    assert_eq!(host.end().await.code(), Some(0));
}

#[tokio::test]
async fn every_line_of_both_streams_is_json() {
    let app = TestApp::students();
    let mut host = serve(&app).env("RUST_LOG", "debug").spawn().unwrap();
    let mut stdout = BufReader::new(host.stdout.take().unwrap()).lines();
    let mut stderr = host.stderr.take().unwrap();
    let errors = tokio::spawn(async move {
        let mut text = String::new();
        stderr.read_to_string(&mut text).await.map(|_| text)
    });
    let mut said = Vec::new();
    while !said
        .iter()
        .any(|line: &Value| line.get("graphql").is_some())
    {
        let line = stdout.next_line().await.unwrap().expect("an announcement");
        said.push(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")));
    }
    let pid = i32::try_from(host.id().unwrap()).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    while let Some(line) = stdout.next_line().await.unwrap() {
        said.push(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")));
    }
    let has = |lines: &[Value], part: &str| {
        let says = |line: &Value| line["message"].as_str().is_some_and(|it| it.contains(part));
        lines.iter().any(says)
    };
    assert!(has(&said, "serving 2 modules of "), "{said:?}");
    assert!(
        said.iter().any(|line| line.get("embedded").is_some()),
        "{said:?}"
    );

    let errors = errors.await.unwrap().unwrap();
    let errors: Vec<Value> = errors
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    assert!(has(&errors, "finished"), "{errors:?}");
}

#[tokio::test]
async fn why_a_server_cannot_start_is_json_too() {
    let app = TestApp::students().configured("max_connections = 8", "max_connection = 8");
    let output = serve(&app).output().await.unwrap();
    assert_eq!(output.status.code(), Some(3));
    let line: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(line["level"], "ERROR");
    let message = line["message"].as_str().unwrap();
    assert!(
        message.ends_with(
            "unknown key `sqlserver.school.max_connection`; did you mean `max_connections`?"
        ),
        "{message}"
    );
}

#[tokio::test]
async fn what_the_embedded_backends_say_is_json_too() {
    let app = TestApp::students().configured("seed = \"seed\"", "seed = \"nowhere\"");
    let output = serve(&app).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let of_backends = lines.iter().find(|line| line["target"] == "embedded");
    assert!(of_backends.is_some(), "{said}");
    let last = lines.last().unwrap()["message"].as_str().unwrap();
    assert!(
        last.starts_with("mayfly-embedded cannot start: ") && last.contains("nowhere"),
        "{last}"
    );
}

#[tokio::test]
async fn a_guest_s_line_says_whose_it_is() {
    let host = mayfly_tests::TestHost::start(TestApp::hostile()).await;
    host.query("{ floods(with: LOG_LINES, count: 1) }").await;
    let line = host.logged(&["\"line 0\"", "\"guest\""]).await;
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["module"], "floods");
    assert_eq!(line["field"], "Query.floods");
    assert_eq!(line["version"].as_str().map(str::len), Some(64));
    assert_eq!(line["trace_id"].as_str().map(str::len), Some(32));
}

/// The writing end of a pipe that nobody reads any more.
fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

#[tokio::test]
async fn a_command_whose_reader_went_away_ends_quietly() {
    let app = TestApp::students();
    for arguments in [vec!["check"], vec!["invoke"], vec!["build"]] {
        let mut command = Command::from(mayfly());
        command.args(&arguments).arg(app.path());
        if arguments == ["invoke"] {
            command.args(["Query.student", "--args", "{\"id\": \"S1\"}"]);
        }
        let output = command.stdout(closed_pipe()).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            matches!(output.status.code(), Some(0 | 141)) && !said.contains("panicked"),
            "{arguments:?}: {}: {said}",
            output.status
        );
    }
}

#[tokio::test]
async fn a_server_whose_readers_went_away_serves() {
    let app = TestApp::students();
    let address = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut host = Command::from(mayfly())
        .arg("serve")
        .arg(app.path())
        .args([
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            &address.to_string(),
        ])
        .stdin(Stdio::null())
        .stdout(closed_pipe())
        .stderr(closed_pipe())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let ready = async {
        loop {
            let answer = reqwest::get(format!("http://{address}/readyz")).await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ready)
        .await
        .expect("it serves");
    let pid = i32::try_from(host.id().unwrap()).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(host.wait().await.unwrap().code(), Some(0));
}
