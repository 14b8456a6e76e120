//! The store: what of an app's modules outlives the process.
//!
//! ```text
//! lock             held by the host that serves the app
//! active.json      what was active, by module
//! components/SHA   component files, named by their digest
//! compiled/        what was compiled of them
//! ```
//!
//! Every file is written under another name, synced and renamed, so that whatever has its name is whole. Order keeps the store
//! consistent when the process is ended at any instant: a component has its name before the list names it, and loses it after the
//! list has stopped naming it. What is neither in the list nor pinned by somebody at work is collected.

mod artifacts;
mod incoming;
mod record;

pub use artifacts::ArtifactStore;
pub use incoming::Incoming;
pub use record::{Activation, ModuleRecord, Origin, Record};

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::{FlockOperation, flock};
use wasmtime::Engine;

use super::component::ComponentBytes;

/// The end of names of files that are being written.
const TEMPORARY: &str = ".tmp";

/// The store of a host that serves.
pub struct Store {
    directory: PathBuf,
    components: PathBuf,
    artifacts: ArtifactStore,
    state: Mutex<State>,
    /// Held while the list is written, so that changes come one after the other and nobody waits for the disk to read it.
    writing: Mutex<()>,
    /// Locked as long as it is open.
    _lock: File,
}

struct State {
    record: Record,
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
    /// Opens the store of an app for the one host that serves it, and clears away what an end halfway left.
    ///
    /// # Errors
    ///
    /// When the directory cannot be used, another host has it, or its list is damaged.
    pub fn open(directory: &Path) -> io::Result<Arc<Self>> {
        artifacts::make_private(directory)?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(directory.join("lock"))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
            let message = format!(
                "another host serves with {}; give each its own `server.store`",
                directory.display()
            );
            io::Error::new(io::ErrorKind::WouldBlock, message)
        })?;
        let components = directory.join("components");
        artifacts::make_private(&components)?;
        let store = Self {
            artifacts: ArtifactStore::open(&directory.join("compiled"))?,
            state: Mutex::new(State {
                record: Record::read(directory)?,
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
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut record = self.record();
        change(&mut record);
        record.write(&self.directory)?;
        self.state().record = record;
        Ok(())
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
        if self.component(component.digest()).exists() {
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

    /// Where a component is, or would be.
    #[must_use]
    pub fn component(&self, digest: &str) -> PathBuf {
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
        let kept: BTreeSet<&str> = state
            .record
            .digests()
            .chain(state.pins.keys().map(String::as_str))
            .collect();
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
        self.artifacts.keep_only(
            state
                .record
                .digests()
                .chain(state.pins.keys().map(String::as_str)),
            engine,
        );
    }

    /// Removes what the last host was receiving when it ended.
    fn clear_temporaries(&self) {
        for entry in fs::read_dir(&self.components)
            .into_iter()
            .flatten()
            .flatten()
        {
            if entry
                .file_name()
                .to_str()
                .is_some_and(|name| name.ends_with(TEMPORARY))
            {
                let _ = fs::remove_file(entry.path());
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
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pinned {
    /// The file.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.store.component(&self.digest)
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
