//! Starts `mayfly-embedded` beside the host, for apps whose configuration says `embedded`, and ends it with the host.
//!
//! The child ends when its standard input closes, so it cannot outlive the host, however the host ends. What it writes to standard
//! error is read at all times, so that it never waits for a reader, and becomes lines of the host's log.
//!
//! A child that ends is not started again: what it held is gone with it, and whoever tries an app should hear of that. It is told in the
//! log, and calls find nobody to answer.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use mayfly_config::{Config, Secret};
use mayfly_runtime::capability::{Capabilities, Embedded, Surroundings};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

/// How long seeding may take.
const START_TIME: Duration = Duration::from_secs(60);

/// The name of the program, which is beside this one.
const PROGRAM: &str = "mayfly-embedded";

/// What the line that says where it listens may hold.
const ANNOUNCEMENT: mayfly_json::Limits = mayfly_json::Limits::of_bytes(4 << 10);

/// The user that the embedded SQL Server lets in.
const USER: &str = "mayfly";

/// The running child.
pub struct EmbeddedProcess {
    endpoints: Embedded,
    /// Its control address, for fault switches and counters.
    pub control: SocketAddr,
    /// Open as long as the child is to run.
    _stdin: ChildStdin,
    _watch: Watch,
}

/// The task that waits for the child's end; dropped, it kills the child.
struct Watch(JoinHandle<()>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Where it listens: one address by name for each endpoint, and the control address.
type Announcement = BTreeMap<String, SocketAddr>;

/// The name of the control address.
const CONTROL: &str = "control";

impl EmbeddedProcess {
    /// Starts it when the app needs it.
    ///
    /// # Errors
    ///
    /// When the program is missing, or its data cannot be loaded.
    pub async fn start_for(config: &Config) -> anyhow::Result<Option<Self>> {
        if !config.uses_embedded {
            return Ok(None);
        }
        let password = format!("{:032x}", rand::random::<u128>());
        let mut command = Command::new(program()?);
        command
            .arg("--until-stdin-closes")
            .env("MAYFLY_EMBEDDED_USER", USER)
            .env("MAYFLY_EMBEDDED_PASSWORD", &password);
        if let Some(seed) = &config.embedded.seed {
            command.arg("--seed").arg(seed);
        }
        if let Some(data) = &config.embedded.data {
            command.arg("--data").arg(data);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {PROGRAM}"))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            bail!("{PROGRAM} has no standard input and output")
        };
        let mut addresses = announcement(stdout, relay(stderr)).await?;
        let control = addresses
            .remove(CONTROL)
            .with_context(|| format!("{PROGRAM} announced no control address"))?;
        let endpoints = Embedded {
            addresses,
            user: USER.to_owned(),
            password: Secret::new(password),
        };
        Ok(Some(Self {
            endpoints,
            control,
            _stdin: stdin,
            _watch: Watch(tokio::spawn(tell_end(child))),
        }))
    }
}

/// What is around an app that may use these backends.
#[must_use]
pub fn surroundings(
    capabilities: Capabilities,
    embedded: Option<&EmbeddedProcess>,
) -> Surroundings {
    Surroundings {
        capabilities,
        embedded: embedded.map(|process| process.endpoints.clone()),
        offline: false,
    }
}

/// Waits for the line that says where the child listens; `log` ends with the child's last message.
async fn announcement(
    stdout: ChildStdout,
    log: JoinHandle<Option<String>>,
) -> anyhow::Result<Announcement> {
    let mut lines = BufReader::new(stdout).lines();
    let line = tokio::time::timeout(START_TIME, lines.next_line())
        .await
        .with_context(|| format!("{PROGRAM} did not start within {} s", START_TIME.as_secs()))??;
    let Some(line) = line else {
        let message = log.await?;
        let message = message.as_deref().unwrap_or("it exited without a message");
        bail!("{PROGRAM} cannot start: {}", without_name(message));
    };
    mayfly_json::read(&line, ANNOUNCEMENT)
        .map_err(|error| anyhow::anyhow!("unexpected line from {PROGRAM}: {line:?}: {error}"))
}

/// Logs what the child writes; gives its last line once it has ended.
fn relay(stderr: ChildStderr) -> JoinHandle<Option<String>> {
    tokio::spawn(async move {
        let mut lines = BufReader::new(stderr).split(b'\n');
        let mut last = None;
        while let Ok(Some(line)) = lines.next_segment().await {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            tracing::warn!(target: "embedded", "{}", without_name(&line));
            last = Some(line);
        }
        last
    })
}

/// Waits until the child ends, which it does not before the host unless something is wrong.
async fn tell_end(mut child: Child) {
    let how = match child.wait().await {
        // As on Ctrl-C in a terminal, which reaches both.
        Ok(status) if status.success() => {
            tracing::info!(
                "{PROGRAM} ended as it was asked to; embedded backends are gone until the server is started again"
            );
            return;
        }
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    };
    tracing::error!(
        how,
        "{PROGRAM} ended; embedded backends cannot be reached until the server is started again"
    );
}

/// A message of the child without the name of the program, which stands before it here.
fn without_name(message: &str) -> &str {
    message
        .strip_prefix(PROGRAM)
        .and_then(|message| message.strip_prefix(": "))
        .unwrap_or(message)
}

/// The program beside this one, or the one the PATH finds.
fn program() -> anyhow::Result<PathBuf> {
    let here = std::env::current_exe().context("cannot find this program")?;
    let beside = here.with_file_name(PROGRAM);
    Ok(if beside.exists() {
        beside
    } else {
        PathBuf::from(PROGRAM)
    })
}
