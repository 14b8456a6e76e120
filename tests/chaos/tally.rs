//! What became of the requests, by fault: the table a run ends with.

use std::collections::BTreeMap;
use std::fmt;

use super::faults::Fault;
use super::request::Outcome;

/// Counts of outcomes.
#[derive(Default)]
pub struct Tally(BTreeMap<Fault, BTreeMap<Outcome, u64>>);

impl Tally {
    /// Counts one.
    pub fn add(&mut self, fault: Fault, outcome: Outcome) {
        *self.0.entry(fault).or_default().entry(outcome).or_default() += 1;
    }

    /// How often something came of a fault.
    pub fn count(&self, fault: Fault, outcome: &str) -> u64 {
        self.0
            .get(&fault)
            .and_then(|outcomes| outcomes.get(outcome))
            .copied()
            .unwrap_or(0)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut columns: Vec<&str> = self
            .0
            .values()
            .flat_map(BTreeMap::keys)
            .map(String::as_str)
            .collect();
        columns.sort_by_key(|outcome| (*outcome != "ok", *outcome));
        columns.dedup();
        write!(f, "{:<24}", "fault")?;
        for column in &columns {
            write!(f, " {column:>w$}", w = column.len().max(7))?;
        }
        for (fault, outcomes) in &self.0 {
            write!(f, "\n{:<24}", format!("{fault:?}"))?;
            for column in &columns {
                write!(
                    f,
                    " {:>w$}",
                    outcomes.get(*column).copied().unwrap_or(0),
                    w = column.len().max(7)
                )?;
            }
        }
        writeln!(f)
    }
}
