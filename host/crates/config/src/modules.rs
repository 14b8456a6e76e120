//! `[modules.NAME]`: a component, what it may reach, and what one invocation of it may use.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Readers;
use crate::canary::Canary;
use crate::javascript::{JavaScript, ScriptHandler};
use crate::key::Key;
use crate::probe::Probe;
use crate::reader::{Table, count};
use crate::sections::Sections;

/// `[modules.NAME.limits]`: what one invocation may use, beside memory and time. Each is checked before the work it limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    pub host_calls: u32,
    pub pending: u32,
    pub handles: u32,
    pub rows: u32,
    /// `host_to_guest`.
    pub host_to_guest_bytes: u64,
    /// `unread`.
    pub unread_bytes: usize,
    /// `guest_to_host`.
    pub guest_to_host_bytes: usize,
    /// `output`.
    pub output_bytes: usize,
    pub output_depth: usize,
    pub log_lines: u32,
    pub log_bytes: u32,
    pub memories: u32,
    pub tables: u32,
    pub instances: u32,
}

/// `[modules.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// The name the schema uses.
    pub name: String,
    pub component: PathBuf,
    /// `source`; none where nothing builds it.
    pub source: Option<PathBuf>,
    /// `handler` and `environment`: what matters if the source is JavaScript.
    pub javascript: JavaScript,
    /// `memory`, in bytes.
    pub memory_bytes: u64,
    pub deadline: Duration,
    /// `share`, in per cent.
    pub share_percent: u8,
    pub max_batch: usize,
    /// What it may reach.
    pub grants: Sections,
    /// What it may use.
    pub budget: Budget,
    /// `[[modules.NAME.probe]]`.
    pub probes: Vec<Probe>,
    /// How a new version of it is tried, unless the command that begins it says otherwise.
    pub canary: Canary,
}

const SHARE: Key<'_> = Key::new(
    "share",
    "How much of the guest memory, and of each backend's connections, its invocations may have at once; never less than one invocation and \
     one connection.",
)
.or("75 % where there are several modules, so that none takes everything; otherwise 100 %");
const GUEST_TO_HOST: Key<'_> = Key::new(
    "guest_to_host",
    "Bytes the guest hands to calls in all, and bytes it may hand over at once. What the host makes of JSON counts too: half of its text \
     again, 48 bytes for each value, 384 for each key of an item; parameters of SQL twice, 128 for each value.",
);

/// The share of a module that is not alone: a quarter stays for the others, however stuck it is.
const SHARE_AMONG_SEVERAL: u8 = 75;

impl Module {
    /// The module's share of something there is `total` of, rounded, and never nothing.
    #[must_use]
    pub fn share_of(&self, total: usize) -> usize {
        let hundredths = total.saturating_mul(usize::from(self.share_percent));
        (hundredths.saturating_add(50) / 100).max(1)
    }

    pub(crate) fn read(
        root: &Path,
        (name, mut table): (String, Table<'_>),
        (readers, sections): (Readers<'_>, &Sections),
        is_only_one: bool,
    ) -> Self {
        let component = root.join(table.required(
            Key::new("component", "The file to load, relative to the app."),
            "\"build/NAME.wasm\"",
        ));
        let source = table
            .text(Key::new(
                "source",
                "What `mayfly build` makes the component from, if anything: a Rust crate, C++ or C, JavaScript, WebAssembly.",
            ))
           .map(|source| root.join(source));
        let javascript = JavaScript::read(&mut table);
        let memory_bytes = table.size(
            Key::new(
                "memory",
                "The cap over all linear memories and tables of one invocation.",
            ),
            16 << 20,
            64 << 10..=4 << 30,
        );
        let (least, most) = (Duration::from_millis(1), Duration::from_secs(900));
        let deadline = table.time(
            Key::new("deadline", "The time one invocation has, waiting included. Its calls end a tenth of it sooner, at most 100 ms, so that it can still answer."),
            Duration::from_secs(2),
            least..=most,
        );
        let share_percent = table.percent(
            SHARE,
            if is_only_one {
                100
            } else {
                SHARE_AMONG_SEVERAL
            },
        );
        let batch = match javascript.handler {
            ScriptHandler::Resolvers => 100,
            ScriptHandler::AppSync => 1,
        };
        let max_batch = count(table.number(
            Key::new(
                "max_batch",
                "Parents in one invocation. A handler of AppSync is given one event, or an array of them where this is more than 1.",
            )
            .or("`100`; `1` where `handler` is \"appsync\""),
            batch,
            1..=100_000,
        ));
        let mut grants = Sections::default();
        if let Some(mut table) = table.table(Key::new(
            "grants",
            "What the module may reach; nothing by default.",
        )) {
            for reader in readers {
                reader.read_grants(&mut table, sections, &mut grants);
            }
            table.finish();
        }
        let budget = Budget::read(table.table(Key::new(
            "limits",
            "What one invocation may use, besides memory and time. Each is checked before the work it limits.",
        )));
        let probes = table
            .list(Key::new(
                "probe",
                "A question that a version of the module has to answer before it is let in.",
            ))
            .into_iter()
            .map(Probe::read)
            .collect();
        let canary = Canary::read(table.table(Key::new(
            "canary",
            "How a new version of the module is tried on a share of the operations before it answers all of them. Each key may also be given \
             with the command that begins a canary.",
        )));
        table.finish();
        Self {
            name,
            component,
            source,
            javascript,
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
        let mut number = |name: &str, doc, value: &mut u32, most: u32| {
            let key = Key::new(name, doc);
            *value = u32::try_from(table.number(key, u64::from(*value), 0..=u64::from(most)))
                .unwrap_or(*value);
        };
        number(
            "host_calls",
            "Calls in all: everything that is sent to a backend.",
            &mut budget.host_calls,
            1_000_000,
        );
        number(
            "pending",
            "Calls under way at once.",
            &mut budget.pending,
            10_000,
        );
        number(
            "handles",
            "Handles at once: calls, transactions, row streams, and what WASI gives out.",
            &mut budget.handles,
            100_000,
        );
        number(
            "rows",
            "Rows that statements return, in all.",
            &mut budget.rows,
            u32::MAX,
        );
        number(
            "log_lines",
            "Lines of the log, with what is written to standard output and error.",
            &mut budget.log_lines,
            1_000_000,
        );
        number(
            "memories",
            "Memories in the component.",
            &mut budget.memories,
            Self::MAX_MEMORIES,
        );
        number(
            "tables",
            "Tables in the component.",
            &mut budget.tables,
            Self::MAX_TABLES,
        );
        number(
            "instances",
            "Instances of core modules in the component: adapters and shims are instances too.",
            &mut budget.instances,
            Self::MAX_INSTANCES,
        );
        // The reader of answers recurses once per level.
        budget.output_depth = count(table.number(
            Key::new("output_depth", "Nested arrays and objects in the answer."),
            budget.output_depth as u64,
            1..=128,
        ));
        budget.host_to_guest_bytes = table.size(
            Key::new(
                "host_to_guest",
                "Bytes of the answers that calls give to the guest, in all.",
            ),
            budget.host_to_guest_bytes,
            0..=4 << 30,
        );
        let mut size = |key: Key<'_>, value: &mut usize| {
            *value = count(table.size(key, *value as u64, 1_024..=1 << 30))
        };
        size(
            Key::new(
                "unread",
                "Bytes of answers that have arrived and that the guest has not taken yet, and so also of one answer.",
            ),
            &mut budget.unread_bytes,
        );
        size(GUEST_TO_HOST, &mut budget.guest_to_host_bytes);
        size(
            Key::new("output", "Bytes of the answer, over all parents."),
            &mut budget.output_bytes,
        );
        budget.log_bytes = u32::try_from(table.size(
            Key::new(
                "log_bytes",
                "Bytes of the log, with what is written to standard output and error.",
            ),
            u64::from(budget.log_bytes),
            0..=1 << 30,
        ))
        .unwrap_or(0);
        table.finish();
        budget
    }
}
