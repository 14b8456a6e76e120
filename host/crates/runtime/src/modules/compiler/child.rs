//! The compiler's side: what runs in the limited process.

use std::io::Read;

use rustix::process::{Signal, getpid, kill_process};

use super::{MAX_ARTIFACT_BYTES, MAX_COMPONENT_BYTES, too_large};
use crate::sandbox::Sandbox;

/// Reads a component of this many bytes.
///
/// # Errors
///
/// When it is too large, or ends early.
pub fn read_component(input: &mut dyn Read, bytes: u64) -> anyhow::Result<Vec<u8>> {
    anyhow::ensure!(
        bytes <= MAX_COMPONENT_BYTES,
        "the component is larger than {} MiB, which is the limit",
        MAX_COMPONENT_BYTES >> 20
    );
    let mut component = Vec::new();
    input.take(bytes).read_to_end(&mut component)?;
    anyhow::ensure!(
        component.len() as u64 == bytes,
        "the component ended after {} of {bytes} bytes",
        component.len()
    );
    Ok(component)
}

/// Reads a core module of this many bytes, and the input of its build function.
///
/// # Errors
///
/// When they are too large, or end early.
pub fn read_module_and_input(
    read: &mut dyn Read,
    module_bytes: u64,
    input_bytes: u64,
) -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
    Ok((
        read_component(read, module_bytes)?,
        read_component(read, input_bytes)?,
    ))
}

/// Ends this process when standard input closes: the host holds the other end, so it is gone then, however it went.
pub fn end_with_the_host() {
    std::thread::spawn(|| {
        // Nothing more is sent; whatever this gives, nobody waits for the artifact.
        let _ = std::io::stdin().read(&mut [0]);
        // At once, wherever the compiler is. There is nobody to tell when it fails.
        let _ = kill_process(getpid(), Signal::KILL);
    });
}

/// Compiles a component on all cores or in this thread.
///
/// # Errors
///
/// What the compiler says about the bytes.
pub fn compile(component: &[u8], parallel: bool) -> anyhow::Result<Vec<u8>> {
    // Before the compiler, which has been known to abort on what it was built without.
    if let Some(objection) = Sandbox::objection(component) {
        anyhow::bail!("{objection}");
    }
    let engine = Sandbox::compiler(parallel).map_err(anyhow::Error::msg)?;
    let artifact = engine
        .precompile_component(component)
        .map_err(|error| anyhow::anyhow!("{error:#}"))?;
    anyhow::ensure!(artifact.len() as u64 <= MAX_ARTIFACT_BYTES, too_large());
    Ok(artifact)
}
