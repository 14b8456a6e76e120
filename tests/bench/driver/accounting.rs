//! What the kernel accounts to a process: CPU time and memory, from `/proc`.

use std::fs;
use std::time::Duration;

use anyhow::{Context, bail};

/// The unit of `/proc/PID/stat`: 100 a second on every Linux a person meets (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// By how much a difference of two totals may be off: user and system time are each cut to whole ticks, and the thread that runs is
/// accounted at the next timer interrupt.
const ROUNDING: Duration = Duration::from_millis(30);

/// A process's CPU time at a moment.
pub(crate) struct CpuTime {
    /// Nanoseconds on a core, of the threads that live.
    of_living_threads: u64,
    /// User and system time of all threads that ever lived, in whole ticks.
    total: Duration,
}

impl CpuTime {
    pub(crate) fn of(process: u32) -> anyhow::Result<Self> {
        let mut of_living_threads = 0_u64;
        for thread in threads(process)? {
            // A thread may end between the listing and the reading; what it used is in the total.
            let Ok(text) = fs::read_to_string(format!("/proc/{process}/task/{thread}/schedstat"))
            else {
                continue;
            };
            let nanoseconds = text
                .split_whitespace()
                .next()
                .and_then(|word| word.parse::<u64>().ok());
            of_living_threads += nanoseconds
                .with_context(|| format!("schedstat of thread {thread} says {text:?}"))?;
        }
        Ok(Self {
            of_living_threads,
            total: total(process)?,
        })
    }

    /// The CPU time used since an earlier moment: to the nanosecond, unless threads ended meanwhile that had computed, then to the
    /// tick.
    pub(crate) fn since(&self, earlier: &Self) -> Duration {
        let exact = Duration::from_nanos(
            self.of_living_threads
                .saturating_sub(earlier.of_living_threads),
        );
        let total = self.total.saturating_sub(earlier.total);
        if exact.abs_diff(total) > ROUNDING {
            total
        } else {
            exact
        }
    }
}

/// The threads of a process.
pub(crate) fn threads(process: u32) -> anyhow::Result<Vec<u32>> {
    numbers(&format!("/proc/{process}/task"))
        .with_context(|| format!("process {process} has ended"))
}

/// The processes that a process started.
pub(crate) fn children(process: u32) -> anyhow::Result<Vec<u32>> {
    let mut children = numbers("/proc")?;
    children.retain(|child| {
        stat(*child).is_ok_and(|fields| fields.get(1) == Some(&process.to_string()))
    });
    Ok(children)
}

/// The most memory a process ever had resident, in bytes.
pub(crate) fn peak_resident_bytes(process: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kibibytes.context("no VmHWM in /proc/PID/status")? << 10)
}

fn total(process: u32) -> anyhow::Result<Duration> {
    let fields = stat(process)?;
    // Fields 14 and 15 of the whole, which begins with the id and the name.
    let (Some(user), Some(system)) = (fields.get(11), fields.get(12)) else {
        bail!("/proc/{process}/stat is short")
    };
    Ok(TICK * (user.parse::<u32>()? + system.parse::<u32>()?))
}

/// The fields of `/proc/PID/stat` after the name, which may contain anything: state, parent, …
fn stat(process: u32) -> anyhow::Result<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = text
        .rsplit_once(") ")
        .context("no name in /proc/PID/stat")?;
    Ok(fields.split_whitespace().map(str::to_owned).collect())
}

/// The entries of a directory that are numbers.
fn numbers(directory: &str) -> std::io::Result<Vec<u32>> {
    let names =
        fs::read_dir(directory)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.filter_map(|name| name.parse().ok()).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

    use std::time::{Duration, Instant};

    use super::CpuTime;

    #[test]
    fn what_a_process_computes_is_accounted_both_ways() {
        let process = std::process::id();
        let before = CpuTime::of(process).unwrap();
        let began = Instant::now();
        // Until the kernel has seen 100 ms; a machine that is busy takes longer on the clock.
        while CpuTime::of(process)
            .unwrap()
            .total
            .saturating_sub(before.total)
            < Duration::from_millis(100)
        {
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "no CPU time is accounted"
            );
        }
        let used = CpuTime::of(process).unwrap().since(&before);
        assert!(
            (Duration::from_millis(70)..Duration::from_millis(200)).contains(&used),
            "{used:?}"
        );
    }
}
