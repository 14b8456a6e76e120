//! What a compiler may use, and what it says when that was not enough.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use mayfly_config::units::show_bytes;
use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

/// What the allocator and the system say in a compiler that used up its memory.
const OUT_OF_MEMORY: [&str; 2] = ["memory allocation of", "annot allocate memory"];

/// What the compiler of one version may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompilerLimits {
    /// Address space, in bytes.
    pub memory_bytes: u64,
    /// Processor time, over all its threads.
    pub time: Duration,
}

impl CompilerLimits {
    /// Limits this process before it compiles what it was given.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn limit_this_process(self) -> std::io::Result<()> {
        // Whoever started the host may have set a lower limit, which stands. The signal of the soft limit says which one it was.
        let limit = |resource: Resource, most: u64, grace: u64| {
            let before = getrlimit(resource);
            let at_most = |most: u64, already: Option<u64>| {
                Some(already.map_or(most, |already| already.min(most)))
            };
            let (current, maximum) = (
                at_most(most, before.current),
                at_most(most + grace, before.maximum),
            );
            setrlimit(resource, Rlimit { current, maximum })
        };
        limit(Resource::As, self.memory_bytes, 0)?;
        limit(Resource::Cpu, self.time.as_secs().max(1), 1)?;
        // It answers through a pipe.
        limit(Resource::Fsize, 0, 0)?;
        limit(Resource::Core, 0, 0)?;
        Ok(())
    }

    /// Why a compiler that said this came to such an end, when it was by these limits.
    pub(super) fn explain(self, status: ExitStatus, said: &str) -> Option<String> {
        let remedy = "make the component smaller, or raise";
        if status.signal().and_then(Signal::from_named_raw) == Some(Signal::XCPU) {
            let seconds = self.time.as_secs();
            return Some(format!(
                "the compiler used up its {seconds} s of processor time; {remedy} `server.compile_time`"
            ));
        }
        if OUT_OF_MEMORY.iter().any(|sign| said.contains(sign)) {
            let memory = show_bytes(self.memory_bytes);
            return Some(format!(
                "the compiler used up its {memory} of memory; {remedy} `server.compile_memory`"
            ));
        }
        None
    }
}
