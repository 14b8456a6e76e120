//! Who goes first where threads compete for the processor: requests, to which a compiler in the background gives way, as far as the
//! system lets it.

use std::time::Duration;

use mayfly_config::CompilePriority;
use rustix::process::nice;

/// How much nicer than the host a compiler of low priority is. Where every core is busy it still gets a seventh of one, with which a
/// component of 1 MB takes 14 s. Measured there: the slowest of a hundred requests are slower by 58 to 71 % while a version is compiled at 5, by
/// 39 to 47 % at 8, and by 12 to 29 % with short turns besides.
const LOW: i32 = 8;

/// The niceness of a compiler that runs when nobody else does: the highest there is.
const LEAST: i32 = 19;

/// How long a thread of the host runs until others have their turn, where the kernel lets a thread say so (Linux 6.12 and later). Whoever
/// takes shorter turns has them sooner, and requests are short. A compiler has the same from the host.
const TURN: Duration = Duration::from_micros(100);

/// Lowers the priority of this thread, and of those it will start.
///
/// # Errors
///
/// What the system refused, for the log: in a container, or under a filter of system calls, it may refuse any of this, and none of it
/// is a reason not to compile.
pub fn give_way(priority: CompilePriority) -> Result<(), String> {
    let lowered = match priority {
        CompilePriority::Normal => Ok(()),
        CompilePriority::Low => be_nicer(LOW),
        CompilePriority::Idle => be_nicer(LEAST).and_then(|()| run_when_idle()),
    };
    lowered.map_err(|error| {
        format!("the priority cannot be lowered ({error}), so compiling takes as much of the processor as requests do")
    })
}

/// Makes this process go, and not the host, when the machine or the control group runs out of memory.
///
/// # Errors
///
/// What the system refused, for the log.
pub fn give_way_out_of_memory() -> Result<(), String> {
    std::fs::write("/proc/self/oom_score_adj", "1000").or_else(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(format!(
            "/proc/self/oom_score_adj cannot be written ({error}), so running out of memory while compiling may end the host"
        )),
    })
}

/// How often to look for an idle core, and how long to wait before each look: whoever sent the component may still be busy with that.
const LOOKS: u32 = 5;
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

/// Whether a core has nothing to do, beside what this thread does. False where the system does not say.
#[must_use]
pub fn has_idle_core() -> bool {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (0..LOOKS).any(|_| {
        std::thread::sleep(BETWEEN_LOOKS);
        std::fs::read_to_string("/proc/loadavg")
            .ok()
            .and_then(|text| running(&text))
            .is_some_and(|threads| threads < cores)
    })
}

/// How many threads run, whoever asks among them: `0.20 0.18 0.12 1/80 11206` is 1 of 80.
fn running(loadavg: &str) -> Option<usize> {
    let (running, _all) = loadavg.split(' ').nth(3)?.split_once('/')?;
    running.parse().ok()
}

fn be_nicer(by: i32) -> std::io::Result<()> {
    nice(by)?;
    Ok(())
}

/// Lets this thread, and those and the processes it will start, run soon after they wake. A thread that somebody gave another policy is left
/// alone.
///
/// # Errors
///
/// What the system refused. It costs some milliseconds where every core is busy, and nothing else.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "rustix does not have these calls")]
pub fn take_short_turns() -> std::io::Result<()> {
    // SAFETY: it takes and gives numbers.
    if unsafe { libc::sched_getscheduler(0) } != libc::SCHED_OTHER {
        return Ok(());
    }
    let attributes = libc::sched_attr {
        size: size_of::<libc::sched_attr>() as u32,
        sched_policy: libc::SCHED_OTHER as u32,
        sched_flags: 0,
        sched_nice: rustix::process::getpriority_process(None)?,
        sched_priority: 0,
        sched_runtime: TURN.as_nanos() as u64,
        sched_deadline: 0,
        sched_period: 0,
    };
    // SAFETY: the kernel does no more than read the attributes during the call.
    let refused = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
    if refused != 0 {
        return Err(std::io::Error::last_os_error());
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
pub fn take_short_turns() -> std::io::Result<()> {
    Ok(())
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "rustix does not have this call")]
fn run_when_idle() -> std::io::Result<()> {
    // SAFETY: numbers only, for which zeros are valid; and the kernel does no more than read it during the call.
    let parameter: libc::sched_param = unsafe { std::mem::zeroed() };
    // SAFETY: as above.
    let refused =
        unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const parameter) } != 0;
    if refused {
        Err(std::io::Error::last_os_error())
    } else {
        Ok(())
    }
}

#[cfg(not(target_os = "linux"))]
fn run_when_idle() -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use super::*;

    #[test]
    fn threads_that_run_are_counted_as_the_system_tells_them() {
        assert_eq!(running("0.20 0.18 0.12 1/80 11206\n"), Some(1));
        for text in ["", "0.20 0.18 0.12", "0.20 0.18 0.12 some/80 11206"] {
            assert_eq!(running(text), None, "{text}");
        }
    }

    /// Gives way in a thread of its own, and looks at it there.
    fn after<T: Send + 'static>(
        priority: CompilePriority,
        look: impl Fn() -> T + Send + 'static,
    ) -> T {
        let thread = std::thread::spawn(move || {
            give_way(priority).unwrap();
            look()
        });
        thread.join().unwrap()
    }

    #[test]
    #[cfg(target_os = "linux")]
    #[expect(unsafe_code, reason = "rustix does not have this call")]
    fn each_priority_is_what_its_name_says() {
        // SAFETY: it takes and gives numbers.
        let policy = || unsafe { libc::sched_getscheduler(0) };
        let niceness = || rustix::process::getpriority_process(None).unwrap();
        let before = niceness();
        assert_eq!(after(CompilePriority::Normal, niceness), before);
        assert_eq!(
            after(CompilePriority::Low, niceness),
            (before + LOW).min(19)
        );
        assert_eq!(after(CompilePriority::Low, policy), libc::SCHED_OTHER);
        assert_eq!(after(CompilePriority::Idle, policy), libc::SCHED_IDLE);
    }

    /// The length of this thread's turns in nanoseconds, and its niceness.
    #[cfg(target_os = "linux")]
    #[expect(unsafe_code, reason = "rustix does not have this call")]
    fn turns() -> (u64, i32) {
        let bytes = size_of::<libc::sched_attr>();
        // SAFETY: numbers only, for which zeros are valid.
        let mut attributes: libc::sched_attr = unsafe { std::mem::zeroed() };
        // SAFETY: the kernel writes no more than these bytes, and only during the call.
        let refused =
            unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, bytes, 0) };
        assert_eq!(refused, 0);
        (attributes.sched_runtime, attributes.sched_nice)
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn threads_of_the_host_and_what_they_start_take_short_turns() {
        let thread = std::thread::spawn(|| {
            let (usual, niceness) = turns();
            take_short_turns().unwrap();
            let (short, as_nice) = turns();
            // Older kernels do not let threads choose.
            assert!(short == TURN.as_nanos() as u64 || short == usual, "{short}");
            assert_eq!(as_nice, niceness);
            let inherited = std::thread::spawn(turns).join().unwrap();
            assert_eq!(inherited, (short, niceness));
            give_way(CompilePriority::Low).unwrap();
            assert_eq!(turns(), (short, (niceness + LOW).min(19)));
        });
        thread.join().unwrap();
    }
}
