//! How large a file of this process may become. What an instance's memory begins with is a file of the kernel's.

use mayfly_config::Config;
use mayfly_config::units::show_bytes;
use rustix::process::{Resource, getrlimit};

use super::descriptors::raise;

/// Raises the limit that programs begin with to the one they may have.
pub fn raise_limit() {
    raise(Resource::Fsize);
}

/// Why files may be too small for what modules begin with, with what to do about it; none when they are not.
#[must_use]
pub fn objection(config: &Config) -> Option<String> {
    let limit = getrlimit(Resource::Fsize).current?;
    let caps = config.modules.iter().map(|module| module.memory_bytes);
    let largest = caps.max().filter(|largest| limit < *largest)?;
    let [allowed, largest] = [limit, largest].map(show_bytes);
    Some(format!(
        "files may have {allowed} (`ulimit -f`), and a module's memory may begin with {largest}: one that begins with more than is \
         allowed cannot be called; raise the limit (`ulimit -f unlimited`, LimitFSIZE=)"
    ))
}
