//! The slowest operations of the last hour, with their plans. Plans name types, fields and modules; values are not in them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mayfly_graphql::OperationKind;
use parking_lot::Mutex;

use super::Operation;

/// Operations that are kept.
const KEPT: usize = 32;

/// For how long.
const AGE: Duration = Duration::from_secs(3_600);

/// What takes less is not slow, however fast the others are, and costs no more than looking at a number.
const LEAST_MICROS: u64 = 5_000;

/// Steps of a plan, and names in each list of a step, that are kept at most.
const STEPS: usize = 16;
const NAMES: usize = 16;

/// An operation that took long.
#[derive(Debug, Clone)]
pub struct SlowOperation {
    /// When its request had arrived, in milliseconds since 1970.
    pub at_ms: u64,
    /// From then until it was answered, or given up.
    pub time: Duration,
    /// Its trace.
    pub trace_id: String,
    /// Its name in the document.
    pub name: Option<String>,
    /// What it does.
    pub kind: OperationKind,
    /// The steps of its plan, a parent before its children.
    pub steps: Vec<PlanStep>,
    /// Steps that are not in the list.
    pub steps_left_out: usize,
    ended: Instant,
}

/// A field that a module answers.
#[derive(Debug, Clone)]
pub struct PlanStep {
    /// Its number in the plan.
    pub id: usize,
    /// The step that has to be complete first; none for a root field.
    pub parent: Option<usize>,
    /// The field, as `Type.field`.
    pub field: String,
    /// The module.
    pub module: String,
    /// The fields of the parent it is given.
    pub needs: Vec<String>,
    /// What is asked of it.
    pub selection: Vec<String>,
}

/// The slowest operations.
#[derive(Default)]
pub struct SlowOperations {
    kept: Mutex<Vec<SlowOperation>>,
    /// What an operation has to take to be kept, in microseconds, so that others need not wait for the list.
    least_micros: AtomicU64,
}

impl SlowOperation {
    /// An operation that took so long and ends now.
    #[must_use]
    pub fn of(operation: &Operation, time: Duration) -> Self {
        let steps = operation.plan.steps().take(STEPS).map(|step| PlanStep {
            id: step.id,
            parent: step.parent,
            field: format!("{}.{}", step.type_name, step.field_name),
            module: step.module.to_owned(),
            needs: names(step.needs.iter().map(|name| &**name)),
            selection: names(step.selection.iter().map(String::as_str)),
        });
        let steps: Vec<_> = steps.collect();
        Self {
            at_ms: operation.at_ms(),
            time,
            trace_id: operation.trace_id.clone(),
            name: operation.name.clone(),
            kind: operation.kind,
            steps_left_out: operation.plan.steps().count() - steps.len(),
            steps,
            ended: Instant::now(),
        }
    }
}

impl SlowOperations {
    /// Keeps an operation that took so long, if that is long.
    pub fn consider(&self, time: Duration, make: impl FnOnce() -> SlowOperation) {
        let least = self.least_micros.load(Ordering::Relaxed);
        if micros(time) < least.max(LEAST_MICROS) {
            return;
        }
        let operation = make();
        let mut kept = self.kept.lock();
        kept.retain(|known| known.ended.elapsed() < AGE);
        kept.push(operation);
        kept.sort_by_key(|known| std::cmp::Reverse(known.time));
        kept.truncate(KEPT);
        let least = kept.get(KEPT - 1).map_or(0, |last| micros(last.time));
        self.least_micros.store(least, Ordering::Relaxed);
    }

    /// The slowest few of the last hour, the slowest first.
    #[must_use]
    pub fn list(&self, count: usize) -> Vec<SlowOperation> {
        let mut kept = self.kept.lock();
        kept.retain(|known| known.ended.elapsed() < AGE);
        if kept.len() < KEPT {
            self.least_micros.store(0, Ordering::Relaxed);
        }
        kept.iter().take(count).cloned().collect()
    }

    /// Lets faster operations in again when those that were slower have grown old. To be called now and then.
    pub fn forget_old(&self) {
        drop(self.list(0));
    }
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    names.take(NAMES).map(str::to_owned).collect()
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(millis: u64) -> SlowOperation {
        SlowOperation {
            at_ms: 0,
            time: Duration::from_millis(millis),
            trace_id: String::new(),
            name: None,
            kind: OperationKind::Query,
            steps: Vec::new(),
            steps_left_out: 0,
            ended: Instant::now(),
        }
    }

    #[test]
    fn the_slowest_are_kept_and_others_cost_nothing() {
        let slow = SlowOperations::default();
        for millis in 1..=100 {
            slow.consider(Duration::from_millis(millis), || operation(millis));
        }
        let millis: Vec<_> = slow
            .list(100)
            .iter()
            .map(|operation| operation.time.as_millis())
            .collect();
        assert_eq!(millis.len(), KEPT);
        assert_eq!((millis.first(), millis.last()), (Some(&100), Some(&69)));
        let mut made = false;
        slow.consider(Duration::from_millis(68), || {
            made = true;
            operation(68)
        });
        assert!(!made, "it is faster than all that are kept");
    }
}
