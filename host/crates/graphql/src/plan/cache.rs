//! What was prepared before, by key, within a number of bytes.
//!
//! Split into shards by key, so that requests on many threads seldom meet; a hit takes a shared lock and sets a mark. What is
//! marked survives one round when room is needed (the "second chance" of page caches), so that documents seen once do not push out
//! those seen all the time. A value larger than its shard is not kept.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::RwLock;

/// Shards, at most; a power of two. More than the threads of the machines this runs on.
const SHARDS: usize = 16;

/// The smallest shard worth having, in bytes: it should hold several large plans.
const SHARD_BYTES: usize = 256 << 10;

/// Bytes an entry takes besides its key and value: the map's slot, the queue's slot and the entry itself.
const ENTRY_BYTES: usize = 160;

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
pub(crate) struct Cache<K, V> {
    hasher: RandomState,
    shards: Vec<RwLock<Shard<K, V>>>,
    shard_bytes: usize,
    hits: AtomicU64,
    misses: AtomicU64,
}

struct Shard<K, V> {
    entries: HashMap<u64, Arc<Entry<K, V>>>,
    /// The hashes in the order they may have to go.
    queue: VecDeque<u64>,
    bytes: usize,
}

struct Entry<K, V> {
    key: K,
    value: Arc<V>,
    bytes: usize,
    used: AtomicBool,
}

impl<K: Hash + Eq, V> Cache<K, V> {
    /// A cache of at most `bytes`.
    pub fn new(bytes: usize) -> Self {
        let count = (bytes / SHARD_BYTES).clamp(1, SHARDS);
        let shards = (0..count)
            .map(|_| {
                RwLock::new(Shard {
                    entries: HashMap::new(),
                    queue: VecDeque::new(),
                    bytes: 0,
                })
            })
            .collect();
        let (hits, misses) = (AtomicU64::new(0), AtomicU64::new(0));
        Self {
            hasher: RandomState::new(),
            shards,
            shard_bytes: bytes / count,
            hits,
            misses,
        }
    }

    /// What is kept for `key`; `same` compares a kept key, so that looking up needs no key of its own.
    pub fn get<Q: Hash>(&self, key: &Q, same: impl FnOnce(&K) -> bool) -> Option<Arc<V>> {
        let hash = self.hasher.hash_one(key);
        let found = self.shard(hash).and_then(|shard| {
            let shard = shard.read();
            let entry = shard.entries.get(&hash).filter(|entry| same(&entry.key))?;
            entry.used.store(true, Ordering::Relaxed);
            Some(entry.value.clone())
        });
        let counter = if found.is_some() {
            &self.hits
        } else {
            &self.misses
        };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// Keeps a value of about `bytes`; `key` must hash like what it is looked up with.
    pub fn insert(&self, key: K, value: Arc<V>, bytes: usize) {
        let hash = self.hasher.hash_one(&key);
        let bytes = bytes + ENTRY_BYTES;
        let Some(shard) = self.shard(hash).filter(|_| bytes <= self.shard_bytes) else {
            return;
        };
        let mut shard = shard.write();
        let entry = Arc::new(Entry {
            key,
            value,
            bytes,
            used: AtomicBool::new(false),
        });
        match shard.entries.insert(hash, entry) {
            Some(replaced) => shard.bytes -= replaced.bytes,
            None => shard.queue.push_back(hash),
        }
        shard.bytes += bytes;
        shard.make_room(self.shard_bytes);
    }

    /// How it is doing.
    pub fn stats(&self) -> CacheStats {
        let mut stats = CacheStats {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            ..CacheStats::default()
        };
        for shard in &self.shards {
            let shard = shard.read();
            stats.bytes += shard.bytes;
            stats.entries += shard.entries.len();
        }
        stats
    }

    fn shard(&self, hash: u64) -> Option<&RwLock<Shard<K, V>>> {
        // The map inside a shard uses the low bits.
        self.shards
            .get((hash >> 32) as usize % self.shards.len().max(1))
    }
}

impl<K, V> Shard<K, V> {
    fn make_room(&mut self, limit: usize) {
        while self.bytes > limit {
            let Some(hash) = self.queue.pop_front() else {
                return;
            };
            let Some(entry) = self.entries.get(&hash) else {
                continue;
            };
            if entry.used.swap(false, Ordering::Relaxed) {
                self.queue.push_back(hash);
            } else {
                self.bytes -= entry.bytes;
                self.entries.remove(&hash);
            }
        }
    }
}
