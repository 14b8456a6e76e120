//! The embedded backends without a host, for tests in which they come and go.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::built::{built, repository};

/// Running embedded backends with the sample app's data, killed when dropped. User and password are `mayfly`.
pub struct Embedded {
    pub dynamodb: SocketAddr,
    pub sqlserver: SocketAddr,
    pub http: SocketAddr,
    pub control: SocketAddr,
    child: Child,
}

impl Embedded {
    /// Starts them, with SQL Server at an address of the test's choice.
    pub async fn start(sqlserver: Option<SocketAddr>) -> Self {
        let mut command = command();
        if let Some(address) = sqlserver {
            command.args(["--sqlserver", &address.to_string()]);
        }
        Self::run(command).await
    }

    /// Starts them with another password of the SQL Server's user `mayfly`.
    pub async fn with_password(password: &str) -> Self {
        let mut command = command();
        command.env("MAYFLY_EMBEDDED_PASSWORD", password);
        Self::run(command).await
    }

    /// Starts them with data that outlives them.
    pub async fn keeping(data: &Path) -> Self {
        let mut command = command();
        command.arg("--data").arg(data);
        Self::run(command).await
    }

    /// Starts them with the data of another seed.
    pub async fn seeded(seed: &Path) -> Self {
        Self::run(command_with(seed)).await
    }

    /// Kills them, and waits until they are gone.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("a process of ours");
    }

    async fn run(mut command: Command) -> Self {
        let pipes = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut child = pipes.spawn().expect("the embedded backends start");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let line = lines.next_line().await.expect("text").expect("a line");
        let said: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let address = |name: &str| {
            said[name]
                .as_str()
                .and_then(|text| text.parse().ok())
                .expect("an address")
        };
        Self {
            dynamodb: address("dynamodb"),
            sqlserver: address("sqlserver"),
            http: address("http"),
            control: address("control"),
            child,
        }
    }
}

fn command() -> Command {
    command_with(&repository().join("guest/apps/students/seed"))
}

fn command_with(seed: &Path) -> Command {
    let mut command = Command::new(built().join("mayfly-embedded"));
    command.arg("--until-stdin-closes").arg("--seed").arg(seed);
    command
}
