//! Builds JavaScript and TypeScript modules: bundled by esbuild, evaluated once in the engine, and snapshotted with what that left.
//!
//! In order: `bundler` makes one file of a module and its packages; `engine` finds the engine, or compiles it; the host's compile
//! child evaluates the bundle's top level in it, within the module's memory and a deadline; and what the instance then has in memory
//! becomes the module. The same bundle in the same engine is not evaluated again.

mod bundler;
mod cache;
mod engine;
mod missing;
mod packages;
mod sdk;
mod section;
mod source_map;

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

use bundler::Bundle;

/// How long a top level may take. Frameworks that register thousands of things take a fraction of a second.
const TOP_LEVEL: Duration = Duration::from_secs(10);

/// The custom section in which the fields are listed.
const FIELDS_SECTION: &str = "mayfly:fields";
/// The custom section that says which packages are inside, in which versions.
const PACKAGES_SECTION: &str = "mayfly:packages";

/// The files of the SDK, with the types of what it has.
pub(super) fn sdk_files() -> impl Iterator<Item = (&'static str, &'static str)> {
    sdk::files()
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
    for line in &bundle.missing {
        progress(&format!("warning: {line}"));
    }
    let engine = engine::find(progress)?;
    let input = serde_json::to_vec(&Input::new(module, &bundle))?;
    let built = Built::new(work, &engine, &input, &bundle.packages, module);
    if let Some(core) = built.read() {
        return Ok(core);
    }
    progress(&format!("evaluating {}", source.display()));
    let core = evaluate(&engine, &input, &bundle, module)
        .with_context(|| format!("{} cannot be built", source.display()))?;
    built.write(&core)?;
    Ok(core)
}

/// What the engine is told, as JSON.
#[derive(Serialize)]
struct Input<'a> {
    code: &'a str,
    sources: &'a [String],
    lines: &'a [u32],
    module: &'a str,
    environment: &'a BTreeMap<String, String>,
    handler: &'static str,
    batch: bool,
}

impl<'a> Input<'a> {
    fn new(module: &'a JavaScript, bundle: &'a Bundle) -> Self {
        let (handler, batch) = match &module.handler {
            Handler::Resolvers => ("resolvers", false),
            Handler::AppSync { batch, .. } => ("appsync", *batch),
        };
        Self {
            code: &bundle.code,
            sources: &bundle.lines.sources,
            lines: &bundle.lines.numbers,
            module: &module.name,
            environment: &module.environment,
            handler,
            batch,
        }
    }
}

fn evaluate(
    engine: &[u8],
    input: &[u8],
    bundle: &Bundle,
    module: &JavaScript,
) -> anyhow::Result<Vec<u8>> {
    let limits = SnapshotLimits {
        memory_bytes: module.memory_bytes,
        time: TOP_LEVEL,
    };
    let made = snapshot(engine, input, limits).map_err(anyhow::Error::msg)?;
    let said = String::from_utf8_lossy(&made.output);
    let fields = match said.split_at_checked(1) {
        Some(("+", fields)) => fields,
        Some(("-", error)) => bail!("{error}"),
        _ => bail!("the engine said nothing"),
    };
    let mut core = made.module;
    let listed = match &module.handler {
        Handler::Resolvers => fields.to_owned(),
        Handler::AppSync { fields, .. } => fields.join("\n"),
    };
    section::append(&mut core, FIELDS_SECTION, listed.as_bytes());
    section::append(&mut core, PACKAGES_SECTION, bundle.packages.as_bytes());
    Ok(core)
}

/// A core module that was built, and a note of what it was built of.
struct Built {
    core: PathBuf,
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
            stamp: work.join("digest"),
            inputs: cache::hex(&digest.finalize()),
        }
    }

    /// The module, if it was built of the same and is whole.
    fn read(&self) -> Option<Vec<u8>> {
        let core = fs::read(&self.core).ok()?;
        let stamp = fs::read_to_string(&self.stamp).ok()?;
        (stamp == self.stamped(&core)).then_some(core)
    }

    fn write(&self, core: &[u8]) -> anyhow::Result<()> {
        fs::write(&self.core, core)
            .with_context(|| format!("cannot write {}", self.core.display()))?;
        fs::write(&self.stamp, self.stamped(core))
            .with_context(|| format!("cannot write {}", self.stamp.display()))
    }

    fn stamped(&self, core: &[u8]) -> String {
        format!("{} {}", self.inputs, cache::hex(&Sha256::digest(core)))
    }
}
