//! What a capability is: something outside that guests reach through an import of its own.
//!
//! A capability brings everything that is its own: its import, its pools, its lines of the memory plan. The host walks over the list
//! it was started with and knows none of them by name.

mod memory;
mod pool;

pub use memory::{Kind, MemoryLine, Setting};
pub use pool::{Connected, Pool, PoolUsage, Pools};

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use futures_util::future::BoxFuture;
use mayfly_config::{Config, Problem, Problems, ReadSections, Secret};
use wasmtime::component::Linker;

use crate::sandbox::Data;

/// A list of capabilities, for the life of the process.
pub type Capabilities = &'static [&'static dyn Capability];

/// Reads the configuration of the app in `root`, the tables of these capabilities included.
///
/// # Errors
///
/// Every problem of the file, or the one that keeps it from being read.
pub fn load(root: &Path, capabilities: Capabilities) -> Result<Config, Problems> {
    Config::load(root, &readers(capabilities))
}

/// Makes the imports of these capabilities available to guests.
///
/// # Errors
///
/// When an import is defined twice.
pub fn link(capabilities: Capabilities, linker: &mut Linker<Data>) -> wasmtime::Result<()> {
    let mut capabilities = capabilities.iter();
    capabilities.try_for_each(|capability| capability.link(linker))
}

/// Those who read the tables of these capabilities.
#[must_use]
pub fn readers(capabilities: Capabilities) -> Vec<&'static dyn ReadSections> {
    let readers = capabilities.iter();
    readers
        .map(|capability| *capability as &dyn ReadSections)
        .collect()
}

/// Something outside that guests reach.
pub trait Capability: ReadSections {
    /// Makes its import available to guests.
    ///
    /// # Errors
    ///
    /// When an import is defined twice.
    fn link(&self, linker: &mut Linker<Data>) -> wasmtime::Result<()>;

    /// Its pools as the configuration wants them, none where that has no section of it. Nothing need answer yet. Pools of `before`
    /// whose configuration is the same are kept, with their connections. What is wrong is added to the problems.
    fn connect<'a>(
        &'a self,
        config: &'a Config,
        surroundings: &'a Surroundings,
        before: Option<Before<'a>>,
        problems: &'a mut Vec<Problem>,
    ) -> BoxFuture<'a, Connected>;

    /// What its pools may hold, for the memory plan.
    fn memory(&self, config: &Config) -> Vec<MemoryLine>;

    /// The values of the configuration that change it.
    fn settings(&self, config: &Config) -> Vec<Setting>;

    /// Connections its pools may have open, each of which takes a descriptor.
    fn connections(&self, config: &Config) -> u64;

    /// What of the command line is its own, if anything.
    fn command(&self) -> Option<Command> {
        None
    }
}

/// `mayfly NAME …`, a command of a capability's own.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    pub name: &'static str,
    /// What it is for, in the list of commands.
    pub about: &'static str,
    /// Runs it with what follows the name.
    pub run: fn(&[OsString]) -> ExitCode,
}

/// What an app goes on from when it is loaded again.
#[derive(Clone, Copy)]
pub struct Before<'a> {
    /// What it was configured as.
    pub config: &'a Config,
    pub pools: &'a Pools,
}

/// What is around an app that its configuration does not say.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// What this program can reach for guests.
    pub capabilities: Capabilities,
    /// The endpoints beside the host, when it started some.
    pub embedded: Option<Embedded>,
    /// Whether the app is only looked at, so that no socket may be opened on its account.
    pub offline: bool,
}

/// The endpoints for trying an app out.
#[derive(Debug, Clone, Default)]
pub struct Embedded {
    /// Where they listen, by name.
    pub addresses: BTreeMap<String, SocketAddr>,
    /// The user they let in.
    pub user: String,
    /// The password of that user.
    pub password: Secret,
}

impl Embedded {
    /// Where the endpoint of that name listens; an address where nothing does when there is none.
    #[must_use]
    pub fn address(&self, name: &str) -> SocketAddr {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
        self.addresses.get(name).copied().unwrap_or(nowhere)
    }
}

impl Surroundings {
    /// For an app that is only looked at: nothing connects.
    #[must_use]
    pub fn nowhere(capabilities: Capabilities) -> Self {
        Self {
            capabilities,
            embedded: Some(Embedded::default()),
            offline: true,
        }
    }
}
