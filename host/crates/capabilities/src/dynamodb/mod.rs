//! DynamoDB: the capability, and one client for the whole host.
//!
//! `capability` is what the host knows of it, `import` what guests call, `grants` what they may, `tables` what the import needs.
//!
//! Of the client: [`DynamoDb`] (`client`) reads, `write` writes, `send` sends; `request` holds what it is asked; `item` translates items; `coalesce` joins gets;
//! `failure` says what went wrong, in the service's words where `messages` has them; `identity` whose requests they are; `partition` says what a request can reach; `weight` what it counts.

mod answer_body;
mod answer_memory;
mod attempts;
mod batch;
mod batch_get;
mod capability;
mod client;
mod coalesce;
pub mod configuration;
mod failure;
mod grants;
mod identity;
mod import;
mod item;
mod key;
mod key_condition;
mod messages;
mod partition;
mod request;
mod send;
mod tables;
mod update_expression;
mod weight;
mod write;

pub use capability::DynamoDbCapability;
pub use client::{DynamoDb, DynamoDbStatus, PartitionKeys};
pub use identity::Chain;
pub use partition::Partition;
pub use request::{
    CheckRequest, DeleteRequest, Expression, PutRequest, QueryRequest, ReadOptions, TransactItem,
    UpdateRequest,
};
pub use tables::Tables;
pub use weight::{Weight, key_weight};

/// The generated bindings of `wit/dynamodb.wit`.
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
            package mayfly:host-dynamodb;
            world imports { import mayfly:resolver/dynamodb@0.1.0; }
        ",
        imports: { default: trappable },
        with: {
            "mayfly:resolver/types": mayfly_runtime::imports::bindings::mayfly::resolver::types,
            "mayfly:resolver/pending": mayfly_runtime::imports::bindings::mayfly::resolver::pending,
        },
        require_store_data_send: true,
    });
}
