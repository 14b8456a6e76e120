//! SQL Server: one pool per `[sqlserver.NAME]`, and the statements an operator lets guests run on it.
//!
//! Reading order, the way a call goes: [`SqlSession`] (`session`) keeps an invocation to one connection; `statement` knows the
//! text, `lexer` read it, `parameters` fill it; `pool` lends a connection, `manager` makes them, `connection` says when one may be
//! used again; `run` sends and reads, `rows` writes the answer, `failure` says what went wrong. [`Transaction`] and [`RowStream`]
//! hold their connection between calls.

mod connection;
mod failure;
mod lease;
mod lexer;
mod manager;
mod parameters;
mod pool;
mod procedure;
mod rows;
mod run;
mod session;
mod statement;
mod stream;
mod template;
mod times;
mod transaction;
mod upkeep;
mod values;

pub use pool::{SqlServer, SqlServerStatus};
pub use session::SqlSession;
pub use statement::Problem;
pub use stream::RowStream;
pub use transaction::Transaction;
