//! `[embedded]`: the endpoints `mayfly-embedded` serves for trying an app out.

use std::path::{Path, PathBuf};

use crate::reader::Table;

/// `[embedded]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Embedded {
    /// `seed`: the directory with the first data.
    pub seed: Option<PathBuf>,
    /// `data`: the directory to keep data in; left out, data ends with the process.
    pub data: Option<PathBuf>,
}

impl Embedded {
    pub(crate) fn read(root: &Path, table: Option<Table<'_>>) -> Self {
        let Some(mut table) = table else {
            return Self::default();
        };
        let embedded = Self {
            seed: table.text("seed").map(|path| root.join(path)),
            data: table.text("data").map(|path| root.join(path)),
        };
        table.finish();
        embedded
    }
}
