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
use std::time::Duration;

use wasmtime::Engine;

/// The end of names of files that are being written.
const TEMPORARY: &str = ".tmp";

/// The longest a compiler may take to write an artifact; its processor time is limited to less.
const WRITING_TIME: Duration = Duration::from_secs(3_600);

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
        make_private(directory)?;
        Ok(Self {
            directory: directory.to_path_buf(),
        })
    }

    /// Where the artifact of a component is, or will be, for this engine's compiler.
    #[must_use]
    pub fn path(&self, digest: &str, engine: &Engine) -> PathBuf {
        self.directory.join(file_name(digest, engine))
    }

    /// A name in the store that nothing has yet, for writing before renaming.
    #[must_use]
    pub fn temporary(&self) -> PathBuf {
        self.directory
            .join(format!("{:016x}{TEMPORARY}", rand::random::<u64>()))
    }
}

impl ArtifactStore {
    /// Removes the artifacts of a version, for whatever compiler.
    pub(super) fn remove(&self, digest: &str) {
        self.remove_unless(|name| !name.starts_with(digest));
    }

    /// Removes everything but what this engine's compiler made of these versions, and names that are being written.
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
            kept.iter().any(|kept| kept == name)
                || name.ends_with(TEMPORARY) && !is_old(&self.directory.join(name))
        });
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

/// Makes a directory that only this user writes to, or makes sure that it is one.
pub(super) fn make_private(directory: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    let metadata = fs::metadata(directory)?;
    if metadata.permissions().mode() & 0o022 != 0 {
        let message = format!(
            "{} may be written by others; run chmod go-w on it",
            directory.display()
        );
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    }
    let owner = rustix::process::geteuid().as_raw();
    if metadata.uid() != owner {
        let message = format!(
            "{} belongs to user {}, not to {owner}",
            directory.display(),
            metadata.uid()
        );
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    }
    Ok(())
}

fn file_name(digest: &str, engine: &Engine) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{digest}-{:016x}.cwasm", hasher.finish())
}

/// Whether nobody can be writing the file any more: compilers are ended long before.
fn is_old(file: &Path) -> bool {
    let age = fs::metadata(file)
        .and_then(|metadata| metadata.modified())
        .ok()
        .and_then(|written| written.elapsed().ok());
    age.is_some_and(|age| age > WRITING_TIME)
}
