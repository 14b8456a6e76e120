//! The files of an SDK, made of what this program carries.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::carried::SDK_RUST;
use super::{Language, manifest};
use crate::build::{cpp, javascript};

/// The file that says whose SDK a directory is, and of which version.
pub(super) const MARKER: &str = "MAYFLY_SDK";

const LICENSES: [(&str, &str); 2] = [
    ("LICENSE-APACHE", include_str!("../../../../LICENSE-APACHE")),
    ("LICENSE-MIT", include_str!("../../../../LICENSE-MIT")),
];

/// An SDK's files, by their paths with `/`.
pub(super) type Files = BTreeMap<String, Cow<'static, [u8]>>;

/// The files of an SDK, without the list of their digests.
///
/// # Errors
///
/// When the bindings for C++ cannot be generated.
pub(super) fn files(language: Language) -> anyhow::Result<Files> {
    let mut files = match language {
        Language::Rust => rust(),
        Language::Cpp => cpp::bindings()?
            .into_iter()
            .map(|(path, contents)| (path.display().to_string(), Cow::Owned(contents)))
            .collect(),
        Language::Js => javascript::sdk_files()
            .map(|(path, text)| (path.to_owned(), Cow::Borrowed(text.as_bytes())))
            .collect(),
    };
    for (name, text) in LICENSES {
        files.insert(name.to_owned(), Cow::Borrowed(text.as_bytes()));
    }
    files.insert(MARKER.to_owned(), Cow::Owned(marker(language).into_bytes()));
    Ok(files)
}

/// What the marker of this version says.
pub(super) fn marker(language: Language) -> String {
    format!(
        "{} {}\nThese files were written by `mayfly sdk {0}`; run it again rather than change them.\n",
        language.as_str(),
        env!("CARGO_PKG_VERSION")
    )
}

fn rust() -> Files {
    let mut files: Files = SDK_RUST
        .iter()
        .map(|(path, text)| ((*path).to_owned(), Cow::Borrowed(text.as_bytes())))
        .collect();
    files.insert(
        "Cargo.toml".to_owned(),
        Cow::Owned(manifest::standalone().into_bytes()),
    );
    files
}
