//! Directories that wake the watcher up when something changes in them: Linux's inotify. What changed is not asked.
//!
//! Where directories cannot be watched (another system, a limit reached, some network file systems), nothing ever wakes the watcher,
//! which then finds out at its next look.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use tokio::io::unix::AsyncFd;

/// Directories that are watched.
#[derive(Default)]
pub(super) struct Directories {
    events: Option<AsyncFd<OwnedFd>>,
    /// By path and inode: a directory that was replaced is another one.
    watched: BTreeSet<(PathBuf, u64)>,
}

impl Directories {
    /// Watches these directories from now on, and no others.
    pub(super) fn watch(&mut self, directories: impl Iterator<Item = PathBuf>) {
        let wanted: BTreeSet<_> = directories
            .filter_map(|path| Some((inode(&path)?, path)))
            .map(|(inode, path)| (path, inode))
            .collect();
        if wanted == self.watched {
            return;
        }
        let events = begin(&wanted);
        if let Err(error) = &events {
            tracing::warn!(%error, "component files cannot be watched; they are read at intervals instead");
        }
        self.events = events.ok();
        self.watched = wanted;
    }

    /// Waits until something changed in one of them.
    pub(super) async fn changed(&self) {
        let Some(events) = &self.events else {
            return std::future::pending().await;
        };
        // An error of the reactor comes when the runtime ends.
        let Ok(mut ready) = events.readable().await else {
            return std::future::pending().await;
        };
        let mut buffer = [0; 4_096];
        // Read until there are no more: one look sees whatever they were about.
        while rustix::io::read(events, &mut buffer).is_ok_and(|bytes| bytes > 0) {}
        ready.clear_ready();
    }
}

fn begin(directories: &BTreeSet<(PathBuf, u64)>) -> io::Result<AsyncFd<OwnedFd>> {
    let events = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
    let changes = WatchFlags::CREATE
        | WatchFlags::MOVED_TO
        | WatchFlags::CLOSE_WRITE
        | WatchFlags::ATTRIB
        | WatchFlags::ONLYDIR;
    for (path, _) in directories {
        inotify::add_watch(&events, path, changes)?;
    }
    watched(events)
}

fn inode(path: &Path) -> Option<u64> {
    Some(fs::metadata(path).ok()?.ino())
}

#[expect(
    deprecated,
    reason = "what is deprecated is giving it descriptors that may be closed by others, which this one cannot be"
)]
fn watched(events: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::new(events)
}
