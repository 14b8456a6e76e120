//! Components from source: what `mayfly build` does.
//!
//! In order: [`Toolchain`] finds a compiler for guests, `cargo` builds the crates of one workspace in one go, [`component`] turns
//! each core module into a component and checks it, and the file is replaced in one step, if it changed at all.
//!
//! Must not know: configuration, what a module is allowed, or how components run.

mod cargo;
pub mod component;
mod toolchain;

pub use component::Component;
pub use toolchain::Toolchain;

use anyhow::Context;
use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{fs, io};

/// What became of one crate.
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
    /// Seconds since the build of its workspace began.
    pub seconds: f64,
}

/// Builds a Rust crate into a component file; `progress` is told what the compiler says, a line at a time.
///
/// # Errors
///
/// When the crate does not compile, is no resolver, or the file cannot be written.
pub fn build_module(
    crate_dir: &Path,
    component: &Path,
    toolchain: &Toolchain,
    progress: &mut dyn FnMut(&str),
) -> anyhow::Result<BuildReport> {
    let mut reports = build_modules(&[(crate_dir, component)], toolchain, progress)?;
    reports.pop().with_context(|| format!("nothing was built from {}", crate_dir.display()))
}

/// Builds Rust crates into component files, those of one workspace by one call of cargo; the reports come in the order asked for.
///
/// # Errors
///
/// When a crate does not compile, is no resolver, or a file cannot be written; components before it are then written already.
pub fn build_modules(
    sources: &[(&Path, &Path)],
    toolchain: &Toolchain,
    progress: &mut dyn FnMut(&str),
) -> anyhow::Result<Vec<BuildReport>> {
    let mut packages = Vec::with_capacity(sources.len());
    for (crate_dir, _) in sources {
        packages.push(cargo::package(crate_dir, toolchain)?);
    }
    let mut reports: Vec<Option<BuildReport>> = sources.iter().map(|_| None).collect();
    for workspace in cargo::workspaces(&packages) {
        let started = Instant::now();
        let core_modules = cargo::build(&workspace, toolchain, progress)?;
        for ((package, (_, file)), report) in packages.iter().zip(sources).zip(&mut reports) {
            if let Some(core_module) = core_modules.get(&package.manifest) {
                *report = Some(finish(package, core_module, file, started)?);
            }
        }
    }
    let complete: Option<Vec<_>> = reports.into_iter().collect();
    complete.context("a crate gave no WebAssembly module; set `crate-type = [\"cdylib\"]` under [lib] in its Cargo.toml")
}

fn finish(package: &cargo::Package, core_module: &Path, file: &Path, started: Instant) -> anyhow::Result<BuildReport> {
    let core = fs::read(core_module).with_context(|| format!("cannot read {}", core_module.display()))?;
    let component = Component::from_core(&core).with_context(|| format!("crate `{}` is no Mayfly module", package.name))?;
    let written = replace(file, &component.bytes).with_context(|| format!("cannot write {}", file.display()))?;
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
    let renamed = fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, file));
    if renamed.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    renamed.map(|()| true)
}

#[cfg(test)]
mod tests;
