//! SQL Server: one pool per `[sqlserver.NAME]`, and the statements an operator lets guests run on it.
//!
//! Reading order, the way a call goes: [`SqlSession`] (`session`) keeps an invocation to one connection; `statement` knows the
//! text, `lexer` read it, `lists` where lists stand in it, `effects` what it does to a session, `parameters` fill it; `pool` lends a connection, `connections` has them, `manager` makes them
//! (`dial` finds the server, `login` says why not), `connection` says when one may be used again, `roster` and `meters` tell who has them and why one was
//! closed; `run` sends and reads, `rows` writes the answer, `failure` says what went wrong. `trancount` keeps watch over what is open. `describe` asks the server whether all of it
//! is as declared (`types`). [`Transaction`] and [`RowStream`] hold
//! their connection between calls.

mod connection;
mod connections;
mod describe;
mod dial;
mod effects;
mod failure;
mod lease;
mod lexer;
mod lists;
mod login;
mod manager;
mod meters;
mod parameters;
mod pool;
mod procedure;
mod roster;
mod row_budget;
mod rows;
mod run;
mod session;
mod statement;
mod stream;
mod template;
mod times;
mod trancount;
mod transaction;
mod types;
mod upkeep;
mod values;

pub use parameters::statement_weight;
pub use pool::{SqlServer, SqlServerStatus};
pub use roster::Borrower;
pub use row_budget::{RowBudget, RowsLeft};
pub use session::SqlSession;
pub use statement::Problem;
pub use stream::RowStream;
pub use transaction::Transaction;
