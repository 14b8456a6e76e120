//! The host's connections: one DynamoDB client, and one pool per SQL Server.
//!
//! Owns: sending a request in time, what a cut-off request says, coalescing gets, when a connection may be used again, and the
//! translation between JSON text and what the backends speak. Must not know: modules, grants, WebAssembly.
//!
//! Invariants: every call ends at its deadline; a future that is dropped midway never hands one caller's answer to another; a
//! connection counts against its pool until it is closed; nothing a backend said reaches a guest's message.
//!
//! Reading order: [`DynamoDb`] (`dynamodb`), [`SqlServer`] (`sql/pool`), [`SqlSession`] (`sql/session`).

mod clock;
mod decimal;
mod dynamodb;
mod share;
mod sql;

pub use dynamodb::{
    Chain, CheckRequest, DeleteRequest, DynamoDb, DynamoDbStatus, Expression, HELD_PER_BYTE,
    Partition, PartitionKeys, PutRequest, QueryRequest, ReadOptions, TransactItem, UpdateRequest,
    Weight, key_weight,
};
pub use sql::{
    Borrower, Problem, RowBudget, RowStream, RowsLeft, SqlServer, SqlServerStatus, SqlSession,
    Transaction, statement_weight,
};
