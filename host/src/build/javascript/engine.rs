//! The engine: the file that an installation of Mayfly brings, or one that is compiled on this machine, once.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use super::super::toolchain::{TARGET, Toolchain};
use super::super::world;
use super::cache;

/// Where an installation has it, from the directory of the program.
const INSTALLED: &str = "../share/mayfly/javascript-engine.wasm";

/// A file of the engine: where it lies, and what is in it.
macro_rules! source {
    ($name:literal) => {
        (
            concat!("guest/sdk/js/engine/", $name),
            include_str!(concat!("../../../../guest/sdk/js/engine/", $name)),
        )
    };
}

/// The engine's source, as it is in the repository: its bindings are made from the WIT files, four directories up.
const SOURCE: [(&str, &str); 40] = [
    source!("Cargo.toml"),
    source!("Cargo.lock"),
    source!("src/lib.rs"),
    source!("src/bindings.rs"),
    source!("src/build.rs"),
    source!("src/calls.rs"),
    source!("src/clock.rs"),
    source!("src/digits.rs"),
    source!("src/host.rs"),
    source!("src/host/dynamodb.rs"),
    source!("src/host/http.rs"),
    source!("src/host/sql.rs"),
    source!("src/host/statements.rs"),
    source!("src/host/url.rs"),
    source!("src/host/worker.rs"),
    source!("src/memory.rs"),
    source!("src/queue.rs"),
    source!("src/resolve.rs"),
    source!("src/statement_text.rs"),
    source!("src/text.rs"),
    source!("src/trace.rs"),
    source!("src/prelude/kinds.js"),
    source!("src/prelude/lines.js"),
    source!("src/prelude/inspect.js"),
    source!("src/prelude/error_text.js"),
    source!("src/prelude/format.js"),
    source!("src/prelude/table.js"),
    source!("src/prelude/console.js"),
    source!("src/prelude/sort.js"),
    source!("src/prelude/collate.js"),
    source!("src/prelude/errors.js"),
    source!("src/prelude/globals.js"),
    source!("src/prelude/timers.js"),
    source!("src/prelude/url.js"),
    source!("src/prelude/services.js"),
    source!("src/prelude/fetch.js"),
    source!("src/prelude/web_text.js"),
    source!("src/prelude/statements.js"),
    source!("src/prelude/appsync.js"),
    source!("src/prelude/main.js"),
];

/// How it is linked. JavaScript recurses in the engine's own stack, which is below the data, so that running over its end traps.
const LINK_FLAGS: &str = "-Clink-arg=-zstack-size=294912";

/// How its part in C is compiled, whatever the profile says: measured, -O3 is larger and no faster, and instructions of WebAssembly that
/// Rust uses anyway save 5 %.
///
/// QuickJS measures its depth by the address of a frame in the stack of the module. What recurses in C (`JSON`, `flat`, proxies, patterns)
/// has next to nothing there, and locals in the host's stack, whose end is a trap that nobody catches. With 96 bytes in each frame that
/// asks for its address, it is told of its depth before: measured, 64 suffice, and calls of JavaScript reach no less deep.
const C_FLAGS: &str = "-O2 -mbulk-memory -mnontrapping-fptoint -msign-ext '-D__builtin_frame_address(level)=__builtin_alloca(96)'";

/// Debian's linker that knows where its C library ends: the one without a version does not know `__heap_end`.
const DEBIAN_LINKER: &str = "wasm-ld-19";

/// C compilers that are tried, in this order.
const COMPILERS: [&str; 2] = ["clang-19", "clang"];

/// This many of the compiler's last bytes are repeated in an error.
const SAID_BYTES: usize = 4_000;

/// The engine's bytes.
pub(super) fn find(progress: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<u8>> {
    if let Some(installed) = installed() {
        return fs::read(&installed)
            .with_context(|| format!("cannot read {}", installed.display()));
    }
    let wit: Vec<_> = world::wit_files().collect();
    // What is compiled otherwise is another engine.
    let flags = [("rust", LINK_FLAGS), ("c", C_FLAGS), ("paths", "mapped")];
    let files: Vec<_> = SOURCE
        .into_iter()
        .chain(wit.iter().copied())
        .chain(flags)
        .collect();
    let home = cache::directory("javascript-engine", &files)?;
    let engine = home.join("engine.wasm");
    let _alone = cache::lock(&home).with_context(|| format!("cannot lock {}", home.display()))?;
    if !engine.is_file() {
        progress("compiling the JavaScript engine, once per machine: this takes a few minutes");
        // In one place for all versions of the engine, which differ in one crate of many: with another path everything is compiled again.
        let workshop = home.with_file_name("javascript-engine-build");
        let _alone = cache::lock(&workshop)
            .with_context(|| format!("cannot lock {}", workshop.display()))?;
        lay(&workshop, &wit)?;
        let made = compile(&workshop).context("the JavaScript engine cannot be compiled")?;
        // Named when it is whole: a build that is ended halfway leaves nothing that looks like it.
        let temporary = engine.with_extension("tmp");
        fs::copy(&made, &temporary)
            .and_then(|_| fs::rename(&temporary, &engine))
            .with_context(|| format!("cannot write {}", engine.display()))?;
    }
    fs::read(&engine).with_context(|| format!("cannot read {}", engine.display()))
}

/// Writes the source, and nothing of another version beside it.
fn lay(workshop: &Path, wit: &[(&str, &str)]) -> anyhow::Result<()> {
    for directory in ["guest", "wit"] {
        let directory = workshop.join(directory);
        match fs::remove_dir_all(&directory) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error)
                    .with_context(|| format!("cannot remove {}", directory.display()));
            }
            _ => {}
        }
    }
    cache::lay(workshop, &SOURCE)?;
    cache::lay(&workshop.join("wit"), wit)
}

fn installed() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let file = program.parent()?.join(INSTALLED);
    file.is_file().then_some(file)
}

fn compile(workshop: &Path) -> anyhow::Result<PathBuf> {
    let toolchain = Toolchain::find()?;
    let Some(compiler) = COMPILERS.into_iter().find(|name| is_there(name)) else {
        bail!(
            "no C compiler for it: run `guest/toolchain.sh cpp`, or as root on Debian `apt-get install clang-19`"
        );
    };
    let target = workshop.join("target");
    let mut command = toolchain.cargo(&workshop.join("guest/sdk/js/engine"));
    command
        .args(["build", "--release", "--locked", "--target", TARGET])
        .args(toolchain.build_arguments())
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(workshop))
        .env("CC_wasm32_unknown_unknown", compiler)
        .env("AR_wasm32_unknown_unknown", "ar")
        // Flags are quoted: a path may hold a space.
        .env("CC_SHELL_ESCAPED_FLAGS", "1")
        .env("CFLAGS_wasm32_unknown_unknown", c_flags(&target));
    if toolchain == Toolchain::Debian && is_there(DEBIAN_LINKER) {
        command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", DEBIAN_LINKER);
    }
    let output = command
        .stdin(Stdio::null())
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let from = said.len().saturating_sub(SAID_BYTES);
        let from = (from..said.len())
            .find(|at| said.is_char_boundary(*at))
            .unwrap_or_default();
        bail!("{}", said.get(from..).unwrap_or(&said).trim_end());
    }
    Ok(target.join(TARGET).join("release/mayfly_javascript.wasm"))
}

/// Flags of the compiler of its part in C, whose assertions name files.
fn c_flags(target: &Path) -> String {
    format!("{C_FLAGS} '-ffile-prefix-map={}=engine'", target.display())
}

/// Flags of the compiler: where this is compiled is nobody's business, and would be in every component.
fn flags(workshop: &Path) -> String {
    let cargo_home = std::env::var("CARGO_HOME").or_else(|_| {
        let user = std::env::var("HOME");
        user.map(|user| format!("{user}/.cargo"))
    });
    let directories = [
        Some((workshop.display().to_string(), "engine")),
        cargo_home.ok().map(|home| (home, "cargo")),
    ];
    let mut flags = LINK_FLAGS.to_owned();
    for (directory, name) in directories.into_iter().flatten() {
        // The separator that cargo wants.
        flags += &format!("\u{1f}--remap-path-prefix={directory}={name}");
    }
    flags
}

fn is_there(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}
