//! The address space that the pool of instances reserves, and what to do where the process may not have it.

use std::fs;

use mayfly_config::units::show_bytes;
use mayfly_config::{Budget, Config};
use rustix::process::{Resource, getrlimit};

use super::capacity::Capacity;

/// What one memory reserves, in bytes: all that a guest can address, and what lies between two memories.
const MEMORY_BYTES: u64 = (4 << 30) + (32 << 20);

/// What the rest of the process needs beside the pool, in bytes: stacks of threads, buffers, code.
const REST_BYTES: u64 = 1 << 30;

impl Capacity {
    /// What the pool reserves of the address space, in bytes.
    fn reserved_bytes(&self) -> u64 {
        let memories = u64::from(Budget::MAX_MEMORIES) * MEMORY_BYTES;
        let tables = u64::from(Budget::MAX_TABLES) * Self::TABLE_BYTES;
        u64::from(self.slots) * (memories + tables) + self.stack_bytes() + self.instance_bytes()
    }
}

/// Why there is no sandbox of this capacity, with a remedy.
pub fn cannot_reserve(config: &Config, capacity: Capacity, error: &wasmtime::Error) -> String {
    let needed = capacity.reserved_bytes() + used_bytes() + REST_BYTES;
    let limit = getrlimit(Resource::As).current;
    let Some(limit) = limit.filter(|limit| *limit < needed) else {
        return format!("the pool of instances cannot be created: {error:#}");
    };
    let remedy = match fitting(config, limit) {
        Some(bytes) => format!("or set `server.guest_memory` to \"{}\"", show_bytes(bytes)),
        None => "since no `server.guest_memory` is small enough".to_owned(),
    };
    format!(
        "the pool of instances needs {} of address space ({} invocations at once, with {} memories each that reserve 4 GiB without \
         using them), and `ulimit -v` allows {}; raise that to {} kB, {remedy}",
        show_bytes(needed),
        capacity.slots,
        Budget::MAX_MEMORIES,
        show_bytes(limit),
        needed.div_ceil(1024),
    )
}

/// The largest `server.guest_memory` whose pool fits, in bytes, if an app with these modules can have it.
fn fitting(config: &Config, limit: u64) -> Option<u64> {
    let caps = || config.modules.iter().map(|module| module.memory_bytes);
    let (least, largest) = (caps().min()?, caps().max()?);
    let room = limit.checked_sub(used_bytes() + REST_BYTES)?;
    let each = Capacity::for_caps(caps(), least).reserved_bytes();
    // Whole MiB, so that it is written exactly.
    let bytes = (((room / each) * least) >> 20) << 20;
    (bytes >= largest).then_some(bytes)
}

/// Address space that is in use already, in bytes; 0 where the system does not say.
fn used_bytes() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split_whitespace().next();
    let pages: Option<u64> = pages.and_then(|pages| pages.parse().ok());
    pages.unwrap_or_default() * rustix::param::page_size() as u64
}
