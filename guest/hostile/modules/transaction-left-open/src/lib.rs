//! Begins a transaction, writes, and ends in some way that is not a commit.

#![allow(unsafe_code, clippy::panic, reason = "the point is to break")]

use mayfly_guest::prelude::*;

mayfly_guest::resolvers! {
    Mutation.transactionLeftOpen => transaction_left_open,
    Query.marks => marks,
}

#[derive(Deserialize)]
struct Arguments {
    then: String,
}

#[derive(Deserialize)]
struct Count {
    marks: i64,
}

async fn transaction_left_open(arguments: Arguments) -> Result<Option<u64>> {
    let transaction = sql::begin("lab");
    let written = transaction
        .statement("write_mark")
        .bind("id", &random::id())
        .execute()
        .await?;
    match arguments.then.as_str() {
        "COMMIT" => transaction.commit().await?,
        "ROLL_BACK" => transaction.rollback().await?,
        "PANIC" => panic!("with a transaction open"),
        #[cfg(target_arch = "wasm32")]
        "TRAP" => core::arch::wasm32::unreachable(),
        "SPIN" => loop {
            std::hint::black_box(&transaction);
        },
        "FAIL" => return Err(Error::new("FAILED", "with a transaction open")),
        "FORGET" => std::mem::forget(transaction),
        _ => drop(transaction),
    }
    Ok(written)
}

/// How many marks there are: what was not committed must not show.
async fn marks() -> Result<i64> {
    Ok(sql::statement("count_marks")
        .query_first::<Count>()
        .await?
        .map_or(0, |row| row.marks))
}
