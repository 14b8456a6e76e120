//! Which core belongs to whom: servers on one, the load and the backends on the other.

use std::num::NonZeroU64;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use rustix::thread::{CpuSet, Pid, sched_getaffinity, sched_setaffinity, set_current_timer_slack};

use crate::accounting::threads;

/// Two cores this process may use.
#[derive(Clone, Copy)]
pub(crate) struct Cores {
    server: usize,
    load: usize,
}

impl Cores {
    /// # Errors
    ///
    /// When the cores are one, or not this process's to use.
    pub(crate) fn new(server: usize, load: usize) -> anyhow::Result<Self> {
        ensure!(
            server != load,
            "server and load need a core each; choose two with --server-core and --load-core"
        );
        let allowed = sched_getaffinity(None).context("cannot read which cores there are")?;
        for core in [server, load] {
            let usable = core < CpuSet::MAX_CPU && allowed.is_set(core);
            ensure!(
                usable,
                "core {core} is not there for this process; choose others with --server-core and --load-core"
            );
        }
        Ok(Self { server, load })
    }

    /// A command that runs on the servers' core from its first instruction, so that runtimes size themselves for one core, and
    /// that the kernel ends when this process ends in any way (also while it is stopped).
    pub(crate) fn server_command(&self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command
            .args([
                "--pdeathsig",
                "KILL",
                "--",
                "taskset",
                "--cpu-list",
                &self.server.to_string(),
            ])
            .arg(program);
        command
    }

    /// A command that runs on the load's core.
    pub(crate) fn load_command(&self, program: &Path) -> Command {
        let mut command = Command::new("taskset");
        command
            .args(["--cpu-list", &self.load.to_string()])
            .arg(program);
        command
    }

    /// Moves the calling thread, and threads it starts from now on, to the servers' core.
    pub(crate) fn take_server_core(&self) -> anyhow::Result<()> {
        sched_setaffinity(None, &only(self.server))
            .with_context(|| format!("cannot move to core {}", self.server))
    }

    /// Moves the calling thread, and threads and processes it starts from now on, to the load's core, and has its timers end on time
    /// instead of up to 50 µs later.
    pub(crate) fn take_load_core(&self) -> anyhow::Result<()> {
        set_current_timer_slack(Some(NonZeroU64::MIN)).context("cannot set the timer slack")?;
        sched_setaffinity(None, &only(self.load))
            .with_context(|| format!("cannot move to core {}", self.load))
    }

    /// Lets the main thread run before whatever else wants its core, so that latencies have nothing of its own waiting in them. Threads and
    /// processes that it starts are as all others.
    pub(crate) fn put_main_thread_first() -> anyhow::Result<()> {
        let process = std::process::id().to_string();
        let status = Command::new("chrt")
            .args(["--fifo", "--reset-on-fork", "--pid", "1", &process])
            .status()
            .context("cannot run chrt")?;
        ensure!(status.success(), "the main thread cannot run before others");
        Ok(())
    }

    /// Moves a running process with all of its threads to the load's core.
    pub(crate) fn give_load_core(&self, process: u32) -> anyhow::Result<()> {
        for thread in threads(process)? {
            let id = i32::try_from(thread).ok().and_then(Pid::from_raw);
            sched_setaffinity(id, &only(self.load))
                .with_context(|| format!("cannot move process {process}"))?;
        }
        Ok(())
    }
}

fn only(core: usize) -> CpuSet {
    let mut set = CpuSet::new();
    set.set(core);
    set
}
