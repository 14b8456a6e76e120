//! The list of what was active: one small file, replaced in one step, and a copy of it.
//!
//! Each is written to another name, synced, renamed, and its directory synced, so that whatever ends the process, a file is whole:
//! the old list or the new one. What a disk does to it later is found by its checksum, and the copy takes its place.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use mayfly_config::file::read_bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::TEMPORARY;
use crate::modules::component::hex;

/// The file's name in the store.
const FILE: &str = "active.json";

/// The name of its copy, which is read when the file is damaged.
const COPY: &str = "active.json.copy";

/// What the file may hold: a hundred activations of each of a thousand modules are half of it.
const LIMITS: mayfly_json::Limits = mayfly_json::Limits::of_bytes(MAX_BYTES as usize);
const MAX_BYTES: u64 = 64 << 20;

/// The version of this format.
const FORMAT: u32 = 1;

/// What stands in place of the checksum while it is computed.
const NO_CHECKSUM: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Who put a version in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The component file that the configuration names.
    File,
    /// Somebody through the admin API.
    Push,
    /// A canary that was promoted.
    Canary,
}

impl Origin {
    /// The word in the list, in metrics and in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Push => "push",
            Self::Canary => "canary",
        }
    }
}

/// A version that became active.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activation {
    /// SHA-256 of its component, 64 hexadecimal digits.
    pub digest: String,
    /// Size of its component, in bytes.
    pub bytes: u64,
    /// Who put it in.
    pub by: Origin,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// The name of the admin token it came with; none for what came by file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
}

impl Activation {
    /// An activation that happens now.
    #[must_use]
    pub fn now(digest: &str, bytes: u64, by: Origin) -> Self {
        Self {
            digest: digest.to_owned(),
            bytes,
            by,
            at_ms: now_ms(),
            who: None,
        }
    }

    /// The same, by the bearer of an admin token.
    #[must_use]
    pub fn with_who(self, who: Option<String>) -> Self {
        Self { who, ..self }
    }
}

/// What is known of one module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleRecord {
    /// The digest of the component file when it last got in: another one there is a newer deployment by file, the same is none.
    pub file: Option<String>,
    /// What was active, oldest first; the last one is.
    pub activations: Vec<Activation>,
    /// What was rolled back from, oldest first, and can be gone to again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rolled_back: Vec<Activation>,
    /// The digest of a version that is tried by the host that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<String>,
}

impl ModuleRecord {
    /// The active version.
    #[must_use]
    pub fn active(&self) -> Option<&Activation> {
        self.activations.last()
    }

    /// The version that rolling back makes active.
    #[must_use]
    pub fn previous(&self) -> Option<&Activation> {
        self.activations.iter().rev().nth(1)
    }

    /// Notes that a version became active; at most `kept` are remembered.
    pub fn activate(&mut self, activation: Activation, kept: usize) {
        if activation.by == Origin::File {
            self.file = Some(activation.digest.clone());
        }
        if self
            .active()
            .is_some_and(|active| active.digest == activation.digest)
        {
            return;
        }
        self.rolled_back
            .retain(|left| left.digest != activation.digest);
        self.activations.push(activation);
        self.forget(kept);
    }

    /// Notes that a version that was active before is active again, `steps` activations back.
    pub fn roll_back(&mut self, steps: usize) {
        let stays = self.activations.len().saturating_sub(steps);
        let left = self.activations.split_off(stays);
        let again = |digest: &str| self.activations.iter().any(|kept| kept.digest == digest);
        for activation in left.into_iter().rev() {
            let known = |known: &Activation| known.digest == activation.digest;
            if !again(&activation.digest) && !self.rolled_back.iter().any(known) {
                self.rolled_back.push(activation);
            }
        }
    }

    /// The activations that can be gone back to, the latest first: how many steps it is, and what was active then.
    pub fn earlier(&self) -> impl Iterator<Item = (usize, &Activation)> {
        self.activations.iter().rev().enumerate().skip(1)
    }

    /// Forgets the oldest, until no more than `kept` are known.
    fn forget(&mut self, kept: usize) {
        while self.activations.len() + self.rolled_back.len() > kept {
            let oldest = self.activations.first().map(|oldest| oldest.at_ms);
            // The first of several: a clock that was set back gives a moment twice.
            let left = self.rolled_back.iter().enumerate();
            let left = left.min_by_key(|(_, left)| left.at_ms);
            let few = self.activations.len() <= 2;
            match left.map(|(place, left)| (place, left.at_ms)) {
                // The active version and the one before it stay in any case.
                Some((place, at_ms)) if few || oldest.is_none_or(|oldest| at_ms < oldest) => {
                    drop(self.rolled_back.remove(place));
                }
                _ if few => return,
                _ => drop(self.activations.remove(0)),
            }
        }
    }
}

/// What was active, by module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// By the module's name.
    pub modules: BTreeMap<String, ModuleRecord>,
}

/// A record as it is in a file. An unknown key is damage: it may have been the name of the checksum.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// [`FORMAT`].
    format: u32,
    /// SHA-256 of the file with [`NO_CHECKSUM`] in this place, 64 hexadecimal digits. Files of the first hosts have none.
    #[serde(default)]
    sha256: Option<String>,
    modules: BTreeMap<String, ModuleRecord>,
}

impl Record {
    /// Reads the list of a store; an empty one when there is none yet.
    pub(super) fn read(directory: &Path) -> io::Result<Self> {
        let file = directory.join(FILE);
        let read = |file: &Path| read_bytes(file, MAX_BYTES).map(|text| Self::parse(&text));
        let damage = match read(&file) {
            Ok(Ok(record)) => return Ok(record),
            Ok(Err(damage)) => damage,
            Err(error) if error.kind() == io::ErrorKind::NotFound => "is missing".to_owned(),
            Err(error) => format!("cannot be read ({error})"),
        };
        let copy = read(&directory.join(COPY));
        let Ok(Ok(record)) = copy else {
            if !file.exists() {
                return Ok(Self::default());
            }
            let message = format!(
                "{} {damage}, and so is its copy; delete both to start from the component files",
                file.display()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        };
        tracing::error!("{} {damage}; using its copy", file.display());
        if let Err(error) = record.write(directory) {
            tracing::error!("{} cannot be replaced: {error}", file.display());
        }
        Ok(record)
    }

    /// Replaces the list of a store. When this fails, the old list stands.
    pub(super) fn write(&self, directory: &Path) -> io::Result<()> {
        let text = self.text()?;
        replace(directory, FILE, &text)?;
        if let Err(error) = replace(directory, COPY, &text) {
            // An old copy would bring back what was active before.
            let _ = fs::remove_file(directory.join(COPY));
            tracing::warn!("{} has no copy: {error}", directory.join(FILE).display());
        }
        Ok(())
    }

    fn text(&self) -> io::Result<String> {
        let written = Written {
            format: FORMAT,
            sha256: Some(NO_CHECKSUM.to_owned()),
            modules: self.modules.clone(),
        };
        let text = serde_json::to_string_pretty(&written)?;
        Ok(text.replacen(NO_CHECKSUM, &checksum(&text), 1))
    }

    /// Reads a file's text; what is wrong with it, to be told after its name.
    fn parse(text: &[u8]) -> Result<Self, String> {
        let damaged = |how: &str| format!("is damaged ({how})");
        let text = std::str::from_utf8(text).map_err(|error| damaged(&error.to_string()))?;
        let written: Written = mayfly_json::read(text, LIMITS).map_err(|error| damaged(&error))?;
        let as_it_was =
            |sha256: &String| checksum(&text.replacen(sha256, NO_CHECKSUM, 1)) == *sha256;
        if !written.sha256.as_ref().is_none_or(as_it_was) {
            return Err(damaged("its checksum differs"));
        }
        if written.format != FORMAT {
            return Err(format!("has format {}, not {FORMAT}", written.format));
        }
        Ok(Self {
            modules: written.modules,
        })
    }

    /// The digests it names, some of them more than once.
    pub fn digests(&self) -> impl Iterator<Item = &str> {
        self.modules
            .values()
            .flat_map(|module| module.activations.iter().chain(&module.rolled_back))
            .map(|activation| activation.digest.as_str())
    }
}

/// SHA-256 of a text, 64 hexadecimal digits.
fn checksum(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// Replaces a file in one step.
fn replace(directory: &Path, name: &str, text: &str) -> io::Result<()> {
    let temporary = directory.join(format!("{name}{TEMPORARY}"));
    let mut file = File::create(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, directory.join(name))?;
    File::open(directory)?.sync_all()
}

fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use super::*;

    fn record(digest: char) -> Record {
        let mut module = ModuleRecord::default();
        let digest = digest.to_string().repeat(64);
        module.activate(Activation::now(&digest, 10, Origin::Push), 8);
        Record {
            modules: BTreeMap::from([("students".to_owned(), module)]),
        }
    }

    #[test]
    fn any_bit_that_differs_is_found() {
        let text = record('a').text().unwrap().into_bytes();
        assert_eq!(Record::parse(&text), Ok(record_of(&text)));
        for at in 0..text.len() * 8 {
            let mut damaged = text.clone();
            *damaged.get_mut(at / 8).unwrap() ^= 1 << (at % 8);
            assert!(
                Record::parse(&damaged).is_err(),
                "bit {at} of {}",
                String::from_utf8_lossy(&damaged)
            );
        }
    }

    fn record_of(text: &[u8]) -> Record {
        let written: Written =
            mayfly_json::read(std::str::from_utf8(text).unwrap(), LIMITS).unwrap();
        Record {
            modules: written.modules,
        }
    }

    #[test]
    fn a_damaged_list_is_replaced_by_its_copy() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(FILE);
        let kept = record('a');
        kept.write(directory.path()).unwrap();
        let text = fs::read(&file).unwrap();
        let damages = [
            Vec::new(),
            text.iter().copied().take(text.len() / 2).collect(),
            String::from_utf8(text.clone())
                .unwrap()
                .replace('a', "b")
                .into_bytes(),
        ];
        for damaged in damages {
            fs::write(&file, damaged).unwrap();
            assert_eq!(Record::read(directory.path()).unwrap(), kept);
            assert_eq!(fs::read(&file).unwrap(), text, "and it is put right");
        }
    }

    #[test]
    fn of_versions_of_the_same_moment_no_more_are_forgotten_than_have_to_be() {
        let at_the_same_moment = |digest: &str| Activation {
            who: None,
            at_ms: 0,
            ..Activation::now(digest, 1, Origin::Push)
        };
        let mut module = ModuleRecord::default();
        for digest in ["a", "b", "c", "d"] {
            module.activate(at_the_same_moment(digest), 10);
        }
        module.roll_back(2);
        assert_eq!(module.rolled_back.len(), 2);
        module.forget(3);
        let kept: Vec<_> = module.rolled_back.iter().map(|left| &left.digest).collect();
        assert_eq!(kept, ["c"]);
    }

    #[test]
    fn a_list_that_was_lost_is_replaced_by_its_copy() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(Record::read(directory.path()).unwrap(), Record::default());
        let kept = record('a');
        kept.write(directory.path()).unwrap();
        fs::remove_file(directory.path().join(FILE)).unwrap();
        assert_eq!(Record::read(directory.path()).unwrap(), kept);
        assert!(directory.path().join(FILE).exists(), "and it is put back");
    }

    #[test]
    fn a_list_that_is_damaged_like_its_copy_is_told_with_a_remedy() {
        let directory = tempfile::tempdir().unwrap();
        record('a').write(directory.path()).unwrap();
        for name in [FILE, COPY] {
            fs::write(directory.path().join(name), "{").unwrap();
        }
        let error = Record::read(directory.path()).unwrap_err().to_string();
        assert!(
            error.ends_with("and so is its copy; delete both to start from the component files"),
            "{error}"
        );
        fs::remove_file(directory.path().join(FILE)).unwrap();
        assert_eq!(Record::read(directory.path()).unwrap(), Record::default());
    }

    #[test]
    fn a_list_without_a_checksum_is_one_of_an_earlier_host() {
        let text = r#"{"format": 1, "modules": {"students": {"file": null, "activations": []}}}"#;
        let record = Record::parse(text.as_bytes()).unwrap();
        assert!(record.modules.contains_key("students"));
        let later = text.replace("\"format\": 1", "\"format\": 2");
        assert_eq!(
            Record::parse(later.as_bytes()),
            Err("has format 2, not 1".to_owned())
        );
    }
}
