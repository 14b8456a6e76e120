//! `[modules.NAME]`: a component, what it may reach, and what one invocation of it may use.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Readers;
use crate::canary::Canary;
use crate::probe::Probe;
use crate::reader::{Table, count};
use crate::sections::Sections;

/// `[modules.NAME.limits]`: what one invocation may use, beside memory and time. Each is checked before the work it limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// `host_calls` in all: everything that is sent to a backend. Default 1,000.
    pub host_calls: u32,
    /// `pending` calls at once. Default 64.
    pub pending: u32,
    /// `handles` at once: calls, transactions, row streams, and what WASI gives out. Default 4,096.
    pub handles: u32,
    /// `rows` that statements give, in all. Default 100,000.
    pub rows: u32,
    /// `host_to_guest`: bytes of the answers that calls give to the guest, in all. Default 16 MiB.
    pub host_to_guest_bytes: u64,
    /// `unread`: bytes of answers that are there and that the guest has not taken yet, and so also of one answer. Default 4 MiB.
    pub unread_bytes: usize,
    /// `guest_to_host`: bytes the guest hands to calls in all, and bytes it may hand over at once. What the host makes of JSON counts
    /// too: half of its text again, 48 bytes for each value, 384 for each key of an item; parameters of SQL twice, 128 for each value.
    /// Default 8 MiB.
    pub guest_to_host_bytes: usize,
    /// `output`: bytes of the answer, over all parents. Default 4 MiB.
    pub output_bytes: usize,
    /// `output_depth`: arrays and objects inside one another in the answer. Default 64.
    pub output_depth: usize,
    /// `log_lines`, with what is written to standard output and error. Default 100.
    pub log_lines: u32,
    /// `log_bytes`, with what is written to standard output and error. Default 64 KiB.
    pub log_bytes: u32,
    /// `memories` in the component. Default 4.
    pub memories: u32,
    /// `tables` in the component. Default 8.
    pub tables: u32,
    /// `instances` of core modules in the component: adapters and shims are instances too. Default 24.
    pub instances: u32,
}

/// `[modules.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// The name the schema uses.
    pub name: String,
    /// `component`: the file to load.
    pub component: PathBuf,
    /// `source`: what `mayfly build` makes it from, if anything: a Rust crate, C++ or C, WebAssembly.
    pub source: Option<PathBuf>,
    /// `memory`: the cap over all linear memories and tables of one invocation, in bytes. Default 16 MiB.
    pub memory_bytes: u64,
    /// `deadline`: the time one invocation has, waiting included. Default 2 s.
    pub deadline: Duration,
    /// `share`: how much of the guest memory, and of each backend's connections, its invocations may have at once, in per cent; never
    /// less than one invocation and one connection. Default 75 % where there are several modules, so that none takes everything.
    pub share_percent: u8,
    /// `max_batch`: parents in one invocation. Default 100.
    pub max_batch: usize,
    /// What it may reach.
    pub grants: Sections,
    /// What it may use.
    pub budget: Budget,
    /// `[[modules.NAME.probe]]`: what a version has to answer before it is let in.
    pub probes: Vec<Probe>,
    /// How a new version of it is tried, unless the command that begins it says otherwise.
    pub canary: Canary,
}

/// The share of a module that is not alone: a quarter stays for the others, however stuck it is.
const SHARE_AMONG_SEVERAL: u8 = 75;

impl Module {
    /// The module's share of something there is `total` of, and never nothing.
    #[must_use]
    pub fn share_of(&self, total: usize) -> usize {
        (total.saturating_mul(usize::from(self.share_percent)) / 100).max(1)
    }

    pub(crate) fn read(
        root: &Path,
        (name, mut table): (String, Table<'_>),
        (readers, sections): (Readers<'_>, &Sections),
        is_only_one: bool,
    ) -> Self {
        let component = root.join(table.required("component", "\"build/NAME.wasm\""));
        let source = table.text("source").map(|source| root.join(source));
        let memory_bytes = table.size("memory", 16 << 20, 64 << 10..=4 << 30);
        let (least, most) = (Duration::from_millis(1), Duration::from_secs(900));
        let deadline = table.time("deadline", Duration::from_secs(2), least..=most);
        let share_percent = table.percent(
            "share",
            if is_only_one {
                100
            } else {
                SHARE_AMONG_SEVERAL
            },
        );
        let max_batch = count(table.number("max_batch", 100, 1..=100_000));
        let mut grants = Sections::default();
        if let Some(mut table) = table.table("grants") {
            for reader in readers {
                reader.read_grants(&mut table, sections, &mut grants);
            }
            table.finish();
        }
        let budget = Budget::read(table.table("limits"));
        let probes = table.list("probe").into_iter().map(Probe::read).collect();
        let canary = Canary::read(table.table("canary"));
        table.finish();
        Self {
            name,
            component,
            source,
            memory_bytes,
            deadline,
            share_percent,
            max_batch,
            grants,
            budget,
            probes,
            canary,
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            host_calls: 1_000,
            pending: 64,
            handles: 4_096,
            rows: 100_000,
            host_to_guest_bytes: 16 << 20,
            unread_bytes: 4 << 20,
            guest_to_host_bytes: 8 << 20,
            output_bytes: 4 << 20,
            output_depth: 64,
            log_lines: 100,
            log_bytes: 64 << 10,
            memories: Self::MAX_MEMORIES,
            tables: Self::MAX_TABLES,
            instances: Self::MAX_INSTANCES,
        }
    }
}

impl Budget {
    /// The most a module may be given of what the pool of instances reserves for every place.
    pub const MAX_MEMORIES: u32 = 4;
    /// As above.
    pub const MAX_TABLES: u32 = 8;
    /// As above.
    pub const MAX_INSTANCES: u32 = 24;

    fn read(table: Option<Table<'_>>) -> Self {
        let mut budget = Self::default();
        let Some(mut table) = table else {
            return budget;
        };
        let mut number = |key: &str, value: &mut u32, most: u32| {
            *value = u32::try_from(table.number(key, u64::from(*value), 0..=u64::from(most)))
                .unwrap_or(*value);
        };
        number("host_calls", &mut budget.host_calls, 1_000_000);
        number("pending", &mut budget.pending, 10_000);
        number("handles", &mut budget.handles, 100_000);
        number("rows", &mut budget.rows, u32::MAX);
        number("log_lines", &mut budget.log_lines, 1_000_000);
        number("memories", &mut budget.memories, Self::MAX_MEMORIES);
        number("tables", &mut budget.tables, Self::MAX_TABLES);
        number("instances", &mut budget.instances, Self::MAX_INSTANCES);
        // The reader of answers recurses once per level.
        budget.output_depth =
            count(table.number("output_depth", budget.output_depth as u64, 1..=128));
        budget.host_to_guest_bytes =
            table.size("host_to_guest", budget.host_to_guest_bytes, 0..=4 << 30);
        let mut size = |key: &str, value: &mut usize| {
            *value = count(table.size(key, *value as u64, 1_024..=1 << 30))
        };
        size("unread", &mut budget.unread_bytes);
        size("guest_to_host", &mut budget.guest_to_host_bytes);
        size("output", &mut budget.output_bytes);
        budget.log_bytes =
            u32::try_from(table.size("log_bytes", u64::from(budget.log_bytes), 0..=1 << 30))
                .unwrap_or(0);
        table.finish();
        budget
    }
}
