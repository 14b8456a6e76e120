//! A server under measurement: a process on the servers' core, stopped while others are measured.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::accounting::children;
use crate::contender::Contender;
use crate::cores::Cores;

/// How long a server may take until it says where it listens; Mayfly compiles its modules in this time.
const START_TIME: Duration = Duration::from_secs(60);

/// A running server, killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Where a Mayfly is administered.
    pub(crate) admin: Option<SocketAddr>,
    /// What it said about itself before it listened that a reader of its numbers has to know.
    pub(crate) warnings: Vec<String>,
}

impl Server {
    /// Starts it and waits until it says where it listens. What it writes to standard error goes to a file.
    pub(crate) fn start(
        contender: &Contender,
        cores: &Cores,
        output: &Path,
    ) -> anyhow::Result<Self> {
        let log = output.join(format!("{}.log", file_name(contender.name)));
        let log_file =
            File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        let mut child = cores
            .server_command(&contender.program)
            .args(&contender.arguments)
            .env("NODE_ENV", "production")
            .envs(contender.environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log_file)
            .spawn()
            .context("cannot run setpriv and taskset (Debian: util-linux)")?;
        let Some(output) = child.stdout.take() else {
            bail!("no standard output")
        };
        let (found, announcement) = mpsc::channel();
        // Goes on reading for as long as the server writes, so that the pipe never fills.
        thread::spawn(move || {
            let (mut warnings, mut admin) = (Vec::new(), None);
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some(warning) = line.strip_prefix("warning ") {
                    warnings.push(warning.to_owned());
                } else if let Some(address) = announced(&line, &["admin"]) {
                    admin = Some(address);
                } else if let Some(address) = announced(&line, &["listening", "graphql"]) {
                    // Nobody waits any more once an address was found.
                    let _ = found.send((address, admin, std::mem::take(&mut warnings)));
                }
            }
        });
        let Ok((address, admin, warnings)) = announcement.recv_timeout(START_TIME) else {
            drop(child.kill().and_then(|()| child.wait()));
            bail!(
                "it never said where it listens; {} ends with {:?}",
                log.display(),
                last_line(&log)
            );
        };
        let server = Self {
            child,
            address,
            admin,
            warnings,
        };
        // Backends are not what is measured.
        for backend in children(server.process())? {
            cores.give_load_core(backend)?;
        }
        Ok(server)
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Keeps it from running, so that its timers and collectors take nothing from the one being measured.
    pub(crate) fn stop(&self) -> anyhow::Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it run again.
    pub(crate) fn resume(&self) -> anyhow::Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let process = i32::try_from(self.process())
            .ok()
            .and_then(Pid::from_raw)
            .context("a process has an id")?;
        Ok(kill_process(process, signal)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which is what this is for.
        drop(self.child.kill().and_then(|()| self.child.wait()));
    }
}

/// The address in the line by which peers (`listening ADDRESS`) and Mayfly (`graphql http://ADDRESS/graphql`) announce it.
fn announced(line: &str, words: &[&str]) -> Option<SocketAddr> {
    let place = words.iter().find_map(|word| {
        // Mayfly says it in JSON, the others in words.
        let place = line.split_once(&format!("\"{word}\":\""));
        let place = place.map(|(_, place)| place);
        place.or_else(|| Some(line.strip_prefix(word)?.strip_prefix(' ')?.trim_start()))
    })?;
    let place = place.trim_start_matches("http://");
    place.split(['/', ' ', '"']).next()?.parse().ok()
}

fn last_line(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().last().unwrap_or_default().to_owned()
}

/// A contender's name without what file names should not have.
fn file_name(name: &str) -> String {
    let words: Vec<_> = name
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words.join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{announced, file_name};

    #[test]
    fn only_the_address_for_requests_is_taken() {
        let lines = [
            ("listening 127.0.0.1:4000", Some(4000)),
            (
                "graphql  http://127.0.0.1:4001/graphql (and a page to try it at http://127.0.0.1:4001/)",
                Some(4001),
            ),
            (
                "admin    http://127.0.0.1:4002/readyz /healthz /metrics",
                None,
            ),
            (
                "embedded http://127.0.0.1:4003/status (backends of this run)",
                None,
            ),
            ("serving 2 modules of guest/bench", None),
        ];
        for (line, port) in lines {
            assert_eq!(
                announced(line, &["listening", "graphql"]).map(|address| address.port()),
                port,
                "{line}"
            );
        }
    }

    #[test]
    fn names_become_file_names() {
        assert_eq!(
            file_name("mayfly, host calls (embedded)"),
            "mayfly-host-calls-embedded"
        );
        assert_eq!(
            file_name("axum + serde_json (floor)"),
            "axum-serde-json-floor"
        );
    }
}
