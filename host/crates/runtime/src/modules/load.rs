//! From bytes to a [`Version`]: recognise, compile or find compiled, load, type-check, compare the fields.

use std::collections::BTreeSet;
use std::sync::Arc;

use mayfly_config::Module;
use mayfly_error::shortened;
use wasmtime::component::Component;

use super::Version;
use super::compiler::{Compiler, Effort};
use super::component::ComponentBytes;
use super::fields::handled_fields;
use super::live_versions::LiveVersions;
use super::refusal::{Refusal, Step};
use super::store::{ArtifactStore, NoArtifact, writing_remedy};
use crate::sandbox::Sandbox;

/// Bytes of a component's list of fields that a refusal shows, at most.
const SHOWN_BYTES: usize = 1_000;

/// What a loader is doing, for showing progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loading<'a> {
    /// A module is compiled, which takes seconds.
    Compiling(&'a str),
    /// A module was found compiled.
    Cached(&'a str),
}

/// Loads versions for one sandbox.
pub struct Loader {
    /// The engine to load for.
    pub sandbox: Arc<Sandbox>,
    /// Compiled modules.
    pub artifacts: ArtifactStore,
    /// How versions are compiled.
    pub compiler: Compiler,
    /// How many versions may be in memory.
    pub live_versions: LiveVersions,
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
        let found = self
            .find(&module.name, component, effort, progress)
            .await
            .map_err(|message| failed(Step::Compile, message))?;
        let place = self
            .live_versions
            .take(&module.name)
            .await
            .map_err(|message| failed(Step::Swap, message))?;
        let loaded = self
            .load_artifact(&module.name, component, found, effort)
            .await
            .map_err(|message| failed(Step::Compile, message))?;
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

    /// Finds what was compiled of a component, or compiles it.
    async fn find(
        &self,
        module: &str,
        component: &ComponentBytes,
        effort: Effort,
        progress: &(dyn Fn(Loading<'_>) + Sync),
    ) -> Result<Found, String> {
        let (store, digest) = (self.artifacts.clone(), component.digest().to_owned());
        let engine = self.sandbox.engine().clone();
        let read = tokio::task::spawn_blocking(move || store.read(&digest, &engine)).await;
        match read.map_err(|lost| lost.to_string())? {
            Ok(artifact) => {
                progress(Loading::Cached(module));
                return Ok(Found::Kept(artifact));
            }
            Err(NoArtifact::Missing) => {}
            Err(NoArtifact::Unusable(why)) => tell_unusable(module, component, &why),
        }
        progress(Loading::Compiling(module));
        let artifact = self.compile(module, component, effort).await?;
        Ok(Found::New(artifact))
    }

    /// Compiles a component and keeps what comes of it. That it cannot be kept costs the next start its time, and nobody else.
    async fn compile(
        &self,
        module: &str,
        component: &ComponentBytes,
        effort: Effort,
    ) -> Result<Vec<u8>, String> {
        let artifact = self.compiler.compile(component.bytes(), effort).await?;
        let (store, digest) = (self.artifacts.clone(), component.digest().to_owned());
        let engine = self.sandbox.engine().clone();
        let kept = tokio::task::spawn_blocking(move || {
            let written = store.write(&digest, &engine, &artifact);
            (written, artifact)
        });
        let (written, artifact) = kept.await.map_err(|lost| lost.to_string())?;
        if let Err(error) = written {
            tracing::warn!(
                module,
                version = component.digest(),
                "the compiled code cannot be kept ({error}), so the next start compiles it again; {}",
                writing_remedy(&error)
            );
        }
        Ok(artifact)
    }

    /// Loads an artifact. One that was kept and does not load, though it is whole, was made by another compiler, and is made again.
    async fn load_artifact(
        &self,
        module: &str,
        component: &ComponentBytes,
        found: Found,
        effort: Effort,
    ) -> Result<Component, String> {
        let artifact = match found {
            Found::New(artifact) => artifact,
            Found::Kept(artifact) => match self.deserialize(artifact).await? {
                Ok(loaded) => return Ok(loaded),
                Err(error) if asks_too_much(&error) => return Err(load_error(&error)),
                Err(error) => {
                    tell_unusable(module, component, &format!("{error:#}"));
                    self.compile(module, component, effort).await?
                }
            },
        };
        let loaded = self.deserialize(artifact).await?;
        loaded.map_err(|error| load_error(&error))
    }

    /// Makes a component of bytes in memory: its machine code is copied, and made executable.
    #[expect(
        unsafe_code,
        reason = "the one place that loads compiled code: what this host compiled, checked byte for byte, see store/artifacts.rs"
    )]
    async fn deserialize(&self, artifact: Vec<u8>) -> Result<wasmtime::Result<Component>, String> {
        let engine = self.sandbox.engine().clone();
        let loaded = tokio::task::spawn_blocking(move || {
            // SAFETY: these bytes were written by `Compiler::compile` of this user, and have been in this process since, or were kept in
            // a directory nobody else may write to and compared with their checksum after they were read.
            unsafe { Component::deserialize(&engine, &artifact) }
        });
        loaded.await.map_err(|lost| lost.to_string())
    }
}

/// An artifact, in memory.
enum Found {
    /// It was in the store.
    Kept(Vec<u8>),
    /// It was compiled just now.
    New(Vec<u8>),
}

fn tell_unusable(module: &str, component: &ComponentBytes, why: &str) {
    tracing::warn!(
        module,
        version = component.digest(),
        "its compiled code cannot be used, so it is compiled again: {why}"
    );
}

/// Whether a component declares more than the pool has for each: wasmtime has no type for this one.
fn asks_too_much(error: &wasmtime::Error) -> bool {
    format!("{error:#}").contains("exceeds")
}

/// What the engine says about an artifact, with what to do about it.
fn load_error(error: &wasmtime::Error) -> String {
    let said = format!("{error:#}");
    if asks_too_much(error) {
        return format!(
            "it asks for more than a component may have ({said}); use fewer or smaller memories, tables and instances"
        );
    }
    let forbidden = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::PermissionDenied);
    if forbidden {
        return format!(
            "the system forbids running compiled code ({said}); allow this service executable memory (systemd: \
             MemoryDenyWriteExecute=no; SELinux: execmem)"
        );
    }
    format!("the compiled code cannot be loaded: {said}")
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
        shortened(&handled.join(", "), SHOWN_BYTES).into_owned()
    };
    Err(format!(
        "the schema gives it {}, which the component does not handle (it handles {handled}); add it to `resolvers!` (Rust), to `resolvers` (JavaScript), with MAYFLY_RESOLVER (C++) or to the section `mayfly:fields` (other languages), or change @resolve",
        missing.join(", ")
    ))
}
