//! Starts a process of a worker, or connects to one on another machine, and waits for its hello.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::unix::pipe;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::configuration::{Local, Place, Program, Remote, Worker};
use super::failure::how;
use super::output::{About, relay};
use super::process::{Life, Process};
use super::protocol::{Connection, Hello, Message, SMALL_BYTES, Unreadable, VERSION};
use super::supervisor::{Cgroups, Keeper, Launch, Order, supervise};
use crate::dial::{Dialer, tls};

/// What a process may have of private writable memory beyond its resident limit: stacks of threads that nobody touches count, and
/// runtimes have many.
const DATA_BEYOND_BYTES: u64 = 256 << 20;

/// How long the end of a process that closed its socket is waited for, and its last words.
const LEARN: Duration = Duration::from_millis(500);

/// The worker program for assemblies, where the host is installed and where it is built.
const DOTNET_HOSTS: [&str; 2] = [
    "share/mayfly/workers/dotnet/mayfly-worker.exe",
    "workers/dotnet/mayfly-worker.exe",
];

/// A variable that names another one.
const DOTNET_HOST_VARIABLE: &str = "MAYFLY_DOTNET_WORKER";

/// What a worker is started in the midst of.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The app's directory, where commands with a slash are looked for.
    pub root: PathBuf,
    /// Files and directories that no worker may see: the store, and files of secrets.
    pub hidden: Vec<PathBuf>,
    /// What the files hold that are named in the configuration.
    pub files: BTreeMap<PathBuf, Vec<u8>>,
    /// Whether nothing is started: the app is only looked at.
    pub offline: bool,
}

/// What processes of one worker are made from.
pub(super) struct Source {
    worker: Worker,
    surroundings: Surroundings,
    /// For one on another machine.
    dialer: Option<Dialer>,
    /// Control groups that were made so far.
    groups: AtomicU64,
}

/// A process that said hello.
pub(super) struct Started {
    pub process: Process,
    pub hello: Hello,
}

impl Source {
    pub(super) fn new(worker: &Worker, surroundings: Surroundings) -> Result<Self, String> {
        let dialer = match &worker.place {
            Place::Local(_) => None,
            Place::Remote(remote) => Some(dialer(remote, &surroundings)?),
        };
        Ok(Self {
            worker: worker.clone(),
            surroundings,
            dialer,
            groups: AtomicU64::new(0),
        })
    }

    /// Starts one, or says why not, for operators. `place` is held until nothing of it is left.
    pub(super) async fn start(&self, place: OwnedSemaphorePermit) -> Result<Started, String> {
        if self.surroundings.offline {
            return Err("nothing is started".to_owned());
        }
        match (&self.worker.place, &self.dialer) {
            (Place::Local(local), _) => self.start_process(local, place).await,
            (Place::Remote(remote), Some(dialer)) => self.connect(remote, dialer, place).await,
            (Place::Remote(_), None) => Err("it has no address".to_owned()),
        }
    }

    /// The key of this worker's table.
    fn key(&self) -> String {
        format!("workers.{}", mayfly_config::key(&self.worker.name))
    }

    async fn connect(
        &self,
        remote: &Remote,
        dialer: &Dialer,
        place: OwnedSemaphorePermit,
    ) -> Result<Started, String> {
        let until = Instant::now() + remote.connect_timeout;
        let stream = dialer.dial().await?;
        let mut connection = Connection::new(stream);
        let about = About::new(&self.worker.name, None);
        let hello = match timeout_at(until, connection.read(SMALL_BYTES)).await {
            Ok(Ok(frame)) => self.hello(&frame)?,
            Ok(Err(problem)) => {
                return Err(format!("{} did not say hello: {problem}", remote.address));
            }
            Err(_) => {
                return Err(format!(
                    "{} did not say hello within `{}.connect_timeout` ({:?}); raise it, or see what the worker waits for",
                    remote.address,
                    self.key(),
                    remote.connect_timeout
                ));
            }
        };
        let process = Process::new(about, Life::endless(), connection, None, 0, place);
        Ok(Started { process, hello })
    }

    async fn start_process(
        &self,
        local: &Local,
        place: OwnedSemaphorePermit,
    ) -> Result<Started, String> {
        let until = Instant::now() + local.start_timeout;
        let order = self.order(local)?;
        let descriptors = |error: io::Error| self.few_descriptors(&error);
        let (own, workers) = UnixStream::pair().map_err(descriptors)?;
        let (output, outputs) = io::pipe().map_err(descriptors)?;
        let (errors, error_outputs) = io::pipe().map_err(descriptors)?;
        let streams = [
            OwnedFd::from(workers),
            OwnedFd::from(outputs),
            OwnedFd::from(error_outputs),
        ];
        let started = timeout_at(until, supervise(&order, streams)).await;
        let keeper = started.map_err(|_| self.too_slow(local, "start"))?;
        let keeper = keeper.map_err(|problem| self.with_limit(problem))?;
        own.set_nonblocking(true).map_err(descriptors)?;
        let stream = tokio::net::UnixStream::from_std(own).map_err(descriptors)?;
        let about = About::new(&self.worker.name, Some(keeper.pid));
        let output = pipe::Receiver::from_owned_fd(output.into()).map_err(descriptors)?;
        let errors = pipe::Receiver::from_owned_fd(errors.into()).map_err(descriptors)?;
        tokio::spawn(relay(Arc::clone(&about), "stdout", output));
        let errors = tokio::spawn(relay(Arc::clone(&about), "stderr", errors));
        let mut connection = Connection::new(Box::new(stream));
        let said = timeout_at(until, connection.read(SMALL_BYTES)).await;
        let hello = match said {
            Ok(Ok(frame)) => self.hello(&frame),
            Ok(Err(gone @ (Unreadable::Closed | Unreadable::Broken(_)))) => {
                Err(self.exited(&keeper, &about, errors, local, &gone).await)
            }
            Ok(Err(problem)) => Err(format!(
                "its first frame is not hello: {problem}; it speaks on descriptor 0, and may print on standard output"
            )),
            Err(_) => Err(self.too_slow(local, "say hello")),
        };
        let life = Life::of(local, rand::random());
        let memory_bytes = local.memory_bytes;
        let process = Process::new(about, life, connection, Some(keeper), memory_bytes, place);
        match hello {
            Ok(hello) => Ok(Started { process, hello }),
            Err(problem) => {
                // Its place is not free before it is gone.
                tokio::spawn(process.end("failed_start"));
                Err(problem)
            }
        }
    }

    /// Reads a hello.
    fn hello(&self, frame: &str) -> Result<Hello, String> {
        let hello = match Message::parse(frame) {
            Ok(Message::Hello(hello)) => hello,
            Ok(other) => {
                return Err(format!(
                    "it said {} before hello; hello comes first",
                    other.name()
                ));
            }
            Err(problem) => return Err(format!("its first frame is not hello: {problem}")),
        };
        if hello.protocol != VERSION {
            return Err(format!(
                "it speaks version {} of the protocol, and this host version {VERSION}; use the worker libraries that came with this host",
                hello.protocol
            ));
        }
        let offered = |method: &&String| !hello.methods.contains(method);
        if let Some(missing) = self.worker.methods.keys().find(offered) {
            tracing::warn!(
                worker = self.worker.name,
                "the worker does not have the method `{missing}` of `{}.methods`; it has {}",
                self.key(),
                hello.methods.join(", ")
            );
        }
        Ok(hello)
    }

    fn too_slow(&self, local: &Local, what: &str) -> String {
        format!(
            "it did not {what} within `{}.start_timeout` ({:?}); raise it, or see with `mayfly worker check -- COMMAND` what it waits for",
            self.key(),
            local.start_timeout
        )
    }

    /// What is said of a process that ended before its hello.
    async fn exited(
        &self,
        keeper: &Keeper,
        about: &About,
        errors: tokio::task::JoinHandle<()>,
        local: &Local,
        gone: &Unreadable,
    ) -> String {
        let learned = Instant::now() + LEARN;
        let known = timeout_at(learned, keeper.end().wait()).await;
        let how = match known.ok().flatten() {
            Some(ended) => how(&ended, &self.worker.name, local.memory_bytes),
            None => gone.to_string(),
        };
        tokio::select! {
            _ = errors => {}
            () = sleep_until(learned) => {}
        }
        let tail = about.tail();
        let said = if tail.is_empty() {
            "it wrote nothing to standard error".to_owned()
        } else {
            format!("standard error ends with: {tail}")
        };
        format!(
            "{how} before it said hello; {said}; correct `{}.{}`, or run it with `mayfly worker check -- COMMAND`",
            self.key(),
            match local.program {
                Program::Command(_) => "command",
                Program::DotNet { .. } => "dotnet",
            }
        )
    }

    fn few_descriptors(&self, error: &io::Error) -> String {
        self.with_limit(error.to_string())
    }

    /// The same with what to do, where descriptors ran out.
    fn with_limit(&self, problem: String) -> String {
        if problem.contains("os error 24") || problem.contains("os error 23") {
            return format!(
                "no descriptor is left for it ({problem}); raise the limit of open files (`ulimit -n`, LimitNOFILE=), or lower `{}.processes`",
                self.key()
            );
        }
        problem
    }

    fn order(&self, local: &Local) -> Result<Order, String> {
        let successors = local.processes + local.successors();
        let tasks = local.max_tasks;
        let group = Cgroups::here().ok();
        let number = self.groups.fetch_add(1, Ordering::Relaxed);
        let cgroup = group.map(|groups| {
            let name = self.worker.line as u64;
            groups.of_worker(name << 32 | number)
        });
        // In a control group the kernel knows the resident memory, and needs no estimate.
        let data = local.memory_bytes.saturating_add(DATA_BEYOND_BYTES);
        let environment = local.environment.iter();
        let runtime = local.program.environment().iter();
        Ok(Order {
            memory_bytes: local.memory_bytes,
            tasks,
            launch: Launch {
                data_bytes: cgroup.is_none().then_some(data),
                address_space_bytes: local.address_space_bytes,
                files: local.max_files,
                // Of all processes of that user: a limit that another one's threads count against would hit the wrong one.
                user_tasks: local.user.map(|_| tasks.saturating_mul(successors as u64)),
                uid: local.user.map(|user| user.uid),
                gid: local.user.map(|user| user.gid),
                directory: absolute(&local.directory)?,
                restrict_files: local.restrict_files && super::supervisor::can_restrict(),
                hidden: all_absolute(&self.surroundings.hidden)?,
                writable: all_absolute(&local.writable)?,
                command: self.command(local)?,
            },
            cgroup,
            // What the operator sets comes last, and counts.
            environment: runtime
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .chain(environment.map(|(name, value)| (name.into(), value.expose().into())))
                .collect(),
        })
    }

    /// The command with whatever it names found.
    pub(super) fn command(&self, local: &Local) -> Result<Vec<OsString>, String> {
        let key = self.key();
        match &local.program {
            Program::Command(words) => {
                let (name, arguments) = words.split_first().ok_or("it has no command")?;
                let program = find(name, &self.surroundings.root).ok_or_else(|| {
                    format!("there is no program `{name}`; install it, or correct `{key}.command`")
                })?;
                let arguments = arguments.iter().map(OsString::from);
                Ok([absolute(&program)?.into_os_string()]
                    .into_iter()
                    .chain(arguments)
                    .collect())
            }
            Program::DotNet { assembly, host } => {
                if !assembly.exists() {
                    return Err(format!(
                        "there is no assembly {}; build it, or correct `{key}.dotnet`",
                        assembly.display()
                    ));
                }
                let found = find("mono", &self.surroundings.root)
                    .or_else(|| find("dotnet", &self.surroundings.root));
                let runtime = found.ok_or_else(|| {
                    format!("neither `mono` nor `dotnet` is installed, which `{key}.dotnet` needs; install one (Debian: mono-runtime)")
                })?;
                let host = host.clone().or_else(dotnet_host).ok_or_else(|| {
                    format!("mayfly-worker.exe, which `{key}.dotnet` needs, is not beside this program; set `{key}.dotnet_host`")
                })?;
                let command = all_absolute(&[runtime, host, assembly.clone()])?;
                Ok(command.into_iter().map(Into::into).collect())
            }
        }
    }
}

/// A path that leads to the same from any directory: the worker is started in another one than this.
fn absolute(path: &Path) -> Result<PathBuf, String> {
    std::path::absolute(path).map_err(|error| {
        format!(
            "the path {} leads nowhere: {error}; start the host in a directory that exists",
            path.display()
        )
    })
}

fn all_absolute(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    paths.iter().map(|path| absolute(path)).collect()
}

/// A program: by its path from the app, or by its name in the host's PATH.
fn find(name: &str, root: &Path) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(root.join(name)).filter(|path| path.is_file());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|path| path.is_file())
}

/// The worker program for assemblies that came with the host.
fn dotnet_host() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(DOTNET_HOST_VARIABLE) {
        return Some(named.into());
    }
    let here = std::env::current_exe().ok()?;
    let above = here.ancestors().skip(1).take(3);
    above
        .flat_map(|directory| DOTNET_HOSTS.map(|path| directory.join(path)))
        .find(|path| path.is_file())
}

fn dialer(remote: &Remote, surroundings: &Surroundings) -> Result<Dialer, String> {
    let trust = tls::Trust {
        ca_file: remote.ca_file.as_deref(),
        client: remote.client_certificate.as_ref(),
        http2: false,
    };
    Ok(Dialer {
        address: remote.address.clone(),
        host: remote.host.clone(),
        tls: Some(tls::settings(trust, &surroundings.files)?),
        http2: false,
        proxy: None,
        allowed: Vec::new(),
        timeout: remote.connect_timeout,
        is_offline: surroundings.offline,
    })
}
