//! `mayfly sdk`: the SDK of a language as files.

use std::path::PathBuf;

use mayfly_telemetry::output;

use super::Exit;
use crate::build::sdk::{Language, is_sdk, verify, write_sdk};

/// Write the SDK of a language into a directory.
///
/// The files are those that this program was built with, with a list of their digests (SHA256SUMS): the crate `mayfly-guest` with its
/// WIT files, the C++ header with its bindings, or what modules in JavaScript import, with its types. Nothing is fetched. An SDK that is already there is replaced.
#[derive(clap::Args)]
pub struct Sdk {
    /// The language
    #[arg(value_enum)]
    language: Language,
    /// Where to write it: an empty directory, a new one, or an earlier SDK
    directory: PathBuf,
    /// Write nothing, and check that the SDK in the directory is as it was written
    #[arg(long)]
    check: bool,
}

impl Sdk {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let place = self.directory.display();
        if self.check {
            if !is_sdk(&self.directory) {
                anyhow::bail!("{place} is not an SDK; `mayfly sdk` writes one");
            }
            verify(&self.directory)?;
            output::print(format_args!("{place} is as it was written"));
            return Ok(Exit::Done);
        }
        let files = write_sdk(self.language, &self.directory)?;
        output::print(format_args!("wrote {files} files to {place}"));
        Ok(Exit::Done)
    }
}
