//! How much the sandbox may hold at once.

use mayfly_config::Budget;
use wasmtime::PoolingAllocationConfig;

/// Elements of one table, at most; function tables of large guests have some tens of thousands.
pub(super) const TABLE_ELEMENTS: usize = 100_000;
/// Bytes of a memory that stay mapped between invocations, and are cleared instead of faulted in again, where the kernel says which pages
/// were written: nobody pays for more than was written, and an invocation of JavaScript, which has written some 300 KiB, takes half the time.
const KEPT_BYTES: usize = 1 << 20;
/// The same on kernels that cannot say so (Linux before 6.7), where it is cleared whole. It covers the stack, data and arena of a guest
/// linked small; guests are linked to begin with just as much (`LINK_FLAGS`), so that nothing is left to be unmapped.
const CLEARED_BYTES: usize = 192 << 10;
/// The stack of an invocation: half is the guest's, and half for the host functions it calls.
pub(super) const FIBER_STACK_BYTES: usize = 2 << 20;

/// Bytes of a table that stay mapped between invocations.
pub(super) const TABLE_KEEP_RESIDENT_BYTES: usize = 16 << 10;

/// The host's own structures of one instance, at most: pointers to its imports and to each function that has a reference.
pub(super) const INSTANCE_BYTES: usize = 256 << 10;

/// Granularity of the byte semaphore: one wasm page.
pub(super) const PAGE_BYTES: u64 = 64 << 10;

/// What the sandbox may hold at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Invocations at once.
    pub slots: u32,
    /// The sum of the memory caps of the invocations under way, in bytes.
    pub memory_bytes: u64,
    /// The largest cap of one module, in bytes.
    pub largest_cap_bytes: u64,
}

impl Capacity {
    /// What one table reserves, in bytes: a pointer for each element.
    pub(super) const TABLE_BYTES: u64 = TABLE_ELEMENTS as u64 * 8;

    /// The capacity for modules with these caps.
    #[must_use]
    pub fn for_caps(caps: impl IntoIterator<Item = u64>, memory_bytes: u64) -> Self {
        let (mut least, mut most) = (u64::MAX, PAGE_BYTES);
        for cap in caps {
            least = least.min(cap.max(PAGE_BYTES));
            most = most.max(cap);
        }
        // More places than this add nothing but reserved address space.
        let slots = (memory_bytes / least.min(memory_bytes).max(1)).clamp(1, 1_000);
        Self {
            slots: u32::try_from(slots).unwrap_or(1_000),
            memory_bytes,
            largest_cap_bytes: most,
        }
    }

    /// What the stacks of invocations may take, in bytes: they stay mapped between invocations.
    #[must_use]
    pub fn stack_bytes(&self) -> u64 {
        u64::from(self.slots) * FIBER_STACK_BYTES as u64
    }

    /// What the host's structures of all instances may take, in bytes: those of the core modules of a component, and its own.
    #[must_use]
    pub fn instance_bytes(&self) -> u64 {
        u64::from(self.slots) * u64::from(Budget::MAX_INSTANCES + 1) * INSTANCE_BYTES as u64
    }

    /// What stays mapped of memories and tables nobody uses, beside all the memory that invocations may have, in bytes.
    #[must_use]
    pub fn kept_bytes(&self) -> u64 {
        // While all memory is in use, this many places are, at least, and nothing is kept in those.
        let in_use = self.memory_bytes / self.largest_cap_bytes.max(1);
        let unused = u64::from(self.slots).saturating_sub(in_use);
        let of_memories = u64::from(Budget::MAX_MEMORIES) * keep_resident_bytes() as u64;
        unused * of_memories.min(self.largest_cap_bytes)
            + u64::from(self.slots) * TABLE_KEEP_RESIDENT_BYTES as u64
    }
}

/// Bytes of a memory that stay mapped between invocations, on this system.
pub(super) fn keep_resident_bytes() -> usize {
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        KEPT_BYTES
    } else {
        CLEARED_BYTES
    }
}

pub(super) fn pages(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(PAGE_BYTES)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_counts_beside_what_is_in_use_only_where_both_can_be_there() {
        let kept = |slots, memory_bytes, largest_cap_bytes| {
            let capacity = Capacity {
                slots,
                memory_bytes,
                largest_cap_bytes,
            };
            capacity.kept_bytes() - u64::from(slots) * TABLE_KEEP_RESIDENT_BYTES as u64
        };
        let of_memories = u64::from(Budget::MAX_MEMORIES) * keep_resident_bytes() as u64;
        // Whoever uses all memory uses every place.
        assert_eq!(kept(64, 1 << 30, 16 << 20), 0);
        // With modules of other caps, 64 of the largest use it, and the others' places keep what they have.
        assert_eq!(kept(1_000, 1 << 30, 16 << 20), 936 * of_memories);
        // No memory keeps more than it may have.
        assert_eq!(kept(200, 64 << 10, 64 << 10), 199 * (64 << 10));
    }
}
