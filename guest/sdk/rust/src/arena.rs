//! The allocator of a guest that lives for one invocation.
//!
//! Rust's own allocator for this target always grows memory before its first allocation, and an instance pays for that with system
//! calls, and for bookkeeping meant for long lives. Measured on a host that keeps slots resident: an invocation took 40 µs with it
//! and 28 µs with an arena over the memory the module starts with. So this one hands out addresses upwards from the linker's
//! `__heap_base`, grows memory only when that is used up, and keeps what is freed in lists by size, so that a resolver which
//! frees what it used does not grow.
//!
//! Owns all memory from `__heap_base` up. Must not know: anything above `core`. Invariants: every block is a whole size of
//! [`heap`]'s table, blocks never overlap, and a block is in at most one free list.

mod heap;

#[cfg(all(target_arch = "wasm32", feature = "arena"))]
mod global {
    #![allow(
        unsafe_code,
        reason = "an allocator is raw memory by nature; the logic is in `heap`, tested over plain bytes"
    )]

    use super::heap::{Heap, Memory};
    use core::alloc::{GlobalAlloc, Layout};
    use core::cell::UnsafeCell;

    const PAGE_BYTES: usize = 65_536;
    /// Asked for at once when memory runs out, if the cap allows: each growth costs the host two system calls.
    const GROWTH_PAGES: usize = 16;

    #[global_allocator]
    static ARENA: Arena = Arena(UnsafeCell::new(Heap::new(Linear)));

    struct Arena(UnsafeCell<Heap<Linear>>);

    // SAFETY: this target has one thread, and the allocator calls nothing that could call it back.
    unsafe impl Sync for Arena {}

    // SAFETY: `Heap` keeps the promises of an allocator; its tests check them. The layouts it is given are the caller's promise.
    unsafe impl GlobalAlloc for Arena {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            let heap = unsafe { &mut *self.0.get() };
            heap.allocate(layout.size(), layout.align()) as *mut u8
        }

        unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
            let heap = unsafe { &mut *self.0.get() };
            heap.free(pointer as usize, layout.size());
        }

        unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
            let heap = unsafe { &mut *self.0.get() };
            heap.resize(pointer as usize, layout.size(), layout.align(), new_size) as *mut u8
        }
    }

    /// The module's own linear memory.
    struct Linear;

    unsafe extern "C" {
        /// Where the linker's data ends; only its address means anything.
        static __heap_base: u8;
    }

    impl Memory for Linear {
        fn base(&self) -> usize {
            &raw const __heap_base as usize
        }

        fn end(&self) -> usize {
            core::arch::wasm32::memory_size(0) * PAGE_BYTES
        }

        fn grow(&mut self, bytes: usize) -> bool {
            let pages = bytes.div_ceil(PAGE_BYTES);
            let grew = |pages| core::arch::wasm32::memory_grow(0, pages) != usize::MAX;
            (pages < GROWTH_PAGES && grew(GROWTH_PAGES)) || grew(pages)
        }

        fn read(&self, address: usize) -> usize {
            unsafe { *(address as *const usize) }
        }

        fn write(&mut self, address: usize, value: usize) {
            unsafe { *(address as *mut usize) = value }
        }

        fn copy(&mut self, from: usize, to: usize, bytes: usize) {
            unsafe { core::ptr::copy_nonoverlapping(from as *const u8, to as *mut u8, bytes) }
        }
    }
}
