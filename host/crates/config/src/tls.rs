//! `[server.tls]` and `[server.admin_tls]`: the certificate that clients are shown.

use std::path::{Path, PathBuf};

use crate::key::Key;
use crate::reader::Table;

/// A certificate and its key. Without it an address speaks HTTP as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// `certificate`.
    pub certificate: PathBuf,
    /// `key`.
    pub key: PathBuf,
}

impl Tls {
    pub(crate) fn read(root: &Path, mut table: Table<'_>) -> Self {
        let tls = Self {
            certificate: root.join(table.required(
                Key::new(
                    "certificate",
                    "A PEM file with the certificate, followed by its chain; read again when it changes.",
                ),
                "\"/etc/mayfly/tls.crt\"",
            )),
            key: root.join(table.required(
                Key::new("key", "A PEM file with the certificate's private key."),
                "\"/etc/mayfly/tls.key\"",
            )),
        };
        table.finish();
        tls
    }

    /// The files it names.
    pub(crate) fn files(&self) -> [PathBuf; 2] {
        [self.certificate.clone(), self.key.clone()]
    }
}
