//! Documents that clients sent and name by their hash from then on: Apollo's automatic persisted queries.
//!
//! Invariants: what is kept was valid when it was sent; all of it takes no more than its bytes, and what one caller sent no more than
//! half of them, so that nobody makes the host forget what others use.

use std::collections::HashMap;
use std::sync::Arc;

use hashlink::LruCache;
use parking_lot::Mutex;

use super::hash::DocumentHash;
use crate::callers::{Account, Fingerprint, Fingerprints};

/// What an entry takes beside its text: its key, its links, and who sent it.
const ENTRY_BYTES: u64 = 256;

/// What one caller may have of all: a half.
const SHARE_DIVISOR: u64 = 2;

/// Documents that clients sent.
pub struct PersistedQueries {
    most_bytes: u64,
    fingerprints: Fingerprints,
    kept: Mutex<Kept>,
}

struct Kept {
    /// The least used first.
    entries: LruCache<DocumentHash, Entry>,
    bytes: u64,
    by_caller: HashMap<Fingerprint, u64>,
}

struct Entry {
    text: Arc<str>,
    /// Whose share it takes, in few bytes however long their names are.
    caller: Fingerprint,
}

impl Entry {
    fn bytes(&self) -> u64 {
        self.text.len() as u64 + ENTRY_BYTES
    }
}

impl PersistedQueries {
    /// Keeps documents of at most this many bytes.
    #[must_use]
    pub fn new(most_bytes: u64) -> Self {
        Self {
            most_bytes,
            fingerprints: Fingerprints::default(),
            kept: Mutex::new(Kept {
                entries: LruCache::new_unbounded(),
                bytes: 0,
                by_caller: HashMap::new(),
            }),
        }
    }

    /// A document that was kept.
    #[must_use]
    pub fn get(&self, hash: &DocumentHash) -> Option<Arc<str>> {
        let mut kept = self.kept.lock();
        kept.entries.get(hash).map(|entry| entry.text.clone())
    }

    /// Keeps a document that is valid, for a caller; all whom nobody knows are one.
    pub fn keep(&self, hash: DocumentHash, text: &str, caller: Option<&Account>) {
        let caller = self.fingerprints.of(&caller);
        let share = self.most_bytes / SHARE_DIVISOR;
        let mut kept = self.kept.lock();
        if kept.entries.get(&hash).is_some() {
            return;
        }
        let entry = Entry {
            text: Arc::from(text),
            caller,
        };
        let bytes = entry.bytes();
        if bytes > share {
            return;
        }
        while kept.by_caller.get(&caller).copied().unwrap_or_default() + bytes > share {
            kept.forget_one_of(caller);
        }
        while kept.bytes + bytes > self.most_bytes {
            kept.forget_least_used();
        }
        kept.bytes += bytes;
        *kept.by_caller.entry(caller).or_default() += bytes;
        kept.entries.insert(hash, entry);
    }

    /// How many documents are kept, and what they take, in bytes.
    #[must_use]
    pub fn stats(&self) -> (usize, u64) {
        let kept = self.kept.lock();
        (kept.entries.len(), kept.bytes)
    }
}

impl Kept {
    fn forget_one_of(&mut self, caller: Fingerprint) {
        let least_used = self
            .entries
            .iter()
            .find(|(_, entry)| entry.caller == caller)
            .map(|(hash, _)| *hash);
        match least_used.and_then(|hash| self.entries.remove(&hash)) {
            Some(entry) => self.gone(&entry),
            // Nothing of theirs is left.
            None => drop(self.by_caller.remove(&caller)),
        }
    }

    fn forget_least_used(&mut self) {
        match self.entries.remove_lru() {
            Some((_, entry)) => self.gone(&entry),
            None => self.bytes = 0,
        }
    }

    fn gone(&mut self, entry: &Entry) {
        let bytes = entry.bytes();
        self.bytes = self.bytes.saturating_sub(bytes);
        if let Some(left) = self.by_caller.get_mut(&entry.caller) {
            *left = left.saturating_sub(bytes);
            if *left == 0 {
                self.by_caller.remove(&entry.caller);
            }
        }
    }
}
