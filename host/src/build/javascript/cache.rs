//! What is made once per machine: the bundler's program, the engine, the SDK's files.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

/// Where it is kept, if this variable is set.
const DIRECTORY: &str = "MAYFLY_CACHE_DIR";

/// The directory of something, named by what it is made of.
pub(super) fn directory(name: &str, files: &[(&str, &str)]) -> anyhow::Result<PathBuf> {
    let mut digest = Sha256::new();
    for (name, contents) in files {
        for part in [name, contents] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
    }
    let digest = hex(&digest.finalize());
    let short = digest.get(..16).unwrap_or(&digest);
    Ok(root()?.join(format!("{name}-{short}")))
}

fn root() -> anyhow::Result<PathBuf> {
    let set = |variable: &str| std::env::var_os(variable).filter(|value| !value.is_empty());
    if let Some(directory) = set(DIRECTORY) {
        return Ok(std::path::absolute(directory)?);
    }
    if let Some(directory) = set("XDG_CACHE_HOME") {
        return Ok(Path::new(&directory).join("mayfly"));
    }
    match set("HOME") {
        Some(home) => Ok(Path::new(&home).join(".cache/mayfly")),
        None => bail!("no directory to keep the JavaScript engine in: set {DIRECTORY}"),
    }
}

/// Makes the directory, and waits until nobody else works in it; it is given back when the file is dropped.
pub(super) fn lock(directory: &Path) -> io::Result<File> {
    fs::create_dir_all(directory)?;
    let file = File::create(directory.join("lock"))?;
    file.lock()?;
    Ok(file)
}

/// Writes files below a directory, unless they are there as they should be.
pub(super) fn lay(directory: &Path, files: &[(&str, &str)]) -> anyhow::Result<()> {
    for (name, contents) in files {
        let path = directory.join(name);
        if fs::read(&path).is_ok_and(|there| there == contents.as_bytes()) {
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)
                .with_context(|| format!("cannot make {}", parent.display()))?;
        }
        fs::write(&path, contents).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
