//! The pools against real endpoints: DynamoDB and SQL Server over SQLite, in this process, with their faults.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a failed unwrap is a failed test"
)]

mod agreed;
mod backends;
mod coalescing;
mod dynalite;
mod dynamodb;
mod dynamodb_strangers;
mod handed_over;
mod http;
mod http_circuit;
mod http_configuration;
mod http_connections;
mod http_faults;
mod http_secure;
mod partitions;
mod round_trips;
mod sql_cells;
mod sql_chaos;
mod sql_connections;
mod sql_describe;
mod sql_floods;
mod sql_limits;
mod sql_lists;
mod sql_login;
mod sql_open_transactions;
mod sql_outages;
mod sql_statements;
mod sql_strangers;
mod sql_streams;
mod sql_tls;
mod sql_transactions;
mod worker_configuration;
mod worker_remote;
