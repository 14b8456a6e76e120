//! `[modules.NAME]`: a component, what it may reach, and what one invocation of it may use.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::grants::Grants;
use crate::probe::Probe;
use crate::reader::Table;
use crate::server::count;

/// `[modules.NAME.limits]`: what one invocation may use, beside memory and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// `host_calls` in all. Default 1,000.
    pub host_calls: u32,
    /// `pending` calls at once. Default 64.
    pub pending: u32,
    /// `host_to_guest`: bytes given to the guest by calls, in all. Default 16 MiB.
    pub host_to_guest_bytes: u64,
    /// `guest_to_host`: bytes one call or the answer may hand to the host. Default 8 MiB.
    pub guest_to_host_bytes: usize,
    /// `log_lines`. Default 100.
    pub log_lines: u32,
    /// `log_bytes`. Default 64 KiB.
    pub log_bytes: u32,
}

/// `[modules.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// The name the schema uses.
    pub name: String,
    /// `component`: the file to load.
    pub component: PathBuf,
    /// `source`: the Rust crate `mayfly build` makes it from, if any.
    pub source: Option<PathBuf>,
    /// `memory`: the cap over all linear memories and tables of one invocation, in bytes. Default 16 MiB.
    pub memory_bytes: u64,
    /// `deadline`: the time one invocation has, waiting included. Default 2 s.
    pub deadline: Duration,
    /// `max_batch`: parents in one invocation. Default 100.
    pub max_batch: usize,
    /// What it may reach.
    pub grants: Grants,
    /// What it may use.
    pub budget: Budget,
    /// `[[modules.NAME.probe]]`: what a version has to answer before it is let in.
    pub probes: Vec<Probe>,
}

impl Module {
    pub(crate) fn read(root: &Path, name: String, mut table: Table<'_>, statements: &BTreeSet<String>) -> Self {
        let component = root.join(table.required("component", "\"build/NAME.wasm\""));
        let source = table.text("source").map(|source| root.join(source));
        let memory_bytes = table.size("memory", 16 << 20, 64 << 10..=4 << 30);
        let (least, most) = (Duration::from_millis(1), Duration::from_secs(900));
        let deadline = table.time("deadline", Duration::from_secs(2), least..=most);
        let max_batch = count(table.number("max_batch", 100, 1..=100_000));
        let grants = table.table("grants").map_or_else(Grants::default, |table| Grants::read(table, statements));
        let budget = Budget::read(table.table("limits"));
        let probes = table.list("probe").into_iter().map(Probe::read).collect();
        table.finish();
        Self { name, component, source, memory_bytes, deadline, max_batch, grants, budget, probes }
    }
}

impl Budget {
    fn read(table: Option<Table<'_>>) -> Self {
        let default = Self {
            host_calls: 1_000,
            pending: 64,
            host_to_guest_bytes: 16 << 20,
            guest_to_host_bytes: 8 << 20,
            log_lines: 100,
            log_bytes: 64 << 10,
        };
        let Some(mut table) = table else { return default };
        let mut number = |key: &str, default: u32| {
            u32::try_from(table.number(key, u64::from(default), 0..=u64::from(u32::MAX))).unwrap_or(default)
        };
        let mut budget = Self {
            host_calls: number("host_calls", default.host_calls),
            pending: number("pending", default.pending),
            log_lines: number("log_lines", default.log_lines),
            ..default
        };
        budget.host_to_guest_bytes = table.size("host_to_guest", default.host_to_guest_bytes, 0..=4 << 30);
        budget.guest_to_host_bytes = count(table.size("guest_to_host", default.guest_to_host_bytes as u64, 1_024..=1 << 30));
        budget.log_bytes = u32::try_from(table.size("log_bytes", u64::from(default.log_bytes), 0..=1 << 30)).unwrap_or(0);
        table.finish();
        budget
    }
}
