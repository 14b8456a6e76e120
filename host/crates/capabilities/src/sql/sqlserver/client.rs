//! A connection of the driver's, and what was settled when it was opened.

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
