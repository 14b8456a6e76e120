//! Panics, with a message and without a chance to answer.

#![allow(clippy::panic, reason = "the point is to break")]

use mayfly_guest::prelude::*;

mayfly_guest::resolvers! { Query.panics => panics }

#[derive(Deserialize)]
struct Arguments {
    message: String,
}

fn panics(arguments: Arguments) -> Result<u32> {
    panic!("{}", arguments.message)
}
