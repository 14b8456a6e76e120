//! What was prepared before, by key, within a number of bytes.
//!
//! A value larger than a shard is not kept. Documents seen once do not push out those seen all the time.

use std::hash::{Hash, RandomState};
use std::sync::Arc;

use quick_cache::sync::{self, DefaultLifecycle};
use quick_cache::{Equivalent, Weighter};

/// Bytes an entry takes besides its key and value: the map's slot, the queue's slot and the entry itself.
const ENTRY_BYTES: usize = 160;

/// What entries take as a rule, in bytes. How many of those that went are remembered follows from it, and how many shards there are: each
/// has room for 32 of these at least.
const USUAL_BYTES: usize = 8 << 10;

/// How a cache is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CacheStats {
    /// Requests whose document had been prepared before.
    pub hits: u64,
    /// Requests whose document had not.
    pub misses: u64,
    /// The bytes in use, by estimate.
    pub bytes: usize,
    /// The entries kept.
    pub entries: usize,
}

/// A cache of `V` by `K`.
pub(crate) struct Cache<K, V>(sync::Cache<K, Kept<V>, Bytes, RandomState>);

struct Kept<V> {
    value: Arc<V>,
    bytes: usize,
}

/// Entries weigh what they take.
#[derive(Clone)]
struct Bytes;

impl<V> Clone for Kept<V> {
    fn clone(&self) -> Self {
        Self {
            value: self.value.clone(),
            bytes: self.bytes,
        }
    }
}

impl<K, V> Weighter<K, Kept<V>> for Bytes {
    fn weight(&self, _: &K, kept: &Kept<V>) -> u64 {
        kept.bytes as u64
    }
}

impl<K: Hash + Eq, V> Cache<K, V> {
    /// A cache of at most `bytes`.
    pub fn new(bytes: usize) -> Self {
        Self(sync::Cache::with(
            bytes / USUAL_BYTES,
            bytes as u64,
            Bytes,
            RandomState::new(),
            DefaultLifecycle::default(),
        ))
    }

    /// What is kept for `key`, which may be another type, so that looking up needs no key of its own.
    pub fn get<Q: Hash + Equivalent<K>>(&self, key: &Q) -> Option<Arc<V>> {
        Some(self.0.get(key)?.value)
    }

    /// Keeps a value of about `bytes`.
    pub fn insert(&self, key: K, value: Arc<V>, bytes: usize) {
        let bytes = bytes + ENTRY_BYTES;
        self.0.insert(key, Kept { value, bytes });
    }

    /// How it is doing.
    pub fn stats(&self) -> CacheStats {
        CacheStats {
            hits: self.0.hits(),
            misses: self.0.misses(),
            bytes: usize::try_from(self.0.weight()).unwrap_or(usize::MAX),
            entries: self.0.len(),
        }
    }
}
