//! Holds as much as it may of everything at once: memory, answers it has not taken, values it handed over.

use mayfly_guest::bindings::mayfly::resolver as host;
use mayfly_guest::prelude::*;

mayfly_guest::resolvers! { Query.takesEverything => takes_everything }

#[derive(Deserialize)]
struct Arguments {
    /// Values to hand over, and the bytes of each.
    values: usize,
    bytes: usize,
}

/// Writes values that nobody answers yet, reads rows that it does not take, fills its memory to the last page, and waits for one
/// more answer. Answers with the pages it has.
fn takes_everything(arguments: Arguments) -> Result<usize> {
    let value = "x".repeat(arguments.bytes);
    let put = |number| {
        let item = object! { PK: format_args!("everything-{number}"), value: value.as_str() };
        dynamodb::table("Things").put(item).send::<Thing>()
    };
    let puts: Vec<_> = (0..arguments.values).map(put).collect();
    let rows = host::sql::query("wide_rows", "{}");
    host::pending::wait_any(&[&rows]);
    let last = dynamodb::table("Things").get::<Thing>(object! { PK: "1" });
    let pages = fill();
    info!("full with {pages} pages");
    let answer = last.wait();
    drop((puts, rows));
    answer.map(|_| pages)
}

#[derive(Deserialize)]
struct Thing {}

/// Takes every page it may have, and writes to each; answers with the pages it has.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "the point is to touch memory that nobody gave it")]
fn fill() -> usize {
    use core::arch::wasm32;
    const PAGE: usize = 65_536;
    loop {
        let page = wasm32::memory_grow::<0>(1);
        if page == usize::MAX {
            return wasm32::memory_size::<0>();
        }
        for at in (0..PAGE).step_by(4_096) {
            // SAFETY: the page was just added to the memory, and nobody else knows of it.
            unsafe { core::ptr::write_volatile((page * PAGE + at) as *mut u8, 1) };
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn fill() -> usize {
    0
}
