//! SQL Server: the capability, one pool per `[sqlserver.NAME]`, and the statements an operator lets guests run on it.
//!
//! `capability` is what the host knows of it, `import` what guests call, `database` what the import needs.
//!
//! Reading order of the pool, the way a call goes: [`SqlSession`] (`session`) keeps an invocation to one connection; `statement` knows the
//! text, `lexer` read it, `lists` where lists stand in it, `effects` what it does to a session, `parameters` fill it; `pool` lends a connection, `connections` has them, `manager` makes them
//! (`dial` finds the server, `login_failure` says why not), `connection` says when one may be used again, `holders` and `pool_metrics` tell who has them and why one was
//! closed; `run` sends and reads, `rows` writes the answer, `failure` says what went wrong. `trancount` keeps watch over what is open. `describe` asks the server whether all of it
//! is as declared (`types`). [`Transaction`] and [`RowStream`] hold
//! their connection between calls.

mod bounds;
mod capability;
pub mod configuration;
mod connection;
mod connections;
mod database;
mod declarations;
mod describe;
mod dial;
mod effects;
mod failure;
mod holders;
mod import;
mod lease;
mod lend;
mod lexer;
mod lists;
mod login_failure;
mod manager;
mod parameters;
mod pool;
mod pool_metrics;
mod procedure;
mod rows;
mod run;
mod session;
mod shared;
mod statement;
mod stream;
mod template;
mod times;
mod trancount;
mod transaction;
mod turn;
mod types;
mod upkeep;
mod values;

pub use capability::SqlCapability;
pub use database::{Database, Databases, OpenTransaction, Rows, Session, Statements, databases};
pub use holders::Borrower;
pub use parameters::statement_weight;
pub use pool::{SqlServer, SqlServerStatus};
pub use session::SqlSession;
pub use statement::StatementProblem;
pub use stream::RowStream;
pub use transaction::Transaction;

/// The generated bindings of `wit/sql.wit`.
mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::all,
        reason = "generated; the WIT files hold the documentation"
    )]
    wasmtime::component::bindgen!({
        path: "../../../wit",
        inline: "
            package mayfly:host-sql;
            world imports { import mayfly:resolver/sql@0.1.0; }
        ",
        imports: { default: trappable },
        with: {
            "mayfly:resolver/types": mayfly_runtime::imports::bindings::mayfly::resolver::types,
            "mayfly:resolver/pending": mayfly_runtime::imports::bindings::mayfly::resolver::pending,
            "mayfly:resolver/sql.transaction": crate::sql::import::Transaction,
            "mayfly:resolver/sql.row-stream": crate::sql::import::RowStream,
        },
        require_store_data_send: true,
    });
}
