//! Starts `mayfly-embedded` beside the host, for apps whose configuration says `embedded`, and ends it with the host.
//!
//! The child ends when its standard input closes, so it cannot outlive the host, however the host ends.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use mayfly_config::{Config, Secret};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::app::EmbeddedAddresses;

/// How long seeding may take.
const START_TIME: Duration = Duration::from_secs(60);

/// The name of the program, which stands beside this one.
const PROGRAM: &str = "mayfly-embedded";

/// The user that the embedded SQL Server lets in.
const USER: &str = "mayfly";

/// The running child.
pub struct EmbeddedProcess {
    /// Where it listens.
    pub addresses: EmbeddedAddresses,
    /// Its control address, for fault switches and counters.
    pub control: SocketAddr,
    _child: Child,
}

#[derive(Deserialize)]
struct Announcement {
    dynamodb: SocketAddr,
    sqlserver: SocketAddr,
    control: SocketAddr,
}

impl EmbeddedProcess {
    /// Starts it when the app needs it, and gives the configuration the user and password it lets in.
    ///
    /// # Errors
    ///
    /// When the program is missing, or its data cannot be loaded.
    pub async fn start_for(config: &mut Config) -> anyhow::Result<Option<Self>> {
        if !config.uses_embedded() {
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
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {PROGRAM}"))?;
        let Some(output) = child.stdout.take() else {
            bail!("{PROGRAM} has no standard output")
        };
        let mut lines = BufReader::new(output).lines();
        let Some(line) = tokio::time::timeout(START_TIME, lines.next_line())
            .await
            .context("no word within a minute")??
        else {
            bail!("{PROGRAM} ended while loading its data; its message stands above");
        };
        let said: Announcement =
            serde_json::from_str(&line).with_context(|| format!("{PROGRAM} said {line:?}"))?;
        for backend in &mut config.sqlserver {
            if backend.address == mayfly_config::Place::Embedded {
                USER.clone_into(&mut backend.user);
                backend.password = Secret::new(password.clone());
            }
        }
        let addresses = EmbeddedAddresses {
            dynamodb: Some(said.dynamodb),
            sqlserver: Some(said.sqlserver),
        };
        Ok(Some(Self {
            addresses,
            control: said.control,
            _child: child,
        }))
    }
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
