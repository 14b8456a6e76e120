//! The operations under way. Each is listed from when it was planned until it was answered or given up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use mayfly_graphql::{OperationKind, Plan, Prepared};
use parking_lot::Mutex;

use super::{History, SlowOperation, now_ms};

/// Characters of an operation's name that are kept: clients choose it.
const NAME_CHARACTERS: usize = 100;

/// An operation under way.
#[derive(Debug, Clone)]
pub struct Operation {
    /// When its request had arrived.
    pub arrived: Instant,
    /// Its trace.
    pub trace_id: String,
    /// Its name in the document.
    pub name: Option<String>,
    /// What it does.
    pub kind: OperationKind,
    /// What it is made of.
    pub plan: Arc<Plan>,
}

/// The operations under way, in the order they came.
#[derive(Default)]
pub struct Operations {
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    operations: BTreeMap<u64, Arc<Operation>>,
    next: u64,
}

/// An operation under way, for as long as this lives.
pub struct UnderWay {
    history: Arc<History>,
    number: u64,
    operation: Arc<Operation>,
}

impl Operation {
    /// When its request had arrived, in milliseconds since 1970: found out where somebody looks, since most operations nobody sees.
    #[must_use]
    pub fn at_ms(&self) -> u64 {
        let ago = u64::try_from(self.arrived.elapsed().as_millis()).unwrap_or(u64::MAX);
        now_ms().saturating_sub(ago)
    }
}

impl Operations {
    /// The first few of them, those that came first before the others.
    #[must_use]
    pub fn list(&self, count: usize) -> Vec<Arc<Operation>> {
        let open = self.open.lock();
        open.operations.values().take(count).cloned().collect()
    }
}

impl UnderWay {
    /// Lists an operation.
    #[must_use]
    pub fn begin(
        history: &Arc<History>,
        prepared: &Prepared,
        trace_id: &str,
        arrived: Instant,
    ) -> Self {
        let name = prepared.operation_name();
        let operation = Arc::new(Operation {
            arrived,
            trace_id: trace_id.to_owned(),
            name: name.map(|name| {
                let end = name.char_indices().nth(NAME_CHARACTERS);
                let shown = end.and_then(|(end, _)| name.get(..end));
                shown.unwrap_or(name).to_owned()
            }),
            kind: prepared.kind(),
            plan: prepared.plan().clone(),
        });
        let mut open = history.operations.open.lock();
        let number = open.next;
        open.next += 1;
        open.operations.insert(number, operation.clone());
        drop(open);
        Self {
            history: history.clone(),
            number,
            operation,
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut open = self.history.operations.open.lock();
        open.operations.remove(&self.number);
        drop(open);
        let time = self.operation.arrived.elapsed();
        let operation = &self.operation;
        self.history
            .slow
            .consider(time, || SlowOperation::of(operation, time));
    }
}
