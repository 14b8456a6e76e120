//! Which libraries are in the programs and in the sample's guests, from `cargo metadata` and the lock files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use serde::Deserialize;

use crate::build::output;

/// What cargo may say in one text: the metadata of a large workspace is some megabytes.
const CARGO: mayfly_json::Limits = mayfly_json::Limits::of_bytes(256 << 20);

/// A library, as it was published.
#[derive(Debug, Clone, Deserialize)]
pub struct Library {
    pub id: String,
    pub name: String,
    pub version: String,
    /// An SPDX expression.
    pub license: Option<String>,
    pub license_file: Option<PathBuf>,
    pub repository: Option<String>,
    pub manifest_path: PathBuf,
    /// The registry it is from; none for what is in this repository.
    pub source: Option<String>,
    /// The SHA-256 of its archive.
    #[serde(skip)]
    pub checksum: Option<String>,
    /// The ids of the libraries it uses.
    #[serde(skip)]
    pub uses: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Library>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

/// What the programs are compiled for: the machine this runs on.
#[cfg(target_arch = "aarch64")]
const HOST: &str = "aarch64-unknown-linux-gnu";
#[cfg(not(target_arch = "aarch64"))]
const HOST: &str = "x86_64-unknown-linux-gnu";

/// The packages whose libraries are shipped, by workspace and target.
const SHIPPED: [(&str, &str, &[&str]); 3] = [
    (".", HOST, &["mayfly", "mayfly-embedded"]),
    (
        "guest",
        "wasm32-unknown-unknown",
        &["students-app-students", "students-app-assessments"],
    ),
    (
        "guest/sdk/js/engine",
        "wasm32-unknown-unknown",
        &["mayfly-javascript"],
    ),
];

/// Everything that is shipped, by name and version.
pub fn libraries(root: &Path) -> anyhow::Result<Vec<Library>> {
    let mut all = BTreeMap::new();
    for (workspace, target, packages) in SHIPPED {
        for library in of_workspace(&root.join(workspace), target, packages)? {
            all.insert((library.name.clone(), library.version.clone()), library);
        }
    }
    Ok(all.into_values().collect())
}

fn of_workspace(root: &Path, target: &str, packages: &[&str]) -> anyhow::Result<Vec<Library>> {
    let text = output(Command::new("cargo").current_dir(root).args([
        "metadata",
        "--locked",
        "--format-version",
        "1",
        "--filter-platform",
        target,
    ]))?;
    let metadata: Metadata = mayfly_json::read(&text, CARGO)
        .map_err(|error| anyhow::anyhow!("cannot read cargo's list of packages: {error}"))?;
    let checksums = checksums(&root.join("Cargo.lock"))?;
    let nodes: BTreeMap<String, BTreeSet<String>> = metadata
        .resolve
        .nodes
        .into_iter()
        .map(|node| (node.id, node.deps.into_iter().filter_map(shipped).collect()))
        .collect();
    let own = metadata
        .packages
        .iter()
        .filter(|package| package.source.is_none() && packages.contains(&package.name.as_str()));
    let mut open: Vec<String> = own.map(|package| package.id.clone()).collect();
    let mut wanted = BTreeSet::new();
    while let Some(id) = open.pop() {
        if let Some(uses) = nodes.get(&id)
            && wanted.insert(id)
        {
            open.extend(uses.iter().cloned());
        }
    }
    let libraries = metadata.packages.into_iter();
    Ok(libraries
        .filter(|library| wanted.contains(&library.id))
        .map(|library| Library {
            checksum: checksums
                .get(&(library.name.clone(), library.version.clone()))
                .cloned(),
            uses: nodes.get(&library.id).cloned().unwrap_or_default(),
            ..library
        })
        .collect())
}

/// A dependency whose code may get into the program, build scripts and tests left out.
fn shipped(dependency: Dependency) -> Option<String> {
    let is_normal = dependency.dep_kinds.iter().any(|kind| kind.kind.is_none());
    is_normal.then_some(dependency.pkg)
}

/// The checksums of a lock file, by name and version.
fn checksums(lock: &Path) -> anyhow::Result<BTreeMap<(String, String), String>> {
    let text =
        fs::read_to_string(lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let value = |package: &str, key: &str| {
        let start = format!("{key} = \"");
        let line = package.lines().find_map(|line| line.strip_prefix(&start))?;
        Some(line.trim_end_matches('"').to_owned())
    };
    Ok(text
        .split("[[package]]\n")
        .skip(1)
        .filter_map(|package| {
            let key = (value(package, "name")?, value(package, "version")?);
            Some((key, value(package, "checksum")?))
        })
        .collect())
}
