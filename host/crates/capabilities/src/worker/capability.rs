//! What the host knows of workers: one pool per `[workers.NAME]`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use mayfly_config::{Config, Problem};
use mayfly_error::CallError;
use mayfly_runtime::capability::{
    Before, Capability, Command, Connected, Kind, MemoryLine, Pool, PoolUsage, Setting,
    Surroundings,
};
use mayfly_runtime::imports::{Access, Calls};
use mayfly_runtime::sandbox::Data;
use tokio::time::Instant;
use wasmtime::component::{HasSelf, Linker};

use super::bindings::mayfly::resolver::worker;
use super::client::{Client, Clients};
use super::configuration::{Local, Place, Section, Worker};
use super::pool::pool_name;
use super::supervisor::{Cgroups, can_restrict};
use super::{command, metrics};
use crate::circuit::CircuitState;
use crate::share::by_module;
use crate::{hold_the_same, pool_gauges, problem_at};

/// What the sections of the configuration are called.
const SECTION: &str = "workers";

/// What a process takes of the host itself, in bytes: buffers, lines of its output, what is known of it.
const PROCESS_BYTES: u64 = 256 << 10;

/// What the process that looks after it takes, in bytes. Measured: 3 MiB of its own, and pages of the program that all share.
const KEEPER_BYTES: u64 = 6 << 20;

/// Descriptors of a process: its socket, its two outputs, and the socket of the one that looks after it.
const DESCRIPTORS: u64 = 4;

/// Code that runs in processes of its own.
pub struct WorkerCapability;

impl Access for WorkerCapability {
    type Backend = Clients;
    const NAME: &str = "worker";
}

impl Capability for WorkerCapability {
    fn link(&self, linker: &mut Linker<Data>) -> wasmtime::Result<()> {
        worker::add_to_linker::<Data, HasSelf<Calls>>(linker, Data::calls)
    }

    fn connect<'a>(
        &'a self,
        config: &'a Config,
        surroundings: &'a Surroundings,
        before: Option<Before<'a>>,
        problems: &'a mut Vec<Problem>,
    ) -> BoxFuture<'a, Connected> {
        let mut connected = Connected::default();
        let mut clients = Clients::new();
        for worker in said(config) {
            let kept = before.filter(|before| is_unchanged(worker, config, before.config));
            let name = pool_name(&worker.name);
            let kept = kept.and_then(|before| before.pools.get::<WorkerPool>(&name));
            let client = match kept {
                Some(kept) => Ok(kept.client.clone()),
                None => Client::new(worker, around(config, surroundings)),
            };
            match client {
                Ok(client) => {
                    clients.insert(worker.name.clone(), client.clone());
                    let line = worker.line;
                    let pool = WorkerPool { name, line, client };
                    connected.pools.push(Arc::new(pool), kept.is_none());
                }
                Err(problem) => {
                    let message = format!("{name}: {problem}");
                    problems.push(problem_at(config, worker.line, message));
                }
            }
        }
        let most = |client: &Client| client.worker().at_once();
        let shares = by_module(config, &clients, most, Client::with_share);
        connected.reach = Some(Box::new(|backends| {
            backends.with_shares::<Self>(Arc::new(clients), shares)
        }));
        Box::pin(std::future::ready(connected))
    }

    fn memory(&self, config: &Config) -> Vec<MemoryLine> {
        said(config).iter().flat_map(lines).collect()
    }

    fn settings(&self, config: &Config) -> Vec<Setting> {
        let locals = said(config).iter().enumerate();
        let locals = locals.filter_map(|(index, worker)| match &worker.place {
            Place::Local(local) => Some((index, worker, local)),
            Place::Remote(_) => None,
        });
        locals
            .map(|(index, worker, local)| {
                Setting::new(
                    format!("{SECTION}.{}", mayfly_config::key(&worker.name)),
                    "processes",
                    Kind::Count,
                    (local.processes as u64, 1),
                    move |config, number| set_processes(config, index, number),
                )
            })
            .collect()
    }

    fn connections(&self, config: &Config) -> u64 {
        let each = |worker: &Worker| match worker.place {
            Place::Local(_) => worker.at_most() as u64 * DESCRIPTORS,
            Place::Remote(_) => worker.at_most() as u64,
        };
        said(config).iter().map(each).sum()
    }

    fn command(&self) -> Option<Command> {
        Some(command::COMMAND)
    }
}

/// What the configuration says; nothing where it was read without this capability.
fn said(config: &Config) -> &[Worker] {
    let section = config.sections.get::<Section>();
    section.map_or(&[], |section| &section.workers)
}

fn set_processes(config: &mut Config, index: usize, number: u64) {
    config.sections.change(|section: &mut Section| {
        if let Some(Worker {
            place: Place::Local(local),
            ..
        }) = section.workers.get_mut(index)
        {
            local.processes = usize::try_from(number).unwrap_or(usize::MAX);
        }
    });
}

/// The lines of one worker: what its processes hold, and what the host holds for them.
fn lines(worker: &Worker) -> Vec<MemoryLine> {
    let name = &worker.name;
    let most = worker.at_most() as u64;
    // A call as it is sent, an answer as it came, and the JSON its guest is given.
    let own = PROCESS_BYTES + 2 * worker.max_answer_bytes() as u64;
    let key = match worker.place {
        Place::Local(_) => "workers.NAME.processes",
        Place::Remote(_) => "workers.NAME.connections",
    };
    let shown = mayfly_config::units::show_bytes(own);
    let calls = MemoryLine::new(
        format!("{most} calls of worker `{name}`, {shown} each"),
        most * own,
        Some(key),
    );
    let Place::Local(local) = &worker.place else {
        return vec![calls];
    };
    let each = local.memory_bytes + KEEPER_BYTES;
    let shown = mayfly_config::units::show_bytes(each);
    let successors = local.successors();
    let processes = MemoryLine::new(
        format!(
            "{} processes of worker `{name}` and {successors} to replace them, {shown} each with its keeper",
            local.processes
        ),
        most * each,
        Some("workers.NAME.memory"),
    );
    vec![processes, calls]
}

/// Whether a worker is configured as it was, wherever in the file, with what it may not see.
fn is_unchanged(worker: &Worker, config: &Config, was: &Config) -> bool {
    let configured = said(was).iter().any(|before| {
        let moved = Worker {
            line: worker.line,
            ..before.clone()
        };
        moved == *worker
    });
    configured && hidden(config) == hidden(was) && hold_the_same(worker.named_files(), config, was)
}

/// What no worker may see: what the host executes, and files of secrets and keys.
fn hidden(config: &Config) -> Vec<PathBuf> {
    let mut hidden = BTreeSet::from([config.store()]);
    hidden.extend(config.value_files.iter().cloned());
    hidden.extend(config.named_files.iter().cloned());
    hidden.into_iter().collect()
}

fn around(config: &Config, surroundings: &Surroundings) -> super::start::Surroundings {
    super::start::Surroundings {
        root: config.root.clone(),
        hidden: hidden(config),
        files: config.named.clone(),
        offline: surroundings.offline,
    }
}

/// A pool, as one app has it.
struct WorkerPool {
    name: String,
    line: usize,
    client: Client,
}

impl WorkerPool {
    fn local(&self) -> Option<&Local> {
        match &self.client.worker().place {
            Place::Local(local) => Some(local),
            Place::Remote(_) => None,
        }
    }
}

impl Pool for WorkerPool {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn line(&self) -> usize {
        self.line
    }

    fn start(&self) {
        self.client.start();
    }

    fn check(&self, deadline: Instant) -> BoxFuture<'_, Result<(), CallError>> {
        Box::pin(self.client.check(deadline))
    }

    fn goes_without(&self) -> Vec<String> {
        self.local().map(lacking).unwrap_or_default()
    }

    fn describe<'a>(
        &'a self,
        config: &'a Config,
        deadline: Instant,
    ) -> BoxFuture<'a, Vec<Problem>> {
        Box::pin(async move {
            let of_this =
                |message| problem_at(config, self.line, format!("{}: {message}", self.name));
            let has = match self.client.try_out(deadline).await {
                Ok(has) => has,
                Err(problem) => return vec![of_this(problem)],
            };
            let declared = self.client.worker().methods.keys();
            declared
                .filter(|method| !has.contains(method))
                .map(|method| {
                    of_this(format!(
                        "the worker does not have the method `{method}`; it has {}",
                        has.join(", ")
                    ))
                })
                .collect()
        })
    }

    fn usage(&self) -> PoolUsage {
        self.client.status().usage
    }

    fn record_gauges(&self) {
        let status = self.client.status();
        pool_gauges::record(&self.name, &status.usage);
        let state = |is_open: bool| {
            if is_open {
                CircuitState::Open
            } else {
                CircuitState::Closed
            }
        };
        let worker = self.client.worker();
        metrics::circuit(&worker.name, "starts", state(status.starts_open));
        for method in worker.methods.keys() {
            let is_open = status.methods_open.contains(method);
            metrics::circuit(&worker.name, method, state(is_open));
        }
    }

    fn clear_gauges(&self) {
        pool_gauges::clear(&self.name, &self.usage());
        let worker = self.client.worker();
        metrics::resident(&worker.name, 0);
        let methods = worker.methods.keys().map(String::as_str);
        for of in methods.chain(["starts"]) {
            metrics::circuit(&worker.name, of, CircuitState::Closed);
        }
    }
}

/// What this system does not have of what contains processes.
fn lacking(local: &Local) -> Vec<String> {
    let mut lacking = Vec::new();
    if local.restrict_files && !can_restrict() {
        lacking.push(if local.user.is_some() {
            "Landlock cannot be used here, so only the rights of its user keep the worker out of the store and of secrets".to_owned()
        } else {
            "Landlock cannot be used here, so the worker can read and write whatever the host's user can, the store included; add `user`, use a newer kernel (5.13 or later), or let the host make its system calls (`SystemCallFilter=` of systemd, the profile of a container)".to_owned()
        });
    }
    if let Err(why) = Cgroups::here() {
        lacking.push(format!(
            "{why}, so memory is limited by RLIMIT_DATA and a check every 100 ms, and processes by that check alone"
        ));
    }
    lacking
}
