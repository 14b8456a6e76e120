//! A server under the soak: a process of its own, with its resident memory and, for Mayfly, its metrics.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// How long a server may take until it says where it listens; Mayfly compiles its modules in this time.
const START_TIME: Duration = Duration::from_secs(120);

/// How long a server that no longer answers may take to end.
const END_TIME: Duration = Duration::from_secs(30);

/// A running server, killed when dropped.
pub(crate) struct Server {
    child: Child,
    log: PathBuf,
    pub(crate) address: SocketAddr,
    /// Where Mayfly tells its metrics.
    pub(crate) admin: Option<SocketAddr>,
}

impl Server {
    /// Starts it and waits until it says where it listens. What it writes to standard error goes to a file.
    pub(crate) fn start(command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let log_file =
            File::create(log).with_context(|| format!("cannot create {}", log.display()))?;
        let started = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log_file)
            .spawn();
        let mut child =
            started.with_context(|| format!("cannot run {}", command.get_program().display()))?;
        let output = child.stdout.take().context("no standard output")?;
        let (found, announcement) = mpsc::channel();
        // Goes on reading for as long as the server writes, so that the pipe never fills.
        thread::spawn(move || {
            let mut admin = None;
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                match line.split_whitespace().next() {
                    Some("admin") => admin = address(&line),
                    Some("graphql" | "listening") => {
                        if let Some(address) = address(&line) {
                            // Whoever waited may have given up by now.
                            let _ = found.send((address, admin));
                        }
                    }
                    _ => {}
                }
            }
        });
        let Ok((address, admin)) = announcement.recv_timeout(START_TIME) else {
            drop(child.kill().and_then(|()| child.wait()));
            bail!("it never said where it listens; see {}", log.display());
        };
        Ok(Self {
            child,
            log: log.to_path_buf(),
            address,
            admin,
        })
    }

    /// Its resident memory, in bytes; none once it has ended.
    pub(crate) fn resident_bytes(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
    }

    /// Why it no longer answers, in a word or two.
    pub(crate) fn end(&mut self) -> &'static str {
        let began = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && began.elapsed() < END_TIME {
            thread::sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        if log.contains("heap out of memory") {
            "out of memory"
        } else {
            "ended"
        }
    }

    /// Mayfly's metrics, a line each.
    pub(crate) fn metrics(&self) -> anyhow::Result<Vec<String>> {
        let admin = self.admin.context("this server has no metrics")?;
        let mut stream = TcpStream::connect(admin)?;
        write!(
            stream,
            "GET /metrics HTTP/1.1\r\nhost: {admin}\r\nconnection: close\r\n\r\n"
        )?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text.lines().map(str::to_owned).collect())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which one of them does.
        drop(self.child.kill().and_then(|()| self.child.wait()));
    }
}

/// The value of a metric's line that begins like this.
pub(crate) fn value(metrics: &[String], line: &str) -> Option<f64> {
    let found = metrics
        .iter()
        .find(|candidate| candidate.starts_with(line))?;
    found.rsplit(' ').next()?.parse().ok()
}

/// The address in `graphql http://127.0.0.1:8080/graphql …` and `listening 127.0.0.1:8080`.
fn address(line: &str) -> Option<SocketAddr> {
    let place = line
        .split_whitespace()
        .nth(1)?
        .trim_start_matches("http://");
    place.split('/').next()?.parse().ok()
}
