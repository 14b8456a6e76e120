//! Opens streams over many rows and reads none, or a few, of them.

#![allow(unsafe_code, clippy::panic, reason = "the point is to break")]

use mayfly_guest::prelude::*;

mayfly_guest::resolvers! { Query.streamNeverRead => stream_never_read }

#[derive(Deserialize)]
struct Arguments {
    read: u32,
    then: String,
}

#[derive(Deserialize)]
struct Row {}

/// Answers with how many rows it read.
async fn stream_never_read(arguments: Arguments) -> Result<usize> {
    let rows = sql::statement("many_rows").stream::<Row>()?;
    let read = if arguments.read == 0 {
        0
    } else {
        rows.next(arguments.read).await?.len()
    };
    match arguments.then.as_str() {
        "PANIC" => panic!("with a stream open"),
        #[cfg(target_arch = "wasm32")]
        "TRAP" => core::arch::wasm32::unreachable(),
        "SPIN" => loop {
            std::hint::black_box(&rows);
        },
        "FAIL" => return Err(Error::new("FAILED", "with a stream open")),
        "FORGET" => std::mem::forget(rows),
        _ => drop(rows),
    }
    Ok(read)
}
