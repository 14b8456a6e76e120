//! An allocator that a model can follow: what it asks of memory depends on the sizes alone.
//!
//! Blocks of up to [`SMALL_BYTES`] come from the memory the instance starts with, and never make it grow. Larger ones are whole
//! pages above it: the first free run that is long enough, else the free pages at the end and as many new ones as are missing.
//! The fuzzer's model mirrors exactly that; change both or neither.

#![allow(
    unsafe_code,
    clippy::indexing_slicing,
    reason = "an allocator is raw memory, and its indices are bounded by construction"
)]

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, memory_size};
use core::cell::UnsafeCell;

/// The largest block that is taken from the memory the instance starts with.
const SMALL_BYTES: usize = 4_096;
/// The smallest block, and the alignment of every small one.
const LEAST_BYTES: usize = 16;
/// 16, 32, … 4,096.
const CLASSES: usize = 9;
const PAGE_BYTES: usize = 65_536;
/// More than any cap the fuzzer sets.
const PAGES: usize = 1_024;

#[global_allocator]
static HEAP: Global = Global(UnsafeCell::new(Heap {
    next: 0,
    free: [0; CLASSES],
    first_page: 0,
    used: [false; PAGES],
}));

struct Global(UnsafeCell<Heap>);

// SAFETY: this target has one thread, and the allocator calls nothing that could call it back.
unsafe impl Sync for Global {}

struct Heap {
    /// Where the next small block begins; 0 before the first.
    next: usize,
    /// The first free small block of each class; each holds the address of the next.
    free: [usize; CLASSES],
    /// The page after the memory the instance starts with.
    first_page: usize,
    /// Pages in use, from the first on.
    used: [bool; PAGES],
}

unsafe extern "C" {
    /// Where the linker says the heap begins.
    static __heap_base: u8;
}

/// Grows memory for ever by some pages that the allocator leaves alone; whether that was allowed.
pub(crate) fn grow(pages: usize) -> bool {
    // SAFETY: as for `Global`.
    let heap = unsafe { &mut *HEAP.0.get() };
    heap.begin();
    let before = memory_grow(0, pages);
    if before == usize::MAX {
        return false;
    }
    for page in before..before + pages {
        heap.used[page - heap.first_page] = true;
    }
    true
}

impl Heap {
    fn begin(&mut self) {
        if self.next == 0 {
            self.next = (&raw const __heap_base as usize).next_multiple_of(LEAST_BYTES);
            self.first_page = memory_size(0);
        }
    }

    fn small(&mut self, class: usize) -> usize {
        let block = self.free[class];
        if block != 0 {
            // SAFETY: a free block holds the address of the next one.
            self.free[class] = unsafe { *(block as *const usize) };
            return block;
        }
        let block = self.next;
        let end = block + (LEAST_BYTES << class);
        if end > self.first_page * PAGE_BYTES {
            return 0;
        }
        self.next = end;
        block
    }

    fn pages(&mut self, count: usize) -> usize {
        let end = memory_size(0) - self.first_page;
        let mut run = 0;
        for page in 0..end {
            run = if self.used[page] { 0 } else { run + 1 };
            if run == count {
                return self.take(page + 1 - count, count);
            }
        }
        // What is left of `run` are the free pages at the end.
        if memory_grow(0, count - run) == usize::MAX {
            0
        } else {
            self.take(end - run, count)
        }
    }

    fn take(&mut self, first: usize, count: usize) -> usize {
        self.used[first..first + count].fill(true);
        (self.first_page + first) * PAGE_BYTES
    }
}

fn class(bytes: usize) -> usize {
    (bytes.max(LEAST_BYTES).next_power_of_two() / LEAST_BYTES).trailing_zeros() as usize
}

// SAFETY: blocks do not overlap: small ones lie side by side below the first page, large ones are pages marked as used; both are
// aligned to 16 bytes, more than anything here asks for.
unsafe impl GlobalAlloc for Global {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as for `Global`.
        let heap = unsafe { &mut *self.0.get() };
        heap.begin();
        let bytes = layout.size();
        let address = if bytes <= SMALL_BYTES {
            heap.small(class(bytes))
        } else {
            heap.pages(bytes.div_ceil(PAGE_BYTES))
        };
        address as *mut u8
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as for `Global`.
        let heap = unsafe { &mut *self.0.get() };
        let (address, bytes) = (block as usize, layout.size());
        if bytes <= SMALL_BYTES {
            // SAFETY: the block is the allocator's again, and large enough for an address.
            unsafe { *(block as *mut usize) = heap.free[class(bytes)] };
            heap.free[class(bytes)] = address;
        } else {
            let first = address / PAGE_BYTES - heap.first_page;
            heap.used[first..first + bytes.div_ceil(PAGE_BYTES)].fill(false);
        }
    }
}
