//! SQL. Streams and transactions are numbers on the side of JavaScript, and resources of the host here until they are closed.

use std::cell::RefCell;

use rquickjs::prelude::Func;
use rquickjs::{Ctx, Exception, Object, Promise, Result};

use super::need_host;
use crate::bindings::mayfly::resolver::sql::{self, RowStream, Transaction};
use crate::calls::promise;

thread_local! {
    static STREAMS: RefCell<Vec<Option<RowStream>>> = const { RefCell::new(Vec::new()) };
    static TRANSACTIONS: RefCell<Vec<Option<Transaction>>> = const { RefCell::new(Vec::new()) };
}

pub(super) fn add(host: &Object<'_>) -> Result<()> {
    host.set("sqlRun", Func::from(run))?;
    host.set("sqlStream", Func::from(stream))?;
    host.set("sqlStreamNext", Func::from(stream_next))?;
    host.set("sqlStreamClose", Func::from(stream_close))?;
    host.set("sqlBegin", Func::from(begin))?;
    host.set("sqlTransactionRun", Func::from(transaction_run))?;
    host.set("sqlTransactionEnd", Func::from(transaction_end))?;
    Ok(())
}

/// `query`, `execute` or `call` a statement.
fn run<'js>(
    ctx: Ctx<'js>,
    how: String,
    statement: String,
    parameters: String,
) -> Result<Promise<'js>> {
    need_host(&ctx)?;
    let pending = match how.as_str() {
        "query" => sql::query(&statement, &parameters),
        "execute" => sql::execute(&statement, &parameters),
        _ => sql::call(&statement, &parameters),
    };
    promise(&ctx, pending)
}

fn stream(ctx: Ctx<'_>, statement: String, parameters: String) -> Result<usize> {
    need_host(&ctx)?;
    let stream = sql::stream_rows(&statement, &parameters);
    Ok(keep(&STREAMS, stream))
}

fn stream_next<'js>(ctx: Ctx<'js>, stream: usize, rows: u32) -> Result<Promise<'js>> {
    let pending = STREAMS.with_borrow(|streams| Some(streams.get(stream)?.as_ref()?.next(rows)));
    match pending {
        Some(pending) => promise(&ctx, pending),
        None => Err(Exception::throw_message(&ctx, "this stream was closed")),
    }
}

fn stream_close(stream: usize) {
    STREAMS.with_borrow_mut(|streams| streams.get_mut(stream).and_then(Option::take));
}

fn begin(ctx: Ctx<'_>, backend: String) -> Result<usize> {
    need_host(&ctx)?;
    let transaction = sql::begin(&backend);
    Ok(keep(&TRANSACTIONS, transaction))
}

fn transaction_run<'js>(
    ctx: Ctx<'js>,
    transaction: usize,
    how: String,
    statement: String,
    parameters: String,
) -> Result<Promise<'js>> {
    let pending = TRANSACTIONS.with_borrow(|all| {
        let transaction = all.get(transaction)?.as_ref()?;
        Some(match how.as_str() {
            "query" => transaction.query(&statement, &parameters),
            "execute" => transaction.execute(&statement, &parameters),
            _ => transaction.call(&statement, &parameters),
        })
    });
    match pending {
        Some(pending) => promise(&ctx, pending),
        None => Err(Exception::throw_message(&ctx, "this transaction has ended")),
    }
}

/// `commit` or `rollback`. The transaction stays, so that later calls are told by the host that it has ended.
fn transaction_end<'js>(ctx: Ctx<'js>, transaction: usize, how: String) -> Result<Promise<'js>> {
    let pending = TRANSACTIONS.with_borrow(|all| {
        let transaction = all.get(transaction)?.as_ref()?;
        Some(if how == "commit" {
            transaction.commit()
        } else {
            transaction.rollback()
        })
    });
    match pending {
        Some(pending) => promise(&ctx, pending),
        None => Err(Exception::throw_message(&ctx, "this transaction has ended")),
    }
}

fn keep<T>(all: &'static std::thread::LocalKey<RefCell<Vec<Option<T>>>>, resource: T) -> usize {
    all.with_borrow_mut(|all| {
        all.push(Some(resource));
        all.len() - 1
    })
}
