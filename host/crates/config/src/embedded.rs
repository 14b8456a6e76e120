//! `[embedded]`: the endpoints `mayfly-embedded` serves for trying an app out.

use std::path::{Path, PathBuf};

use crate::key::Key;
use crate::reader::Table;

/// `[embedded]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Embedded {
    pub seed: Option<PathBuf>,
    /// `data`; none where data ends with the process.
    pub data: Option<PathBuf>,
}

impl Embedded {
    pub(crate) fn read(root: &Path, table: Option<Table<'_>>) -> Self {
        let Some(mut table) = table else {
            return Self::default();
        };
        let embedded = Self {
            seed: table
                .text(Key::new("seed", "The directory with the first data."))
                .map(|path| root.join(path)),
            data: table
                .text(
                    Key::new("data", "The directory to keep data in.")
                        .or("none: data is lost when the process ends"),
                )
                .map(|path| root.join(path)),
        };
        table.finish();
        embedded
    }
}
