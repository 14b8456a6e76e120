//! What was compiled, on disk: a cache, made again whenever anything about it is not as this host left it.
//!
//! Loading an artifact runs whatever is in it. So the directory is this user's alone; what was in one that others could write to is
//! thrown away; an artifact's file is named by the component and the compiler's settings, written under another name, synced and
//! renamed; and what is loaded is the very bytes in memory that were compared with the seal at its end. Mapping the file instead
//! would trust it a second time: a disk that answers differently, or a file cut short, ends the process then, and a file system
//! mounted `noexec` refuses. It costs a copy of the code, which the memory plan counts.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use wasmtime::Engine;

use super::TEMPORARY;
use super::directory::{Before, is_writable_by_others, make_private, user};
use super::seal::{MARK, SEAL_BYTES, seal, unseal};
use crate::modules::compiler::MAX_ARTIFACT_BYTES;

/// Compiled modules on disk.
#[derive(Debug, Clone)]
pub struct ArtifactStore {
    directory: PathBuf,
}

/// Why there is no artifact to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::modules) enum NoArtifact {
    /// None was made yet.
    Missing,
    /// What is there is not what this host would have left, for this reason.
    Unusable(String),
}

impl ArtifactStore {
    /// Opens the store, making its directory when it is missing.
    ///
    /// # Errors
    ///
    /// When the directory cannot be made, or cannot be made this user's alone.
    pub fn open(directory: &Path) -> io::Result<Self> {
        let before = make_private(directory)?;
        let store = Self {
            directory: directory.to_path_buf(),
        };
        if before == Before::WritableByOthers {
            tracing::warn!(
                directory = %directory.display(),
                "others could write to the directory of compiled modules, so they are compiled again; it is private now"
            );
            store.remove_unless(|_| false);
        }
        Ok(store)
    }

    /// The artifact that this engine's compiler made of a component, every byte of it checked.
    pub(in crate::modules) fn read(
        &self,
        digest: &str,
        engine: &Engine,
    ) -> Result<Vec<u8>, NoArtifact> {
        let name = file_name(digest, engine);
        let path = self.directory.join(&name);
        let unusable = |what: &str| NoArtifact::Unusable(format!("{} {what}", path.display()));
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(NoArtifact::Missing);
            }
            opened => opened.and_then(|file| Ok((file.metadata()?, file))),
        };
        let (metadata, file) =
            file.map_err(|error| unusable(&format!("cannot be read: {error}")))?;
        if metadata.uid() != user() || is_writable_by_others(&metadata) {
            return Err(unusable("was written by somebody else, or could be"));
        }
        let mut bytes = Vec::new();
        file.take(MAX_ARTIFACT_BYTES + SEAL_BYTES as u64)
            .read_to_end(&mut bytes)
            .map_err(|error| unusable(&format!("cannot be read: {error}")))?;
        unseal(&name, bytes).ok_or_else(|| unusable("is damaged"))
    }

    /// Keeps what this engine's compiler made of a component, in place of what may be there.
    pub(in crate::modules) fn write(
        &self,
        digest: &str,
        engine: &Engine,
        artifact: &[u8],
    ) -> io::Result<()> {
        let name = file_name(digest, engine);
        let temporary = self
            .directory
            .join(format!("{:016x}{TEMPORARY}", rand::random::<u64>()));
        let written = self.write_as(&temporary, &name, artifact);
        if written.is_err() {
            // A leftover goes at the next start.
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    fn write_as(&self, temporary: &Path, name: &str, artifact: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(temporary)?;
        file.write_all(artifact)?;
        file.write_all(&seal(name, artifact))?;
        file.sync_all()?;
        fs::rename(temporary, self.directory.join(name))?;
        File::open(&self.directory)?.sync_all()
    }

    /// Removes the artifacts of a version, for whatever compiler.
    pub fn remove(&self, digest: &str) {
        self.remove_unless(|name| !name.starts_with(digest));
    }

    /// Removes everything but what this engine's compiler made of these versions, and what is being written.
    pub(super) fn keep_only<'d>(
        &self,
        digests: impl IntoIterator<Item = &'d str>,
        engine: &Engine,
    ) {
        let kept: Vec<String> = digests
            .into_iter()
            .map(|digest| file_name(digest, engine))
            .collect();
        self.remove_unless(|name| {
            kept.iter().any(|kept| kept == name) || name.ends_with(TEMPORARY)
        });
    }

    /// Removes what was being written when a host, or another command, was ended. A command that writes at this moment has what it
    /// compiled in memory, and only does not keep it.
    pub(super) fn clear_temporaries(&self) {
        self.remove_unless(|name| !name.ends_with(TEMPORARY));
    }

    fn remove_unless(&self, keep: impl Fn(&str) -> bool) {
        for entry in fs::read_dir(&self.directory)
            .into_iter()
            .flatten()
            .flatten()
        {
            if entry.file_name().to_str().is_some_and(|name| !keep(name)) {
                // What cannot be removed now is found again at the next start.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// A name that no other format, component or compiler has.
fn file_name(digest: &str, engine: &Engine) -> String {
    let mut hasher = DefaultHasher::new();
    MARK.hash(&mut hasher);
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{digest}-{:016x}.cwasm", hasher.finish())
}
