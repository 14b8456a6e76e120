//! DynamoDB: one client for the whole host.
//!
//! Reading order: [`DynamoDb`] (`client`) sends; `request` holds what it is asked; `item` translates items; `coalesce` joins gets;
//! `failure` says what went wrong.

mod batch;
mod client;
mod coalesce;
mod failure;
mod item;
mod key;
mod request;
mod write;

pub use client::{DynamoDb, DynamoDbStatus};
pub use request::{CheckRequest, DeleteRequest, Expression, PutRequest, QueryRequest, ReadOptions, TransactItem, UpdateRequest};
