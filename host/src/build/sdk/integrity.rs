//! Writes an SDK into a directory with the digests of its files, and tells a copy that was changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path};

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

use super::Language;
use super::files::{Files, MARKER, files, marker};

/// The list of digests, which `sha256sum --check` reads too.
const SUMS: &str = "SHA256SUMS";

/// The longest list that is read, in bytes: an SDK has some dozens of files.
const MAX_SUMS_BYTES: u64 = 1 << 20;

/// What else may be in the directory: what cargo leaves there.
const LEFT: [&str; 2] = ["target", "Cargo.lock"];

/// Problems that are shown of one copy.
const SHOWN: usize = 5;

/// Whether a directory is an SDK that some version wrote.
#[must_use]
pub fn is_sdk(directory: &Path) -> bool {
    directory.join(MARKER).is_file()
}

/// Writes an SDK, in place of an earlier one of the same language if there is one.
///
/// # Errors
///
/// When the directory holds something else, or cannot be written.
pub fn write_sdk(language: Language, directory: &Path) -> anyhow::Result<usize> {
    remove_earlier(language, directory)?;
    let files = files(language)?;
    for (path, contents) in &files {
        write(&directory.join(path), contents)?;
    }
    write(&directory.join(SUMS), sums(&files).as_bytes())?;
    Ok(files.len() + 1)
}

/// Holds a copy of an SDK to what was written.
///
/// # Errors
///
/// When a file was changed, removed or added, with the remedy.
pub fn verify(directory: &Path) -> anyhow::Result<()> {
    let language = language(directory)?;
    let listed = read_sums(directory)?;
    let mut problems = Vec::new();
    for (path, digest) in &listed {
        match read_regular(&directory.join(path)) {
            Ok(contents) if hex(&contents) == *digest => {}
            Ok(_) => problems.push(format!("{path} was changed")),
            Err(error) => problems.push(format!("{path} cannot be read: {error}")),
        }
    }
    if read(directory, MARKER)? == marker(language) {
        // The list itself is no witness where the program knows better.
        let own = parse(&sums(&files(language)?))?;
        let of_another = |path: &&String| own.get(*path) != listed.get(*path);
        let paths = own.keys().chain(listed.keys()).filter(of_another);
        problems.extend(paths.map(|path| format!("{path} is missing from {SUMS}")));
    }
    let mut unknown = Vec::new();
    unlisted(directory, Path::new(""), &listed, &mut unknown)?;
    problems.extend(unknown.into_iter().map(|path| format!("{path} was added")));
    problems.dedup();
    if problems.is_empty() {
        return Ok(());
    }
    let more = problems.len().saturating_sub(SHOWN);
    problems.truncate(SHOWN);
    if more > 0 {
        problems.push(format!("and {more} more"));
    }
    let place = directory.display();
    bail!(
        "{place} is not the SDK that was written: {}; run `mayfly sdk {} {place}` to write it again",
        problems.join(", "),
        language.as_str()
    )
}

/// Reads what was written as a file and still is one: not a link, a pipe or a device.
fn read_regular(path: &Path) -> std::io::Result<Vec<u8>> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    fs::read(path)
}

/// The language that the marker names.
fn language(directory: &Path) -> anyhow::Result<Language> {
    let said = read(directory, MARKER)?;
    let languages = [Language::Rust, Language::Cpp, Language::Js];
    let word = said.split_whitespace().next().unwrap_or_default();
    languages
        .into_iter()
        .find(|language| language.as_str() == word)
        .with_context(|| {
            format!(
                "{} names an unknown language",
                directory.join(MARKER).display()
            )
        })
}

/// Removes what an earlier version wrote, and nothing else.
fn remove_earlier(wanted: Language, directory: &Path) -> anyhow::Result<()> {
    let is_empty = match fs::read_dir(directory) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", directory.display()));
        }
    };
    if is_empty {
        return Ok(());
    }
    let place = directory.display();
    if !is_sdk(directory) {
        bail!("{place} is not empty and not an SDK; name an empty directory or a new one");
    }
    let found = language(directory)?;
    if found != wanted {
        bail!(
            "{place} is the SDK for {}; name another directory",
            found.as_str()
        );
    }
    for path in read_sums(directory)?.keys() {
        let path = directory.join(path);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", path.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

fn write(path: &Path, contents: &[u8]) -> anyhow::Result<()> {
    let directory = path.parent().unwrap_or(path);
    fs::create_dir_all(directory)
        .and_then(|()| fs::write(path, contents))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn read(directory: &Path, name: &str) -> anyhow::Result<String> {
    let path = directory.join(name);
    let cannot = || format!("cannot read {}", path.display());
    let bytes = fs::metadata(&path).with_context(cannot)?.len();
    if bytes > MAX_SUMS_BYTES {
        bail!("{} is larger than 1 MiB", path.display());
    }
    fs::read_to_string(&path).with_context(cannot)
}

fn sums(files: &Files) -> String {
    let line = |(path, contents): (&String, &std::borrow::Cow<'_, [u8]>)| {
        format!("{}  {path}\n", hex(contents))
    };
    files.iter().map(line).collect()
}

fn read_sums(directory: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    read(directory, SUMS)
        .and_then(|sums| parse(&sums))
        .with_context(|| {
            format!(
                "{} is damaged; write the SDK into another directory",
                directory.join(SUMS).display()
            )
        })
}

/// The digests by path; a path that points outside the directory is refused, because files are removed by these names.
fn parse(sums: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let mut listed = BTreeMap::new();
    for line in sums.lines() {
        let (digest, path) = line
            .split_once("  ")
            .with_context(|| format!("the line {line:?} is not a digest and a path"))?;
        let inside = Path::new(path)
            .components()
            .all(|component| matches!(component, Component::Normal(_)));
        if path.is_empty() || !inside {
            bail!("the path {path:?} points outside the directory");
        }
        listed.insert(path.to_owned(), digest.to_owned());
    }
    Ok(listed)
}

/// Files that nobody listed, by which code could come into a build.
fn unlisted(
    root: &Path,
    below: &Path,
    listed: &BTreeMap<String, String>,
    unknown: &mut Vec<String>,
) -> anyhow::Result<()> {
    let directory = root.join(below);
    let entries =
        fs::read_dir(&directory).with_context(|| format!("cannot read {}", directory.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {}", directory.display()))?;
        let path = below.join(entry.file_name());
        let name = path.display().to_string();
        if name == SUMS || LEFT.contains(&name.as_str()) {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            unlisted(root, &path, listed, unknown)?;
        } else if !listed.contains_key(&name) {
            unknown.push(name);
        }
    }
    Ok(())
}

fn hex(contents: &[u8]) -> String {
    Sha256::digest(contents)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests;
