//! Builds JavaScript and TypeScript modules: bundled by esbuild, evaluated once in the engine, and snapshotted with what that left.
//!
//! In order: `bundler` makes one file of a module and its packages; `engine` finds the engine, or compiles it; the host's compile
//! child evaluates the bundle's top level in it, within the module's memory and a deadline; and what the instance then has in memory
//! becomes the module. The same bundle in the same engine is not evaluated again.

mod absent;
mod bundler;
mod cache;
mod engine;
mod metafile;
mod missing;
mod packages;
mod sdk;
mod section;
mod source_map;
mod statement_texts;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use mayfly_runtime::modules::compiler::snapshot;
use mayfly_runtime::sandbox::SnapshotLimits;
use serde::Serialize;
use sha2::{Digest, Sha256};

use bundler::{Bundle, Form};

/// How long a top level may take. Frameworks that register thousands of things take a fraction of a second.
const TOP_LEVEL: Duration = Duration::from_secs(10);

/// The custom section in which the fields are listed.
const FIELDS_SECTION: &str = "mayfly:fields";
/// What comes before each warning of the engine.
const WARNING: char = '\u{1}';
/// The custom section that says which packages are inside, in which versions.
const PACKAGES_SECTION: &str = "mayfly:packages";

/// The files of the SDK, with the types of what it has.
pub(super) fn sdk_files() -> impl Iterator<Item = (&'static str, &'static str)> {
    sdk::files()
}

/// The engine's bytes: the file that an installation brings, or one that is compiled on this machine, once.
///
/// # Errors
///
/// When it has to be compiled and cannot be.
pub fn engine(progress: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<u8>> {
    engine::find(progress)
}

/// What the configuration says of a module in JavaScript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JavaScript {
    /// The module's name.
    pub name: String,
    /// What one invocation may hold, in bytes; the top level may hold as much.
    pub memory_bytes: u64,
    /// `process.env`.
    pub environment: BTreeMap<String, String>,
    /// What its code may know of what it is granted: JSON, by name.
    pub reach: BTreeMap<&'static str, String>,
    /// How its code is written.
    pub handler: Handler,
}

/// How a module's code is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handler {
    /// It exports `resolvers`, by type and field.
    Resolvers,
    /// It exports `handler`, as AppSync's direct Lambda resolvers do.
    AppSync {
        /// Whether it is given an array of events.
        batch: bool,
        /// The fields it answers, which it does not say itself: `Type.field`.
        fields: Vec<String>,
    },
}

impl Default for JavaScript {
    fn default() -> Self {
        Self {
            name: "module".to_owned(),
            memory_bytes: 16 << 20,
            environment: BTreeMap::new(),
            reach: BTreeMap::new(),
            handler: Handler::Resolvers,
        }
    }
}

/// Whether a file is JavaScript or TypeScript.
pub(super) fn is_script(file: &Path) -> bool {
    matches!(
        file.extension().and_then(OsStr::to_str),
        Some("js" | "mjs" | "cjs" | "ts" | "mts" | "cts")
    )
}

/// Whether a directory is a package of Node.
pub(super) fn is_package(directory: &Path) -> bool {
    directory.join("package.json").is_file()
}

/// Builds a source and gives the core module; `work` is a directory for what is made on the way.
pub(super) fn build(
    source: &Path,
    module: &JavaScript,
    work: &Path,
    progress: &mut dyn FnMut(&str),
) -> anyhow::Result<Vec<u8>> {
    let _alone = cache::lock(work).with_context(|| format!("cannot lock {}", work.display()))?;
    let bundle = bundler::bundle(source, work, progress)?;
    for line in &bundle.warnings {
        progress(&format!("warning: {line}"));
    }
    let engine = engine::find(progress)?;
    let input = serde_json::to_vec(&Input::new(module, &bundle))?;
    let built = Built::new(work, &engine, &input, &bundle.packages, module);
    let evaluated = match built.read() {
        Some(evaluated) => evaluated,
        None => {
            progress(&format!("evaluating {}", source.display()));
            let evaluated = evaluate(&engine, &input, &bundle, module)
                .with_context(|| format!("{} cannot be built", source.display()))?;
            built.write(&evaluated)?;
            evaluated
        }
    };
    for warning in evaluated
        .warnings
        .split(WARNING)
        .filter(|text| !text.is_empty())
    {
        progress(&format!("warning: {warning}"));
    }
    Ok(evaluated.core)
}

/// What the engine is told, as JSON.
#[derive(Serialize)]
struct Input<'a> {
    code: &'a str,
    common_js: bool,
    sources: &'a [String],
    lines: &'a [u32],
    mappings: &'a str,
    module: &'a str,
    environment: &'a BTreeMap<String, String>,
    reach: BTreeMap<&'static str, &'a str>,
    texts: &'a [(String, String)],
    handler: &'static str,
    batch: bool,
    memory_mib: u64,
}

impl<'a> Input<'a> {
    fn new(module: &'a JavaScript, bundle: &'a Bundle) -> Self {
        let (handler, batch) = match &module.handler {
            Handler::Resolvers => ("resolvers", false),
            Handler::AppSync { batch, .. } => ("appsync", *batch),
        };
        Self {
            code: &bundle.code,
            common_js: bundle.form == Form::CommonJs,
            sources: &bundle.lines.sources,
            lines: &bundle.lines.numbers,
            mappings: &bundle.lines.mappings,
            module: &module.name,
            environment: &module.environment,
            reach: reach(module, bundle),
            texts: &bundle.texts,
            handler,
            batch,
            memory_mib: module.memory_bytes >> 20,
        }
    }
}

/// What the code may know of what it is granted. Statements are only told to code that sends their texts.
fn reach<'a>(module: &'a JavaScript, bundle: &Bundle) -> BTreeMap<&'static str, &'a str> {
    let mut reach: BTreeMap<_, _> = module
        .reach
        .iter()
        .map(|(name, told)| (*name, told.as_str()))
        .collect();
    if !statement_texts::are_sent(&bundle.code) {
        reach.remove("sql");
    }
    reach
}

/// A core module, and what its builder should know.
struct Evaluated {
    core: Vec<u8>,
    /// Each behind a [`WARNING`].
    warnings: String,
}

fn evaluate(
    engine: &[u8],
    input: &[u8],
    bundle: &Bundle,
    module: &JavaScript,
) -> anyhow::Result<Evaluated> {
    let limits = SnapshotLimits {
        memory_bytes: module.memory_bytes,
        time: TOP_LEVEL,
    };
    let made = snapshot(engine, input, limits).map_err(anyhow::Error::msg)?;
    let said = String::from_utf8_lossy(&made.output);
    let (fields, warnings) = match said.split_at_checked(1) {
        Some(("+", said)) => said.split_at(said.find(WARNING).unwrap_or(said.len())),
        Some(("-", error)) => bail!("{error}{}", remedy(error)),
        _ => bail!("the engine gave no reason"),
    };
    let mut core = made.module;
    let listed = match &module.handler {
        Handler::Resolvers => fields.to_owned(),
        Handler::AppSync { fields, .. } => fields.join("\n"),
    };
    section::append(&mut core, FIELDS_SECTION, listed.as_bytes());
    section::append(&mut core, PACKAGES_SECTION, bundle.packages.as_bytes());
    Ok(Evaluated {
        core,
        warnings: warnings.to_owned(),
    })
}

/// What to do about an error of the top level, where that is known.
fn remedy(error: &str) -> &'static str {
    let is_common_js = ["exports", "module", "require"]
        .iter()
        .any(|name| error.starts_with(&format!("ReferenceError: {name} is not defined")));
    if is_common_js {
        "\nthis is CommonJS in a package of ES modules: remove `\"type\": \"module\"` from its package.json, or name the file `.cjs`"
    } else {
        ""
    }
}

/// A core module that was built, and a note of what it was built of.
struct Built {
    core: PathBuf,
    warnings: PathBuf,
    stamp: PathBuf,
    inputs: String,
}

impl Built {
    fn new(work: &Path, engine: &[u8], input: &[u8], packages: &str, module: &JavaScript) -> Self {
        let mut digest = Sha256::new();
        let settings = format!("{:?} {}", module.handler, module.memory_bytes);
        for part in [engine, input, packages.as_bytes(), settings.as_bytes()] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        Self {
            core: work.join("module.wasm"),
            warnings: work.join("warnings"),
            stamp: work.join("digest"),
            inputs: cache::hex(&digest.finalize()),
        }
    }

    /// The module, if it was built of the same and is whole.
    fn read(&self) -> Option<Evaluated> {
        let core = fs::read(&self.core).ok()?;
        let warnings = fs::read_to_string(&self.warnings).ok()?;
        let stamp = fs::read_to_string(&self.stamp).ok()?;
        (stamp == self.stamped(&core)).then_some(Evaluated { core, warnings })
    }

    fn write(&self, evaluated: &Evaluated) -> anyhow::Result<()> {
        let Evaluated { core, warnings } = evaluated;
        let stamp = self.stamped(core);
        // The stamp comes last: what it stands for is whole then.
        for (file, contents) in [
            (&self.core, core.as_slice()),
            (&self.warnings, warnings.as_bytes()),
            (&self.stamp, stamp.as_bytes()),
        ] {
            fs::write(file, contents)
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(())
    }

    fn stamped(&self, core: &[u8]) -> String {
        format!("{} {}", self.inputs, cache::hex(&Sha256::digest(core)))
    }
}
