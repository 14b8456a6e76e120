//! Watches component files, and deploys one that changed; watches configuration, schema and keys, and applies the app when
//! they changed.
//!
//! What the system says about directories only wakes the watcher up; whether a file changed is decided by looking at it. So a rename
//! over the file, a link that points elsewhere, and a file system that reports nothing are all the same: the last is noticed at the
//! next look, which comes in any case. A file is read once two looks in a row have found it the same, so that one being written is
//! left alone until its writer pauses.

mod directories;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::history::Actor;
use crate::serving::deployment::{ApplyError, DeployError, Deployment};
use directories::Directories;

/// How often files are looked at when the system reports nothing.
const LOOK: Duration = Duration::from_secs(2);

/// How long a file has to stay the same before it is read.
const QUIET: Duration = Duration::from_millis(100);

/// When an app is tried again whose backends are not reached yet.
const AGAIN: Duration = Duration::from_secs(5);

/// Links that are followed from a component file, at most.
const LINKS: usize = 16;

/// What tells one state of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    device: u64,
    inode: u64,
    size_bytes: u64,
    /// When its contents were written, as whoever wrote it may say: seconds, nanoseconds.
    written: (i64, i64),
    /// When anything about it changed, as the system says, whatever the writer sets `written` to: seconds, nanoseconds.
    changed: (i64, i64),
}

/// What files looked like before they were read, so that watching finds every later change, and no other.
#[derive(Debug, Default)]
pub struct Seen(BTreeMap<PathBuf, Option<Look>>);

impl Seen {
    /// Looks at a file that is about to be read.
    pub fn look(&mut self, file: PathBuf) {
        let seen = look(&file);
        self.0.insert(file, seen);
    }
}

/// Watches the files of what is deployed until the task is aborted. Configuration and schema were `seen` before they were read.
pub fn watch(deployment: Arc<Deployment>, Seen(seen): Seen) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut directories = Directories::default();
        // What was last seen of each file that was tried; a component never seen is tried, and found to be the active one.
        let mut tried = seen;
        let mut again: Option<Instant> = None;
        loop {
            let (files, app) = (component_files(&deployment), app_files(&deployment));
            directories.watch(
                files
                    .values()
                    .chain(&app)
                    .flat_map(|file| directories_of(file)),
            );
            tried.retain(|file, _| files.values().chain(&app).any(|known| known == file));
            let mut changed = false;
            for file in app {
                if tried.get(&file).is_none_or(|seen| *seen != look(&file)) {
                    let seen = settled(&file).await;
                    tried.insert(file, seen);
                    changed |= seen.is_some();
                }
            }
            if changed || again.is_some_and(|again| again <= Instant::now()) {
                // What was refused has been reported and counted; the app is tried again when it changes, or when a backend may have been
                // told of a new password that this host was told of first.
                let applied = deployment.apply(false, Actor::file_watcher()).await;
                again = matches!(applied, Err(ApplyError::OutOfReach(_)))
                    .then(|| Instant::now() + AGAIN);
            }
            for (module, file) in files {
                if tried.get(&file).is_some_and(|seen| *seen == look(&file)) {
                    continue;
                }
                let seen = settled(&file).await;
                tried.insert(file.clone(), seen);
                // What was refused has been reported and counted; the file is tried again when it changes, or when the canary that
                // stands in its way is over.
                if seen.is_some()
                    && matches!(
                        deployment.deploy_file(&module).await,
                        Err(DeployError::CanaryRuns(_))
                    )
                {
                    tried.remove(&file);
                }
            }
            // A time-out is a look that nobody asked for.
            let _ = timeout(LOOK, directories.changed()).await;
        }
    })
}

fn component_files(deployment: &Deployment) -> BTreeMap<String, PathBuf> {
    let app = deployment.app();
    let versions = app.iter().flat_map(|app| app.versions.iter());
    versions
        .map(|(name, version)| (name.clone(), version.module.component.clone()))
        .collect()
}

/// The files that say what the app is: its configuration, its schema, the keys and certificates it names, and those
/// that hold values of it.
fn app_files(deployment: &Deployment) -> Vec<PathBuf> {
    let config = deployment.config();
    let own = [config.root.join(mayfly_config::FILE), config.schema.clone()];
    own.into_iter()
        .chain(config.watched_files().map(Path::to_owned))
        .collect()
}

/// Waits until the file stays the same, and gives what it looks like then.
async fn settled(file: &Path) -> Option<Look> {
    let mut seen = look(file);
    loop {
        sleep(QUIET).await;
        let now = look(file);
        if now == seen {
            return now;
        }
        seen = now;
    }
}

fn look(file: &Path) -> Option<Look> {
    let metadata = fs::metadata(file).ok()?;
    Some(Look {
        device: metadata.dev(),
        inode: metadata.ino(),
        size_bytes: metadata.len(),
        written: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}

/// The directory of a file, and those of everything it links to.
fn directories_of(file: &Path) -> Vec<PathBuf> {
    let mut directories = Vec::new();
    let mut file = file.to_path_buf();
    for _ in 0..LINKS {
        let Some(directory) = file.parent() else {
            break;
        };
        // A link among the directories is watched where it leads, and where it is.
        directories.extend(
            directory
                .ancestors()
                .filter(|ancestor| ancestor.is_symlink())
                .filter_map(Path::parent)
                .map(Path::to_path_buf),
        );
        directories.extend(directory.canonicalize());
        let Ok(target) = fs::read_link(&file) else {
            break;
        };
        file = directory.join(target);
    }
    directories
}
