//! The bytes of a component, with the digest that names its version.

use std::path::Path;

use mayfly_config::file::read_bytes;
use sha2::{Digest, Sha256};

use super::compiler::MAX_COMPONENT_BYTES;

/// A component in memory.
pub struct ComponentBytes {
    bytes: Vec<u8>,
    digest: String,
}

impl ComponentBytes {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, with a remedy.
    pub fn read(file: &Path) -> Result<Self, String> {
        let show = file.display();
        let bytes = read_bytes(file, MAX_COMPONENT_BYTES).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                format!("{show} does not exist; run `mayfly build` or correct `component`")
            }
            std::io::ErrorKind::FileTooLarge => format!(
                "{show} is larger than {} MiB, which is the limit",
                MAX_COMPONENT_BYTES >> 20
            ),
            _ => format!("{show} cannot be read: {error}; correct `component`"),
        })?;
        let digest = hex(&Sha256::digest(&bytes));
        Ok(Self { bytes, digest })
    }

    /// The component.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the bytes, 64 hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Tells a component from what is often given instead of one.
    pub(super) fn recognise(&self) -> Result<(), String> {
        const MAGIC: &[u8] = b"\0asm";
        match (self.bytes.strip_prefix(MAGIC), self.bytes.get(4..8)) {
            _ if self.bytes.is_empty() => Err("the file is empty; run `mayfly build`".to_owned()),
            (None, _) => Err("the file is not WebAssembly; give the component that `mayfly build` makes".to_owned()),
            (_, Some([0x01, 0x00, 0x00, 0x00])) => {
                Err("the file is a core module, not a component; make it one with `mayfly build` or `wasm-tools component new`"
                    .to_owned())
            }
            (_, Some([0x0d, 0x00, 0x01, 0x00])) => Ok(()),
            _ => Err("the file is of another WebAssembly version; build it with current tools".to_owned()),
        }
    }
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
