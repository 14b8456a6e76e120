//! Takes as much memory as it is told to.

use mayfly_guest::prelude::*;
use std::hint::black_box;

mayfly_guest::resolvers! {
    Query.grows => grows,
    Query.growsWhileAllowed => grows_while_allowed,
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
