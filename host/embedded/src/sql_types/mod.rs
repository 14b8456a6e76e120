//! SQL Server's types, the values that they hold, and its errors: what T-SQL and the protocol both speak of.
//!
//! [`sql_type`] reads declarations; [`value`] says how values of each type are stored in SQLite, dates and times as a [`moment`], and
//! [`code_page`] what one byte of text means; [`conversion`] makes a value of one type one of another, with what the styles of
//! `CONVERT` read ([`styled_moment`]) and write ([`styled_text`]). [`error`] has the numbers. Nothing here knows a statement, a session or the wire.

mod code_page;
mod conversion;
mod error;
pub(crate) mod moment;
mod sql_type;
mod styled_moment;
mod styled_text;
pub(crate) mod value;

pub(crate) use code_page::{from_1252, to_1252};
pub(crate) use conversion::{convert, store};
pub(crate) use error::SqlError;
pub(crate) use moment::Moment;
pub(crate) use sql_type::{Length, SqlType, decimal_bytes, time_bytes};
pub(crate) use value::{coerce, decimal_text};

#[cfg(test)]
mod tests;
