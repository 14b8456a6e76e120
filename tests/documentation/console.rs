//! Runs the commands of a page in their order, in a directory of their own, and compares what they print with what the page shows.
//!
//! A line that begins with `$ ` is a command; it goes on while a quote is open. What follows is its output, `…` standing for anything.
//! `guest/apps/students` is a copy of the sample app. `mayfly serve APP` starts a server on free ports that serves until the page ends;
//! `localhost:8080` and `localhost:8081` are then its addresses. A page that uses them without a server is given the sample app.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use mayfly_tests::{TestApp, built, repository};
use serde_json::Value;

use super::page::{Page, pages};

/// The sample app, as pages name it.
const SAMPLE: &str = "guest/apps/students";

/// A command of a page, and the output that the page shows.
#[derive(Debug, PartialEq)]
struct Shown {
    command: String,
    output: String,
}

fn commands(text: &str) -> Vec<Shown> {
    let mut found: Vec<Shown> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        if open {
            let last = found.last_mut().unwrap();
            last.command.push('\n');
            last.command.push_str(line);
        } else if let Some(command) = line.strip_prefix("$ ") {
            found.push(Shown {
                command: command.to_owned(),
                output: String::new(),
            });
        } else if let Some(last) = found.last_mut() {
            last.output.push_str(line);
            last.output.push('\n');
        }
        open = found
            .last()
            .is_some_and(|last| last.command.matches('\'').count() % 2 == 1);
    }
    found
}

/// Whether an output is what a page shows of it.
fn agrees(shown: &str, output: &str) -> bool {
    let (shown, output) = (shown.trim(), output.trim());
    if shown.is_empty() {
        return true;
    }
    let mut parts = shown.split('…').map(str::trim);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = output.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, between)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in between {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// A server that a page started; killed when dropped.
struct Server {
    child: Child,
    graphql: String,
    admin: String,
}

impl Server {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .args(["--log-format", "json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut addresses = [None, None];
        while addresses.iter().any(Option::is_none) {
            let line = lines.next().expect("the server starts").unwrap();
            let said: Value = serde_json::from_str(&line).unwrap();
            for (address, name) in addresses.iter_mut().zip(["graphql", "admin"]) {
                let url = said[name].as_str().and_then(|url| url.split('/').nth(2));
                *address = address.take().or(url.map(str::to_owned));
            }
        }
        let [graphql, admin] = addresses.map(Option::unwrap);
        Self {
            child,
            graphql,
            admin,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What the commands of one page share.
struct Shell {
    directory: tempfile::TempDir,
    working: PathBuf,
    server: Option<Server>,
    _sample: TestApp,
}

impl Shell {
    fn new() -> Self {
        let sample = TestApp::students();
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join(SAMPLE);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(sample.path(), link).unwrap();
        Self {
            working: directory.path().to_path_buf(),
            directory,
            server: None,
            _sample: sample,
        }
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new(program);
        command
            .current_dir(&self.working)
            .env("PATH", format!("{}:{path}", built().display()))
            .env("MAYFLY_GUEST_TARGET_DIR", guest_target());
        command
    }

    fn serve(&mut self, app: &str) {
        let mut command = self.command(built().join("mayfly"));
        command.args(["serve", app]);
        self.server = Some(Server::start(command));
    }

    /// Runs a command; gives its standard output.
    fn run(&mut self, shown: &str) -> Result<String, String> {
        if let Some(app) = shown.strip_prefix("mayfly serve ") {
            self.serve(app.trim());
            return Ok(String::new());
        }
        if shown.contains("localhost:808") && self.server.is_none() {
            self.serve(SAMPLE);
        }
        let mut script = shown.to_owned();
        if let Some(server) = &self.server {
            script = script
                .replace("localhost:8080", &server.graphql)
                .replace("localhost:8081", &server.admin);
        }
        let kept = self.directory.path().join(".working");
        let output = self
            .command("sh")
            .args(["-ec", &format!("{script}\npwd > \"$0\"")])
            .arg(&kept)
            .output()
            .unwrap();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        self.working = PathBuf::from(fs::read_to_string(kept).unwrap().trim());
        Ok(String::from_utf8(output.stdout).unwrap())
    }
}

/// Where guests outside of the repository are compiled, so that each test does not compile their libraries again.
pub fn guest_target() -> PathBuf {
    repository().join("target/guests-outside")
}

fn run(page: &Page) -> usize {
    let mut shell = None;
    let mut done = 0;
    let wanted = |block: &super::Block| block.language == "console" && block.is_runnable();
    for block in page.blocks().into_iter().filter(wanted) {
        let shell = shell.get_or_insert_with(Shell::new);
        for shown in commands(&block.text) {
            let place = format!("{}:{}: {}", page.name, block.line, shown.command);
            let output = shell
                .run(&shown.command)
                .unwrap_or_else(|error| panic!("{place}: {error}"));
            assert!(
                agrees(&shown.output, &output),
                "{place} shows\n{}\nand prints\n{output}",
                shown.output
            );
            done += 1;
        }
    }
    done
}

#[test]
fn every_runnable_command_does_what_the_page_shows() {
    let done: usize = pages().iter().map(run).sum();
    assert!(done >= 10, "{done} commands were run");
}

#[test]
fn an_output_that_is_not_as_shown_is_noticed() {
    for (shown, output) in [
        ("a", "b"),
        ("a", "a b"),
        ("a…c", "a b"),
        ("…x…", "y"),
        ("…\nb", "b\nc"),
    ] {
        assert!(!agrees(shown, output), "{shown:?} {output:?}");
    }
    for (shown, output) in [
        ("", "b"),
        ("a\n", "a"),
        ("a…", "a b"),
        ("…\nb\n…", "a\nb\nc"),
        ("…", ""),
    ] {
        assert!(agrees(shown, output), "{shown:?} {output:?}");
    }
    let two = commands("$ one 'a\n b'\nout\n$ two\n");
    assert_eq!(two.len(), 2);
    assert_eq!(
        (two[0].command.as_str(), two[0].output.as_str()),
        ("one 'a\n b'", "out\n")
    );
    assert!(Path::new(SAMPLE).is_relative());
}
