//! `mayfly worker supervise`: starts keepers for the host, and ends what they leave.
//!
//! Each byte from the host comes with a descriptor, the keeper's end of a socket to the host. When the host is gone, the socket to it
//! closes; the keepers find the same, and get the time they need to end their workers. Whatever then is left of anybody is ended here.
//!
//! Invariant: a keeper is started and reaped under one lock, so a child that is not a keeper was left behind by one, and may be ended.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use mayfly_runtime::program;
use rustix::process::{Pid, Signal, WaitOptions, getpid, set_child_subreaper, setsid, waitpid};

use super::{KEEP, hide_from_others, tree, wire};

/// How long keepers get to end their workers once the host is gone. They need milliseconds, and a machine may be busy.
const ENDING: Duration = Duration::from_secs(10);

/// Between two looks at what does not want to end.
const PAUSE: Duration = Duration::from_millis(2);

/// The keepers that run.
#[derive(Default)]
struct Keepers {
    running: Mutex<BTreeSet<i32>>,
    ended: Condvar,
}

pub(super) fn run() -> ExitCode {
    // A signal from the terminal of the host is not meant for workers. It fails where this is a session already.
    let _ = setsid();
    let prepared = set_child_subreaper(Some(getpid())).and_then(|()| hide_from_others());
    let socket = io::stdin().as_fd().try_clone_to_owned();
    let (Ok(()), Ok(socket)) = (prepared, socket) else {
        return ExitCode::FAILURE;
    };
    let keepers = Arc::<Keepers>::default();
    while let Ok((1.., mut descriptors)) = wire::receive(&socket, &mut [0]) {
        if let Some(control) = descriptors.pop() {
            // A keeper that cannot be started closes its socket, by which the host finds out.
            let _ = keepers.start(control);
        }
    }
    keepers.end();
    ExitCode::SUCCESS
}

impl Keepers {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<i32>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(self: &Arc<Self>, control: OwnedFd) -> io::Result<()> {
        let mut running = self.lock();
        let program = program::running().map_err(io::Error::other)?;
        let child = Command::new(program)
            .arg0(program::NAME)
            .args(["worker", KEEP])
            .env_clear()
            .stdin(Stdio::from(control))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        running.extend(i32::try_from(child.id()));
        drop(running);
        let keepers = Arc::clone(self);
        let waits = thread::Builder::new().stack_size(64 << 10);
        waits.spawn(move || keepers.wait(child))?;
        Ok(())
    }

    /// Waits for the end of a keeper, and ends what it left.
    fn wait(&self, mut child: Child) {
        let pid = i32::try_from(child.id()).unwrap_or_default();
        // Nothing but this waits for it, so it is there until here.
        let _ = child.wait();
        let mut running = self.lock();
        running.remove(&pid);
        sweep(&running);
        self.ended.notify_all();
    }

    /// Waits until all keepers are done, and ends what is left then.
    fn end(&self) {
        let until = Instant::now() + ENDING;
        let mut running = self.lock();
        while !running.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.ended.wait_timeout(running, left);
            running = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        running.clear();
        sweep(&running);
    }
}

/// Ends and reaps every child that is not a keeper, until there is none.
fn sweep(keepers: &BTreeSet<i32>) {
    let own = getpid().as_raw_nonzero().get();
    loop {
        let mut left = tree::children(own);
        left.retain(|pid| !keepers.contains(pid));
        if left.is_empty() {
            return;
        }
        tree::signal(&left, Signal::KILL);
        for pid in left.into_iter().filter_map(Pid::from_raw) {
            let _ = waitpid(Some(pid), WaitOptions::NOHANG);
        }
        thread::sleep(PAUSE);
    }
}
