//! Never ends.

use mayfly_guest::prelude::*;
use std::hint::black_box;

mayfly_guest::resolvers! { Query.spins => spins }

fn spins() -> Result<i32> {
    let mut turns = 0_i32;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}
