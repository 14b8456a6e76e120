//! A worker process and its socket, driven frame by frame, as the host does it.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use mayfly_tests::{TestApp, mayfly, repository};
use serde_json::{Value, json};

/// How long a worker may be silent before a test is stuck.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running worker, killed when dropped.
pub struct Worker {
    child: Child,
    socket: UnixStream,
    last_id: u64,
}

/// How a worker ended, and what it wrote.
#[derive(Debug, PartialEq, Eq)]
pub struct End {
    pub code: Option<i32>,
    pub output: String,
    pub errors: String,
}

impl Worker {
    /// Starts a worker, which has said nothing yet.
    pub fn silent(mut command: Command) -> Self {
        let (socket, theirs) = UnixStream::pair().unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let child = command
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        // Closes this side's copy of the worker's end.
        drop(command);
        Self {
            child,
            socket,
            last_id: 0,
        }
    }

    /// Starts a worker and gives its hello.
    pub fn start(command: Command) -> (Self, Value) {
        let mut worker = Self::silent(command);
        let hello = worker.receive();
        assert_eq!(
            (&hello["type"], &hello["protocol"]),
            (&json!("hello"), &json!(1)),
            "{hello}"
        );
        (worker, hello)
    }

    /// Sends bytes as they are.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        // A worker that has ended already does not read.
        drop(self.socket.write_all(bytes));
    }

    /// Sends a frame.
    pub fn send(&mut self, body: &[u8]) {
        let mut frame = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
        frame.extend(body);
        self.send_raw(&frame);
    }

    /// Sends a message.
    pub fn say(&mut self, message: &Value) {
        self.send(message.to_string().as_bytes());
    }

    /// The next frame's text.
    pub fn receive_text(&mut self) -> String {
        let mut head = [0; 4];
        self.socket.read_exact(&mut head).expect("a frame");
        let mut body = vec![0; u32::from_be_bytes(head) as usize];
        self.socket.read_exact(&mut body).expect("a whole frame");
        String::from_utf8(body).expect("UTF-8")
    }

    /// The next message.
    pub fn receive(&mut self) -> Value {
        serde_json::from_str(&self.receive_text()).expect("JSON")
    }

    /// Begins a call whose arguments are JSON text, and gives its id.
    pub fn begin(&mut self, method: &str, arguments: &str) -> u64 {
        self.last_id += 1;
        let id = self.last_id;
        let call = format!(
            r#"{{"type":"call","id":{id},"method":{method:?},"deadline_ms":60000,"trace_id":"t","arguments":{arguments}}}"#
        );
        self.send(call.as_bytes());
        id
    }

    /// Makes a call whose arguments are JSON text, and gives the value's text.
    pub fn call_text(&mut self, method: &str, arguments: &str) -> String {
        let id = self.begin(method, arguments);
        let text = self.receive_text();
        let before = format!(r#"{{"type":"result","id":{id},"value":"#);
        text.strip_prefix(&before)
            .and_then(|rest| rest.strip_suffix('}'))
            .unwrap_or_else(|| panic!("{method} answered {text}"))
            .to_owned()
    }

    /// Makes a call, and gives its value.
    pub fn call(&mut self, method: &str, arguments: &Value) -> Value {
        serde_json::from_str(&self.call_text(method, &arguments.to_string())).expect("JSON")
    }

    /// Makes a call that fails, and gives code and message.
    pub fn fails(&mut self, method: &str, arguments: &str) -> (String, String) {
        let id = self.begin(method, arguments);
        let answer = self.receive();
        assert_eq!(
            (&answer["type"], &answer["id"]),
            (&json!("error"), &json!(id)),
            "{answer}"
        );
        let text = |key: &str| answer[key].as_str().unwrap().to_owned();
        (text("code"), text("message"))
    }

    /// Closes the socket and waits for the end.
    pub fn closed(self) -> End {
        let Self { child, socket, .. } = self;
        drop(socket);
        end_of(child)
    }

    /// Asks for the end and waits for it.
    pub fn drained(mut self) -> End {
        self.say(&json!({ "type": "drain" }));
        self.ended()
    }

    /// Waits for an end that comes by itself; the socket stays open until then.
    pub fn ended(self) -> End {
        let Self { child, socket, .. } = self;
        let end = end_of(child);
        drop(socket);
        end
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The resident memory, in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let statm = fs::read_to_string(format!("/proc/{}/statm", self.pid())).unwrap();
        let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
        pages * rustix::param::page_size() as u64
    }

    /// Whether the worker still answers: the next bytes of the socket are a frame, and not its end.
    pub fn answers(&mut self) -> bool {
        let mut head = [0; 4];
        if self.socket.read_exact(&mut head).is_err() {
            return false;
        }
        let mut body = vec![0; u32::from_be_bytes(head) as usize];
        self.socket.read_exact(&mut body).is_ok()
    }
}

fn end_of(child: Child) -> End {
    let output = child.wait_with_output().expect("the worker ends");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    End {
        code: output.status.code(),
        output: text(&output.stdout),
        errors: text(&output.stderr),
    }
}

/// A directory for what tests of workers build.
pub fn workshop() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let directory = repository().join("target/test-workers");
        fs::create_dir_all(&directory).unwrap();
        directory
    })
}

/// Runs a command that has to succeed.
pub fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The program that loads assemblies.
pub fn dotnet_program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let directory = workshop().join("dotnet");
        run(Command::new("sh")
            .arg(repository().join("host/workers/dotnet/build.sh"))
            .arg(&directory));
        directory.join("mayfly-worker.exe")
    })
}

/// Compiles an assembly of a source in `tests/legacy/assemblies` into a directory of its own, with references to others.
pub fn assembly(directory: &str, name: &str, source: &str, references: &[&Path]) -> PathBuf {
    let directory = workshop().join(directory);
    fs::create_dir_all(&directory).unwrap();
    let made = directory.join(name);
    let temporary = tempfile::TempDir::new_in(workshop()).unwrap();
    let mut command = Command::new("mcs");
    command.args([
        "-nologo",
        "-target:library",
        "-r:System.Core.dll",
        "-r:Microsoft.CSharp.dll",
    ]);
    for reference in references {
        command.arg(format!("-r:{}", reference.display()));
    }
    command
        .arg(format!("-out:{}", temporary.path().join(name).display()))
        .arg(repository().join("tests/legacy/assemblies").join(source));
    run(&mut command);
    fs::rename(temporary.path().join(name), &made).unwrap();
    made
}

/// A command that loads an assembly.
pub fn dotnet(assembly: &Path) -> Command {
    let mut command = Command::new("mono");
    command
        .arg(dotnet_program())
        .arg(assembly)
        // A debugger, where there is one, would look at each crash for seconds.
        .env("MONO_DEBUG", "no-gdb-backtrace");
    command
}

/// The app with the whole old system, built, with a ledger of its own.
pub fn legacy_system() -> TestApp {
    static MODULES: OnceLock<()> = OnceLock::new();
    MODULES.get_or_init(|| {
        legacy_app();
        run(mayfly().args(["build", "guest/apps/legacy"]));
    });
    TestApp::legacy().with_file("data/ledger.txt", b"")
}

/// The directory of that app, with its assembly and library built.
pub fn legacy_app() -> &'static Path {
    static APP: OnceLock<PathBuf> = OnceLock::new();
    APP.get_or_init(|| {
        let app = repository().join("guest/apps/legacy");
        run(Command::new("sh").arg(app.join("build.sh")));
        app
    })
}

/// The echo worker in C++.
pub fn cpp() -> Command {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    Command::new(PROGRAM.get_or_init(|| {
        let made = workshop().join("echo");
        let temporary = tempfile::TempDir::new_in(workshop()).unwrap();
        let source = repository().join("host/workers/cpp/echo.cpp");
        run(Command::new("c++")
            .args([
                "-std=c++17",
                "-O1",
                "-Wall",
                "-Wextra",
                "-Wpedantic",
                "-Werror",
            ])
            .arg(source)
            .arg("-o")
            .arg(temporary.path().join("echo")));
        fs::rename(temporary.path().join("echo"), &made).unwrap();
        made
    }))
}

/// The echo worker in Node.
pub fn node() -> Command {
    let mut command = Command::new("node");
    command.arg(repository().join("host/workers/node/echo.mjs"));
    command
}
