//! What a `source` in the configuration is.

use anyhow::{Context, bail};
use std::fs;
use std::path::Path;

use super::{cpp, javascript};

/// A source, by the way it becomes a core module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// A Rust crate: a directory with a Cargo.toml.
    Crate,
    /// C++: a `.cpp`, `.cc` or `.c` file, or a directory of them.
    Cpp,
    /// JavaScript or TypeScript: a file, or a directory with a package.json.
    JavaScript,
    /// WebAssembly as it is: a `.wat` or `.wasm` file, a core module or a whole component.
    WebAssembly,
}

impl Source {
    /// Looks at a path.
    pub(super) fn of(path: &Path) -> anyhow::Result<Self> {
        let metadata =
            fs::metadata(path).with_context(|| format!("no source at {}", path.display()))?;
        if metadata.is_file() {
            return match path.extension().and_then(|extension| extension.to_str()) {
                Some("wat" | "wasm") => Ok(Self::WebAssembly),
                _ if cpp::is_unit(path) => Ok(Self::Cpp),
                _ if javascript::is_script(path) => Ok(Self::JavaScript),
                _ => bail!(
                    "{} is not a source; give a directory, or a .js, .ts, .cpp, .wat or .wasm file",
                    path.display()
                ),
            };
        }
        if path.join("Cargo.toml").is_file() {
            return Ok(Self::Crate);
        }
        if javascript::is_package(path) {
            return Ok(Self::JavaScript);
        }
        if cpp::has_units(path).with_context(|| format!("cannot read {}", path.display()))? {
            return Ok(Self::Cpp);
        }
        bail!(
            "{} contains no source; a Rust crate has a Cargo.toml, JavaScript has a package.json, C++ has .cpp files",
            path.display()
        )
    }
}
