//! The licences of other people's libraries, as their packages have them. A text that several have stands once.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::metadata::Library;

/// How files with licences and notices begin, in upper case.
const BEGINNINGS: [&str; 6] = [
    "LICENSE",
    "LICENCE",
    "COPYING",
    "COPYRIGHT",
    "NOTICE",
    "UNLICENSE",
];

/// Packages that carry somebody else's source in a directory of their own, with its licence there.
const CARRIED: [(&str, &str); 1] = [("rquickjs-sys", "quickjs/LICENSE")];

const HEAD: &str = "\
The programs of this archive contain the libraries below, and the Rust standard library (MIT OR Apache-2.0,
https://github.com/rust-lang/rust). Each is listed with its licence as an SPDX expression; where it leaves a
choice, either may be taken. The texts follow as the packages have them. A package without a text of its own
is under the licence named; the texts of Apache-2.0 and MIT are also in LICENSE-APACHE and LICENSE-MIT.
";

const RULE: &str =
    "================================================================================";

/// The notices of all libraries that are not of this repository.
pub fn notices(libraries: &[Library]) -> anyhow::Result<String> {
    let mut text = HEAD.to_owned();
    text.push('\n');
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for library in libraries.iter().filter(|library| library.source.is_some()) {
        let name = format!("{} {}", library.name, library.version);
        let license = library.license.as_deref().unwrap_or("see its text");
        let place = library.repository.as_deref().unwrap_or_default();
        text.push_str(format!("{name}: {license} {place}").trim_end());
        text.push('\n');
        for found in found(library)? {
            texts.entry(found).or_default().push(name.clone());
        }
    }
    let mut texts: Vec<(String, Vec<String>)> = texts.into_iter().collect();
    texts.sort_by(|(_, left), (_, right)| left.cmp(right));
    for (license, names) in texts {
        let names = names.join(", ");
        text.push_str(&format!(
            "\n{RULE}\n{names}\n{RULE}\n\n{}\n",
            license.trim_end()
        ));
    }
    Ok(text)
}

/// The texts of a package: those in its directory that are called like one, and the one that its manifest names.
fn found(library: &Library) -> anyhow::Result<Vec<String>> {
    let directory = library.manifest_path.parent().unwrap_or(Path::new("."));
    let mut paths = Vec::new();
    let entries =
        fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_uppercase();
        if path.is_file()
            && BEGINNINGS
                .iter()
                .any(|beginning| name.starts_with(beginning))
        {
            paths.push(path);
        }
    }
    paths.extend(
        library
            .license_file
            .as_ref()
            .map(|file| directory.join(file)),
    );
    let carried = CARRIED.iter().filter(|(name, _)| *name == library.name);
    paths.extend(carried.map(|(_, file)| directory.join(file)));
    paths.sort();
    paths.dedup();
    let read = |path: &std::path::PathBuf| {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(String::from_utf8_lossy(&bytes).replace("\r\n", "\n"))
    };
    paths.iter().map(read).collect()
}
