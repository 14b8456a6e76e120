//! `[documents]`: which documents clients may run, and how they may name them.

use std::path::{Path, PathBuf};

use crate::key::Key;
use crate::reader::{Table, count};

const PERSISTED_QUERIES: Key<'_> = Key::new(
    "persisted_queries",
    "Whether clients may name a document by its hash once they have sent it (automatic persisted queries).",
);
const PERSISTED_MEMORY: Key<'_> = Key::new(
    "persisted_memory",
    "Memory for documents kept for that; the least used are dropped first, and one caller has at most half.",
);
const MANIFEST: Key<'_> = Key::new(
    "manifest",
    "The documents of this server's own clients, as Relay, Apollo or GraphQL Code Generator write them.",
);
const TRUSTED_ONLY: Key<'_> = Key::new(
    "trusted_only",
    "Whether a document that is not in the manifest is refused; otherwise it is counted, and runs.",
);
const MAX_BATCH: Key<'_> = Key::new(
    "max_batch",
    "Operations in one request, as a list; 1 allows no lists.",
);

/// `[documents]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Documents {
    /// `persisted_queries`.
    pub persisted_queries: bool,
    /// `persisted_memory`.
    pub persisted_memory_bytes: u64,
    /// `manifest`.
    pub manifest: Option<PathBuf>,
    /// `trusted_only`.
    pub trusted_only: bool,
    /// `max_batch`.
    pub max_batch: usize,
}

impl Default for Documents {
    fn default() -> Self {
        Self {
            persisted_queries: true,
            persisted_memory_bytes: 4 << 20,
            manifest: None,
            trusted_only: true,
            max_batch: 1,
        }
    }
}

impl Documents {
    pub(crate) fn read(root: &Path, table: Option<Table<'_>>) -> Self {
        let documents = Self::default();
        let Some(mut table) = table else {
            return documents;
        };
        let says_trusted = table.has("trusted_only");
        let documents = Self {
            persisted_queries: table.flag(PERSISTED_QUERIES, documents.persisted_queries),
            persisted_memory_bytes: table.size(
                PERSISTED_MEMORY,
                documents.persisted_memory_bytes,
                64 << 10..=1 << 34,
            ),
            manifest: table.text(MANIFEST).map(|path| root.join(path)),
            trusted_only: table.flag(TRUSTED_ONLY, documents.trusted_only),
            max_batch: count(table.number(MAX_BATCH, 1, 1..=100)),
        };
        if says_trusted && documents.manifest.is_none() {
            table.problem(format!(
                "`{}` has no effect without `manifest`; add manifest = \"persisted-documents.json\"",
                table.key("trusted_only")
            ));
        }
        table.finish();
        documents
    }

    /// Whether only documents of the manifest run.
    #[must_use]
    pub fn enforces(&self) -> bool {
        self.manifest.is_some() && self.trusted_only
    }
}
