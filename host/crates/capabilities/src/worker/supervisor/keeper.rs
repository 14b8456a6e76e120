//! `mayfly worker keep`: one worker process, everything it forks, and their end.
//!
//! It gets an order and three descriptors from the host, starts the worker, and says `started PID`. It says `ended …` when nothing of
//! the worker is left, and exits. The host may say `t` (SIGTERM, after a while SIGKILL) or `k` (SIGKILL at once); when the host is gone
//! that is the same as `k`.
//!
//! Where no control group limits the worker, it looks at the resident memory and the number of tasks of the whole tree, and ends a tree
//! that has too much of either.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use mayfly_runtime::program;
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, getpid, set_child_subreaper, waitid,
};

use super::order::{MOST_BYTES, Order};
use super::{LAUNCH, cgroup, hide_from_others, tree, wire};

/// How often the tree is looked at. What grows faster than this is seen by the limit on its data, which the kernel holds.
const LOOK: Duration = Duration::from_millis(100);

/// From SIGTERM to SIGKILL.
const GRACE: Duration = Duration::from_secs(2);

/// Between two looks at what does not want to end.
const PAUSE: Duration = Duration::from_millis(2);

/// What a keeper waits for.
enum Event {
    Terminate,
    Kill,
    Exited,
}

/// A worker that runs.
struct Kept {
    child: Child,
    pid: i32,
    order: Order,
    /// Why it was ended, where that was the keeper's own doing.
    reason: Option<String>,
    /// When SIGTERM becomes SIGKILL.
    until: Option<Instant>,
}

pub(super) fn run() -> ExitCode {
    let prepared = set_child_subreaper(Some(getpid())).and_then(|()| hide_from_others());
    let socket = io::stdin().as_fd().try_clone_to_owned();
    let (Ok(()), Ok(socket)) = (prepared, socket) else {
        return ExitCode::FAILURE;
    };
    let mut socket = UnixStream::from(socket);
    match keep(&mut socket) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // The host is gone when this fails.
            let _ = writeln!(socket, "failed {problem}");
            ExitCode::FAILURE
        }
    }
}

fn keep(socket: &mut UnixStream) -> Result<(), String> {
    let (order, arguments, descriptors) = receive(socket)?;
    let child = start(&order, arguments, descriptors).inspect_err(|_| {
        if let Some(group) = &order.cgroup {
            cgroup::remove(group);
        }
    })?;
    let pid = i32::try_from(child.id()).map_err(|error| error.to_string())?;
    // The host is gone when this fails, which the loop finds, too.
    let _ = writeln!(socket, "started {pid}");
    let (tell, events) = channel();
    let heard = socket.try_clone().map_err(|error| error.to_string())?;
    let told = tell.clone();
    let begin = |work: Box<dyn FnOnce() + Send>| {
        let builder = thread::Builder::new().stack_size(64 << 10);
        builder.spawn(work).map_err(|error| error.to_string())
    };
    begin(Box::new(move || listen(heard, &told)))?;
    begin(Box::new(move || wait(pid, &tell)))?;
    let kept = Kept {
        child,
        pid,
        order,
        reason: None,
        until: None,
    };
    let said = kept.look_after(&events);
    let _ = writeln!(socket, "{said}");
    Ok(())
}

/// The order, and the three descriptors of the worker.
fn receive(socket: &UnixStream) -> Result<(Order, Vec<std::ffi::OsString>, [OwnedFd; 3]), String> {
    let mut bytes = Vec::new();
    let mut descriptors = Vec::new();
    let mut buffer = vec![0; 16 << 10];
    while !Order::is_whole(&bytes) {
        let received = wire::receive(socket, &mut buffer);
        let (count, beside) = received.map_err(|error| error.to_string())?;
        bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
        descriptors.extend(beside);
        if count == 0 || bytes.len() > MOST_BYTES {
            return Err("the order is cut off".to_owned());
        }
    }
    let descriptors = <[OwnedFd; 3]>::try_from(descriptors);
    let read = Order::decode(&bytes).zip(descriptors.ok());
    let ((order, arguments), descriptors) = read.ok_or("the order cannot be read")?;
    Ok((order, arguments, descriptors))
}

/// From this thread, the process's first: the worker's end with its keeper is bound to the thread that started it.
fn start(
    order: &Order,
    arguments: Vec<std::ffi::OsString>,
    [input, output, errors]: [OwnedFd; 3],
) -> Result<Child, String> {
    if let Some(group) = &order.cgroup {
        cgroup::create(group, order.memory_bytes, order.tasks)?;
    }
    let mut command = Command::new(program::running()?);
    command
        .arg0(program::NAME)
        .args(["worker", LAUNCH])
        .args(["--keeper", &std::process::id().to_string()]);
    if let Some(group) = &order.cgroup {
        command.arg("--cgroup").arg(group);
    }
    command
        .args(arguments)
        .env_clear()
        .envs(order.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::from(input))
        .stdout(Stdio::from(output))
        .stderr(Stdio::from(errors))
        .spawn()
        .map_err(|error| format!("cannot start its process: {error}"))
}

/// Says what the host says.
fn listen(mut socket: UnixStream, tell: &Sender<Event>) {
    let mut byte = [0];
    loop {
        let event = match socket.read(&mut byte) {
            Ok(1) if byte == *b"t" => Event::Terminate,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            _ => Event::Kill,
        };
        let is_last = matches!(event, Event::Kill);
        if tell.send(event).is_err() || is_last {
            return;
        }
    }
}

/// Says when the worker has ended, and leaves it to be reaped, so that its number stays its own.
fn wait(pid: i32, tell: &Sender<Event>) {
    if let Some(pid) = Pid::from_raw(pid) {
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(pid), ended), Err(Errno::INTR)) {}
    }
    let _ = tell.send(Event::Exited);
}

impl Kept {
    /// Until nothing of it is left; gives what the host is told.
    fn look_after(mut self, events: &Receiver<Event>) -> String {
        let mut looked = Instant::now();
        loop {
            match events.recv_timeout(LOOK) {
                Ok(Event::Exited) => return self.reap(),
                Ok(Event::Terminate) if self.until.is_none() => {
                    self.signal(Signal::TERM);
                    self.until = Some(Instant::now() + GRACE);
                }
                Ok(Event::Terminate) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Event::Kill) | Err(RecvTimeoutError::Disconnected) => self.kill(),
            }
            if self.until.is_some_and(|until| Instant::now() >= until) {
                self.kill();
            }
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                self.look();
            }
        }
    }

    /// The worker and everything below; itself it is a descendant of this process.
    fn tree(&self) -> Vec<i32> {
        tree::descendants(getpid().as_raw_nonzero().get())
    }

    fn signal(&self, signal: Signal) {
        tree::signal(&self.tree(), signal);
    }

    fn kill(&self) {
        match &self.order.cgroup {
            Some(group) if cgroup::kill(group) => {}
            // Stopped first, so that none of them forks meanwhile.
            _ => {
                self.signal(Signal::STOP);
                self.signal(Signal::KILL);
            }
        }
    }

    /// Ends a tree that has too much, or that hides what it has.
    fn look(&mut self) {
        if self.reason.is_some() || self.order.cgroup.is_some() {
            return;
        }
        let tree = self.tree();
        let memory = tree::resident_together(&tree);
        let tasks = tree::tasks(&tree);
        if memory > self.order.memory_bytes {
            self.reason = Some(format!("memory {memory}"));
        } else if tasks > self.order.tasks {
            self.reason = Some(format!("tasks {tasks}"));
        } else if tree.iter().any(|pid| tree::is_hidden(*pid)) {
            self.reason = Some("hidden yes".to_owned());
        }
        if self.reason.is_some() {
            self.kill();
        }
    }

    /// Ends and reaps what is left once the worker itself has ended.
    fn reap(mut self) -> String {
        let status = self.child.wait();
        // Whoever loses its parent becomes a child of this process, sooner or later: until there is none, something may be left.
        loop {
            self.signal(Signal::KILL);
            let reaped = loop {
                match rustix::process::wait(WaitOptions::NOHANG) {
                    Ok(Some(_)) | Err(Errno::INTR) => {}
                    other => break other,
                }
            };
            if reaped.is_err() {
                break;
            }
            thread::sleep(PAUSE);
        }
        if let Some(group) = &self.order.cgroup {
            if self.reason.is_none() {
                self.reason = cgroup::reason(group, self.order.memory_bytes);
            }
            cgroup::remove(group);
        }
        let status = status.map_or_else(
            |error| format!("lost {error}"),
            |status| match (status.code(), status.signal()) {
                (Some(code), _) => format!("exit {code}"),
                (None, Some(signal)) => format!("signal {signal}"),
                (None, None) => "lost".to_owned(),
            },
        );
        let reason = self.reason.as_deref().unwrap_or("-");
        format!("ended {} {status} {reason}", self.pid)
    }
}
