//! SQL. Streams and transactions are numbers on the side of JavaScript, and resources of the host here until they are closed.

use std::cell::{LazyCell, RefCell};
use std::rc::Rc;

use rquickjs::prelude::Func;
use rquickjs::{Ctx, Exception, Object, Promise, Result};

use super::need_host;
use crate::bindings::mayfly::resolver::sql::{self, RowStream, Transaction};
use crate::calls::promise;
use crate::text::{Json, Text};

/// A resource of the host, made with its first call: it claims its database then, and calls that were made before it have begun.
type Resource<T> = LazyCell<T, Box<dyn FnOnce() -> T>>;

/// Resources by their numbers. Each lives until the last of its calls is answered.
type Resources<T> = RefCell<Vec<Option<Rc<Resource<T>>>>>;

thread_local! {
    static STREAMS: Resources<RowStream> = const { RefCell::new(Vec::new()) };
    static TRANSACTIONS: Resources<Transaction> = const { RefCell::new(Vec::new()) };
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
    Text(how): Text,
    Text(statement): Text,
    Json(parameters): Json,
) -> Result<Promise<'js>> {
    need_host(&ctx)?;
    promise(&ctx, move || match how.as_str() {
        "query" => sql::query(&statement, &parameters),
        "execute" => sql::execute(&statement, &parameters),
        _ => sql::call(&statement, &parameters),
    })
}

fn stream(ctx: Ctx<'_>, Text(statement): Text, Json(parameters): Json) -> Result<usize> {
    need_host(&ctx)?;
    let make = move || sql::stream_rows(&statement, &parameters);
    Ok(keep(&STREAMS, Box::new(make)))
}

fn stream_next<'js>(ctx: Ctx<'js>, stream: usize, rows: u32) -> Result<Promise<'js>> {
    let Some(stream) = find(&STREAMS, stream) else {
        return Err(Exception::throw_message(&ctx, "this stream was closed"));
    };
    promise(&ctx, move || stream.next(rows))
}

fn stream_close(stream: usize) {
    STREAMS.with_borrow_mut(|streams| streams.get_mut(stream).and_then(Option::take));
}

fn begin(ctx: Ctx<'_>, Text(backend): Text) -> Result<usize> {
    need_host(&ctx)?;
    let make = move || sql::begin(&backend);
    Ok(keep(&TRANSACTIONS, Box::new(make)))
}

fn transaction_run<'js>(
    ctx: Ctx<'js>,
    transaction: usize,
    Text(how): Text,
    Text(statement): Text,
    Json(parameters): Json,
) -> Result<Promise<'js>> {
    let transaction = open(&ctx, transaction)?;
    promise(&ctx, move || match how.as_str() {
        "query" => transaction.query(&statement, &parameters),
        "execute" => transaction.execute(&statement, &parameters),
        _ => transaction.call(&statement, &parameters),
    })
}

/// `commit` or `rollback`. The transaction stays, so that later calls are told by the host that it has ended.
fn transaction_end<'js>(
    ctx: Ctx<'js>,
    transaction: usize,
    Text(how): Text,
) -> Result<Promise<'js>> {
    let transaction = open(&ctx, transaction)?;
    promise(&ctx, move || {
        if how == "commit" {
            transaction.commit()
        } else {
            transaction.rollback()
        }
    })
}

fn open(ctx: &Ctx<'_>, transaction: usize) -> Result<Rc<Resource<Transaction>>> {
    find(&TRANSACTIONS, transaction)
        .ok_or_else(|| Exception::throw_message(ctx, "this transaction has ended"))
}

fn keep<T>(
    all: &'static std::thread::LocalKey<Resources<T>>,
    make: Box<dyn FnOnce() -> T>,
) -> usize {
    all.with_borrow_mut(|all| {
        all.push(Some(Rc::new(LazyCell::new(make))));
        all.len() - 1
    })
}

fn find<T>(
    all: &'static std::thread::LocalKey<Resources<T>>,
    number: usize,
) -> Option<Rc<Resource<T>>> {
    all.with_borrow(|all| all.get(number)?.clone())
}
