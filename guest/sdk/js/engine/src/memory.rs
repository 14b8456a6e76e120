//! One heap for QuickJS and Rust: the C library's, which QuickJS uses anyway. It merges what is freed, so that a resolver which
//! allocates and frees for long does not grow.

#![allow(
    unsafe_code,
    reason = "an allocator is raw memory by nature; all of it is the C library's"
)]

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

#[global_allocator]
static LIBC: Libc = Libc;

struct Libc;

/// What `malloc` aligns to on this target.
const ALIGNMENT: usize = 16;

unsafe extern "C" {
    fn malloc(bytes: usize) -> *mut u8;
    fn calloc(count: usize, bytes: usize) -> *mut u8;
    fn realloc(block: *mut u8, bytes: usize) -> *mut u8;
    fn free(block: *mut u8);
    fn aligned_alloc(alignment: usize, bytes: usize) -> *mut u8;
}

// SAFETY: the C library keeps the promises of an allocator; alignments beyond its own are asked of it by name.
unsafe impl GlobalAlloc for Libc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= ALIGNMENT {
            unsafe { malloc(layout.size()) }
        } else {
            let bytes = layout.size().next_multiple_of(layout.align());
            unsafe { aligned_alloc(layout.align(), bytes) }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= ALIGNMENT {
            return unsafe { calloc(1, layout.size()) };
        }
        let block = unsafe { self.alloc(layout) };
        if !block.is_null() {
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        if layout.align() <= ALIGNMENT {
            return unsafe { realloc(block, bytes) };
        }
        let Ok(new) = Layout::from_size_align(bytes, layout.align()) else {
            return std::ptr::null_mut();
        };
        let moved = unsafe { self.alloc(new) };
        if !moved.is_null() {
            let kept = layout.size().min(bytes);
            unsafe { moved.copy_from_nonoverlapping(block, kept) };
            unsafe { free(block) };
        }
        moved
    }

    unsafe fn dealloc(&self, block: *mut u8, _layout: Layout) {
        unsafe { free(block) };
    }
}

/// What the host restores at once, in bytes.
const PAGE_BYTES: usize = 4096;

/// Memory behind what every invocation writes to, at most, in bytes, so that restoring that as one piece is worth it. Measured: without
/// packages from npm an invocation takes a third less then, with them it may take half as much again.
#[cfg(target_arch = "wasm32")]
const BEHIND_BYTES: usize = 5 << 18;

/// Where the memory ends that every invocation writes to here and there; 0 for none.
static WRITTEN_TO: AtomicUsize = AtomicUsize::new(0);

/// Notes that what was made until now is written here and there, by counts of references above all.
pub(crate) fn note_written() {
    let new = Vec::<u8>::with_capacity(PAGE_BYTES);
    WRITTEN_TO.store(new.as_ptr().addr(), Relaxed);
}

/// Notes that everything was made.
#[cfg(target_arch = "wasm32")]
pub(crate) fn note_made() {
    let end = core::arch::wasm32::memory_size::<0>() << 16;
    if end - WRITTEN_TO.load(Relaxed) > BEHIND_BYTES {
        WRITTEN_TO.store(0, Relaxed);
    }
}

/// Writes to each page of it, so that the host restores it as one piece. It restores 32 pieces, and has the kernel drop what is behind
/// them, which costs more than most invocations.
#[cfg(target_arch = "wasm32")]
pub(crate) fn write_all_pages() {
    unsafe extern "C" {
        static __heap_base: u8;
    }
    let mut page = (&raw const __heap_base).addr();
    while page < WRITTEN_TO.load(Relaxed) {
        let byte = std::ptr::with_exposed_provenance_mut::<u8>(page);
        // SAFETY: it is memory of the heap, whose byte stays what it is; nothing else runs.
        unsafe { byte.write_volatile(byte.read_volatile()) };
        page += PAGE_BYTES;
    }
}

/// Elsewhere the engine is only looked at by compilers.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn note_made() {}
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn write_all_pages() {}

/// What the engine says when it was refused memory.
pub(crate) const OUT_OF_MEMORY: &str = "out of memory";

/// Ends the invocation for lack of memory, as a guest without an engine would end. When that is not `certain`, not even a page must be
/// left.
///
/// The host tells a trap for lack of memory by what it refused last, and smaller pieces may have been given since.
#[cfg(target_arch = "wasm32")]
pub(crate) fn end_out_of_memory(certain: bool) {
    let mut pages = 1;
    while core::arch::wasm32::memory_grow::<0>(pages) != usize::MAX {
        if !certain {
            return;
        }
        pages *= 2;
    }
    core::arch::wasm32::unreachable()
}

/// Elsewhere the engine is only looked at by compilers.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn end_out_of_memory(_: bool) {}
