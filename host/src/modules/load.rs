//! From a file to a [`Version`]: read, recognise, compile or find compiled, load, type-check, compare the fields.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use mayfly_config::Module;
use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use super::Version;
use super::compile::{MAX_COMPONENT_BYTES, compile_in_a_child};
use super::fields::handled_fields;
use super::store::ArtifactStore;
use crate::sandbox::Sandbox;

/// Why a module cannot be loaded: the step that refused it, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("module `{module}`: {step}: {message}")]
pub struct LoadError {
    /// The module.
    pub module: String,
    /// The step: `read`, `validate`, `compile`, `type-check` or `fields`.
    pub step: &'static str,
    /// What is wrong and the remedy.
    pub message: String,
}

/// What a loader is doing, for showing progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loading<'a> {
    /// A module is compiled, which takes seconds.
    Compiling(&'a str),
    /// A module was found compiled.
    Cached(&'a str),
}

/// Loads modules for one sandbox.
pub struct Loader {
    /// The engine to load for.
    pub sandbox: Arc<Sandbox>,
    /// Compiled modules.
    pub store: ArtifactStore,
}

impl Loader {
    /// Loads a module's component file; `wanted` are the fields the schema gives the module.
    ///
    /// # Errors
    ///
    /// The first step that refuses, with the reason.
    pub async fn load(
        &self,
        module: Arc<Module>,
        wanted: &BTreeSet<String>,
        progress: &(dyn Fn(Loading<'_>) + Sync),
    ) -> Result<Version, LoadError> {
        let failed = |step, message| LoadError { module: module.name.clone(), step, message };
        let bytes = read(&module.component).map_err(|message| failed("read", message))?;
        recognise(&bytes).map_err(|message| failed("validate", message))?;
        let fields = handled_fields(&bytes).map_err(|message| failed("validate", message))?;
        let digest = hex(&Sha256::digest(&bytes));
        let component = self.compiled(&module.name, &bytes, &digest, progress).await.map_err(|m| failed("compile", m))?;
        let prepared = self.sandbox.prepare(&component).map_err(|error| failed("type-check", type_error(&error)))?;
        compare(&fields, wanted).map_err(|message| failed("fields", message))?;
        Ok(Version { component_bytes: bytes.len(), module, digest, fields, prepared })
    }

    async fn compiled(
        &self,
        name: &str,
        bytes: &[u8],
        digest: &str,
        progress: &(dyn Fn(Loading<'_>) + Sync),
    ) -> Result<Component, String> {
        let artifact = self.store.path(digest, self.sandbox.engine());
        if artifact.exists() {
            progress(Loading::Cached(name));
        } else {
            progress(Loading::Compiling(name));
            let temporary = self.store.temporary();
            let compiled = compile_in_a_child(bytes, &temporary).await;
            let kept = compiled.and_then(|()| {
                fs::rename(&temporary, &artifact).map_err(|error| format!("{} cannot be written: {error}", artifact.display()))
            });
            if kept.is_err() {
                // It may not exist, and a leftover harms nobody.
                let _ = fs::remove_file(&temporary);
            }
            kept?;
        }
        deserialize(&self.sandbox, &artifact).map_err(|error| load_error(&artifact, &error))
    }
}

/// What the engine says about an artifact, with what to do about it.
fn load_error(artifact: &Path, error: &wasmtime::Error) -> String {
    let said = format!("{error:#}");
    // wasmtime has no type for this one: what a component declares is compared with what the pool has for each.
    if said.contains("exceeds") {
        return format!(
            "it asks for more than a component may have ({said}); use fewer or smaller memories, tables and instances"
        );
    }
    format!("{} cannot be loaded ({said}); delete it and start again", artifact.display())
}

#[expect(unsafe_code, reason = "the one place that loads compiled code: from a store only this host writes, see store.rs")]
fn deserialize(sandbox: &Sandbox, artifact: &Path) -> wasmtime::Result<Component> {
    // SAFETY: the artifact was written by `compile_in_a_child` of this user, under a name that says for which compiler, in a
    // directory nobody else may write to, and is never changed once it has that name.
    unsafe { Component::deserialize_file(sandbox.engine(), artifact) }
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    let show = file.display();
    let metadata = fs::metadata(file).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("{show} does not exist; run `mayfly build` or correct `component`"),
        _ => format!("{show} cannot be read: {error}"),
    })?;
    if metadata.len() > MAX_COMPONENT_BYTES {
        return Err(format!("{show} is larger than {} MiB, the most that is loaded", MAX_COMPONENT_BYTES >> 20));
    }
    fs::read(file).map_err(|error| format!("{show} cannot be read: {error}"))
}

/// Tells a component from what is often given instead of one.
fn recognise(bytes: &[u8]) -> Result<(), String> {
    const MAGIC: &[u8] = b"\0asm";
    match (bytes.strip_prefix(MAGIC), bytes.get(4..8)) {
        _ if bytes.is_empty() => Err("the file is empty; run `mayfly build`".to_owned()),
        (None, _) => Err("the file is not WebAssembly; give the component that `mayfly build` makes".to_owned()),
        (_, Some([0x01, 0x00, 0x00, 0x00])) => {
            Err("the file is a core module, not a component; make it one with `mayfly build` or `wasm-tools component new`"
                .to_owned())
        }
        (_, Some([0x0d, 0x00, 0x01, 0x00])) => Ok(()),
        _ => Err("the file is of another WebAssembly version; build it with current tools".to_owned()),
    }
}

/// What the linker says, with what to do about it.
fn type_error(error: &wasmtime::Error) -> String {
    let said = format!("{error:#}");
    format!("{said}; build the component against the world `mayfly:resolver/resolver@0.1.0` of this host")
}

fn compare(handled: &BTreeSet<String>, wanted: &BTreeSet<String>) -> Result<(), String> {
    let missing: Vec<_> = wanted.difference(handled).map(String::as_str).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let handled: Vec<_> = handled.iter().map(String::as_str).collect();
    let handled = if handled.is_empty() { "nothing".to_owned() } else { handled.join(", ") };
    Err(format!(
        "the schema gives it {}, which the component does not handle (it handles {handled}); add it to `resolvers!` or change @resolve",
        missing.join(", ")
    ))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
