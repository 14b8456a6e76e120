//! Makes one file of a module, its packages and the SDK, with esbuild.
//!
//! esbuild comes from npm in the version of the lock file, without install scripts: its package brings the program. It runs no code of
//! the project and reads nothing from the network.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde::Deserialize;

use super::source_map::Lines;
use super::{cache, missing, packages, sdk, statement_texts};

/// What npm installs.
const PACKAGE: [(&str, &str); 2] = [
    (
        "package.json",
        include_str!("../../../../guest/sdk/js/bundler/package.json"),
    ),
    (
        "package-lock.json",
        include_str!("../../../../guest/sdk/js/bundler/package-lock.json"),
    ),
];

/// How everything is bundled: for no platform in particular, as a module of the newest JavaScript that the engine knows.
const OPTIONS: [&str; 15] = [
    "--bundle",
    // Two files may have a class of the same name, and `error.name = this.constructor.name` is what clients read.
    "--keep-names",
    "--format=esm",
    "--platform=neutral",
    "--main-fields=module,main",
    "--target=es2023",
    "--charset=utf8",
    "--legal-comments=none",
    "--sourcemap=external",
    "--sources-content=false",
    "--log-level=error",
    "--log-limit=0",
    "--color=false",
    // Where Lambda has a function's files: packages make paths of it, and there is nothing to read.
    "--define:__dirname=\"/var/task\"",
    "--define:__filename=\"/var/task/index.js\"",
];

/// The files a package begins with when its manifest does not say.
const ENTRIES: [&str; 4] = ["index.ts", "index.mjs", "index.js", "index.cjs"];

/// The largest manifest that is read.
const MANIFEST: mayfly_json::Limits = mayfly_json::Limits::of_bytes(1 << 20);

/// A module in one file.
pub(super) struct Bundle {
    /// Its code: a module of JavaScript.
    pub(super) code: String,
    /// Where its lines come from.
    pub(super) lines: Lines,
    /// The packages inside: `name version`, one a line.
    pub(super) packages: String,
    /// Texts of SQL in it, with places.
    pub(super) texts: Vec<(String, String)>,
    /// What it names that resolvers do not have, with places.
    pub(super) missing: Vec<String>,
}

#[derive(Deserialize)]
struct Manifest {
    module: Option<String>,
    main: Option<String>,
}

/// Bundles a file, or a directory with a package.json.
pub(super) fn bundle(
    source: &Path,
    work: &Path,
    progress: &mut dyn FnMut(&str),
) -> anyhow::Result<Bundle> {
    let (directory, entry) = entry(source)?;
    let program = install(progress)?;
    let output = work.join("bundle.js");
    let metafile = work.join("bundle.json");
    let mut command = Command::new(program);
    command
        .current_dir(&directory)
        .arg(&entry)
        .args(OPTIONS)
        .arg(format!(
            "--outfile={}",
            std::path::absolute(&output)?.display()
        ))
        .arg(format!(
            "--metafile={}",
            std::path::absolute(&metafile)?.display()
        ));
    sdk::give(&mut command)?;
    missing::define(&mut command);
    run(&mut command, &directory)
        .with_context(|| format!("{} cannot be bundled", source.display()))?;
    let read = |path: &Path| {
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let code = sdk::without_place(&read(&output)?);
    let map = read(&output.with_extension("js.map"))?;
    let lines = Lines::read(&map, &absolute(work)?, &absolute(&directory)?)?;
    Ok(Bundle {
        missing: missing::find(&code, &lines),
        texts: statement_texts::find(&code, &lines),
        packages: packages::list(&read(&metafile)?, &directory),
        code,
        lines,
    })
}

/// A path as esbuild writes it, which follows links.
fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    path.canonicalize()
        .with_context(|| format!("cannot find {}", path.display()))
}

/// The directory to bundle in, and the file to begin with.
fn entry(source: &Path) -> anyhow::Result<(PathBuf, PathBuf)> {
    let source = absolute(source)?;
    if source.is_file() {
        let directory = source.parent().unwrap_or(&source).to_path_buf();
        return Ok((directory, source));
    }
    let manifest = source.join("package.json");
    let text = fs::read_to_string(&manifest)
        .with_context(|| format!("cannot read {}", manifest.display()))?;
    let read: Manifest = mayfly_json::read(&text, MANIFEST)
        .map_err(|error| anyhow::anyhow!("cannot read {}: {error}", manifest.display()))?;
    let named = read.module.or(read.main);
    let candidates: Vec<&str> = match &named {
        Some(named) => vec![named],
        None => ENTRIES.to_vec(),
    };
    let found = candidates
        .iter()
        .map(|candidate| source.join(candidate))
        .find(|candidate| candidate.is_file());
    match (found, named) {
        (Some(entry), _) => Ok((source, entry)),
        (None, Some(named)) => bail!(
            "{} names `{named}` as `main`, which does not exist; name the file that exports the resolvers",
            manifest.display()
        ),
        (None, None) => bail!(
            "{} names no `main`, and there is no index.ts or index.js; name the file that exports the resolvers",
            manifest.display()
        ),
    }
}

/// The program, installed once per machine and version.
fn install(progress: &mut dyn FnMut(&str)) -> anyhow::Result<PathBuf> {
    let directory = cache::directory("esbuild", &PACKAGE)?;
    let _alone =
        cache::lock(&directory).with_context(|| format!("cannot lock {}", directory.display()))?;
    if let Some(program) = program(&directory) {
        return Ok(program);
    }
    progress("installing esbuild, once per machine");
    cache::lay(&directory, &PACKAGE)?;
    let output = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&directory)
        .stdin(Stdio::null())
        .output()
        .context("cannot run npm, which installs esbuild; install Node.js 20 or newer")?;
    if !output.status.success() {
        bail!(
            "npm cannot install esbuild:\n{}",
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    program(&directory).with_context(|| {
        format!(
            "esbuild has no program for this machine in {}",
            directory.display()
        )
    })
}

/// The package for this platform is the one that npm chose. It is whole when npm has written its own note of it, which it does last.
fn program(directory: &Path) -> Option<PathBuf> {
    let modules = directory.join("node_modules");
    if !modules.join(".package-lock.json").is_file() {
        return None;
    }
    fs::read_dir(modules.join("@esbuild"))
        .ok()?
        .flatten()
        .map(|entry| entry.path().join("bin/esbuild"))
        .find(|program| program.is_file())
}

fn run(command: &mut Command, directory: &Path) -> anyhow::Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .context("cannot run esbuild")?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    bail!("{}", missing::explain(&said, directory));
}
