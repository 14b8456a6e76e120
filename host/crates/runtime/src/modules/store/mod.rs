//! The store: what of an app's modules outlives the process.
//!
//! ```text
//! lock             held by the host that serves the app
//! active.json      what was active, by module, with a copy
//! components/SHA   component files, named by their digest
//! compiled/        what was compiled of them
//! ```
//!
//! Every file is written under another name, synced and renamed, so that whatever has its name is whole. Order keeps the store
//! consistent when the process is ended at any instant: a component has its name before the list names it, and loses it after the
//! list has stopped naming it. What is neither in the list nor pinned by somebody at work is collected.
//!
//! Nothing here is trusted: what a file holds is compared with its name or checksum before it is used, and what was compiled is made
//! again when it does not agree. A start that changes nothing writes nothing, so a full disk or one that became read-only stops nobody.

mod artifacts;
mod directory;
mod incoming;
mod lock;
mod record;
mod seal;

pub use artifacts::ArtifactStore;
pub(super) use artifacts::NoArtifact;
pub use incoming::Incoming;
pub use record::{Activation, ModuleRecord, Origin, Record};

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use wasmtime::Engine;

use super::component::ComponentBytes;
use directory::make_private;
use lock::StoreLock;

/// The end of names of files that are being written.
const TEMPORARY: &str = ".tmp";

/// What an operator can do about a store that cannot be written.
#[must_use]
pub fn writing_remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            "make `server.store` writable"
        }
        io::ErrorKind::NotFound => "`server.store` was removed; restart the host",
        io::ErrorKind::FileTooLarge => {
            "raise the limit of the size of files (`ulimit -f`, LimitFSIZE=)"
        }
        _ if lacks_descriptors(error) => {
            "raise the limit of open files (`ulimit -n`, LimitNOFILE=)"
        }
        _ => "free space for `server.store`",
    }
}

/// What to do about a store that cannot be opened.
pub fn opening_remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            "set `server.store` to a directory that this user can write"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            writing_remedy(error)
        }
        _ if lacks_descriptors(error) => writing_remedy(error),
        _ => "set `server.store` to another directory",
    }
}

/// Whether this process, or the machine, has as many files open as it may.
fn lacks_descriptors(error: &io::Error) -> bool {
    let raw = error.raw_os_error();
    [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE]
        .iter()
        .any(|errno| raw == Some(errno.raw_os_error()))
}

/// The store of a host that serves.
pub struct Store {
    directory: PathBuf,
    components: PathBuf,
    artifacts: ArtifactStore,
    state: Mutex<State>,
    /// Held while the list is written, so that changes come one after the other and nobody waits for the disk to read it.
    writing: Mutex<()>,
    _lock: StoreLock,
}

struct State {
    record: Record,
    /// What the disk has of it: the same, unless it could not be written.
    written: Record,
    /// How often each digest is pinned.
    pins: BTreeMap<String, usize>,
}

/// A component in the store, which stays there at least as long as this is held.
pub struct Pinned {
    store: Arc<Store>,
    /// SHA-256 of its bytes.
    pub digest: String,
    /// Its size, in bytes.
    pub bytes: u64,
}

impl Store {
    /// Opens the store of an app for the one host that serves it, and clears away what an end halfway left. Blocks while another host
    /// that has it ends.
    ///
    /// # Errors
    ///
    /// When the directory cannot be used, another host has it, or its list is damaged.
    pub fn open(directory: &Path) -> io::Result<Arc<Self>> {
        make_private(directory)?;
        let lock = StoreLock::take(directory)?;
        let components = directory.join("components");
        make_private(&components)?;
        let record = Record::read(directory)?;
        let store = Self {
            artifacts: ArtifactStore::open(&directory.join("compiled"))?,
            state: Mutex::new(State {
                written: record.clone(),
                record,
                pins: BTreeMap::new(),
            }),
            writing: Mutex::new(()),
            directory: directory.to_path_buf(),
            components,
            _lock: lock,
        };
        store.clear_temporaries();
        store.collect();
        Ok(Arc::new(store))
    }

    /// Compiled components.
    #[must_use]
    pub fn artifacts(&self) -> &ArtifactStore {
        &self.artifacts
    }

    /// What was active.
    #[must_use]
    pub fn record(&self) -> Record {
        self.state().record.clone()
    }

    /// What was active of one module.
    #[must_use]
    pub fn module(&self, name: &str) -> ModuleRecord {
        self.state()
            .record
            .modules
            .get(name)
            .cloned()
            .unwrap_or_default()
    }

    /// Changes the list, on disk first. Blocks until the disk has it.
    ///
    /// # Errors
    ///
    /// When it cannot be written; the old list then stands.
    pub fn change(&self, change: impl FnOnce(&mut Record)) -> io::Result<()> {
        self.change_or(change, |_| ())
    }

    /// Changes the list whether the disk takes it or not: what it says has happened already. A later change that the disk takes
    /// brings this one along.
    ///
    /// # Errors
    ///
    /// When it cannot be written, so that a restart would not know of it.
    pub fn note(&self, change: impl FnOnce(&mut Record)) -> io::Result<()> {
        self.change_or(change, |record| self.state().record = record)
    }

    /// Changes the list, and does something with the new one when it cannot be written.
    fn change_or(
        &self,
        change: impl FnOnce(&mut Record),
        otherwise: impl FnOnce(Record),
    ) -> io::Result<()> {
        let _writing = self.writing.lock();
        let mut record = self.record();
        change(&mut record);
        let written = if record == self.state().written {
            Ok(())
        } else {
            record.write(&self.directory)
        };
        match written {
            Ok(()) => {
                let mut state = self.state();
                state.written = record.clone();
                state.record = record;
            }
            Err(_) => otherwise(record),
        }
        written
    }

    /// Begins to receive a component.
    ///
    /// # Errors
    ///
    /// When no file can be made.
    pub async fn receive(self: &Arc<Self>) -> io::Result<Incoming> {
        Incoming::begin(self.clone()).await
    }

    /// Keeps a component that is in memory. Blocks until the disk has it.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn keep(self: &Arc<Self>, component: &ComponentBytes) -> io::Result<Pinned> {
        let pinned = self
            .clone()
            .pin(component.digest(), component.bytes().len() as u64);
        // What is there may be damaged.
        if fs::read(self.component(component.digest())).is_ok_and(|kept| kept == component.bytes())
        {
            return Ok(pinned);
        }
        let temporary = self.temporary_component();
        let written = File::create_new(&temporary).and_then(|mut file| {
            file.write_all(component.bytes())?;
            file.sync_all()?;
            self.name_component(&temporary, component.digest())
        });
        if written.is_err() {
            // A leftover is removed at the next start.
            let _ = fs::remove_file(&temporary);
        }
        written.map(|()| pinned)
    }

    /// Reads a component, and sees that it is what its name says.
    ///
    /// # Errors
    ///
    /// Why it is not available, with a remedy.
    pub fn read(&self, digest: &str) -> Result<ComponentBytes, String> {
        let file = self.component(digest);
        if !file.exists() {
            return Err(format!(
                "{} is missing; deploy that version again",
                file.display()
            ));
        }
        let component = ComponentBytes::read(&file)?;
        if component.digest() == digest {
            return Ok(component);
        }
        Err(format!(
            "{} is damaged: its digest is {}; deploy that version again",
            file.display(),
            component.digest()
        ))
    }

    /// Where a component is, or would be.
    fn component(&self, digest: &str) -> PathBuf {
        self.components.join(format!("{digest}.wasm"))
    }

    /// Keeps a component from being collected.
    #[must_use]
    pub fn pin(self: Arc<Self>, digest: &str, bytes: u64) -> Pinned {
        *self.state().pins.entry(digest.to_owned()).or_default() += 1;
        Pinned {
            digest: digest.to_owned(),
            bytes,
            store: self,
        }
    }

    /// Removes the components, and what was compiled of them, that are neither in the list nor pinned.
    pub fn collect(&self) {
        // Nobody can pin what is being removed: that takes the same lock.
        let state = self.state();
        let kept: BTreeSet<&str> = state.needed().collect();
        for entry in fs::read_dir(&self.components)
            .into_iter()
            .flatten()
            .flatten()
        {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let digest = name.strip_suffix(".wasm").unwrap_or_default();
            // What is being received belongs to whoever receives it.
            if !digest.is_empty() && !kept.contains(digest) {
                // The artifact first: without its component nothing would lead to it.
                self.artifacts.remove(digest);
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Removes artifacts that belong to nothing in the list, or to another compiler than this engine's.
    pub fn collect_artifacts(&self, engine: &Engine) {
        let state = self.state();
        self.artifacts.keep_only(state.needed(), engine);
    }

    /// Removes what the last host was writing when it ended.
    fn clear_temporaries(&self) {
        self.artifacts.clear_temporaries();
        for directory in [&self.directory, &self.components] {
            for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
                if entry
                    .file_name()
                    .to_str()
                    .is_some_and(|name| name.ends_with(TEMPORARY))
                {
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
    }

    fn temporary_component(&self) -> PathBuf {
        self.components
            .join(format!("{:016x}{TEMPORARY}", rand::random::<u64>()))
    }

    /// Gives a synced file its name.
    fn name_component(&self, temporary: &Path, digest: &str) -> io::Result<()> {
        fs::rename(temporary, self.component(digest))?;
        File::open(&self.components)?.sync_all()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock()
    }
}

impl State {
    /// The digests of versions that have to stay, some of them more than once.
    fn needed(&self) -> impl Iterator<Item = &str> {
        self.record
            .digests()
            .chain(self.written.digests())
            .chain(self.pins.keys().map(String::as_str))
    }
}

impl Pinned {
    /// Reads it, and sees that it is what its name says.
    ///
    /// # Errors
    ///
    /// Why it is not available, with a remedy.
    pub fn read(&self) -> Result<ComponentBytes, String> {
        self.store.read(&self.digest)
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        let mut state = self.store.state();
        if let Some(pins) = state.pins.get_mut(&self.digest) {
            *pins -= 1;
            if *pins == 0 {
                state.pins.remove(&self.digest);
            }
        }
    }
}
