//! A component on its way into the store: written under a name of its own while it is hashed, and named by its digest at the end.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::{Pinned, Store};
use crate::modules::component::hex;

/// A component being received. Dropping it before its end leaves nothing behind.
pub struct Incoming {
    store: Arc<Store>,
    temporary: Option<PathBuf>,
    file: File,
    hasher: Sha256,
    bytes: u64,
}

impl Incoming {
    pub(super) async fn begin(store: Arc<Store>) -> io::Result<Self> {
        let temporary = store.temporary_component();
        let file = File::create_new(&temporary).await?;
        Ok(Self {
            store,
            temporary: Some(temporary),
            file,
            hasher: Sha256::new(),
            bytes: 0,
        })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    ///
    /// When they cannot be written.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).await
    }

    /// Bytes taken so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Everything is here: syncs the file and gives it its name.
    ///
    /// # Errors
    ///
    /// When it cannot be written whole.
    pub async fn finish(mut self) -> io::Result<Pinned> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        let digest = hex(&std::mem::take(&mut self.hasher).finalize());
        let store = self.store.clone();
        // Pinned before it has its name, so that nobody collects it between the two.
        let pinned = store.clone().pin(&digest, self.bytes);
        if let Some(temporary) = self.temporary.take() {
            let named =
                tokio::task::spawn_blocking(move || store.name_component(&temporary, &digest))
                    .await;
            named.map_err(io::Error::other)??;
        }
        Ok(pinned)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            // A leftover is removed at the next start.
            let _ = std::fs::remove_file(temporary);
        }
    }
}
