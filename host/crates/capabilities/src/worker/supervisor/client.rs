//! The host's side: the guard, and a keeper for each worker process.

use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use mayfly_runtime::program;
use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc as async_mpsc, watch};

use super::order::Order;
use super::{SUPERVISE, cgroup, hide_from_others, wire};

/// How a worker process ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::worker) struct Ended {
    /// Its exit status, where it exited.
    pub status: Option<i32>,
    /// The signal it ended by.
    pub signal: Option<i32>,
    /// Resident bytes for which it was ended, more than it may have.
    pub memory_bytes: Option<u64>,
    /// Processes and threads for which it was ended, more than it may have.
    pub tasks: Option<u64>,
    /// Whether it was ended because what it holds could not be seen.
    pub is_hidden: bool,
}

/// A worker process, as the host has it. When this is dropped, the process and all it forked are ended at once.
pub(in crate::worker) struct Keeper {
    pub pid: i32,
    commands: async_mpsc::UnboundedSender<u8>,
    end: End,
}

/// The end of a worker process, which may still be to come.
#[derive(Debug, Clone)]
pub(in crate::worker) struct End(watch::Receiver<Option<Ended>>);

impl End {
    /// Waits until nothing of it is left; how it ended, where that is known.
    pub(in crate::worker) async fn wait(&mut self) -> Option<Ended> {
        let ended = self.0.wait_for(Option::is_some).await.ok()?;
        ended.clone()
    }
}

impl Keeper {
    /// Sends SIGTERM to it all, and SIGKILL to what is left after two seconds.
    pub(in crate::worker) fn terminate(&self) {
        // It has ended when nobody takes this.
        let _ = self.commands.send(b't');
    }

    /// Sends SIGKILL to it all.
    pub(in crate::worker) fn kill(&self) {
        let _ = self.commands.send(b'k');
    }

    /// Its end.
    pub(in crate::worker) fn end(&self) -> End {
        self.end.clone()
    }
}

/// The guard of this process.
struct Guard {
    socket: UnixStream,
    /// Whether it has ended.
    gone: watch::Receiver<bool>,
}

static GUARD: Mutex<Option<Arc<Guard>>> = Mutex::new(None);

/// Starts what an order says, with these as its standard streams.
pub(in crate::worker) async fn supervise(
    order: &Order,
    [input, output, errors]: [OwnedFd; 3],
) -> Result<Keeper, String> {
    let failed = |error: std::io::Error| error.to_string();
    let bytes = order.encode()?;
    let guard = guard()?;
    let (own, keepers) = UnixStream::pair().map_err(failed)?;
    wire::send(&guard.socket, b"k", &[keepers.as_fd()])
        .map_err(|error| format!("the supervisor cannot be reached: {error}"))?;
    drop(keepers);
    let descriptors = [input.as_fd(), output.as_fd(), errors.as_fd()];
    wire::send(&own, &bytes, &descriptors).map_err(failed)?;
    own.set_nonblocking(true).map_err(failed)?;
    let own = tokio::net::UnixStream::from_std(own).map_err(failed)?;
    let (read, write) = own.into_split();
    let mut lines = BufReader::new(read).lines();
    let first = lines.next_line().await.map_err(failed)?;
    let first =
        first.ok_or("its supervisor ended; look for what ends processes of this machine")?;
    let pid = match first.split_once(' ') {
        Some(("started", pid)) => pid.parse().map_err(|_| format!("unexpected `{first}`"))?,
        Some(("failed", problem)) => return Err(problem.to_owned()),
        _ => return Err(format!("unexpected `{first}`")),
    };
    let (commands, given) = async_mpsc::unbounded_channel();
    let (tell, ended) = watch::channel(None);
    let gone = guard.gone.clone();
    let group = order.cgroup.clone();
    tokio::spawn(async move {
        let ended = look_after(lines, write, given, gone).await;
        if let Some(group) = group {
            // A keeper that was killed left it behind.
            let _ = tokio::task::spawn_blocking(move || cgroup::end(&group)).await;
        }
        let _ = tell.send(Some(ended));
    });
    Ok(Keeper {
        pid,
        commands,
        end: End(ended),
    })
}

/// Passes on what is said to a keeper, until it says that its worker ended, or is gone, or nobody wants the worker any more.
async fn look_after(
    mut lines: Lines<BufReader<OwnedReadHalf>>,
    mut write: OwnedWriteHalf,
    mut commands: async_mpsc::UnboundedReceiver<u8>,
    mut guard_gone: watch::Receiver<bool>,
) -> Ended {
    let ended = loop {
        tokio::select! {
            line = lines.next_line() => {
                break line.ok().flatten().and_then(|line| parse(&line));
            }
            command = commands.recv() => match command {
                Some(command) => drop(write.write_all(&[command]).await),
                // Closing the socket ends it.
                None => break None,
            },
            // The next guard would not find what this keeper may leave.
            () = until(&mut guard_gone) => break None,
        }
    };
    ended.unwrap_or_default()
}

async fn until(gone: &mut watch::Receiver<bool>) {
    // Whoever would say so is gone, too, when this fails.
    let _ = gone.wait_for(|gone| *gone).await;
}

fn parse(line: &str) -> Option<Ended> {
    let mut words = line.strip_prefix("ended ")?.split(' ').skip(1);
    let mut ended = Ended::default();
    while let Some(word) = words.next() {
        match word {
            "exit" => ended.status = words.next()?.parse().ok(),
            "signal" => ended.signal = words.next()?.parse().ok(),
            "memory" => ended.memory_bytes = words.next()?.parse().ok(),
            "tasks" => ended.tasks = words.next()?.parse().ok(),
            "hidden" => ended.is_hidden = words.next()? == "yes",
            _ => {}
        }
    }
    Some(ended)
}

/// The guard of this process, started when there is none.
fn guard() -> Result<Arc<Guard>, String> {
    let mut known = GUARD.lock();
    if let Some(guard) = known.as_ref().filter(|guard| !*guard.gone.borrow()) {
        return Ok(Arc::clone(guard));
    }
    let guard = Arc::new(start()?);
    *known = Some(Arc::clone(&guard));
    Ok(guard)
}

/// Starts a guard from a thread of its own, which lives as long as this process or the guard, and waits for it.
fn start() -> Result<Guard, String> {
    let failed = |error: std::io::Error| format!("cannot start the supervisor: {error}");
    // Before anything that could look at this process runs.
    hide_from_others()
        .map_err(|error| format!("cannot keep others from reading the host's memory: {error}"))?;
    let (own, guards) = UnixStream::pair().map_err(failed)?;
    let mut heard = own.try_clone().map_err(failed)?;
    let mut command = Command::new(program::program()?);
    command
        .arg0(program::NAME)
        .args(["worker", SUPERVISE])
        .env_clear()
        .stdin(Stdio::from(OwnedFd::from(guards)))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let (tell, started) = mpsc::channel();
    let (gone, is_gone) = watch::channel(false);
    let lives = move || {
        let child = command.spawn();
        // The command holds the other end of the socket.
        drop(command);
        let mut child = match child {
            Ok(child) => child,
            Err(error) => return drop(tell.send(Err(error))),
        };
        let _ = tell.send(Ok(()));
        // It never says anything: this ends when it does.
        let _ = heard.read(&mut [0]);
        gone.send_replace(true);
        let _ = child.wait();
    };
    let thread = thread::Builder::new().name("mayfly-workers".to_owned());
    thread.spawn(lives).map_err(failed)?;
    let started = started.recv().map_err(|error| error.to_string())?;
    started.map_err(failed)?;
    Ok(Guard {
        socket: own,
        gone: is_gone,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_read_as_keepers_say_it() {
        let exited = Ended {
            status: Some(3),
            ..Ended::default()
        };
        assert_eq!(parse("ended 17 exit 3 -"), Some(exited));
        let killed = Ended {
            signal: Some(9),
            memory_bytes: Some(5_000),
            ..Ended::default()
        };
        assert_eq!(parse("ended 17 signal 9 memory 5000"), Some(killed));
        assert_eq!(parse("started 17"), None);
    }
}
