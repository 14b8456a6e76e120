//! Makes one file of a module, its packages and the SDK, with esbuild.
//!
//! esbuild comes from npm in the version of the lock file, without install scripts: its package brings the program. It runs no code of
//! the project and reads nothing from the network.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde::Deserialize;

use super::absent::{self, Absent};
use super::metafile::Metafile;
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

/// How everything is bundled: for no platform in particular, in the newest JavaScript that the engine knows.
const OPTIONS: [&str; 13] = [
    "--bundle",
    // Two files may have a class of the same name, and `error.name = this.constructor.name` is what clients read.
    "--keep-names",
    "--platform=neutral",
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

/// What a bundle is, as the file is that it begins with: CommonJS is not strict, unless it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    CommonJs,
    Module,
}

impl Form {
    /// `require` finds the main file of a package, as in Node, and `import` the one whose unused parts can be left out.
    fn options(self) -> [&'static str; 2] {
        match self {
            Self::CommonJs => ["--format=cjs", "--main-fields=main,module"],
            Self::Module => ["--format=esm", "--main-fields=module,main"],
        }
    }
}

/// A module in one file.
pub(super) struct Bundle {
    /// Its code.
    pub(super) code: String,
    /// What its code is.
    pub(super) form: Form,
    /// Where its lines come from.
    pub(super) lines: Lines,
    /// The packages inside: `name version`, one a line.
    pub(super) packages: String,
    /// Texts of SQL in it, with places.
    pub(super) texts: Vec<(String, String)>,
    /// What its builder should know, a line each: what it names that resolvers do not have, with places.
    pub(super) warnings: Vec<String>,
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
    let run = Run {
        program: install(progress)?,
        directory,
        entry,
        output: std::path::absolute(work.join("bundle.js"))?,
        metafile: std::path::absolute(work.join("bundle.json"))?,
    };
    let (form, made) = run.in_its_form().map_err(|error| {
        let bundled = format!("{} cannot be bundled", source.display());
        error.context(bundled)
    })?;
    let code = sdk::without_place(&read(&run.output)?);
    let map = read(&run.output.with_extension("js.map"))?;
    let lines = Lines::read(&map, &absolute(work)?, &absolute(&run.directory)?)?;
    let mut warnings = made.warnings;
    warnings.extend(missing::find(&code, &lines));
    warnings.extend(metadata_of_decorators(&run.directory));
    Ok(Bundle {
        warnings,
        texts: statement_texts::find(&code, &lines),
        packages: packages::list(&made.metafile, &run.directory),
        code,
        form,
        lines,
    })
}

/// One module that is bundled, perhaps more than once.
struct Run {
    program: PathBuf,
    directory: PathBuf,
    entry: PathBuf,
    output: PathBuf,
    metafile: PathBuf,
}

/// What esbuild made, beside the bundle.
struct Made {
    metafile: Metafile,
    warnings: Vec<String>,
}

impl Run {
    /// Only esbuild knows what a file is. What cannot be CommonJS, since it waits at its top level, is a module, too.
    fn in_its_form(&self) -> anyhow::Result<(Form, Made)> {
        let is_module = matches!(
            self.entry.extension().and_then(OsStr::to_str),
            Some("mjs" | "mts")
        );
        if !is_module
            && let Ok(made) = self.bundle(Form::CommonJs)
            && made.metafile.begins_with_common_js()
        {
            return Ok((Form::CommonJs, made));
        }
        Ok((Form::Module, self.bundle(Form::Module)?))
    }

    fn bundle(&self, form: Form) -> anyhow::Result<Made> {
        let mut warnings = Vec::new();
        if let Err(said) = self.esbuild(form, &[])? {
            let Some(absent) = absent::in_packages(&said) else {
                bail!("{}", missing::explain(&said, &self.directory));
            };
            warnings = absent.iter().map(Absent::warning).collect();
            if let Err(said) = self.esbuild(form, &absent)? {
                bail!("{}", missing::explain(&said, &self.directory));
            }
        }
        let metafile = Metafile::read(&read(&self.metafile)?)?;
        Ok(Made { metafile, warnings })
    }

    /// Runs the program; what it complains about is the inner error.
    fn esbuild(&self, form: Form, absent: &[Absent]) -> anyhow::Result<Result<(), String>> {
        let mut command = Command::new(&self.program);
        command
            .current_dir(&self.directory)
            .arg(&self.entry)
            .args(OPTIONS)
            .args(form.options())
            .arg(format!("--outfile={}", self.output.display()))
            .arg(format!("--metafile={}", self.metafile.display()));
        sdk::give(&mut command)?;
        absent::give(&mut command, absent)?;
        missing::define(&mut command);
        let output = command
            .stdin(Stdio::null())
            .output()
            .context("cannot run esbuild")?;
        Ok(if output.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        })
    }
}

/// esbuild leaves the types out that `emitDecoratorMetadata` keeps for libraries that inject by type: that is not done without a word.
fn metadata_of_decorators(directory: &Path) -> Option<String> {
    let text = fs::read_to_string(directory.join("tsconfig.json")).ok()?;
    let packed: String = text.chars().filter(|one| !one.is_whitespace()).collect();
    packed.contains("\"emitDecoratorMetadata\":true").then(|| {
        "tsconfig.json: `emitDecoratorMetadata` has no effect: `design:type` and `design:paramtypes` are not there; name what is injected with a token, and types with a function (`@Type(() => Address)`)".to_owned()
    })
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
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
