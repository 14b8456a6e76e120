//! Leaks a megabyte at each call and keeps count in a static: with a fresh instance each time, the count stays 1.

use mayfly_guest::prelude::*;
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};

mayfly_guest::resolvers! { Query.leaks => leaks }

/// What a module-level singleton would be.
static CALLS: AtomicU32 = AtomicU32::new(0);

fn leaks() -> Result<u32> {
    let leaked: &'static mut [u8] = Vec::leak(vec![1; 1 << 20]);
    black_box(leaked);
    Ok(CALLS.fetch_add(1, Ordering::Relaxed) + 1)
}
