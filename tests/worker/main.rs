//! A worker for tests, which misbehaves when it is told to.
//!
//! How it starts is said by its first argument; what it does in a call, by the method and its arguments.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a worker of tests ends by panicking"
)]

use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, getpid, kill_process, prlimit};
use serde_json::{Value, json};

/// Every method.
const METHODS: [&str; 11] = [
    "Echo",
    "Count",
    "Fail",
    "Misbehave",
    "Leak",
    "Record",
    "Reach",
    "Tree",
    "Print",
    "Sleep",
    "Work",
];

struct Worker {
    socket: UnixStream,
    /// What it keeps between calls.
    calls: u64,
    leaked: Vec<Vec<u8>>,
}

fn main() {
    let socket = io::stdin().as_fd().try_clone_to_owned().unwrap();
    let mut worker = Worker {
        socket: UnixStream::from(socket),
        calls: 0,
        leaked: Vec::new(),
    };
    let start = std::env::args().nth(1).unwrap_or_default();
    let (how, value) = start.split_once(':').unwrap_or((&start, ""));
    match how {
        "exit" => {
            eprintln!("it had better not");
            std::process::exit(value.parse().unwrap());
        }
        "silent" => loop {
            std::thread::park();
        },
        "garbage" => worker.bytes(b"HTTP/1.1 200 OK\r\n\r\n"),
        "protocol" => {
            worker.say(&json!({ "type": "hello", "protocol": value.parse::<u64>().unwrap(), "methods": METHODS }));
        }
        "result" => worker.say(&json!({ "type": "result", "id": 1, "value": 1 })),
        // Every so often it does not start at all.
        "unless" if fs::exists(value).unwrap() => std::process::exit(4),
        _ => worker.say(&json!({ "type": "hello", "protocol": 1, "methods": METHODS })),
    }
    while let Some(message) = worker.hear() {
        match message["type"].as_str().unwrap() {
            "call" => worker.call(&message),
            "ping" => worker.say(&json!({ "type": "pong", "id": message["id"] })),
            "drain" if how == "stays" => {}
            "drain" => return,
            _ => {}
        }
    }
    if how == "stays" {
        loop {
            std::thread::park();
        }
    }
}

impl Worker {
    fn hear(&mut self) -> Option<Value> {
        let mut length = [0; 4];
        self.socket.read_exact(&mut length).ok()?;
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        self.socket.read_exact(&mut frame).ok()?;
        Some(serde_json::from_slice(&frame).unwrap())
    }

    fn bytes(&mut self, bytes: &[u8]) {
        // Whoever went away does not read it.
        let _ = self.socket.write_all(bytes);
    }

    fn frame(&mut self, text: &[u8]) {
        let mut frame = u32::try_from(text.len()).unwrap().to_be_bytes().to_vec();
        frame.extend_from_slice(text);
        self.bytes(&frame);
    }

    fn say(&mut self, message: &Value) {
        self.frame(message.to_string().as_bytes());
    }

    fn answer(&mut self, id: &Value, value: &Value) {
        self.say(&json!({ "type": "result", "id": id, "value": value }));
    }

    fn call(&mut self, call: &Value) {
        self.calls += 1;
        let (id, arguments) = (&call["id"], &call["arguments"]);
        match call["method"].as_str().unwrap() {
            "Echo" => self.answer(id, arguments),
            "Count" => {
                let environment: Vec<_> = std::env::vars().collect();
                let here = std::env::current_dir().unwrap();
                let value = json!({ "pid": std::process::id(), "calls": self.calls, "environment": environment, "directory": here });
                self.answer(id, &value);
            }
            "Fail" => self.say(&json!({ "type": "error", "id": id, "code": "NOT_FOUND", "message": arguments["message"] })),
            "Misbehave" => self.misbehave(id, arguments["how"].as_str().unwrap(), arguments),
            "Leak" => {
                let bytes = usize::try_from(arguments["bytes"].as_u64().unwrap()).unwrap();
                self.leaked.push(vec![1; bytes]);
                let value = json!({ "pid": std::process::id(), "kept": self.leaked.len() });
                self.answer(id, &value);
            }
            "Work" => {
                let bytes = arguments["leak"].as_u64().unwrap_or_default();
                self.leaked.push(vec![1; usize::try_from(bytes).unwrap()]);
                if let Some(how) = arguments["how"].as_str() {
                    return self.misbehave(id, how, arguments);
                }
                let value = json!({ "value": arguments["value"], "pid": std::process::id() });
                self.answer(id, &value);
            }
            "Record" => self.record(id, arguments),
            "Reach" => {
                let reached = reach(arguments["what"].as_str().unwrap(), arguments);
                self.answer(id, &reached.unwrap_or_else(|error| json!({ "error": error.to_string() })));
            }
            "Tree" => {
                let tree = tree(arguments);
                self.answer(id, &tree);
            }
            "Print" => {
                println!("{}", arguments["stdout"].as_str().unwrap_or_default());
                eprintln!("{}", arguments["stderr"].as_str().unwrap_or_default());
                self.answer(id, &Value::Null);
            }
            "Sleep" => {
                std::thread::sleep(Duration::from_millis(arguments["ms"].as_u64().unwrap()));
                let value = json!({ "pid": std::process::id() });
                self.answer(id, &value);
            }
            other => self.say(&json!({ "type": "error", "id": id, "code": "NO_METHOD", "message": format!("there is no method {other}") })),
        }
    }

    fn misbehave(&mut self, id: &Value, how: &str, arguments: &Value) {
        // With a file, only whoever makes it first does.
        if let Some(once) = arguments["once"].as_str()
            && fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(once)
                .is_err()
        {
            return self.answer(id, &json!("the second time"));
        }
        match how {
            "exit" => std::process::exit(3),
            "signal" => {
                eprintln!("about to go");
                let signal = i32::try_from(arguments["signal"].as_i64().unwrap()).unwrap();
                die_of(Signal::from_named_raw(signal).unwrap());
            }
            "hang" => loop {
                std::thread::park();
            },
            "other id" => self.answer(&json!(id.as_u64().unwrap() + 1), &Value::Null),
            "twice" => {
                self.answer(id, &json!("once"));
                self.answer(id, &json!("twice"));
            }
            "not json" => self.frame(b"{\"type\":\"result\",\"id\":"),
            "no frame" => self.bytes(b"debug: here\n and there\n"),
            "empty" => self.bytes(&[0; 4]),
            "other type" => self.say(&json!({ "type": "hello", "protocol": 1, "methods": [] })),
            "large" => {
                let bytes = usize::try_from(arguments["bytes"].as_u64().unwrap()).unwrap();
                self.answer(id, &json!("x".repeat(bytes)));
            }
            "grow" => loop {
                // Slowly enough to be seen before the limit on data.
                self.leaked.push(vec![1; 1 << 20]);
                std::thread::sleep(Duration::from_millis(2));
            },
            other => panic!("{other}"),
        }
    }

    /// Writes a line into a ledger, and dies before or after when told to.
    fn record(&mut self, id: &Value, arguments: &Value) {
        let die = |when: &str| {
            if arguments["die"] == when {
                die_of(Signal::SEGV);
            }
        };
        die("before");
        let line = format!("{}\n", arguments["line"].as_str().unwrap());
        let mut ledger = fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(arguments["ledger"].as_str().unwrap())
            .unwrap();
        ledger.write_all(line.as_bytes()).unwrap();
        die("after");
        self.answer(id, &Value::Null);
    }
}

/// Ends by a signal. The runtime's own handler takes the first one of some, and lets the next one through.
fn die_of(signal: Signal) -> ! {
    loop {
        kill_process(getpid(), signal).unwrap();
    }
}

/// What a worker may try that is not its own.
fn reach(what: &str, arguments: &Value) -> io::Result<Value> {
    let path = || arguments["path"].as_str().unwrap();
    Ok(match what {
        "read" => {
            let mut bytes = vec![0; 64];
            let count = fs::File::open(path())?.read(&mut bytes)?;
            json!(count)
        }
        "list" => json!(fs::read_dir(path())?.count()),
        "write" => {
            fs::write(path(), "written by a worker")?;
            json!("written")
        }
        "append" => {
            fs::OpenOptions::new().append(true).open(path())?;
            json!("opened")
        }
        "link" => {
            fs::hard_link(path(), arguments["to"].as_str().unwrap())?;
            json!("linked")
        }
        "rename" => {
            fs::rename(path(), arguments["to"].as_str().unwrap())?;
            json!("renamed")
        }
        "signal" => {
            let pid = i32::try_from(arguments["pid"].as_i64().unwrap()).unwrap();
            rustix::process::test_kill_process(Pid::from_raw(pid).unwrap())?;
            json!("could")
        }
        "take descriptors" => {
            let pid = i32::try_from(arguments["pid"].as_i64().unwrap()).unwrap();
            let few = Rlimit {
                current: Some(10),
                maximum: Some(10),
            };
            prlimit(Pid::from_raw(pid), Resource::Nofile, few)?;
            json!("could")
        }
        "leave memory" => {
            let made = Command::new("ipcmk").args(["--shmem", "4096"]).output()?;
            if !made.status.success() {
                return Err(io::Error::other(String::from_utf8_lossy(&made.stderr)));
            }
            json!(String::from_utf8_lossy(&made.stdout))
        }
        "descriptors" => {
            let listed = fs::read_dir("/proc/self/fd")?;
            let mut open = Vec::new();
            for entry in listed {
                let entry = entry?;
                let to = fs::read_link(entry.path()).unwrap_or_default();
                open.push(json!([entry.file_name().to_str(), to]));
            }
            json!(open)
        }
        "limits" => json!(fs::read_to_string("/proc/self/limits")?),
        "status" => json!(fs::read_to_string("/proc/self/status")?),
        other => panic!("{other}"),
    })
}

/// Forks what would outlive it; the numbers of all.
#[expect(
    clippy::zombie_processes,
    reason = "that nobody waits for them is what is tried"
)]
fn tree(arguments: &Value) -> Value {
    let shell = |script: &str| {
        let child = Command::new("/bin/sh")
            .args(["-c", script])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut output = child.stdout.unwrap();
        let mut byte = [0];
        // Until the end of the line: what was forked keeps the pipe open.
        while output.read(&mut byte).unwrap() == 1 && byte[0] != b'\n' {
            said.push(char::from(byte[0]));
        }
        said.trim().parse::<u32>().unwrap()
    };
    // A child; one whose parent is gone; one in a session of its own whose parent is gone; one that ignores SIGTERM.
    let mut pids = vec![
        shell("echo $$; exec /bin/sleep 1000"),
        shell("/bin/sleep 1000 >/dev/null & echo $!"),
        shell("/usr/bin/setsid /bin/sh -c 'echo $$; exec /bin/sleep 1000' & wait"),
        shell("(trap '' TERM; /bin/sleep 1000 >/dev/null & echo $!)"),
    ];
    for _ in 0..arguments["more"].as_u64().unwrap_or_default() {
        pids.push(shell("echo $$; exec /bin/sleep 1000"));
    }
    json!({ "pid": std::process::id(), "pids": pids })
}
