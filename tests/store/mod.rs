//! The store of a host: what happens to its files, and to the host's own program, is noticed and mended, and never run.

mod damage;
mod hardened;
mod program;
mod starts;

use std::fs;
use std::path::{Path, PathBuf};

use mayfly_tests::{TestApp, TestHost};

/// What an app needs for its modules to be changed over the admin API.
const WITH_TOKEN: &str = "[server]\nadmin_token = { env = \"TEST_ADMIN_TOKEN\" }\n";

/// The mark of the version that answers.
async fn version(host: &TestHost) -> String {
    let answer = host.query("{ version }").await;
    answer["data"]["version"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"))
        .to_owned()
}

/// A directory of an app's store.
fn store(app: &TestApp, directory: &str) -> PathBuf {
    app.path().join(".mayfly").join(directory)
}

/// The files of a directory, in the order of their names.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

/// What was compiled for an app, each in a file of the app's own: tests share what was compiled by links.
fn compiled(app: &TestApp) -> Vec<PathBuf> {
    let files = files(&store(app, "compiled"));
    for file in &files {
        let bytes = fs::read(file).unwrap();
        replace(file, &bytes);
    }
    files
}

/// Puts a file in place of another, or of a link.
fn replace(file: &Path, bytes: &[u8]) {
    fs::remove_file(file).unwrap();
    fs::write(file, bytes).unwrap();
}
