//! Versions of modules: read, compiled, cached, checked against the world and the schema.
//!
//! A version is named by the SHA-256 of its component's bytes. Compiling happens in a child process under limits; what it writes
//! is kept in a store that only this host writes, and only artifacts from there are ever loaded.

mod compile;
mod fields;
mod load;
mod store;

pub use compile::{compile_in_this_process, limit_this_process};
pub use fields::handled_fields;
pub use load::{LoadError, Loader, Loading};
pub use store::ArtifactStore;

use std::collections::BTreeSet;
use std::sync::Arc;

use mayfly_config::Module;

use crate::sandbox::Prepared;

/// One component of a module, ready to be instantiated.
pub struct Version {
    /// The module's configuration.
    pub module: Arc<Module>,
    /// SHA-256 of the component's bytes, 64 hexadecimal digits.
    pub digest: String,
    /// Size of the component, in bytes.
    pub component_bytes: usize,
    /// Fields it handles, as `Type.field`.
    pub fields: BTreeSet<String>,
    /// Compiled, type-checked and linked.
    pub prepared: Prepared,
}
