//! Which packages of npm are in a bundle, in which versions.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::metafile::Metafile;

/// The largest manifest that is read.
const LIMITS: mayfly_json::Limits = mayfly_json::Limits::of_bytes(64 << 20);

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    version: String,
}

/// `name version`, one a line; files in `directory` or relative to it.
pub(super) fn list(metafile: &Metafile, directory: &Path) -> String {
    let packages: BTreeSet<String> = metafile
        .files()
        .filter_map(package)
        .map(|(name, path)| {
            let manifest = directory.join(path).join("package.json");
            let version = fs::read_to_string(manifest)
                .ok()
                .and_then(|text| mayfly_json::read::<Manifest>(&text, LIMITS).ok())
                .map_or_else(|| "unknown".to_owned(), |manifest| manifest.version);
            format!("{name} {version}\n")
        })
        .collect();
    packages.into_iter().collect()
}

/// The package that a file belongs to, and its directory.
pub(super) fn package(file: &str) -> Option<(String, PathBuf)> {
    let (before, after) = file.rsplit_once("node_modules/")?;
    let mut parts = after.split('/');
    let first = parts.next()?;
    let name = if first.starts_with('@') {
        format!("{first}/{}", parts.next()?)
    } else {
        first.to_owned()
    };
    let path = PathBuf::from(format!("{before}node_modules/{name}"));
    Some((name, path))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use super::*;

    #[test]
    fn packages_are_named_with_their_versions_and_the_modules_own_files_are_not() {
        let directory = tempfile::tempdir().unwrap();
        let lodash = directory.path().join("node_modules/lodash");
        fs::create_dir_all(&lodash).unwrap();
        fs::write(lodash.join("package.json"), r#"{"version": "4.17.21"}"#).unwrap();
        let metafile = r#"{"outputs": {}, "inputs": {"src/a.js": {}, "node_modules/lodash/get.js": {}, "node_modules/lodash/a.js": {}, "../node_modules/@x/y/z.js": {}}}"#;
        let metafile = Metafile::read(metafile).unwrap();
        assert_eq!(
            list(&metafile, directory.path()),
            "@x/y unknown\nlodash 4.17.21\n"
        );
    }
}
