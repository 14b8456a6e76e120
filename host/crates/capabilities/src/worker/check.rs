//! `mayfly worker check`: anybody's program, checked against every rule of the protocol that shows from outside.
//!
//! The program is started twice: the first time it is asked everything and drained, the second time its socket is closed. What it does
//! is told line by line; what is wrong with the remedy. It is not contained here: it runs as whoever types this, with an environment of
//! its own, as the host gives it.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use mayfly_json::{Limits, Tree};
use mayfly_telemetry::output;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::protocol::{Connection, Hello, Message, Outgoing, SMALL_BYTES, Unreadable, VERSION};

/// How long a worker has for a call here.
const CALL: Duration = Duration::from_secs(30);

/// How long a worker has to answer what nobody waits for any more, and `ping`.
const SOON: Duration = Duration::from_secs(2);

/// How long a second answer is waited for, which must not come.
const QUIET: Duration = Duration::from_millis(300);

/// The longest answer, in bytes.
const ANSWER_BYTES: usize = 16 << 20;

/// A method that no worker has.
const UNKNOWN: &str = "mayfly worker check: no such method";

/// What is checked, and how.
pub(super) struct Arguments {
    start_timeout: Duration,
    method: Option<String>,
    arguments: String,
    command: Vec<OsString>,
}

/// A program that runs.
struct Running {
    child: Child,
    /// None once it was closed.
    connection: Option<Connection>,
}

/// What is wrong, with the remedy, after which nothing more can be asked.
struct Wrong(String);

type Checked<T> = Result<T, Wrong>;

impl Arguments {
    pub(super) fn parse(arguments: &[OsString]) -> Option<Self> {
        let mut parsed = Self {
            start_timeout: Duration::from_secs(10),
            method: None,
            arguments: "null".to_owned(),
            command: Vec::new(),
        };
        let mut arguments = arguments.iter();
        while let Some(name) = arguments.next() {
            if name == "--" {
                parsed.command = arguments.cloned().collect();
                return (!parsed.command.is_empty()).then_some(parsed);
            }
            let value = arguments.next()?.to_str()?;
            match name.to_str()? {
                "--start-timeout" => {
                    parsed.start_timeout = Duration::from_secs(value.parse().ok()?);
                }
                "--call" => parsed.method = Some(value.to_owned()),
                "--arguments" => {
                    Tree::read(value, Limits::of_bytes(SMALL_BYTES)).ok()?;
                    parsed.arguments = value.to_owned();
                }
                _ => return None,
            }
        }
        None
    }
}

pub(super) fn run(arguments: Arguments) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            output::fail(error);
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(check(&arguments)) {
        Ok(()) => {
            output::print("it follows the protocol");
            ExitCode::SUCCESS
        }
        Err(Wrong(problem)) => {
            output::print(format_args!("wrong  {problem}"));
            output::print("it does not follow the protocol; see docs/worker-protocol.md");
            ExitCode::FAILURE
        }
    }
}

fn ok(what: &str) {
    output::print(format_args!("ok     {what}"));
}

fn wrong<T>(problem: impl Into<String>) -> Checked<T> {
    Err(Wrong(problem.into()))
}

async fn check(arguments: &Arguments) -> Checked<()> {
    let mut running = Running::start(arguments)?;
    let hello = running.hello(arguments).await?;
    running.ping().await?;
    let method = match &arguments.method {
        Some(method) => method.clone(),
        None => hello.methods.first().cloned().unwrap_or_default(),
    };
    running.call(&method, &arguments.arguments).await?;
    running.unknown().await?;
    running.call(&method, &arguments.arguments).await?;
    ok("after an error it takes the next call");
    running.unknown_keys(&method, &arguments.arguments).await?;
    running.cancel(&method, &arguments.arguments).await?;
    running.ping().await?;
    running.drain().await?;
    let mut again = Running::start(arguments)?;
    again.hello(arguments).await?;
    again.close().await
}

impl Running {
    fn start(arguments: &Arguments) -> Checked<Self> {
        let failed = |error: std::io::Error| Wrong(error.to_string());
        let (own, workers) = UnixStream::pair().map_err(failed)?;
        own.set_nonblocking(true).map_err(failed)?;
        let (program, rest) = arguments
            .command
            .split_first()
            .ok_or_else(|| Wrong("there is no command".to_owned()))?;
        let mut child = Command::new(program)
            .args(rest)
            .env_clear()
            .stdin(Stdio::from(OwnedFd::from(workers)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                Wrong(format!(
                    "{} cannot be started: {error}; install it, or correct its path",
                    program.display()
                ))
            })?;
        if let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) {
            tokio::spawn(relay("stdout", stdout));
            tokio::spawn(relay("stderr", stderr));
        }
        let stream = tokio::net::UnixStream::from_std(own).map_err(failed)?;
        Ok(Self {
            child,
            connection: Some(Connection::new(Box::new(stream))),
        })
    }

    fn connection(&mut self) -> Checked<&mut Connection> {
        let closed = || Wrong("the socket is closed".to_owned());
        self.connection.as_mut().ok_or_else(closed)
    }

    /// Waits for a message.
    async fn read(&mut self, time: Duration, what: &str) -> Checked<Message> {
        let read = timeout(time, self.connection()?.read(ANSWER_BYTES)).await;
        let frame = match read {
            Ok(Ok(frame)) => frame,
            Ok(Err(Unreadable::Closed | Unreadable::Broken(_))) => {
                let status = timeout(SOON, self.child.wait()).await;
                let how = match status {
                    Ok(Ok(status)) => format!("it exited ({status})"),
                    _ => "it closed descriptor 0 and keeps running".to_owned(),
                };
                return wrong(format!(
                    "{how} where {what} was expected; a worker reads and writes frames on descriptor 0 until that is closed"
                ));
            }
            Ok(Err(problem)) => {
                return wrong(format!(
                    "{problem}, where {what} was expected; a frame is a length of four bytes, big-endian, and that many bytes of JSON"
                ));
            }
            Err(_) => {
                return wrong(format!(
                    "no {what} within {time:?}; flush after each frame, and answer every call, cancelled ones included"
                ));
            }
        };
        Message::parse(&frame).map_err(|problem| {
            let shown = mayfly_error::shortened(&frame, 200).into_owned();
            Wrong(format!("it sent an invalid message: {problem}: {shown}"))
        })
    }

    async fn hello(&mut self, arguments: &Arguments) -> Checked<Hello> {
        let hello = match self.read(arguments.start_timeout, "hello").await? {
            Message::Hello(hello) => hello,
            other => {
                return wrong(format!(
                    "it said {} before hello; say hello first",
                    other.name()
                ));
            }
        };
        if hello.protocol != VERSION {
            return wrong(format!(
                "hello says protocol {}; this host speaks {VERSION}",
                hello.protocol
            ));
        }
        if hello.methods.is_empty() {
            return wrong("hello lists no method; list those that may be called");
        }
        self.quiet("hello").await?;
        ok(&format!(
            "hello: protocol {VERSION}, methods {}",
            hello.methods.join(", ")
        ));
        Ok(hello)
    }

    /// Whatever comes now was not asked for.
    async fn quiet(&mut self, after: &str) -> Checked<()> {
        match timeout(QUIET, self.connection()?.read(ANSWER_BYTES)).await {
            Err(_) => Ok(()),
            Ok(Ok(frame)) => wrong(format!(
                "it sent more after {after}: {}; answer each call once",
                mayfly_error::shortened(&frame, 200)
            )),
            Ok(Err(problem)) => wrong(format!(
                "after {after} {problem}; wait for the next frame until descriptor 0 is closed"
            )),
        }
    }

    async fn ping(&mut self) -> Checked<()> {
        let sent = self.connection()?.ping().await;
        let id = sent.map_err(|error| Wrong(error.to_string()))?;
        match self.read(SOON, "pong").await? {
            Message::Pong { id: said } if said == id => {}
            Message::Pong { id: said } => {
                return wrong(format!(
                    "pong has the id {said}; answer with that of ping, {id}"
                ));
            }
            other => return wrong(format!("it answered ping with {}", other.name())),
        }
        ok("ping: pong with its id");
        Ok(())
    }

    /// Makes a call; whether it was answered with a result.
    async fn ask(&mut self, method: &str, arguments: &str) -> Checked<bool> {
        let call = Outgoing {
            method,
            arguments,
            deadline_ms: CALL.as_millis(),
            trace_id: "00000000000000000000000000000001",
        };
        let sent = self.connection()?.call(&call).await;
        let id = sent.map_err(|error| Wrong(error.to_string()))?;
        self.answer(id, CALL).await
    }

    async fn answer(&mut self, id: u64, time: Duration) -> Checked<bool> {
        let (said, is_result) = match self.read(time, "the answer of a call").await? {
            Message::Result { id, .. } => (id, true),
            Message::Error { id, .. } => (id, false),
            other => {
                return wrong(format!(
                    "it said {} in the middle of a call; answer with result or error",
                    other.name()
                ));
            }
        };
        if said != id {
            return wrong(format!(
                "the answer has the id {said}; answer with that of the call, {id}"
            ));
        }
        self.quiet("the answer").await?;
        Ok(is_result)
    }

    async fn call(&mut self, method: &str, arguments: &str) -> Checked<()> {
        let is_result = self.ask(method, arguments).await?;
        let kind = if is_result { "result" } else { "error" };
        ok(&format!("call of {method}: one {kind} with its id"));
        Ok(())
    }

    async fn unknown(&mut self) -> Checked<()> {
        if self.ask(UNKNOWN, "null").await? {
            return wrong("a method that it does not have gave a result; answer with error");
        }
        ok("call of a method it does not have: one error with its id");
        Ok(())
    }

    async fn unknown_keys(&mut self, method: &str, arguments: &str) -> Checked<()> {
        // Beyond any number that was used.
        let id = 1_000_000;
        let method = mayfly_json::quoted(method);
        let frame = format!(
            "{{\"more\":{{\"id\":0}},\"type\":\"call\",\"trace_id\":\"0\",\"id\":{id},\"arguments\":{arguments},\"deadline_ms\":30000,\"method\":{method}}}"
        );
        let sent = self.connection()?.send(&frame).await;
        sent.map_err(|error| Wrong(error.to_string()))?;
        self.answer(id, CALL).await?;
        ok("keys in another order, and one it does not know: one answer");
        Ok(())
    }

    async fn cancel(&mut self, method: &str, arguments: &str) -> Checked<()> {
        let call = Outgoing {
            method,
            arguments,
            deadline_ms: 1,
            trace_id: "00000000000000000000000000000002",
        };
        let connection = self.connection()?;
        let sent = match connection.call(&call).await {
            Ok(id) => connection.cancel(id).await.map(|()| id),
            Err(error) => Err(error),
        };
        let id = sent.map_err(|error| Wrong(error.to_string()))?;
        self.answer(id, SOON).await?;
        ok("cancel: the call is still answered");
        Ok(())
    }

    async fn drain(&mut self) -> Checked<()> {
        let sent = self.connection()?.drain().await;
        sent.map_err(|error| Wrong(error.to_string()))?;
        let status = self.exit("drain").await?;
        if !status.success() {
            return wrong(format!(
                "after drain it exited with {status}; exit with status 0"
            ));
        }
        ok("drain: it exits with status 0");
        Ok(())
    }

    async fn close(&mut self) -> Checked<()> {
        self.connection = None;
        self.exit("the end of the socket").await?;
        ok("the end of the socket: it exits");
        Ok(())
    }

    async fn exit(&mut self, after: &str) -> Checked<ExitStatus> {
        match timeout(SOON, self.child.wait()).await {
            Ok(status) => status.map_err(|error| Wrong(error.to_string())),
            Err(_) => wrong(format!(
                "it still runs {SOON:?} after {after}, when the host sends SIGTERM; exit by itself"
            )),
        }
    }
}

/// Shows what it prints, which is not a frame.
async fn relay(stream: &str, from: impl AsyncRead + Unpin) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        output::print(format_args!("{stream} {line}"));
    }
}
