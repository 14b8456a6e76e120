//! Says in every answer which version it is, and misbehaves if its mark says so.

use mayfly_guest::prelude::*;
use std::hint::black_box;

/// What tests change to make another version. Its first four bytes say how it answers the probe.
static MARK: [u8; 24] = *b"good-version-00000000000";

mayfly_guest::resolvers! {
    Query.version => version,
    Query.items => items,
    Query.slow => slow,
    Query.healthy => healthy,
    Item.version => version_of,
    Item.again => version_of,
}

#[derive(Serialize)]
struct NewItem {
    id: String,
    made: String,
}

#[derive(Deserialize)]
struct Parent {
    #[expect(dead_code, reason = "what is needed of the parent has to be there")]
    id: String,
}

#[derive(Deserialize)]
struct Count {
    count: u32,
}

#[derive(Deserialize)]
struct Milliseconds {
    milliseconds: u64,
}

/// Read again each time, so that the compiler does not take it for what it was when it was compiled.
fn mark() -> String {
    String::from_utf8_lossy(black_box(&MARK)).into_owned()
}

fn version() -> Result<String> {
    Ok(mark())
}

fn items(arguments: Count) -> Result<Vec<NewItem>> {
    Ok((0..arguments.count)
        .map(|id| NewItem {
            id: id.to_string(),
            made: mark(),
        })
        .collect())
}

fn slow(arguments: Milliseconds) -> Result<String> {
    compute_for(arguments.milliseconds);
    Ok(mark())
}

fn version_of(_parent: Parent) -> Result<String> {
    Ok(mark())
}

fn healthy() -> Result<bool> {
    match mark().get(..4) {
        Some("sick") => Ok(false),
        Some("trap") => std::process::abort(),
        Some("fail") => Err(Error::new("UNWELL", "not today")),
        Some("grow") => Ok(vec![1_u8; 64 << 20]
            .iter()
            .all(|byte| *black_box(byte) == 1)),
        Some("spin") => {
            compute_for(60_000);
            Ok(true)
        }
        Some("slow") => {
            compute_for(1_000);
            Ok(true)
        }
        _ => Ok(true),
    }
}

fn compute_for(milliseconds: u64) {
    while clock::elapsed().as_millis() < u128::from(milliseconds) {}
}
