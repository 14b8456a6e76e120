//! Processes below a process, and what they hold, from `/proc`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// The children of a process. Those that others forked and left behind are children of whoever reaps them.
pub(super) fn children(pid: i32) -> Vec<i32> {
    let listed = fs::read_dir(format!("/proc/{pid}/task")).into_iter();
    let tasks = listed.flatten().flatten();
    let mut children = Vec::new();
    let mut has_lists = false;
    for task in tasks {
        // A kernel may be built without this.
        if let Ok(list) = fs::read_to_string(task.path().join("children")) {
            has_lists = true;
            children.extend(
                list.split_whitespace()
                    .filter_map(|child| child.parse::<i32>().ok()),
            );
        }
    }
    if has_lists {
        children
    } else {
        by_parent().remove(&pid).unwrap_or_default()
    }
}

/// Every process below a process, without itself.
pub(super) fn descendants(pid: i32) -> Vec<i32> {
    let mut found = children(pid);
    let mut looked_at = 0;
    while let Some(next) = found.get(looked_at).copied() {
        looked_at += 1;
        for child in children(next) {
            // A number may have been given to another process meanwhile.
            if !found.contains(&child) {
                found.push(child);
            }
        }
    }
    found
}

/// All processes, by their parents.
fn by_parent() -> BTreeMap<i32, Vec<i32>> {
    let mut all: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        if let Some(parent) = parent(pid) {
            all.entry(parent).or_default().push(pid);
        }
    }
    all
}

fn parent(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in brackets, and may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

/// Resident bytes of one process; none when it is gone.
pub(in crate::worker) fn resident_bytes(pid: i32) -> Option<u64> {
    let statm = fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// Resident bytes of several processes. What several of them share is counted once, where the kernel says how much that is.
pub(super) fn resident_together(pids: &[i32]) -> u64 {
    let each = |pid: &i32| {
        let shared = if pids.len() > 1 {
            proportional_bytes(*pid)
        } else {
            None
        };
        shared.or_else(|| resident_bytes(*pid)).unwrap_or_default()
    };
    pids.iter().map(each).sum()
}

fn proportional_bytes(pid: i32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes << 10)
}

/// Threads of several processes.
pub(super) fn tasks(pids: &[i32]) -> u64 {
    let each = |pid: &i32| fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
    pids.iter().map(each).sum::<usize>() as u64
}

/// Whether a process runs that `/proc` does not show: one that cannot be dumped, where `/proc` hides what others may not trace.
pub(super) fn is_hidden(pid: i32) -> bool {
    let runs = |pid| test_kill_process(pid).is_ok();
    !Path::new(&format!("/proc/{pid}")).exists() && Pid::from_raw(pid).is_some_and(runs)
}

/// Sends a signal to each; those that are gone are.
pub(super) fn signal(pids: &[i32], signal: Signal) {
    for pid in pids.iter().filter_map(|pid| Pid::from_raw(*pid)) {
        let _ = kill_process(pid, signal);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use std::process::Command;

    use super::*;

    #[test]
    fn a_tree_is_found_whichever_way_the_kernel_tells_it() {
        let own = i32::try_from(std::process::id()).unwrap();
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        assert!(children(own).contains(&pid));
        assert!(descendants(own).contains(&pid));
        assert!(by_parent().remove(&own).unwrap().contains(&pid));
        assert_eq!(parent(pid), Some(own));
        assert!(resident_bytes(pid).unwrap() > 0);
        assert!(resident_together(&[own, pid]) > 0);
        assert_eq!(tasks(&[pid]), 1);
        assert!(!is_hidden(pid));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(resident_bytes(pid), None);
        assert!(!is_hidden(pid));
    }
}
