//! A connection of the driver's, and what was settled when it was opened.

use futures_util::TryStreamExt;
use tiberius::error::Error;
use tiberius::{QueryItem, Row};
use tokio_util::compat::Compat;

use crate::sql::wire::Wire;

/// The driver over our wire.
pub(super) type Driver = tiberius::Client<Compat<Wire>>;

/// A connection that is logged in.
#[derive(Debug)]
pub struct Client {
    pub(super) driver: Driver,
    /// Whether the server has `CURRENT_TRANSACTION_ID()`.
    pub(super) names_transactions: bool,
    /// Whether the driver reads text that is not valid UTF-16 with U+FFFD in its place.
    pub(super) is_lossy: bool,
}

/// Runs a batch of the host's own, and gives the first row of its answer. The rest is read and thrown away row by row: the driver's own
/// ways to do so keep every row until the last one, and rows of `NULL`s take hundreds of times the bytes that a server sends for them.
pub(super) async fn first_row(driver: &mut Driver, text: &str) -> Result<Option<Row>, Error> {
    let mut items = driver.simple_query(text).await?;
    let mut first = None;
    while let Some(item) = items.try_next().await? {
        if let (None, QueryItem::Row(row)) = (&first, item) {
            first = Some(row);
        }
    }
    Ok(first)
}
