//! Compiles C++ guests: bindings generated from the WIT files of this version, the SDK's header, and clang for `wasm32-wasi`.
//!
//! A source is one file, or a directory of files that are compiled and linked together. Nothing is compiled again while neither
//! they, nor the headers beside them, nor the SDK, nor the compiler changed; builds at once of one component wait for each other.

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};
use wit_bindgen_core::Files;

use super::toolchain::installer;
use super::world::{WORLD, world};

/// The SDK: a header over the generated ones.
const SDK: (&str, &str) = (
    "mayfly.hpp",
    include_str!("../../../guest/sdk/cpp/mayfly.hpp"),
);

/// Compilers that are tried, in this order: Debian's, which is tested, then what a machine has.
const COMPILERS: [(&str, &str); 2] = [("clang++-19", "clang-19"), ("clang++", "clang")];

/// What Debian calls everything that is needed; `toolchain.sh cpp` installs it.
const PACKAGES: &str = "clang-19 lld-19 wasi-libc libc++-19-dev-wasm32 libc++abi-19-dev-wasm32 libclang-rt-19-dev-wasm32";

/// For which machine everything is compiled.
const TARGET: &str = "--target=wasm32-wasi";

/// How every C++ guest is compiled and linked. A reactor has no `main`; this libc++ is built without exceptions; the stack is below
/// the data, so that running over its end traps instead of writing over them.
const FLAGS: [&str; 10] = [
    TARGET,
    "-mexec-model=reactor",
    "-std=c++23",
    "-O2",
    "-fno-exceptions",
    "-Wall",
    "-Wextra",
    "-Wl,-zstack-size=65536",
    "-Wl,--stack-first",
    "-Wl,--strip-debug",
];

/// What a compiler says that lacks its libraries, its headers, or its linker.
const MISSING: [&str; 6] = [
    "unable to execute command",
    "libclang_rt.builtins",
    "crt1-reactor.o",
    "-lc++",
    "'string' file not found",
    "'stdint.h' file",
];

/// A file's path, or only its name, and what is in it.
type Input = (PathBuf, Vec<u8>);

/// Whether a file is a unit of compilation.
pub(super) fn is_unit(file: &Path) -> bool {
    matches!(
        file.extension().and_then(OsStr::to_str),
        Some("cpp" | "cc" | "c")
    )
}

/// Whether a directory has units of compilation.
pub(super) fn has_units(directory: &Path) -> io::Result<bool> {
    Ok(fs::read_dir(directory)?
        .filter_map(Result::ok)
        .any(|entry| is_unit(&entry.path())))
}

/// Compiles a source and gives the core module; `work` is a directory for what is made on the way.
pub(super) fn build(
    source: &Path,
    work: &Path,
    progress: &mut dyn FnMut(&str),
) -> anyhow::Result<Vec<u8>> {
    let compiler = Compiler::find()?;
    let (sources, bindings) = (read(source)?, bindings()?);
    let inputs = digest(&compiler, &sources, &bindings);
    let (module, stamp) = (work.join("module.wasm"), work.join("digest"));
    let _alone = lock(work).with_context(|| format!("cannot lock {}", work.display()))?;
    let is_built = || {
        let built = stamped(&inputs, &fs::read(&module).ok()?);
        fs::read_to_string(&stamp).ok().filter(|old| *old == built)
    };
    if is_built().is_none() {
        progress(&format!("compiling {}", source.display()));
        for (name, contents) in &bindings {
            fs::write(work.join(name), contents).with_context(|| {
                format!("cannot write {} to {}", name.display(), work.display())
            })?;
        }
        let units: Vec<_> = sources
            .iter()
            .map(|(path, _)| path.as_path())
            .filter(|path| is_unit(path))
            .collect();
        compiler
            .compile(&units, work, &module)
            .with_context(|| format!("{} does not compile", source.display()))?;
        let core =
            fs::read(&module).with_context(|| format!("cannot read {}", module.display()))?;
        fs::write(&stamp, stamped(&inputs, &core))
            .with_context(|| format!("cannot write {}", stamp.display()))?;
    }
    fs::read(&module).with_context(|| format!("cannot read {}", module.display()))
}

/// What is noted of a module that was built: what it was built of, and what it is, so that one that is damaged is built again.
fn stamped(inputs: &str, module: &[u8]) -> String {
    format!("{inputs} {}", hex(&Sha256::digest(module)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes the directory, and waits until nobody else builds in it; it is given back when the file is dropped.
fn lock(work: &Path) -> io::Result<File> {
    fs::create_dir_all(work)?;
    let file = File::create(work.join("lock"))?;
    file.lock()?;
    Ok(file)
}

/// A clang that was found to be there.
struct Compiler {
    cpp: &'static str,
    c: &'static str,
    version: String,
}

impl Compiler {
    fn find() -> anyhow::Result<Self> {
        for (cpp, c) in COMPILERS {
            if let Ok(output) = Command::new(cpp).arg("--version").output()
                && output.status.success()
            {
                return Ok(Self {
                    cpp,
                    c,
                    version: String::from_utf8_lossy(&output.stdout).into_owned(),
                });
            }
        }
        bail!(
            "no compiler for C++ guests: run `{} cpp`, or as root on Debian `apt-get install {PACKAGES}`",
            installer()
        )
    }

    fn compile(&self, units: &[&Path], work: &Path, module: &Path) -> anyhow::Result<()> {
        let (code, object) = (
            work.join(format!("{WORLD}.c")),
            work.join(format!("{WORLD}.o")),
        );
        // Generated: its warnings are nobody's here.
        run(Command::new(self.c)
            .args([TARGET, "-O2", "-w", "-c"])
            .arg(code)
            .arg("-o")
            .arg(&object))?;
        let mut command = Command::new(self.cpp);
        command
            .args(FLAGS)
            .arg("-I")
            .arg(work)
            .arg("-o")
            .arg(module)
            .args(units)
            .arg(object);
        run(command.arg(work.join(format!("{WORLD}_component_type.o"))))
    }
}

/// Runs a compiler to its end.
fn run(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if MISSING.iter().any(|part| said.contains(part)) {
        bail!(
            "parts of the toolchain for C++ guests are missing; as root on Debian run `apt-get install {PACKAGES}`:\n{said}"
        );
    }
    bail!("{}", said.trim_end())
}

/// What the guest includes and links: generated, and the SDK.
pub(super) fn bindings() -> anyhow::Result<Vec<Input>> {
    let (mut resolve, world) = world()?;
    let mut files = Files::default();
    wit_bindgen_c::Opts::default()
        .build()
        .generate(&mut resolve, world, &mut files)?;
    let mut bindings: Vec<Input> = files
        .iter()
        .map(|(name, contents)| (name.into(), contents.to_vec()))
        .collect();
    bindings.push((SDK.0.into(), SDK.1.as_bytes().to_vec()));
    Ok(bindings)
}

/// The files a source consists of: all of a directory's, or one with the headers beside it.
fn read(source: &Path) -> anyhow::Result<Vec<Input>> {
    let (directory, unit) = if source.is_dir() {
        (source, None)
    } else {
        (source.parent().unwrap_or(source), Some(source))
    };
    let mut files = Vec::new();
    for entry in
        fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?
    {
        let path = entry?.path();
        let wanted = if is_unit(&path) {
            unit.is_none_or(|unit| unit == path)
        } else {
            is_header(&path)
        };
        if wanted {
            let contents =
                fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            files.push((path, contents));
        }
    }
    files.sort();
    Ok(files)
}

fn is_header(file: &Path) -> bool {
    matches!(file.extension().and_then(OsStr::to_str), Some("h" | "hpp"))
}

fn digest(compiler: &Compiler, sources: &[Input], bindings: &[Input]) -> String {
    let mut digest = Sha256::new();
    digest.update(&compiler.version);
    digest.update(FLAGS.join(" "));
    for (name, contents) in sources.iter().chain(bindings) {
        digest.update(name.file_name().unwrap_or_default().as_encoded_bytes());
        digest.update(contents.len().to_le_bytes());
        digest.update(contents);
    }
    hex(&digest.finalize())
}
