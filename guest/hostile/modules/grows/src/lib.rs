//! Takes as much memory as it is told to.

use mayfly_guest::prelude::*;
use std::hint::black_box;

mayfly_guest::resolvers! {
    Query.grows => grows,
    Query.growsWhileAllowed => grows_while_allowed,
    Query.growsByPages => grows_by_pages,
}

#[derive(Deserialize)]
struct Arguments {
    mib: usize,
}

/// Takes it at once; without it, Rust aborts.
fn grows(arguments: Arguments) -> Result<usize> {
    let block = black_box(vec![1_u8; arguments.mib << 20]);
    Ok(block.len() >> 20)
}

/// Takes it by the megabyte, and answers with how many it got.
fn grows_while_allowed(arguments: Arguments) -> Result<usize> {
    let mut blocks = Vec::with_capacity(arguments.mib);
    while blocks.len() < arguments.mib {
        let mut block = Vec::<u8>::new();
        if block.try_reserve_exact(1 << 20).is_err() {
            break;
        }
        block.resize(1 << 20, 1);
        blocks.push(black_box(block));
    }
    Ok(blocks.len())
}

#[derive(Deserialize)]
struct Pages {
    /// Pages to ask for once there are no more.
    over: usize,
    /// Whether to go on when they are refused.
    #[serde(rename = "goOn")]
    go_on: bool,
}

/// Takes every page it may have, one after the other, then `over` more; answers with the pages it has.
#[cfg(target_arch = "wasm32")]
fn grows_by_pages(arguments: Pages) -> Result<usize> {
    use core::arch::wasm32;
    while wasm32::memory_grow::<0>(1) != usize::MAX {}
    if arguments.over > 0
        && wasm32::memory_grow::<0>(arguments.over) == usize::MAX
        && !arguments.go_on
    {
        wasm32::unreachable();
    }
    Ok(wasm32::memory_size::<0>())
}

#[cfg(not(target_arch = "wasm32"))]
fn grows_by_pages(arguments: Pages) -> Result<usize> {
    Ok(arguments.over + usize::from(arguments.go_on))
}
