//! From bytes to a [`Version`]: recognise, compile or find compiled, load, type-check, compare the fields.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use mayfly_config::Module;
use wasmtime::component::Component;

use super::Version;
use super::compile::{CompilerLimits, compile_in_a_child};
use super::component::ComponentBytes;
use super::fields::handled_fields;
use super::places::Places;
use super::refusal::{Refusal, Step};
use super::store::ArtifactStore;
use crate::sandbox::Sandbox;

/// What a loader is doing, for showing progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loading<'a> {
    /// A module is compiled, which takes seconds.
    Compiling(&'a str),
    /// A module was found compiled.
    Cached(&'a str),
}

/// How hard the compiler may work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// With all cores: somebody waits for it.
    Full,
    /// With one thread that gives way to everything else: requests are being answered.
    Background,
}

/// Loads versions for one sandbox.
pub struct Loader {
    /// The engine to load for.
    pub sandbox: Arc<Sandbox>,
    /// Compiled modules.
    pub artifacts: ArtifactStore,
    /// What compiling a version may use.
    pub compiler: CompilerLimits,
    /// How many versions may be in memory.
    pub places: Places,
}

impl Loader {
    /// Loads a component as a version of a module; `wanted` are the fields the schema gives the module.
    ///
    /// # Errors
    ///
    /// The first step that refuses, with the reason.
    pub async fn load(
        &self,
        module: Arc<Module>,
        component: &ComponentBytes,
        wanted: &BTreeSet<String>,
        effort: Effort,
        progress: &(dyn Fn(Loading<'_>) + Sync),
    ) -> Result<Version, Refusal> {
        let failed = |step, message| Refusal::new(&module.name, step, message);
        component
            .recognise()
            .map_err(|message| failed(Step::Validate, message))?;
        let fields =
            handled_fields(component.bytes()).map_err(|message| failed(Step::Validate, message))?;
        let artifact = self
            .artifacts
            .path(component.digest(), self.sandbox.engine());
        if artifact.exists() {
            progress(Loading::Cached(&module.name));
        } else {
            progress(Loading::Compiling(&module.name));
            self.compile(component, &artifact, effort)
                .await
                .map_err(|message| failed(Step::Compile, message))?;
        }
        let place = self
            .places
            .take(&module.name)
            .await
            .map_err(|message| failed(Step::Swap, message))?;
        let loaded = deserialize(&self.sandbox, &artifact)
            .map_err(|error| failed(Step::Compile, load_error(&artifact, &error)))?;
        let prepared = self
            .sandbox
            .prepare(&loaded)
            .map_err(|error| failed(Step::TypeCheck, type_error(&error)))?;
        compare(&fields, wanted).map_err(|message| failed(Step::Fields, message))?;
        let digest = component.digest().to_owned();
        Ok(Version {
            component_bytes: component.bytes().len(),
            module,
            digest,
            fields,
            prepared,
            place,
        })
    }

    async fn compile(
        &self,
        component: &ComponentBytes,
        artifact: &Path,
        effort: Effort,
    ) -> Result<(), String> {
        let temporary = Temporary(self.artifacts.temporary());
        compile_in_a_child(component.bytes(), &temporary.0, self.compiler, effort).await?;
        fs::rename(&temporary.0, artifact)
            .map_err(|error| format!("{} cannot be written: {error}", artifact.display()))
    }
}

/// A file that is gone in the end, whatever happens, unless it was renamed.
struct Temporary(std::path::PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // It may not exist, and a leftover harms nobody.
        let _ = fs::remove_file(&self.0);
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
    format!(
        "{} cannot be loaded ({said}); delete it and start again",
        artifact.display()
    )
}

#[expect(
    unsafe_code,
    reason = "the one place that loads compiled code: from a store only this host writes, see store.rs"
)]
fn deserialize(sandbox: &Sandbox, artifact: &Path) -> wasmtime::Result<Component> {
    // SAFETY: the artifact was written by `compile_in_a_child` of this user, under a name that says for which compiler, in a
    // directory nobody else may write to, and is never changed once it has that name.
    unsafe { Component::deserialize_file(sandbox.engine(), artifact) }
}

/// What the linker says, with what to do about it.
fn type_error(error: &wasmtime::Error) -> String {
    let said = format!("{error:#}");
    format!(
        "{said}; build the component against the world `mayfly:resolver/resolver@0.1.0` of this host"
    )
}

fn compare(handled: &BTreeSet<String>, wanted: &BTreeSet<String>) -> Result<(), String> {
    let missing: Vec<_> = wanted.difference(handled).map(String::as_str).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let handled: Vec<_> = handled.iter().map(String::as_str).collect();
    let handled = if handled.is_empty() {
        "nothing".to_owned()
    } else {
        handled.join(", ")
    };
    Err(format!(
        "the schema gives it {}, which the component does not handle (it handles {handled}); add it to `resolvers!` (Rust), with MAYFLY_RESOLVER (C++) or to the section `mayfly:fields` (other languages), or change @resolve",
        missing.join(", ")
    ))
}
