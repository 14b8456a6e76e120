//! Compiling a component in a child process under limits.
//!
//! The compiler survives neither running out of memory nor a module made to keep it busy, so it runs where that hurts nobody:
//! `mayfly compile` sets its own limits, reads the component from standard input and writes the artifact.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use mayfly_config::units::show_bytes;
use rustix::process::{Resource, Rlimit, Signal, getrlimit, nice, setrlimit};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::load::Effort;
use crate::sandbox::Sandbox;

/// The largest component that is compiled, in bytes: engines of scripting languages take some 15 MB.
pub const MAX_COMPONENT_BYTES: u64 = 64 << 20;

/// The program's name.
const PROGRAM: &str = "mayfly";

/// The niceness of a compiler in the background: the highest there is.
const LEAST_PRIORITY: i32 = 19;

/// What the allocator and the system say in a compiler that used up its memory.
const OUT_OF_MEMORY: [&str; 2] = ["memory allocation of", "annot allocate memory"];

/// The largest artifact, in bytes.
const OUTPUT_BYTES: u64 = 1 << 30;

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
        limit(Resource::Fsize, OUTPUT_BYTES, 0)?;
        limit(Resource::Core, 0, 0)?;
        // When the machine or the control group runs out of memory, this process goes, and not the host.
        std::fs::write("/proc/self/oom_score_adj", "1000").or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })
    }

    /// Why a compiler that said this came to such an end, when it was by these limits.
    fn explain(self, status: ExitStatus, said: &str) -> Option<String> {
        let remedy = "make the component smaller, or raise";
        match status.signal().and_then(Signal::from_named_raw) {
            Some(Signal::XCPU) => {
                let seconds = self.time.as_secs();
                Some(format!(
                    "the compiler used up its {seconds} s of processor time; {remedy} `server.compile_time`"
                ))
            }
            Some(Signal::XFSZ) => Some(format!(
                "compiled it is larger than {}, the most there is; make the component smaller",
                show_bytes(OUTPUT_BYTES)
            )),
            _ if OUT_OF_MEMORY.iter().any(|sign| said.contains(sign)) => {
                let memory = show_bytes(self.memory_bytes);
                Some(format!(
                    "the compiler used up its {memory} of memory; {remedy} `server.compile_memory`"
                ))
            }
            _ => None,
        }
    }
}

/// Lets this thread, and those it starts, run only when nobody else wants the processor: a nice one would still keep those who wake
/// up waiting until its slice ends.
///
/// # Errors
///
/// When the system refuses.
pub fn give_way() -> std::io::Result<()> {
    nice(LEAST_PRIORITY)?;
    #[cfg(target_os = "linux")]
    run_when_idle()?;
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

/// Compiles a component read from `input` into the file `output`, on all cores or in this thread.
///
/// # Errors
///
/// What the compiler says about the bytes.
pub fn compile_in_this_process(
    input: &mut dyn Read,
    output: &Path,
    parallel: bool,
) -> anyhow::Result<()> {
    let mut component = Vec::new();
    input
        .take(MAX_COMPONENT_BYTES + 1)
        .read_to_end(&mut component)?;
    anyhow::ensure!(
        component.len() as u64 <= MAX_COMPONENT_BYTES,
        "the component is larger than {} MiB, the most that is compiled",
        MAX_COMPONENT_BYTES >> 20
    );
    let engine = Sandbox::compiler(parallel).map_err(anyhow::Error::msg)?;
    let artifact = engine
        .precompile_component(&component)
        .map_err(|error| anyhow::anyhow!("{error:#}"))?;
    let mut file = std::fs::File::create(output)?;
    file.write_all(&artifact)?;
    // The file is renamed to the name that says it is whole.
    file.sync_all()?;
    Ok(())
}

/// Compiles in a child process; what it says is the reason when it fails.
pub(super) async fn compile_in_a_child(
    component: &[u8],
    output: &Path,
    limits: CompilerLimits,
    effort: Effort,
) -> Result<(), String> {
    let mut child = Command::new(compiler()?)
        .arg("compile")
        .arg("--output")
        .arg(output)
        .args(["--memory", &limits.memory_bytes.to_string()])
        .args(["--seconds", &limits.time.as_secs().to_string()])
        .args((effort == Effort::Background).then_some("--background"))
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("cannot start the compiler: {error}"))?;
    if let Some(mut input) = child.stdin.take() {
        // A compiler that ends early says why on its standard error; a broken pipe adds nothing.
        let _ = input.write_all(component).await;
    }
    let result = child
        .wait_with_output()
        .await
        .map_err(|error| format!("the compiler was lost: {error}"))?;
    if result.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&result.stderr);
    if let Some(reason) = limits.explain(result.status, &said) {
        return Err(reason);
    }
    match said.trim() {
        "" => Err(format!(
            "the compiler exited without a message ({}); the component asks too much of it",
            result.status
        )),
        said => Err(said.strip_prefix("error: ").unwrap_or(said).to_owned()),
    }
}

/// The program that compiles: this one, or the `mayfly` beside a bench or test that uses the host as a library.
fn compiler() -> Result<PathBuf, String> {
    let here = std::env::current_exe()
        .map_err(|error| format!("cannot find this program to compile with: {error}"))?;
    if here.file_stem().is_some_and(|name| name == PROGRAM) {
        return Ok(here);
    }
    let beside = here
        .ancestors()
        .skip(1)
        .take(2)
        .map(|directory| directory.join(PROGRAM))
        .find(|program| program.exists());
    beside.ok_or_else(|| {
        format!(
            "{} is not `{PROGRAM}` and has none beside it to compile with",
            here.display()
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    #[expect(unsafe_code, reason = "rustix does not have this call")]
    fn who_gives_way_runs_when_the_processor_is_idle() {
        let policy = std::thread::spawn(|| {
            give_way().unwrap();
            // SAFETY: it takes and gives numbers.
            unsafe { libc::sched_getscheduler(0) }
        });
        assert_eq!(policy.join().unwrap(), libc::SCHED_IDLE);
    }
}
