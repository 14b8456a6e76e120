//! `[workers.NAME.methods.METHOD]`: what a worker may be asked.

use std::collections::BTreeMap;
use std::time::Duration;

use mayfly_config::reader::{Key, Table, count, millis};

/// A method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// Whether it changes anything.
    pub access: Access,
    /// `timeout`; `call_timeout` of the worker where there is none.
    pub timeout: Option<Duration>,
    /// `max_answer`: bytes of the largest value that is taken. Default 1 MiB.
    pub max_answer_bytes: usize,
}

/// What a method does to what is behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It may be tried again.
    Read,
    /// It is tried once, whatever happens.
    Write,
}

const METHODS: Key<'_> = Key::new(
    "methods",
    "A method of the worker that modules may be granted. NAME is what guests and the worker call it.",
);
const ACCESS: Key<'_> = Key::new(
    "access",
    "`read` for what changes nothing: it is tried once more when its process dies. `write` for anything else: it is tried once, and fails \
     with `outcome-unknown` when its process dies.",
)
.or("required");
const TIMEOUT: Key<'_> =
    Key::new("timeout", "The time one call of it has.").or("`call_timeout` of the worker");
const MAX_ANSWER: Key<'_> = Key::new(
    "max_answer",
    "The largest value that is taken as an answer.",
);

impl Method {
    /// Every method of a worker.
    pub(super) fn read_all(worker: &mut Table<'_>) -> BTreeMap<String, Self> {
        let methods = worker.tables(METHODS).into_iter();
        methods
            .map(|(name, table)| (name, Self::read(table)))
            .collect()
    }

    fn read(mut table: Table<'_>) -> Self {
        if !table.has("access") {
            table.problem(format!(
                "`{}` lacks `access`; add access = \"read\" if it changes nothing, or access = \"write\"",
                table.path
            ));
        }
        let access = table.word(ACCESS, &[("read", Access::Read), ("write", Access::Write)]);
        let method = Self {
            access: access.unwrap_or(Access::Write),
            timeout: table.time_if_set(TIMEOUT, &(millis(1)..=Duration::from_secs(300))),
            max_answer_bytes: count(table.size(MAX_ANSWER, 1 << 20, 1_024..=64 << 20)),
        };
        table.finish();
        method
    }
}
