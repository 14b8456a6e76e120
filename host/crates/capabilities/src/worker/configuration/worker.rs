//! `[workers.NAME]`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use mayfly_config::reader::{Key, Table, millis};

use super::{Circuit, Local, Method, Remote};

/// `[workers.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// The name guests use.
    pub name: String,
    /// The line of the file it begins in, from 1.
    pub line: usize,
    pub place: Place,
    /// `[workers.NAME.methods.METHOD]`.
    pub methods: BTreeMap<String, Method>,
    /// `call_timeout`: for one call, waiting for a process included. Default 5 s.
    pub call_timeout: Duration,
    /// `cancel_grace`: how long a process has to answer once nobody waits any more. Default 1 s.
    pub cancel_grace: Duration,
    /// `circuit_failures` and `circuit_open`.
    pub circuit: Circuit,
}

/// Where a worker runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Local(Local),
    Remote(Remote),
}

const CALL_TIMEOUT: Key<'_> = Key::new(
    "call_timeout",
    "The time one call has, waiting for a process included; the invocation's deadline may be sooner.",
);
const CANCEL_GRACE: Key<'_> = Key::new(
    "cancel_grace",
    "How long a process has to answer once nobody waits for its call; then it is ended.",
);
const CIRCUIT_FAILURES: Key<'_> = Key::new(
    "circuit_failures",
    "Consecutive starts that fail, or processes that die in calls of one method without an answer between, after which nothing is \
     tried for a while; 0 for never.",
);
const CIRCUIT_OPEN: Key<'_> = Key::new(
    "circuit_open",
    "How long nothing is tried then, before a single start, or a single call of the method, may try.",
);

impl Worker {
    pub(super) fn read(root: &Path, name: String, mut table: Table<'_>) -> Self {
        let line = table.line();
        let most_time = Duration::from_secs(300);
        let remote = Remote::read(root, &mut table);
        let local = Local::read(root, &mut table, remote.is_some());
        let worker = Self {
            place: remote.map_or(Place::Local(local), Place::Remote),
            methods: Method::read_all(&mut table),
            call_timeout: table.time(CALL_TIMEOUT, Duration::from_secs(5), millis(1)..=most_time),
            cancel_grace: table.time(CANCEL_GRACE, Duration::from_secs(1), millis(0)..=most_time),
            circuit: Circuit {
                failures: u32::try_from(table.number(CIRCUIT_FAILURES, 5, 0..=10_000)).unwrap_or(5),
                open: table.time(
                    CIRCUIT_OPEN,
                    Duration::from_secs(5),
                    millis(10)..=Duration::from_secs(3_600),
                ),
            },
            name,
            line,
        };
        table.finish();
        worker
    }

    /// Calls under way at once.
    #[must_use]
    pub fn at_once(&self) -> usize {
        match &self.place {
            Place::Local(local) => local.processes,
            Place::Remote(remote) => remote.connections,
        }
    }

    /// Processes or connections there may be, those that follow or are ending included.
    #[must_use]
    pub fn at_most(&self) -> usize {
        match &self.place {
            Place::Local(local) => local.processes + local.successors(),
            Place::Remote(remote) => remote.connections,
        }
    }

    /// The largest value that any of its methods may answer, in bytes.
    pub(in crate::worker) fn max_answer_bytes(&self) -> usize {
        let sizes = self.methods.values().map(|method| method.max_answer_bytes);
        sizes.max().unwrap_or_default()
    }

    /// The files it names.
    pub(in crate::worker) fn named_files(&self) -> impl Iterator<Item = &Path> {
        let remote = match &self.place {
            Place::Remote(remote) => Some(remote),
            Place::Local(_) => None,
        };
        let client = remote.and_then(|remote| remote.client_certificate.as_ref());
        let client = client.map(|client| [client.chain.as_path(), client.key.as_path()]);
        let ca_file = remote.and_then(|remote| remote.ca_file.as_deref());
        ca_file.into_iter().chain(client.into_iter().flatten())
    }
}
