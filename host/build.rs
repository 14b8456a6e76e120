//! Lists the files of the SDK and of new apps, so that the program carries them: `mayfly sdk` and `mayfly new` write them out.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A constant, and the directory whose files it lists.
const LISTS: [(&str, &str); 6] = [
    ("SDK_RUST", "../guest/sdk/rust"),
    ("NEW_ANY", "../guest/new/any"),
    ("NEW_RUST", "../guest/new/rust"),
    ("NEW_CPP", "../guest/new/cpp"),
    ("NEW_JS", "../guest/new/js"),
    ("NEW_TS", "../guest/new/ts"),
];

/// What cargo leaves in a directory.
const LEFT: [&str; 2] = ["target", "Cargo.lock"];

fn main() -> io::Result<()> {
    let mut code = String::new();
    for (constant, directory) in LISTS {
        println!("cargo:rerun-if-changed={directory}");
        let root = Path::new(directory).canonicalize()?;
        let mut files = Vec::new();
        collect(&root, &root, &mut files)?;
        files.sort();
        code.push_str(&format!(
            "/// The files of `{directory}`, by their paths in it.\npub(crate) const {constant}: &[(&str, &str)] = &[\n"
        ));
        for (name, path) in files {
            code.push_str(&format!("    ({name:?}, include_str!({path:?})),\n"));
        }
        code.push_str("];\n");
    }
    let out = std::env::var_os("OUT_DIR").map(PathBuf::from);
    let out = out.ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(out.join("carried_files.rs"), code)
}

/// Every file below a directory, links followed: its path from the root with `/`, and where it is.
fn collect(root: &Path, directory: &Path, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        if LEFT.iter().any(|left| entry.file_name() == *left) {
            continue;
        }
        if path.is_dir() {
            println!("cargo:rerun-if-changed={}", path.display());
            collect(root, &path, files)?;
        } else {
            let name = path.strip_prefix(root).unwrap_or(&path);
            files.push((name.display().to_string(), path.clone()));
        }
    }
    Ok(())
}
