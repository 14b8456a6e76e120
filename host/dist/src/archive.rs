//! Packs a tree so that the same tree gives the same bytes: sorted, of nobody, with one time and plain permissions.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

/// Packs `directory/name`; gives the archive, with its digest in a file beside it.
pub fn pack(directory: &Path, name: &str, epoch: u64) -> anyhow::Result<PathBuf> {
    let archive = directory.join(format!("{name}.tar.gz"));
    let file = fs::File::create(&archive)
        .with_context(|| format!("cannot write {}", archive.display()))?;
    let mut tar = Command::new("tar")
        .arg("--directory")
        .arg(directory)
        .args(["--create", "--format=gnu", "--sort=name", "--numeric-owner"])
        .args(["--owner=0", "--group=0", "--mode=u+rwX,go+rX,go-w,a-s"])
        .arg(format!("--mtime=@{epoch}"))
        .arg(name)
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run tar (GNU tar is needed)")?;
    let packed = tar.stdout.take().context("tar has no output")?;
    // Without a name and a time in its head.
    let gzip = Command::new("gzip")
        .args(["-9", "--no-name"])
        .stdin(packed)
        .stdout(file)
        .status()
        .context("cannot run gzip")?;
    if !tar.wait()?.success() || !gzip.success() {
        bail!("{} cannot be packed", archive.display());
    }
    let sum = format!("{}  {name}.tar.gz\n", digest(&archive)?);
    fs::write(directory.join(format!("{name}.tar.gz.sha256")), sum)?;
    Ok(archive)
}

/// The SHA-256 of a file.
pub fn digest(path: &Path) -> anyhow::Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let digest = Sha256::digest(bytes);
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}
