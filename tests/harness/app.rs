//! An app in a directory of its own, changed as a test needs.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;

use crate::built::{built, repository};

/// A copy of an app. Files are links to the original until a test changes them. Its store is its own, with links to what other
/// tests had compiled.
pub struct TestApp {
    directory: TempDir,
    /// Whether a host has run on it: what is compiled after its start is of no use to other tests.
    started: AtomicBool,
}

impl TestApp {
    /// The sample app.
    #[must_use]
    pub fn students() -> Self {
        Self::of("guest/apps/students")
    }

    /// The app with one guest per attack.
    #[must_use]
    pub fn hostile() -> Self {
        Self::of("guest/hostile")
    }

    /// The app with everything GraphQL has.
    #[must_use]
    pub fn everything() -> Self {
        Self::of("guest/apps/everything")
    }

    /// The app whose answers say whom they were made for.
    #[must_use]
    pub fn chaos() -> Self {
        Self::of("guest/chaos")
    }

    /// The app that asks workers for whatever it is told to, without a worker.
    #[must_use]
    pub fn workers() -> Self {
        Self::of("guest/apps/workers")
    }

    /// The app whose answers say which version gave them.
    #[must_use]
    pub fn swapping() -> Self {
        Self::of("guest/apps/swapping")
    }

    /// The app with the whole old system. Who uses it builds it.
    #[must_use]
    pub fn legacy() -> Self {
        Self::of("guest/apps/legacy")
    }

    /// An app without a file.
    #[must_use]
    pub fn empty() -> Self {
        built();
        Self {
            directory: TempDir::new().expect("a directory for the app"),
            started: AtomicBool::new(false),
        }
    }

    fn of(source: &str) -> Self {
        let app = Self::empty();
        let source = repository().join(source);
        for entry in fs::read_dir(&source).expect("the app") {
            let entry = entry.expect("a file of the app");
            if entry.file_name() != ".mayfly" {
                symlink(entry.path(), app.path().join(entry.file_name())).expect("a link");
            }
        }
        app.take_compiled();
        app
    }

    /// Links what other tests had compiled. Artifacts are named by their contents, so sharing them hides nothing.
    fn take_compiled(&self) {
        let own = self.compiled();
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&own)
            .expect("a store");
        for entry in fs::read_dir(shared()).expect("what was compiled") {
            let entry = entry.expect("a file");
            if entry.file_name().to_string_lossy().ends_with(".cwasm") {
                symlink(entry.path(), own.join(entry.file_name())).expect("a link");
            }
        }
    }

    /// Gives other tests what was compiled for this app.
    pub(crate) fn share_compiled(&self) {
        if self.started.swap(true, Ordering::Relaxed) {
            return;
        }
        for entry in fs::read_dir(self.compiled())
            .into_iter()
            .flatten()
            .flatten()
        {
            let (name, whole) = (
                entry.file_name(),
                entry.file_type().is_ok_and(|kind| kind.is_file()),
            );
            if !whole
                || !name.to_string_lossy().ends_with(".cwasm")
                || shared().join(&name).exists()
            {
                continue;
            }
            // Under a name of its own first: others may be looking.
            let temporary = tempfile::NamedTempFile::new_in(shared()).expect("a file");
            if fs::copy(entry.path(), temporary.path()).is_ok() {
                temporary
                    .persist(shared().join(&name))
                    .expect("an artifact renamed");
            }
        }
    }

    fn compiled(&self) -> PathBuf {
        self.path().join(".mayfly/compiled")
    }

    /// The app's directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The sample app whose modules and statements have more time than any machine needs: for tests that hold an answer back.
    #[must_use]
    pub fn patient() -> Self {
        Self::students()
            .configured("deadline = \"2 s\"", "deadline = \"300 s\"")
            .configured("timeout = \"1 s\"", "timeout = \"300 s\"")
    }

    /// Replaces text of `mayfly.toml`, which has to be there.
    #[must_use]
    pub fn configured(self, from: &str, to: &str) -> Self {
        self.edited("mayfly.toml", from, to)
    }

    /// Adds text to the end of `mayfly.toml`; keys of `[server]` go where that table is already.
    #[must_use]
    pub fn with_configuration(self, text: &str) -> Self {
        let mut contents = self.read("mayfly.toml");
        let mut text = text.to_owned();
        let header = "[server]\n";
        if let (Some(there), Some(new)) = (contents.find(header), text.find(header)) {
            let keys = new + header.len();
            let end = text[keys..]
                .find("\n[")
                .map_or(text.len(), |end| keys + end + 1);
            contents.insert_str(there + header.len(), &format!("{}\n", &text[keys..end]));
            text.replace_range(new..end, "");
        }
        self.with_file("mayfly.toml", format!("{contents}\n{text}\n").as_bytes())
    }

    /// Replaces text of a file, which has to be there.
    #[must_use]
    pub fn edited(self, file: &str, from: &str, to: &str) -> Self {
        let contents = self.read(file);
        assert!(contents.contains(from), "{file} has no {from:?}");
        self.with_file(file, contents.replace(from, to).as_bytes())
    }

    /// Puts a file of its own in place of the original's.
    #[must_use]
    pub fn with_file(self, file: &str, contents: &[u8]) -> Self {
        let path = self.own(file);
        fs::write(path, contents).expect("a file written");
        self
    }

    /// Takes a file away.
    #[must_use]
    pub fn without_file(self, file: &str) -> Self {
        let path = self.own(file);
        drop(fs::remove_file(path));
        self
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// The path of a file that may be changed without changing the original.
    fn own(&self, file: &str) -> PathBuf {
        let path = self.path().join(file);
        let mut parent = self.path().to_path_buf();
        for component in Path::new(file)
            .parent()
            .into_iter()
            .flat_map(Path::components)
        {
            parent.push(component);
            make_own_directory(&parent);
        }
        if path.is_symlink() {
            fs::remove_file(&path).expect("a link removed");
        }
        path
    }
}

/// Where tests share what was compiled.
fn shared() -> PathBuf {
    let shared = repository().join("target/test-compiled");
    fs::create_dir_all(&shared).expect("a directory");
    shared
}

/// Turns a link to a directory into a directory of links, and makes one that is not there.
fn make_own_directory(path: &Path) {
    let Ok(target) = fs::read_link(path) else {
        return fs::create_dir_all(path).expect("a directory");
    };
    fs::remove_file(path).expect("a link removed");
    fs::create_dir(path).expect("a directory");
    for entry in fs::read_dir(target).expect("the original") {
        let entry = entry.expect("a file");
        symlink(entry.path(), path.join(entry.file_name())).expect("a link");
    }
}
