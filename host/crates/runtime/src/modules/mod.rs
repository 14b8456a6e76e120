//! Versions of modules: read, compiled, cached, checked against the world and the schema, asked their probes, kept.
//!
//! A version is named by the SHA-256 of its component's bytes. Compiling happens in a child process under limits; what it writes
//! is kept in a store that only this host writes, and only artifacts from there are ever loaded.

pub mod compiler;
mod component;
mod fields;
mod gate;
mod live_versions;
mod load;
mod probe;
mod refusal;
mod store;

pub use compiler::{Compiler, Effort, MAX_COMPONENT_BYTES};
pub use component::ComponentBytes;
pub use fields::handled_fields;
pub use gate::Terms;
pub use live_versions::{LiveVersion, LiveVersions};
pub use load::{Loader, Loading};
pub use refusal::{Refusal, Step};
pub use store::{
    Activation, ArtifactStore, Incoming, ModuleRecord, Origin, Pinned, Record, Store,
    opening_remedy, writing_remedy,
};

use std::collections::BTreeSet;
use std::sync::Arc;

use mayfly_config::Module;

use crate::sandbox::Prepared;

/// One component of a module, ready to be instantiated. Its code is unmapped with the last holder.
#[derive(Clone)]
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
    /// Its place among the live versions of the module.
    pub place: LiveVersion,
}

impl Version {
    /// What its compiled code takes, in bytes.
    #[must_use]
    pub fn code_bytes(&self) -> u64 {
        let image = self.prepared.instance_pre().component().image_range();
        (image.end as usize - image.start as usize) as u64
    }

    /// The same component under another configuration of its module.
    #[must_use]
    pub fn configured(&self, module: Arc<Module>) -> Self {
        Self {
            module,
            ..self.clone()
        }
    }
}
