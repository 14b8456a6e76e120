//! Never ends, in the guest or by calling the host for ever.

#![allow(unsafe_code, reason = "fills memory that it does not own")]

use mayfly_guest::prelude::*;
use std::hint::black_box;

mayfly_guest::resolvers! { Query.spins => spins }

#[derive(Deserialize)]
struct Arguments {
    how: String,
}

#[derive(Deserialize)]
struct Thing {}

fn spins(arguments: Arguments) -> Result<i32> {
    match arguments.how.as_str() {
        "COMPUTE" => compute(),
        "FILL_MEMORY" => fill_memory(),
        "CLOCK" => for_ever(clock::elapsed),
        "RANDOM" => for_ever(|| random::bytes(65_536)),
        "LOG" => for_ever(|| info!("still here")),
        "CONTEXT" => for_ever(context::trace_id),
        // It is never taken, so it stays a single call.
        "READY" => {
            let call = dynamodb::table("Things").get::<Thing>(object! { PK: "1" });
            for_ever(|| call.is_ready())
        }
        "BEGIN_AND_DROP" => for_ever(|| drop(sql::begin("lab"))),
        _ => Ok(7),
    }
}

fn compute() -> ! {
    let mut turns = 0_i32;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

fn for_ever<T>(mut call: impl FnMut() -> T) -> ! {
    loop {
        drop(black_box(call()));
    }
}

/// Fills all memory it may have, each time by a single instruction that nothing interrupts. Logs how long the second one took: the
/// first finds pages that are not there yet.
fn fill_memory() -> ! {
    let mut block = Vec::<u8>::new();
    let mut mib = 1 << 10;
    while mib > 0 && block.try_reserve_exact(mib << 20).is_err() {
        mib -= 1;
    }
    // SAFETY: the block has as many bytes.
    let mut fill = || unsafe { black_box(block.as_mut_ptr()).write_bytes(black_box(1), mib << 20) };
    fill();
    let began = clock::elapsed();
    fill();
    let took = clock::elapsed().saturating_sub(began);
    info!("filled {mib} MiB by one instruction in {took:?}");
    for_ever(fill)
}
