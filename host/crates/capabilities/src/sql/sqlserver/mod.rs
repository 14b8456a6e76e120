//! SQL Server: what `sql` asks of a database, over tiberius.
//!
//! [`SqlServerEngine`] (`engine`) is what the rest of `sql` uses. `login` connects (`configuration` says where, `login_failure` why not);
//! `client` is a connection of the driver's. A statement's text is read once: `text` keeps what `template` (with `lexer`, `lists` and
//! `effects`) or `procedure` made of it, and fills it with `values`. `answer` sends it and reads what comes back, `pages` a part at a
//! time, `rows` writes it as JSON, `failure` says what went wrong. `trancount` keeps watch over what is open; `describe` asks the server
//! whether a statement is as declared (`types`).

mod answer;
mod backend;
mod client;
pub mod configuration;
mod declarations;
mod describe;
mod effects;
mod engine;
mod failure;
mod filled;
mod lexer;
mod lists;
mod login;
mod login_failure;
mod pages;
mod procedure;
mod rows;
mod sql_type;
// The engine of JavaScript reads texts in the same way: it is one file, so that both agree.
#[path = "../../../../../../guest/sdk/js/engine/src/statement_text.rs"]
pub(super) mod statement_text;
mod template;
mod text;
mod times;
mod trancount;
mod types;
mod values;

pub use login::SqlServerEngine;
pub use sql_type::SqlType;
