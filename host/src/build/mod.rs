//! Components from source: what `mayfly build` does.
//!
//! In order: `Source` tells a Rust crate from C++ and from WebAssembly text; [`Toolchain`] finds a compiler for crates, and `cargo`
//! builds those of one workspace in one go; `cpp` runs clang; `javascript` a bundler and the engine; [`component`] turns each core module
//! into a component and checks it, and the file is replaced in one step, if it changed at all. [`sdk`] has what guests are compiled with, as files, and `cargo` holds a
//! copy of it to what was written before anything becomes a component.
//!
//! Must not know: configuration, what a module is allowed, or how components run.

mod cargo;
pub mod component;
mod cpp;
pub mod javascript;
pub mod sdk;
mod source;
mod toolchain;
mod world;

pub use component::Component;
pub use javascript::JavaScript;
pub use toolchain::Toolchain;

use anyhow::Context;
use source::Source;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{fs, io};

/// What became of one source.
#[derive(Debug, Clone)]
pub struct BuildReport {
    /// The component's file.
    pub component: PathBuf,
    /// Its size.
    pub component_bytes: usize,
    /// The fields it handles, as its SDK wrote them down: `Type.field`.
    pub fields: Vec<String>,
    /// The linear memory an instance starts with.
    pub initial_memory_bytes: u64,
    /// Whether the file was written; a component that did not change is left alone, so that nobody reloads it.
    pub written: bool,
    /// Seconds since its build began, for a crate that of its workspace.
    pub seconds: f64,
}

/// A module to build.
#[derive(Debug, Clone)]
pub struct ModuleSource<'a> {
    /// What it is made from.
    pub source: &'a Path,
    /// The file to write.
    pub component: &'a Path,
    /// What matters if it is in JavaScript.
    pub javascript: JavaScript,
}

impl<'a> ModuleSource<'a> {
    /// A module of which the configuration says nothing else.
    #[must_use]
    pub fn new(source: &'a Path, component: &'a Path) -> Self {
        Self {
            source,
            component,
            javascript: JavaScript::default(),
        }
    }
}

/// What became of sources that were built together.
#[derive(Debug, Default)]
pub struct Built {
    /// Of those that became components, in the order asked for.
    pub reports: Vec<BuildReport>,
    /// Of the others: one for each source, or workspace of crates.
    pub failures: Vec<anyhow::Error>,
}

/// Builds sources into component files, the crates of one workspace by one call of cargo. One that fails keeps no other from being built.
/// `progress` is told what compilers say, a line at a time.
pub fn build_modules(sources: &[ModuleSource<'_>], progress: &mut dyn FnMut(&str)) -> Built {
    let mut reports: Vec<Option<BuildReport>> = sources.iter().map(|_| None).collect();
    let mut failures = Vec::new();
    let mut crates = Vec::new();
    for (module, report) in sources.iter().zip(&mut reports) {
        let started = Instant::now();
        let (source, file) = (module.source, module.component);
        let work = work_directory(file);
        let core = match Source::of(source) {
            Ok(Source::Crate) => {
                crates.push((source, file, report));
                continue;
            }
            Ok(Source::Cpp) => cpp::build(source, &work, progress),
            Ok(Source::JavaScript) => {
                javascript::build(source, &module.javascript, &work, progress)
            }
            // Text is turned into bytes; bytes are taken as they are.
            Ok(Source::WebAssembly) => wat::parse_file(source).map_err(Into::into),
            Err(failure) => Err(failure),
        };
        match core.and_then(|core| finish(source, core, file, started)) {
            Ok(built) => *report = Some(built),
            Err(failure) => failures.push(failure),
        }
    }
    if let Err(failure) = build_crates(crates, progress, &mut failures) {
        failures.push(failure);
    }
    Built {
        reports: reports.into_iter().flatten().collect(),
        failures,
    }
}

/// Where what a build makes on the way to a component is kept: beside it, where nobody looks for sources.
fn work_directory(component: &Path) -> PathBuf {
    let directory = component.parent().unwrap_or(Path::new("."));
    directory
        .join(".mayfly")
        .join(component.file_stem().unwrap_or(component.as_os_str()))
}

/// A crate's directory, the component's file, and where to report what became of it.
type Wanted<'a> = (&'a Path, &'a Path, &'a mut Option<BuildReport>);

fn build_crates(
    mut crates: Vec<Wanted<'_>>,
    progress: &mut dyn FnMut(&str),
    failures: &mut Vec<anyhow::Error>,
) -> anyhow::Result<()> {
    if crates.is_empty() {
        return Ok(());
    }
    let toolchain = Toolchain::find()?;
    let mut packages = Vec::with_capacity(crates.len());
    crates.retain(|(directory, _, _)| {
        let package = cargo::package(directory, &toolchain);
        let package = package.map(|package| packages.push(package));
        package.map_err(|failure| failures.push(failure)).is_ok()
    });
    for workspace in cargo::workspaces(&packages) {
        let started = Instant::now();
        let core_modules = match cargo::build(&workspace, &toolchain, progress) {
            Ok(core_modules) => core_modules,
            Err(failure) => {
                failures.push(failure);
                continue;
            }
        };
        for (package, (directory, file, report)) in packages.iter().zip(&mut crates) {
            if !package.is_in(&workspace) {
                continue;
            }
            match finish_crate(
                directory,
                core_modules.get(&package.manifest),
                file,
                started,
            ) {
                Ok(built) => **report = Some(built),
                Err(failure) => failures.push(failure),
            }
        }
    }
    Ok(())
}

fn finish_crate(
    directory: &Path,
    core_module: Option<&PathBuf>,
    file: &Path,
    started: Instant,
) -> anyhow::Result<BuildReport> {
    let core_module = core_module.with_context(|| {
        format!(
            "{} gave no WebAssembly module; set `crate-type = [\"cdylib\"]` under [lib] in its Cargo.toml",
            directory.display()
        )
    })?;
    let core =
        fs::read(core_module).with_context(|| format!("cannot read {}", core_module.display()))?;
    finish(directory, core, file, started)
}

/// Makes a component of what a compiler gave, and writes it.
fn finish(
    source: &Path,
    bytes: Vec<u8>,
    file: &Path,
    started: Instant,
) -> anyhow::Result<BuildReport> {
    let component = Component::new(bytes)
        .with_context(|| format!("{} is not a Mayfly module", source.display()))?;
    let written = replace(file, &component.bytes)
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(BuildReport {
        component: file.to_owned(),
        component_bytes: component.bytes.len(),
        fields: component.fields,
        initial_memory_bytes: component.initial_memory_bytes,
        written,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// Replaces the file in one step: whoever loads it meanwhile sees the old or the new, never a part. Tells whether it had to.
fn replace(file: &Path, bytes: &[u8]) -> io::Result<bool> {
    if fs::read(file).is_ok_and(|old| old == bytes) {
        return Ok(false);
    }
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory)?;
    }
    let temporary = file.with_extension(format!("{}.tmp", std::process::id()));
    let renamed = write(&temporary, bytes).and_then(|()| fs::rename(&temporary, file));
    if renamed.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    renamed.map(|()| true)
}

/// Writes a file that the disk has when this returns, so that what is renamed over another one is whole.
fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(file)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests;
