//! Statements on SQL databases: the capability, a pool for each backend, and the statements an operator lets guests run on it.
//!
//! What any database needs is here; what one database is stands in a folder of its own (`sqlserver`) and is reached through the traits of
//! `engine`. Which databases there are is said in this file, in `capability` (what the host knows) and in `configuration`; nothing else
//! here names one.
//!
//! Reading order, the way a call goes: `import` is what guests call, `database` what it needs. `session::SqlSession` keeps an
//! invocation to one connection; `statements` has the texts (`declared`, `statement`) and fills them with values (`parameters`); `pool`
//! lends a connection (`lend`, `lease`), `connections` has them, `manager` makes them (`gate` says when a server is tried again),
//! `connection` says when one may be used again, `pool_metrics` tells why one was closed (`crate::holders` who has them); `run` sends and
//! reads, `failure` says what went wrong. `transaction` and `stream` hold their connection between calls. `describe` asks the server whether
//! all is as declared.

mod bounds;
mod capability;
pub mod configuration;
mod connection;
mod connections;
mod database;
mod declared;
mod describe;
mod engine;
mod failure;
mod gate;
mod import;
mod lease;
mod lend;
mod manager;
mod parameters;
mod pool;
mod pool_metrics;
mod run;
mod session;
mod shared;
mod sqlserver;
mod statement;
mod statements;
mod stream;
mod told;
mod transaction;
mod turn;
mod upkeep;
mod wire;

pub use capability::{SqlCapability, databases};
pub use database::{Database, Databases, OpenTransaction, Rows, Session, Statements};
pub use parameters::statement_weight;
pub use pool::PoolStatus;
pub use statement::StatementProblem;

/// The host's connections to one SQL Server. Cheap to clone.
pub type SqlServer = pool::Pool<sqlserver::SqlServerEngine>;

/// An invocation's use of one SQL Server.
pub type SqlSession = session::SqlSession<sqlserver::SqlServerEngine>;

/// A transaction of one invocation on one SQL Server.
pub type Transaction = transaction::Transaction<sqlserver::SqlServerEngine>;

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
