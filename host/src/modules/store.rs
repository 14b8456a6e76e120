//! The directory of compiled modules.
//!
//! Loading an artifact runs whatever is in it, so this directory is made readable and writable for the owner only, artifacts are
//! named by the component's digest and the compiler's settings, written under another name and renamed, and never overwritten.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use wasmtime::Engine;

/// Compiled modules on disk.
#[derive(Debug, Clone)]
pub struct ArtifactStore {
    directory: PathBuf,
}

impl ArtifactStore {
    /// Opens the store, making its directory when it is missing.
    ///
    /// # Errors
    ///
    /// When the directory cannot be made, or others may write to it.
    pub fn open(directory: &Path) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let metadata = fs::metadata(directory)?;
        if metadata.permissions().mode() & 0o022 != 0 {
            let message = format!("{} may be written by others; run chmod go-w on it", directory.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
        }
        let owner = rustix::process::geteuid().as_raw();
        if metadata.uid() != owner {
            let message = format!("{} belongs to user {}, not to {owner}", directory.display(), metadata.uid());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
        }
        Ok(Self { directory: directory.to_path_buf() })
    }

    /// Where the artifact of a component is, or will be, for this engine's compiler.
    #[must_use]
    pub fn path(&self, digest: &str, engine: &Engine) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        self.directory.join(format!("{digest}-{:016x}.cwasm", hasher.finish()))
    }

    /// A name in the store that nothing has yet, for writing before renaming.
    #[must_use]
    pub fn temporary(&self) -> PathBuf {
        self.directory.join(format!("{:016x}.tmp", rand::random::<u64>()))
    }
}
