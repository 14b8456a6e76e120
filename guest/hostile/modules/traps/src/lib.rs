//! Traps in the way it is told to.

#![allow(
    unsafe_code,
    clippy::indexing_slicing,
    reason = "the point is to break"
)]

use mayfly_guest::prelude::*;
use std::hint::black_box;

mayfly_guest::resolvers! { Query.traps => traps }

#[derive(Deserialize)]
struct Arguments {
    how: String,
}

fn traps(arguments: Arguments) -> Result<u64> {
    match arguments.how.as_str() {
        #[cfg(target_arch = "wasm32")]
        "UNREACHABLE" => core::arch::wasm32::unreachable(),
        "ABORT" => std::process::abort(),
        "RECURSION" => Ok(recurse(black_box(1))),
        // SAFETY: none; this address is beyond any memory a module may have.
        "OUT_OF_BOUNDS" => {
            Ok(unsafe { black_box(0xffff_fff0_usize as *const u8).read_volatile() }.into())
        }
        "DIVISION_BY_ZERO" => Ok(divide(7, black_box(0))),
        "WILD_CALL" => Ok(call(black_box(0x7fff_ffff))),
        "WRONG_CALL" => Ok(call(divide as *const () as usize)),
        // SAFETY: none; it writes over its own data, stack and heap, as a stray pointer would.
        "CORRUPT_MEMORY" => unsafe {
            core::ptr::write_bytes(black_box(1_024_usize as *mut u8), 0xff, 400_000);
            Ok(7)
        },
        _ => Ok(7),
    }
}

/// Divides without looking: Rust's own check would panic before the machine's instruction gets to trap.
#[inline(never)]
fn divide(dividend: u64, divisor: u64) -> u64 {
    // SAFETY: none; the divisor is zero.
    unsafe { std::hint::assert_unchecked(divisor != 0) };
    black_box(dividend) / divisor
}

/// Calls whatever stands at that index of the function table, as if it had no parameters.
#[inline(never)]
fn call(address: usize) -> u64 {
    // SAFETY: none; it is no function, or one of another type.
    let function = unsafe { std::mem::transmute::<usize, fn() -> u64>(black_box(address)) };
    function()
}

/// Each turn needs the stack: its buffer, and the sum after the call. The end it has is far beyond any stack's.
#[inline(never)]
fn recurse(depth: u64) -> u64 {
    if depth == u64::MAX {
        return 0;
    }
    let buffer = black_box([depth; 16]);
    recurse(depth + 1) + buffer[3]
}
