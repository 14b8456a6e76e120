//! Takes all memory it may have and looks through every byte of it for what another invocation left there; then fills it with a
//! secret of its own, for the next one to find.

#![allow(
    unsafe_code,
    reason = "reads memory it never wrote, which is the attack"
)]

use mayfly_guest::prelude::*;
use std::hint::black_box;

mayfly_guest::resolvers! { Query.scans => scans }

/// What every secret begins with, turned over so that the text is nowhere in the module itself.
const TURNED_PREFIX: [u8; 8] = *b":terces#";

#[derive(Deserialize)]
struct Arguments {
    /// The secret of this invocation, without what it begins with; no two are the same.
    secret: String,
}

#[derive(Serialize)]
struct Scan {
    /// Pages looked through.
    pages: usize,
    /// How often the own secret was found: a scan that finds not even that proves nothing.
    own: usize,
    /// How often a secret of another was found.
    foreign: usize,
}

fn scans(arguments: Arguments) -> Result<Scan> {
    while grow() {}
    // Planted once, near the end of what was just grown, for the scan to find.
    let (memory, planted) = (memory_end(), memory_end() - 4_096);
    plant(&arguments.secret, planted);
    let (own, foreign) = count(&arguments.secret, memory);
    // The first pages hold this code's stack, data and heap.
    (8 * PAGE..planted)
        .step_by(64)
        .for_each(|at| plant(&arguments.secret, at));
    Ok(Scan {
        pages: memory / PAGE,
        own,
        foreign,
    })
}

const PAGE: usize = 65_536;

fn plant(secret: &str, at: usize) {
    for (offset, byte) in TURNED_PREFIX
        .iter()
        .rev()
        .chain(secret.as_bytes())
        .enumerate()
    {
        // SAFETY: beyond stack, data and heap, and below the end: nobody else's, which is the point.
        unsafe { black_box((at + offset) as *mut u8).write_volatile(*byte) };
    }
}

/// Counts the own secret and those of others in all memory.
fn count(secret: &str, memory: usize) -> (usize, usize) {
    let (mut own, mut foreign) = (0, 0);
    // SAFETY: all of it is memory; bytes are read whoever they belong to.
    let byte = |at: usize| unsafe { black_box(at as *const u8).read_volatile() };
    let length = TURNED_PREFIX.len();
    for at in 1..memory - length - secret.len() {
        if !TURNED_PREFIX
            .iter()
            .rev()
            .enumerate()
            .all(|(offset, expected)| byte(at + offset) == *expected)
        {
            continue;
        }
        let same = secret
            .bytes()
            .enumerate()
            .all(|(offset, expected)| byte(at + length + offset) == expected);
        *if same { &mut own } else { &mut foreign } += 1;
    }
    (own, foreign)
}

#[cfg(target_arch = "wasm32")]
fn grow() -> bool {
    core::arch::wasm32::memory_grow::<0>(1) != usize::MAX
}

#[cfg(target_arch = "wasm32")]
fn memory_end() -> usize {
    core::arch::wasm32::memory_size::<0>() * PAGE
}

#[cfg(not(target_arch = "wasm32"))]
fn grow() -> bool {
    false
}

#[cfg(not(target_arch = "wasm32"))]
fn memory_end() -> usize {
    0
}
