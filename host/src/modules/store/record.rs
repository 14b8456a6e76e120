//! The list of what was active: one small file, replaced in one step.
//!
//! It is written to another name, synced, renamed, and its directory synced, so that whatever ends the process, the file is whole:
//! the old list or the new one.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// The file's name in the store.
const FILE: &str = "active.json";

/// The name it is written under.
const TEMPORARY: &str = "active.json.tmp";

/// The version of this format.
const FORMAT: u32 = 1;

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
        }
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
            let left = self.rolled_back.iter().map(|left| left.at_ms).min();
            let few = self.activations.len() <= 2;
            match left {
                // The active version and the one before it stay in any case.
                Some(at_ms) if few || oldest.is_none_or(|oldest| at_ms < oldest) => {
                    self.rolled_back.retain(|left| left.at_ms != at_ms);
                }
                _ if few => return,
                _ => drop(self.activations.remove(0)),
            }
        }
    }
}

/// What was active, by module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// [`FORMAT`].
    format: u32,
    /// By the module's name.
    pub modules: BTreeMap<String, ModuleRecord>,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            format: FORMAT,
            modules: BTreeMap::new(),
        }
    }
}

impl Record {
    /// Reads the list of a store; an empty one when there is none yet.
    pub(super) fn read(directory: &Path) -> io::Result<Self> {
        let file = directory.join(FILE);
        let text = match fs::read(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error),
        };
        let wrong = |said: String| {
            let message = format!(
                "{} {said}; delete it to begin with the component files",
                file.display()
            );
            io::Error::new(io::ErrorKind::InvalidData, message)
        };
        let record: Self = serde_json::from_slice(&text)
            .map_err(|error| wrong(format!("is damaged ({error})")))?;
        if record.format == FORMAT {
            Ok(record)
        } else {
            Err(wrong(format!("has format {}, not {FORMAT}", record.format)))
        }
    }

    /// Replaces the list of a store. When this fails, the old list stands.
    pub(super) fn write(&self, directory: &Path) -> io::Result<()> {
        let temporary = directory.join(TEMPORARY);
        let mut file = File::create(&temporary)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        fs::rename(&temporary, directory.join(FILE))?;
        File::open(directory)?.sync_all()
    }

    /// The digests it names, some of them more than once.
    pub fn digests(&self) -> impl Iterator<Item = &str> {
        self.modules
            .values()
            .flat_map(|module| module.activations.iter().chain(&module.rolled_back))
            .map(|activation| activation.digest.as_str())
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
