//! The SDKs as files: what `mayfly sdk` writes, and how a copy is told from what was written.
//!
//! In order: `files` makes an SDK's files, `manifest` its Cargo.toml and `lock` the versions of the libraries it was tested with;
//! [`write_sdk`] puts them into a directory with a list of digests, and [`verify`] holds the directory to it.
//!
//! A copy of this program's version is compared with what the program carries, so that a list of digests that was changed together
//! with a file does not help. A copy of another version is compared with its own list.

mod files;
mod integrity;
mod lock;
mod manifest;

pub use integrity::{is_sdk, verify, write_sdk};
pub use lock::lock_file;

use clap::ValueEnum;

/// A language that there is an SDK for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Rust
    Rust,
    /// C++
    Cpp,
    /// JavaScript and TypeScript
    Js,
}

impl Language {
    /// Its name on the command line, and of its directory in an app's `sdk/`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Cpp => "cpp",
            Self::Js => "js",
        }
    }
}

/// Files that this program carries.
pub(crate) mod carried {
    include!(concat!(env!("OUT_DIR"), "/carried_files.rs"));
}
