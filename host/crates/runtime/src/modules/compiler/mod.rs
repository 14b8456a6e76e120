//! Compiling a component in a child process under limits.
//!
//! The compiler survives neither running out of memory nor a module made to keep it busy, so it runs where that hurts nobody:
//! `mayfly compile` limits itself, reads the component from standard input and writes the artifact to standard output. It touches no
//! file, so that whatever ends it leaves nothing behind, and a full disk is no reason to refuse a version. Its standard input stays
//! open until it is done: when that closes early the host is gone, and it ends too.

mod child;
mod limits;
mod priority;
mod snapshot;

pub use child::{compile, end_with_the_host, read_component, read_module_and_input};
pub use limits::CompilerLimits;
pub use priority::{give_way, give_way_out_of_memory, has_idle_core, take_short_turns};
pub use snapshot::{snapshot, write_snapshot};

use std::process::Stdio;
use std::sync::Once;

use mayfly_config::CompilePriority;
use mayfly_config::units::show_bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use crate::program;

/// The largest component that is compiled, in bytes: engines of scripting languages take some 15 MB.
pub const MAX_COMPONENT_BYTES: u64 = 64 << 20;

/// The largest artifact, in bytes: machine code takes three to five times as much as the code it was made of.
pub(super) const MAX_ARTIFACT_BYTES: u64 = 512 << 20;

/// What is read of a compiler's messages, in bytes.
const MESSAGE_BYTES: u64 = 64 << 10;

/// How hard the compiler may work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// With all cores: somebody waits for it.
    Full,
    /// Giving way to everything else, since requests are being answered: with one thread, or all cores where one of them is idle.
    Background,
}

/// How versions are compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compiler {
    /// What the compiler of one version may use.
    pub limits: CompilerLimits,
    /// How it competes with requests for the processor when it works in the background.
    pub priority: CompilePriority,
}

impl Compiler {
    /// Compiles in a child process; what it says is the reason when it fails.
    pub(super) async fn compile(
        &self,
        component: &[u8],
        effort: Effort,
    ) -> Result<Vec<u8>, String> {
        let child = self.start(component.len(), effort)?;
        let Output {
            artifact,
            said,
            status,
        } = talk(child, component).await?;
        let said = String::from_utf8_lossy(&said);
        if status.success() {
            tell_once(said.trim());
            return Ok(artifact);
        }
        if let Some(reason) = self.limits.explain(status, &said) {
            return Err(reason);
        }
        match said.trim() {
            "" => Err(format!(
                "the compiler exited without a message ({status}): the component asks too much of it"
            )),
            said => Err(said.strip_prefix("error: ").unwrap_or(said).to_owned()),
        }
    }

    fn start(&self, component_bytes: usize, effort: Effort) -> Result<Child, String> {
        let mut command = Command::new(program::program()?);
        command
            .arg0(program::NAME)
            .arg("compile")
            .args(["--bytes", &component_bytes.to_string()])
            .args(["--memory", &self.limits.memory_bytes.to_string()])
            .args(["--seconds", &self.limits.time.as_secs().to_string()]);
        if effort == Effort::Background {
            command.args(["--background", self.priority.as_str()]);
        }
        command
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("cannot start the compiler: {error}"))
    }
}

/// What a compiler left.
struct Output {
    artifact: Vec<u8>,
    said: Vec<u8>,
    status: std::process::ExitStatus,
}

/// Gives a compiler its component, and takes what it writes until it ends.
async fn talk(mut child: Child, component: &[u8]) -> Result<Output, String> {
    let lost = |error: std::io::Error| format!("the compiler was lost: {error}");
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(mut input), Some(output), Some(errors)) = pipes else {
        return Err("the compiler has no pipes".to_owned());
    };
    let fed = async {
        // A compiler that ends early says why on its standard error; a broken pipe adds nothing.
        let _ = input.write_all(component).await;
        Ok(input)
    };
    let artifact = async {
        let artifact = read(output, MAX_ARTIFACT_BYTES + 1).await.map_err(lost)?;
        if artifact.len() as u64 > MAX_ARTIFACT_BYTES {
            return Err(too_large());
        }
        Ok(artifact)
    };
    let said = async {
        let mut errors = errors;
        let said = read(&mut errors, MESSAGE_BYTES).await.map_err(lost)?;
        // What is not read would keep it from ending.
        tokio::io::copy(&mut errors, &mut tokio::io::sink())
            .await
            .map_err(lost)?;
        Ok(said)
    };
    // An error drops the child, which ends it.
    let (input, artifact, said) = tokio::try_join!(fed, artifact, said)?;
    let status = child.wait().await.map_err(lost)?;
    // Open until here: it tells the compiler that somebody waits for it.
    drop(input);
    Ok(Output {
        artifact,
        said,
        status,
    })
}

async fn read(pipe: impl AsyncRead + Unpin, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pipe.take(most).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

fn too_large() -> String {
    format!(
        "its compiled code is larger than {}, which is the limit; make the component smaller",
        show_bytes(MAX_ARTIFACT_BYTES)
    )
}

/// Tells what a compiler that did its work had to do without: the next one would say the same.
fn tell_once(said: &str) {
    static TOLD: Once = Once::new();
    if !said.is_empty() {
        TOLD.call_once(|| tracing::warn!("compiling: {said}"));
    }
}
