//! Handles what `marked` handles, and begins with more memory than that may have.

use mayfly_guest::prelude::*;
use std::hint::black_box;

/// Zeros that every instance holds from its beginning.
static MEMORY: [u8; 8 << 20] = [0; 8 << 20];

mayfly_guest::resolvers! {
    Query.greedy => one,
    Query.version => text,
    Query.items => none,
    Query.slow => text,
    Query.healthy => healthy,
    Item.version => text,
    Item.again => text,
}

fn one() -> Result<i32> {
    Ok(1 + i32::from(black_box(&MEMORY)[0]))
}

fn text() -> Result<String> {
    Ok("greedy".to_owned())
}

fn none() -> Result<Vec<String>> {
    Ok(Vec::new())
}

fn healthy() -> Result<bool> {
    Ok(true)
}
