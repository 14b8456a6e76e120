//! The time, where a few milliseconds make no difference.
//!
//! The system's exact clock reads the processor's counter, which takes a good 100 ns in many virtual machines, and a request is told
//! the time some thirty times. What is held to seconds asks for the kernel's last tick instead, whose time lies in memory.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, Timespec, clock_getres, clock_gettime};

struct Start {
    /// An exact time.
    exact: Instant,
    /// What the kernel's clock said then, or a moment later.
    kernel: Duration,
    /// From one tick to the next: 1 to 10 ms.
    tick: Duration,
}

static START: LazyLock<Start> = LazyLock::new(|| Start {
    exact: Instant::now(),
    kernel: duration(clock_gettime(ClockId::Monotonic)),
    tick: duration(clock_getres(ClockId::MonotonicCoarse)),
});

/// The time of the kernel's last tick: never ahead of [`Instant::now`], and behind it by less than a tick, unless the machine stood still.
/// For asking whether something is over.
#[must_use]
pub fn last_tick() -> Instant {
    let now = duration(clock_gettime(ClockId::MonotonicCoarse));
    match now.checked_sub(START.kernel) {
        Some(passed) => START.exact + passed,
        // The last tick was before the start.
        None => START
            .exact
            .checked_sub(START.kernel - now)
            .unwrap_or(START.exact),
    }
}

/// The time of the kernel's next tick: for the beginning of what may take a while, so that it gets no less.
#[must_use]
pub fn next_tick() -> Instant {
    last_tick() + START.tick
}

/// Clocks of the kernel begin at zero and only ascend.
fn duration(time: Timespec) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_follow_the_exact_time_and_the_last_is_never_ahead_of_it() {
        let begin = last_tick();
        let mut last = begin;
        let mut ticks = 0;
        while ticks < 3 {
            let before = Instant::now();
            let tick = last_tick();
            assert!(tick <= Instant::now(), "it is ahead");
            assert!(tick >= last, "it goes back");
            assert!(next_tick() > tick, "there is a next one");
            ticks += usize::from(tick > last);
            last = tick;
            // A machine that stood still for long has had its tick by then.
            assert!(
                before.saturating_duration_since(tick) < Duration::from_secs(1),
                "it stands still"
            );
        }
        assert!(last > begin);
    }
}
