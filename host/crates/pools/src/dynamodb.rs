//! DynamoDB: one client for the whole host.
//!
//! Reading order: [`DynamoDb`] (`client`) reads, `write` writes, `send` sends; `request` holds what it is asked; `item` translates items; `coalesce` joins gets;
//! `failure` says what went wrong; `identity` whose requests they are; `partition` says what a request can reach; `weight` what it counts.

mod answers;
mod attempts;
mod batch;
mod client;
mod coalesce;
mod failure;
mod identity;
mod item;
mod key;
mod key_condition;
mod partition;
mod request;
mod send;
mod update_expression;
mod weight;
mod write;

pub use client::{DynamoDb, DynamoDbStatus, PartitionKeys};
pub use identity::Chain;
pub use partition::Partition;
pub use request::{
    CheckRequest, DeleteRequest, Expression, PutRequest, QueryRequest, ReadOptions, TransactItem,
    UpdateRequest,
};
pub use weight::{HELD_PER_BYTE, Weight, key_weight};
