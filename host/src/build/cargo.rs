//! Runs cargo: which package a crate is, which crates share a workspace, and what a build gave.

use super::Toolchain;
use super::sdk;
use super::toolchain::{LINK_FLAGS, TARGET};
use anyhow::{Context, bail};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;

/// Where guests are compiled, for all workspaces, if this variable is set.
const TARGET_DIRECTORY: &str = "MAYFLY_GUEST_TARGET_DIR";

/// This many of the compiler's last lines are repeated in the error.
const LINES_KEPT: usize = 60;

/// What cargo may say in one text: the metadata of a large workspace is some megabytes.
const CARGO: mayfly_json::Limits = mayfly_json::Limits::of_bytes(256 << 20);

/// A crate to build.
#[derive(Debug, Clone)]
pub(super) struct Package {
    pub(super) name: String,
    /// Its Cargo.toml.
    pub(super) manifest: PathBuf,
    workspace: PathBuf,
    /// The workspace's own target directory, which guests do not share: the other toolchain would undo its work.
    target: PathBuf,
}

/// Packages of one workspace, never empty.
pub(super) struct Workspace<'a> {
    root: &'a Path,
    target: PathBuf,
    packages: Vec<&'a Package>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<MetadataPackage>,
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct MetadataPackage {
    name: String,
    manifest_path: PathBuf,
}

/// A line of `cargo build --message-format=json`, as far as it matters.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

impl Package {
    pub(super) fn is_in(&self, workspace: &Workspace<'_>) -> bool {
        self.workspace == workspace.root
    }
}

/// Finds out what the crate in a directory is.
pub(super) fn package(crate_dir: &Path, toolchain: &Toolchain) -> anyhow::Result<Package> {
    let manifest = crate_dir.join("Cargo.toml");
    let manifest = manifest
        .canonicalize()
        .with_context(|| format!("no crate at {}", manifest.display()))?;
    let directory = manifest.parent().unwrap_or(crate_dir);
    let output = toolchain
        .cargo(directory)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        bail!(
            "cargo cannot read {}:\n{}",
            manifest.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let metadata: Metadata = mayfly_json::read(&String::from_utf8_lossy(&output.stdout), CARGO)
        .map_err(|error| anyhow::anyhow!("cannot read cargo metadata: {error}"))?;
    let package = metadata
        .packages
        .into_iter()
        .find(|package| {
            package
                .manifest_path
                .canonicalize()
                .is_ok_and(|path| path == manifest)
        })
        .with_context(|| format!("{} is not a package of its workspace", manifest.display()))?;
    Ok(Package {
        name: package.name,
        manifest,
        workspace: metadata.workspace_root,
        target: metadata.target_directory,
    })
}

/// Groups packages by workspace, in the order of first appearance.
pub(super) fn workspaces(packages: &[Package]) -> Vec<Workspace<'_>> {
    let mut workspaces: Vec<Workspace<'_>> = Vec::new();
    for package in packages {
        match workspaces
            .iter_mut()
            .find(|workspace| workspace.root == package.workspace)
        {
            Some(workspace) => workspace.packages.push(package),
            None => workspaces.push(Workspace {
                root: &package.workspace,
                target: target_directory(&package.target),
                packages: vec![package],
            }),
        }
    }
    workspaces
}

/// Builds a workspace's packages and gives the core module of each, by manifest.
pub(super) fn build(
    workspace: &Workspace<'_>,
    toolchain: &Toolchain,
    progress: &mut dyn FnMut(&str),
) -> anyhow::Result<BTreeMap<PathBuf, PathBuf>> {
    let mut command = toolchain.cargo(workspace.root);
    command.args([
        "build",
        "--release",
        "--target",
        TARGET,
        "--message-format=json-render-diagnostics",
    ]);
    command.args(toolchain.build_arguments());
    for package in &workspace.packages {
        command.args(["--package", &package.name]);
    }
    // The encoded form replaces what configuration files say, so that the flags are not given twice within this repository.
    command
        .env("CARGO_ENCODED_RUSTFLAGS", LINK_FLAGS.join("\x1f"))
        .env("CARGO_TARGET_DIR", &workspace.target);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().context("cannot run cargo")?;
    let (messages, log) = read(&mut child, progress)?;
    if !child.wait()?.success() {
        bail!("guests do not compile:\n{}", log.join("\n"));
    }
    verify_sdks(&messages)?;
    Ok(core_modules(&messages))
}

/// Holds every copy of the SDK that was compiled to what was written.
fn verify_sdks(messages: &str) -> anyhow::Result<()> {
    let compiled: BTreeSet<PathBuf> = artifacts(messages)
        .filter_map(|message| Some(message.manifest_path.parent()?.to_owned()))
        .collect();
    for directory in compiled {
        if sdk::is_sdk(&directory) {
            sdk::verify(&directory)?;
        }
    }
    Ok(())
}

/// What cargo says of the packages that it compiled, or found compiled.
fn artifacts(messages: &str) -> impl Iterator<Item = Message> {
    messages
        .lines()
        .filter_map(|line| mayfly_json::read::<Message>(line, CARGO).ok())
        .filter(|message| message.reason == "compiler-artifact")
}

/// Reads what cargo writes to both of its outputs: messages in full, and the last lines of what is meant for people.
fn read(
    child: &mut Child,
    progress: &mut dyn FnMut(&str),
) -> anyhow::Result<(String, Vec<String>)> {
    let (Some(mut stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        bail!("cannot read cargo's output");
    };
    let messages = thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    let mut lines = Vec::new();
    for line in BufReader::new(stderr).lines() {
        let line = line.context("cannot read cargo's output")?;
        progress(&line);
        lines.push(line);
        if lines.len() > LINES_KEPT {
            lines.remove(0);
        }
    }
    let Ok(messages) = messages.join() else {
        bail!("reading cargo's messages failed")
    };
    Ok((messages.context("cannot read cargo's messages")?, lines))
}

fn core_modules(messages: &str) -> BTreeMap<PathBuf, PathBuf> {
    artifacts(messages)
        .filter_map(|message| {
            let wasm = message.filenames.into_iter().find(|file| {
                file.extension()
                    .is_some_and(|extension| extension == "wasm")
            })?;
            Some((
                message
                    .manifest_path
                    .canonicalize()
                    .unwrap_or(message.manifest_path),
                wasm,
            ))
        })
        .collect()
}

fn target_directory(own: &Path) -> PathBuf {
    let set = std::env::var_os(TARGET_DIRECTORY).filter(|value| *value != OsString::new());
    set.map_or_else(|| own.join("mayfly-guests"), PathBuf::from)
}
