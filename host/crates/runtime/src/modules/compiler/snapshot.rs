//! Snapshots in a child process: what runs at a module's top level is anybody's code, and so is what it leaves to be written.
//!
//! `mayfly snapshot` limits itself, reads a core module and its input from standard input, and writes the length of what the build
//! function said (eight bytes, the least first), that, and the new module to standard output.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use mayfly_config::units::show_bytes;

use super::limits::CompilerLimits;
use super::{MAX_COMPONENT_BYTES, MESSAGE_BYTES};
use crate::program;
use crate::sandbox::{Snapshot, SnapshotLimits};

/// Address space of the child: the compiler's own, and what an instance reserves of it.
const CHILD_MEMORY_BYTES: u64 = 16 << 30;

/// Processor time for compiling the engine, beside what the top level may take. A busy machine counts no less of it.
const COMPILING: Duration = Duration::from_secs(120);

/// Runs a core module's build function in a child process, and gives what is made of it.
///
/// # Errors
///
/// What went wrong, for whoever wrote what runs there.
pub fn snapshot(module: &[u8], input: &[u8], limits: SnapshotLimits) -> Result<Snapshot, String> {
    let own = CompilerLimits {
        memory_bytes: CHILD_MEMORY_BYTES,
        time: COMPILING + limits.time,
    };
    let mut child = Command::new(program::program()?)
        .arg0(program::NAME)
        .arg("snapshot")
        .args(["--module", &module.len().to_string()])
        .args(["--input", &input.len().to_string()])
        .args(["--cap", &limits.memory_bytes.to_string()])
        .args(["--time", &limits.time.as_secs().to_string()])
        .args(["--memory", &own.memory_bytes.to_string()])
        .args(["--seconds", &own.time.as_secs().to_string()])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start a process to evaluate it in: {error}"))?;
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(mut stdin), Some(stdout), Some(stderr)) = pipes else {
        return Err("the process to evaluate it in has no pipes".to_owned());
    };
    let (made, said) = thread::scope(|scope| {
        let said = scope.spawn(move || read(stderr, MESSAGE_BYTES));
        let made = scope.spawn(move || read(stdout, MAX_COMPONENT_BYTES + 1));
        // A child that ends early says why; a broken pipe adds nothing.
        let _ = stdin
            .write_all(module)
            .and_then(|()| stdin.write_all(input));
        let made = made.join().unwrap_or_default();
        // Open until here: it tells the child that somebody waits for it.
        drop(stdin);
        (made, said.join().unwrap_or_default())
    });
    let status = child
        .wait()
        .map_err(|error| format!("the process that evaluated it was lost: {error}"))?;
    let said = String::from_utf8_lossy(&said);
    if made.len() as u64 > MAX_COMPONENT_BYTES {
        return Err(format!(
            "what its top level leaves in memory makes it larger than the {} that a component may have: load less there",
            show_bytes(MAX_COMPONENT_BYTES)
        ));
    }
    if status.success() {
        return split(&made).ok_or_else(|| "its output was cut off".to_owned());
    }
    if let Some(reason) = own.explain(status, &said) {
        return Err(reason);
    }
    match said.trim() {
        "" => Err(format!("evaluating it ended without a message ({status})")),
        said => Err(said.strip_prefix("error: ").unwrap_or(said).to_owned()),
    }
}

/// Reads all there is, and keeps so much of it.
fn read(mut pipe: impl Read, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What was read is all there is when it fails: whoever waits for the rest finds it cut off.
    let _ = pipe.by_ref().take(most).read_to_end(&mut bytes);
    let _ = std::io::copy(&mut pipe, &mut std::io::sink());
    bytes
}

/// Writes a snapshot as `split` reads it.
///
/// # Errors
///
/// When nobody reads it.
pub fn write_snapshot(snapshot: &Snapshot, output: &mut dyn Write) -> std::io::Result<()> {
    output.write_all(&(snapshot.output.len() as u64).to_le_bytes())?;
    output.write_all(&snapshot.output)?;
    output.write_all(&snapshot.module)?;
    output.flush()
}

fn split(bytes: &[u8]) -> Option<Snapshot> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (output, module) = rest.split_at_checked(length)?;
    Some(Snapshot {
        output: output.to_vec(),
        module: module.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use super::*;

    #[test]
    fn what_is_cut_off_is_no_snapshot() {
        let snapshot = Snapshot {
            output: b"+Query.a".to_vec(),
            module: b"\0asm".to_vec(),
        };
        let mut bytes = Vec::new();
        write_snapshot(&snapshot, &mut bytes).unwrap();
        assert_eq!(split(&bytes), Some(snapshot));
        assert_eq!(split(bytes.get(..15).unwrap()), None);
        assert_eq!(split(b"short"), None);
    }
}
