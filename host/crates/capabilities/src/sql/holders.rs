//! Who holds connections of a pool, and who waits for one: for logs and metrics.
//!
//! An entry is there for as long as what it stands for; it knows the module, the statement and the trace id, and since when.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

/// As many are named in one log line.
const NAMED: usize = 8;

/// For whom a connection is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Borrower {
    /// The module; `host` for the host's own checks.
    pub module: Arc<str>,
    /// The trace id of the operation; empty for the host's own checks.
    pub trace_id: Arc<str>,
}

impl Borrower {
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
pub(super) struct Holders {
    present: Mutex<Present>,
}

#[derive(Debug, Default)]
struct Present {
    /// A place is used again when its entry has left.
    places: Vec<Option<Member>>,
    /// How many there are of each module; a module that was here once stays with zero, so that its gauge returns to it.
    by_module: BTreeMap<Arc<str>, usize>,
}

/// One of them.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) borrower: Borrower,
    /// The statement's name, or what else is done.
    pub(super) statement: Arc<str>,
    pub(super) since: Instant,
}

/// A place on a roster, left when dropped.
#[derive(Debug)]
pub(super) struct Entry {
    roster: Arc<Holders>,
    place: usize,
}

impl Holders {
    pub(super) fn enter(self: &Arc<Self>, borrower: &Borrower, statement: &Arc<str>) -> Entry {
        let member = Member {
            borrower: borrower.clone(),
            statement: Arc::clone(statement),
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

    pub(super) fn len(&self) -> usize {
        self.lock().by_module.values().sum()
    }

    /// How many there are of each module. Modules that were there before are told with zero.
    pub(super) fn by_module(&self) -> Vec<(Arc<str>, usize)> {
        self.lock()
            .by_module
            .iter()
            .map(|(module, count)| (Arc::clone(module), *count))
            .collect()
    }

    /// The longest there, in words: `assessments/assessments_by_student for 812 ms (trace 4bf9…)`.
    pub(super) fn describe(&self) -> String {
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
                member.statement
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

impl Entry {
    /// What is done from now on.
    pub(super) fn now_runs(&self, statement: &Arc<str>) {
        if let Some(Some(member)) = self.roster.lock().places.get_mut(self.place) {
            member.statement = Arc::clone(statement);
        }
    }

    pub(super) fn member(&self) -> Option<Member> {
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
