//! `@@TRANCOUNT`: what is open on a connection, and whether it is the transaction that the host began.
//!
//! The driver keeps to itself what the server tells of transactions, and engines that resemble SQL Server tell nothing, so the server
//! is asked. A text that may begin or end a transaction, itself or by a trigger on the rows it changes, is followed, in its own batch,
//! by a comparison that fails when anything else is open than should be: that takes no round trip, and nothing is acknowledged before
//! it. After an error, and where a text may return before its end, the server is asked by a batch of its own.
//!
//! A transaction of the host's is two, one inside the other. A `COMMIT` that a statement should not have run then commits nothing,
//! and `ROLLBACK` followed by `BEGIN TRANSACTION` leaves another count behind. Where the server has `CURRENT_TRANSACTION_ID()` (SQL
//! Server 2016 and later), a transaction that was replaced by as many others is found too.

use mayfly_error::{CallCode, CallError};
use tiberius::Row;
use tiberius::error::Error;

use super::client::{Client, Driver, first_row};
use super::effects::TransactionEffects;
use super::failure::MISMATCH;
use crate::sql::statement::Effects;

/// `@@TRANCOUNT` inside a transaction of the host's.
const DEPTH: i32 = 2;
/// Rolls back whatever is open; nothing is no error.
pub(super) const ROLL_BACK: &str = "IF @@TRANCOUNT > 0 ROLLBACK";
/// Tells whether a server has the function, without a round trip: it stands behind the first batch of a connection.
pub(super) const NAMES_TRANSACTIONS: &str = "SELECT CURRENT_TRANSACTION_ID() AS id";

/// A transaction of the host's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    /// The server's number for it; none where it gives none.
    id: Option<i64>,
}

/// What is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    count: i32,
    id: Option<i64>,
}

impl Open {
    /// Whether it is what should be: the transaction, or outside of one nothing.
    pub(super) fn is(self, within: Option<Begun>) -> bool {
        match within {
            None => self.count == 0,
            Some(begun) => self.count == DEPTH && self.id == begun.id,
        }
    }
}

/// Begins a transaction.
pub(super) async fn begin(client: &mut Client) -> Result<Begun, Error> {
    let text = if client.names_transactions {
        "BEGIN TRANSACTION; BEGIN TRANSACTION; SELECT CAST(CURRENT_TRANSACTION_ID() AS bigint) AS id"
    } else {
        "BEGIN TRANSACTION; BEGIN TRANSACTION"
    };
    let row = first_row(&mut client.driver, text).await?;
    Ok(Begun {
        id: row.as_ref().and_then(id),
    })
}

/// Commits the transaction, if it is what is open; otherwise the error is a mismatch, and nothing is changed.
pub(super) async fn commit(client: &mut Driver, begun: Begun) -> Result<(), Error> {
    first_row(client, &committing(begun)).await.map(drop)
}

/// The text that commits. The number stands in it as it is: as a parameter it would take `sp_executesql`, which must not commit.
fn committing(begun: Begun) -> String {
    let same = match begun.id {
        Some(id) => format!(" AND CURRENT_TRANSACTION_ID() = {id}"),
        None => String::new(),
    };
    format!(
        "IF @@TRANCOUNT = {DEPTH}{same} BEGIN COMMIT TRANSACTION; COMMIT TRANSACTION; END ELSE RAISERROR(N'{MISMATCH}', 16, 1)"
    )
}

/// Rolls back whatever is open.
pub(super) async fn roll_back(client: &mut Driver) -> Result<(), Error> {
    first_row(client, ROLL_BACK).await.map(drop)
}

/// A text with the comparison behind it.
pub(super) fn guarded(
    text: &str,
    effects: TransactionEffects,
    within: Option<Begun>,
    names_transactions: bool,
) -> String {
    // A batch may begin with a procedure's name, before which nothing may stand.
    let compares_ids = within.is_some() && names_transactions && effects.takes_prologue;
    let (before, replaced) = if compares_ids {
        (
            "DECLARE @mayfly_transaction bigint = CURRENT_TRANSACTION_ID(); ",
            " OR CURRENT_TRANSACTION_ID() <> @mayfly_transaction",
        )
    } else {
        ("", "")
    };
    let count = if within.is_some() { DEPTH } else { 0 };
    // On a line of its own, because the text may end in a comment.
    format!("{before}{text}\n;IF @@TRANCOUNT <> {count}{replaced} RAISERROR(N'{MISMATCH}', 16, 1)")
}

/// What is open; none when the answer does not say it.
pub(super) async fn ask(client: &mut Client) -> Result<Option<Open>, Error> {
    let text = if client.names_transactions {
        "SELECT @@TRANCOUNT AS n, CAST(CURRENT_TRANSACTION_ID() AS bigint) AS id"
    } else {
        "SELECT @@TRANCOUNT AS n"
    };
    let row = first_row(&mut client.driver, text).await?;
    Ok(row.and_then(|row| {
        Some(Open {
            count: row.try_get::<i32, _>("n").ok()??,
            id: id(&row),
        })
    }))
}

fn id(row: &Row) -> Option<i64> {
    row.try_get::<i64, _>("id").ok().flatten()
}

/// What a caller is told whose statement left something else open than it should.
pub(super) fn disturbed(
    what: &str,
    effects: Effects,
    within: Option<Begun>,
    open: Open,
) -> CallError {
    let (code, text) = match (within, open.count) {
        (None, _) => (
            CallCode::Backend,
            "it left a transaction open, and its changes are rolled back; the statement must COMMIT",
        ),
        (Some(begun), count) if open.id == begun.id && count > DEPTH => (
            CallCode::Backend,
            "it left a transaction open inside the one it was called in, which is rolled back; the statement must COMMIT its own",
        ),
        (Some(begun), count) if open.id == begun.id && count > 0 => (
            CallCode::Backend,
            "it ran a COMMIT without a BEGIN of its own in the transaction it was called in, which is rolled back",
        ),
        // A trigger may have committed it, too.
        _ if effects.may_commit || effects.may_trigger => (
            CallCode::OutcomeUnknown,
            "it ended the transaction it was called in, and whether that was committed or rolled back is not known",
        ),
        _ => (
            CallCode::Backend,
            "it rolled back the transaction it was called in",
        ),
    };
    CallError::new(code, format!("{what}: {text}"))
        .with_detail(format!("@@TRANCOUNT is {}", open.count))
}

/// What a caller is told whose transaction could not be committed because something else is open.
pub(super) fn not_committed(begun: Begun, open: Option<Open>) -> CallError {
    let (code, text) = match open {
        Some(Open { count, id }) if id == begun.id && count > DEPTH => (
            CallCode::Backend,
            "transaction: not committed but rolled back, because a statement left another one open in it; let that COMMIT",
        ),
        Some(Open { count, id }) if id == begun.id && count > 0 => (
            CallCode::Backend,
            "transaction: not committed but rolled back, because a statement ran a COMMIT or ROLLBACK in it",
        ),
        _ => (
            CallCode::OutcomeUnknown,
            "transaction: a statement ended it, and whether it was committed or rolled back is not known",
        ),
    };
    let count = open.map_or(-1, |open| open.count);
    CallError::new(code, text).with_detail(format!("@@TRANCOUNT is {count}"))
}

#[cfg(test)]
mod tests;
