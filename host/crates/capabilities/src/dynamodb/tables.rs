//! What the import needs of tables. The host's client provides it; a bench or a test may provide it in memory.

use mayfly_runtime::imports::Call;
use tokio::time::Instant;

use super::client::DynamoDb;
use super::request::{
    DeleteRequest, PutRequest, QueryRequest, ReadOptions, TransactItem, UpdateRequest,
};

/// Tables of items by key; the operations of `wit/dynamodb.wit`.
pub trait Tables: Send + Sync {
    /// One item.
    fn get(&self, table: String, key: String, options: ReadOptions, deadline: Instant) -> Call;
    /// Items by key; the answer has at most `most_bytes`.
    fn batch_get(
        &self,
        table: String,
        keys: Vec<String>,
        options: ReadOptions,
        most_bytes: usize,
        deadline: Instant,
    ) -> Call;
    /// A page of items.
    fn query(&self, request: QueryRequest, deadline: Instant) -> Call;
    /// Writes an item.
    fn put(&self, request: PutRequest, deadline: Instant) -> Call;
    /// Changes an item.
    fn update(&self, request: UpdateRequest, deadline: Instant) -> Call;
    /// Removes an item.
    fn delete(&self, request: DeleteRequest, deadline: Instant) -> Call;
    /// Writes several items or none.
    fn transact_write(
        &self,
        items: Vec<TransactItem>,
        token: Option<String>,
        deadline: Instant,
    ) -> Call;
}

impl Tables for DynamoDb {
    fn get(&self, table: String, key: String, options: ReadOptions, deadline: Instant) -> Call {
        let client = self.clone();
        Box::pin(async move { client.get(&table, &key, &options, deadline).await })
    }

    fn batch_get(
        &self,
        table: String,
        keys: Vec<String>,
        options: ReadOptions,
        most_bytes: usize,
        deadline: Instant,
    ) -> Call {
        let client = self.clone();
        Box::pin(async move {
            client
                .batch_get(&table, &keys, &options, most_bytes, deadline)
                .await
        })
    }

    fn query(&self, request: QueryRequest, deadline: Instant) -> Call {
        let client = self.clone();
        Box::pin(async move { client.query(&request, deadline).await })
    }

    fn put(&self, request: PutRequest, deadline: Instant) -> Call {
        let client = self.clone();
        Box::pin(async move { client.put(&request, deadline).await })
    }

    fn update(&self, request: UpdateRequest, deadline: Instant) -> Call {
        let client = self.clone();
        Box::pin(async move { client.update(&request, deadline).await })
    }

    fn delete(&self, request: DeleteRequest, deadline: Instant) -> Call {
        let client = self.clone();
        Box::pin(async move { client.delete(&request, deadline).await })
    }

    fn transact_write(
        &self,
        items: Vec<TransactItem>,
        token: Option<String>,
        deadline: Instant,
    ) -> Call {
        let client = self.clone();
        Box::pin(async move { client.transact_write(&items, token, deadline).await })
    }
}
