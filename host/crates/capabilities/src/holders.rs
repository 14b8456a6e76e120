//! Who holds connections or turns of a pool, and who waits for one: for logs and metrics.
//!
//! An entry is there for as long as what it stands for; it knows the module, what is done (a statement, a route, a method), the trace id,
//! and since when.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

/// As many are named in one log line.
const NAMED: usize = 8;

/// Callers that waited and got nothing are logged this often at most: under load there are thousands, and all for the same reason.
const BETWEEN_WARNINGS: Duration = Duration::from_secs(1);

/// For whom a connection is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Borrower {
    /// The module; `host` for the host's own checks.
    pub module: Arc<str>,
    /// The trace id of the operation; empty for the host's own checks.
    pub trace_id: Arc<str>,
}

impl Borrower {
    /// A module, in an operation.
    #[must_use]
    pub fn of(module: &str, trace_id: &str) -> Self {
        Self {
            module: module.into(),
            trace_id: trace_id.into(),
        }
    }

    /// The host itself.
    #[must_use]
    pub fn host() -> Self {
        Self {
            module: "host".into(),
            trace_id: "".into(),
        }
    }
}

/// Some who hold or wait.
#[derive(Debug, Default)]
pub(crate) struct Holders {
    present: Mutex<Present>,
}

/// Logs callers that waited and got nothing.
#[derive(Debug, Default)]
pub(crate) struct WaitedInVain(Mutex<Option<Instant>>);

#[derive(Debug, Default)]
struct Present {
    /// A place is used again when its entry has left.
    places: Vec<Option<Member>>,
    /// How many there are of each module; a module that was here once stays with zero, so that its gauge returns to it.
    by_module: BTreeMap<Arc<str>, usize>,
}

/// One of them.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) borrower: Borrower,
    /// The statement's name, the route, the method, or what else is done.
    pub(crate) task: Arc<str>,
    pub(crate) since: Instant,
}

/// A place on a roster, left when dropped.
#[derive(Debug)]
pub(crate) struct Entry {
    roster: Arc<Holders>,
    place: usize,
}

impl Holders {
    pub(crate) fn enter(self: &Arc<Self>, borrower: &Borrower, task: &Arc<str>) -> Entry {
        let member = Member {
            borrower: borrower.clone(),
            task: Arc::clone(task),
            since: Instant::now(),
        };
        let mut present = self.lock();
        match present.by_module.get_mut(&borrower.module) {
            Some(count) => *count += 1,
            None => drop(present.by_module.insert(Arc::clone(&borrower.module), 1)),
        }
        let places = &mut present.places;
        let place = places
            .iter()
            .position(Option::is_none)
            .unwrap_or(places.len());
        match places.get_mut(place) {
            Some(free) => *free = Some(member),
            None => places.push(Some(member)),
        }
        Entry {
            roster: Arc::clone(self),
            place,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().by_module.values().sum()
    }

    /// How many there are of each module. Modules that were there before are told with zero.
    pub(crate) fn by_module(&self) -> Vec<(Arc<str>, usize)> {
        self.lock()
            .by_module
            .iter()
            .map(|(module, count)| (Arc::clone(module), *count))
            .collect()
    }

    /// The longest there, in words: `assessments/assessments_by_student for 812 ms (trace 4bf9…)`.
    pub(crate) fn describe(&self) -> String {
        let mut members: Vec<Member> = self.lock().places.iter().flatten().cloned().collect();
        members.sort_by_key(|member| member.since);
        let mut text = String::new();
        for member in members.iter().take(NAMED) {
            let separator = if text.is_empty() { "" } else { ", " };
            let Borrower { module, trace_id } = &member.borrower;
            let ms = member.since.elapsed().as_millis();
            let _ = write!(
                text,
                "{separator}{module}/{} for {ms} ms (trace {trace_id})",
                member.task
            );
        }
        if members.len() > NAMED {
            let _ = write!(text, " and {} more", members.len() - NAMED);
        }
        text
    }

    fn lock(&self) -> MutexGuard<'_, Present> {
        self.present.lock()
    }
}

impl WaitedInVain {
    /// Says in the log that a caller got nothing in time, and who had it.
    pub(crate) fn tell(&self, backend: &str, waiter: &Entry, holders: &Holders) {
        let now = Instant::now();
        let mut warned = self.0.lock();
        if warned.is_some_and(|before| now.duration_since(before) < BETWEEN_WARNINGS) {
            return;
        }
        *warned = Some(now);
        drop(warned);
        let Some(waiter) = waiter.member() else {
            return;
        };
        tracing::warn!(
            backend,
            module = waiter.borrower.module.as_ref(),
            task = waiter.task.as_ref(),
            trace_id = waiter.borrower.trace_id.as_ref(),
            waited_ms = waiter.since.elapsed().as_millis(),
            held_by = holders.describe(),
            "no connection was free in time"
        );
    }
}

impl Entry {
    /// What is done from now on.
    pub(crate) fn now_runs(&self, task: &Arc<str>) {
        if let Some(Some(member)) = self.roster.lock().places.get_mut(self.place) {
            member.task = Arc::clone(task);
        }
    }

    pub(crate) fn member(&self) -> Option<Member> {
        self.roster.lock().places.get(self.place).cloned().flatten()
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut present = self.roster.lock();
        let left = present.places.get_mut(self.place).and_then(Option::take);
        if let Some(count) =
            left.and_then(|member| present.by_module.get_mut(&member.borrower.module))
        {
            *count -= 1;
        }
    }
}
