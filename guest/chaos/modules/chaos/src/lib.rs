//! Answers that say whom they were made for, and guests that leave at any moment: with calls under way, with a transaction open.

#![allow(clippy::panic, reason = "some of the guests end that way")]

mod reads;
mod writes;

mayfly_guest::resolvers! {
    Query.echo => reads::echo,
    Query.streamed => reads::streamed,
    Query.leaves => reads::leaves,
    Query.hastilyLeaves => reads::leaves,
    Query.recorded => reads::recorded,
    Query.count => reads::count,
    Query.added => reads::added,
    Query.fetched => reads::fetched,
    Query.posted => reads::posted,
    Mutation.transaction => writes::transaction,
    Mutation.hastyTransaction => writes::hasty_transaction,
    Mutation.add => writes::add,
    Mutation.enrol => writes::enrol,
}

/// Computes until the host ends it.
fn spin() -> ! {
    loop {
        std::hint::black_box(0);
    }
}

/// The key of a counter.
fn counter(key: &str) -> mayfly_guest::Object {
    mayfly_guest::object! { PK: format_args!("COUNTER#{key}"), SK: "COUNTER" }
}
