//! The memory cap: one number over all linear memories and tables of an invocation.
//!
//! wasmtime's own limits hold per memory, and a component may have several. The limiter also sees what instantiation asks for.

use mayfly_config::Budget;
use wasmtime::ResourceLimiter;

/// Bytes one table element takes in the host.
const TABLE_ELEMENT_BYTES: usize = size_of::<usize>();

/// What a memory without a maximum is told to have as one: all that it can address.
const ADDRESS_SPACE_BYTES: usize = 1 << 32;

/// Counts what an invocation holds and refuses what would pass the cap.
#[derive(Debug, Clone, Copy)]
pub(super) struct MemoryCap {
    /// The cap, in bytes.
    pub cap_bytes: usize,
    /// Held now, in bytes; memories never shrink, so also the peak.
    pub held_bytes: usize,
    /// Memories, tables and core instances there may be.
    counts: (u32, u32, u32),
    /// The sum that was refused last, in bytes; 0 when nothing was, or the guest got along with less since.
    pub refused_bytes: usize,
}

impl MemoryCap {
    pub(super) fn new(cap_bytes: u64, budget: &Budget) -> Self {
        let counts = (budget.memories, budget.tables, budget.instances);
        Self {
            cap_bytes: usize::try_from(cap_bytes).unwrap_or(usize::MAX),
            held_bytes: 0,
            counts,
            refused_bytes: 0,
        }
    }

    fn grow(&mut self, bytes: usize) -> bool {
        let asked = self.held_bytes.saturating_add(bytes);
        if asked > self.cap_bytes {
            self.refused_bytes = asked;
            return false;
        }
        self.refused_bytes = 0;
        self.held_bytes = asked;
        true
    }
}

impl ResourceLimiter for MemoryCap {
    fn memories(&self) -> usize {
        self.counts.0 as usize
    }

    fn tables(&self) -> usize {
        self.counts.1 as usize
    }

    fn instances(&self) -> usize {
        self.counts.2 as usize
    }

    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // Past a maximum that the memory itself declares growth fails anyway, and is not the cap's doing.
        if maximum.is_some_and(|maximum| desired > maximum && maximum < ADDRESS_SPACE_BYTES) {
            return Ok(false);
        }
        Ok(self.grow(desired.saturating_sub(current)))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        Ok(self.grow(
            desired
                .saturating_sub(current)
                .saturating_mul(TABLE_ELEMENT_BYTES),
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end by panicking")]
    use super::*;

    #[test]
    fn the_cap_is_over_all_memories_and_tables_together() {
        let mut cap = MemoryCap::new(1_000, &Budget::default());
        assert!(cap.memory_growing(0, 400, None).unwrap());
        assert!(cap.memory_growing(0, 400, None).unwrap());
        assert!(cap.table_growing(0, 25, None).unwrap());
        assert!(!cap.memory_growing(400, 401, None).unwrap());
        assert_eq!((cap.held_bytes, cap.refused_bytes), (1_000, 1_001));
    }

    #[test]
    fn a_guest_that_gets_along_with_less_was_not_out_of_memory() {
        let mut cap = MemoryCap::new(1_000, &Budget::default());
        assert!(!cap.memory_growing(0, 1_001, None).unwrap());
        assert!(cap.memory_growing(0, 1_000, None).unwrap());
        assert_eq!(cap.refused_bytes, 0);
    }

    #[test]
    fn a_growth_past_the_memory_s_own_maximum_is_not_the_cap_s_doing() {
        let mut cap = MemoryCap::new(1_000, &Budget::default());
        assert!(!cap.memory_growing(0, 2_000, Some(1_500)).unwrap());
        assert_eq!(cap.refused_bytes, 0);
    }

    #[test]
    fn a_growth_past_all_that_can_be_addressed_is_out_of_memory() {
        let mut cap = MemoryCap::new(1_000, &Budget::default());
        assert!(
            !cap.memory_growing(0, ADDRESS_SPACE_BYTES + 65_536, Some(ADDRESS_SPACE_BYTES))
                .unwrap()
        );
        assert!(
            cap.refused_bytes > 0,
            "a guest that declares no maximum was refused by the cap"
        );
    }
}
