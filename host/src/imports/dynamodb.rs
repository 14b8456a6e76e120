//! `dynamodb`: grants by table and action, then the host's client.

use mayfly_config::Action;
use mayfly_error::{CallCode, CallError};
use mayfly_pools::{
    CheckRequest, DeleteRequest, DynamoDb, Expression, PutRequest, QueryRequest, ReadOptions, TransactItem, UpdateRequest,
};
use wasmtime::component::Resource;

use super::bindings::mayfly::resolver::dynamodb as wit;
use super::calls::Calls;
use super::pending::Pending;

impl Calls {
    /// The client, once the grant was checked.
    fn table_client(&self, table: &str, action: Action) -> Result<DynamoDb, CallError> {
        self.may(table, action)?;
        // A grant without `[dynamodb]` was refused with the configuration.
        self.pools.dynamodb.clone().ok_or_else(|| CallError::new(CallCode::Unavailable, "DynamoDB is not configured"))
    }
}

impl wit::Host for Calls {
    fn get(&mut self, table: String, key: String, options: wit::ReadOptions) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(|calls| {
            let client = calls.table_client(&table, Action::Get)?;
            let options = ReadOptions::from(options);
            Ok(async move { client.get(&table, &key, &options, deadline).await })
        })
    }

    fn batch_get(&mut self, table: String, keys: Vec<String>, options: wit::ReadOptions) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(|calls| {
            let client = calls.table_client(&table, Action::BatchGet)?;
            let options = ReadOptions::from(options);
            let most = calls.most_bytes();
            Ok(async move { client.batch_get(&table, &keys, &options, most, deadline).await })
        })
    }

    fn query(&mut self, request: wit::QueryRequest) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(|calls| {
            let client = calls.table_client(&request.table, Action::Query)?;
            let request = QueryRequest::from(request);
            Ok(async move { client.query(&request, deadline).await })
        })
    }

    fn put(&mut self, request: wit::PutRequest) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(|calls| {
            let client = calls.table_client(&request.table, Action::Put)?;
            let request = PutRequest::from(request);
            Ok(async move { client.put(&request, deadline).await })
        })
    }

    fn update(&mut self, request: wit::UpdateRequest) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(|calls| {
            let client = calls.table_client(&request.table, Action::Update)?;
            let request = UpdateRequest::from(request);
            Ok(async move { client.update(&request, deadline).await })
        })
    }

    fn delete(&mut self, request: wit::DeleteRequest) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(|calls| {
            let client = calls.table_client(&request.table, Action::Delete)?;
            let request = DeleteRequest::from(request);
            Ok(async move { client.delete(&request, deadline).await })
        })
    }

    fn transact_write(&mut self, items: Vec<wit::TransactItem>, token: Option<String>) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(|calls| {
            let mut client = None;
            for item in &items {
                let (table, action) = match item {
                    wit::TransactItem::Put(put) => (&put.table, Action::Put),
                    wit::TransactItem::Update(update) => (&update.table, Action::Update),
                    wit::TransactItem::Delete(delete) => (&delete.table, Action::Delete),
                    wit::TransactItem::Check(check) => (&check.table, Action::Check),
                };
                client = Some(calls.table_client(table, action)?);
            }
            let client = client.ok_or_else(|| CallError::new(CallCode::Invalid, "transact-write without an item"))?;
            let items: Vec<TransactItem> = items.into_iter().map(Into::into).collect();
            Ok(async move { client.transact_write(&items, token, deadline).await })
        })
    }
}

impl From<wit::Expression> for Expression {
    fn from(wit: wit::Expression) -> Self {
        Self { text: wit.text, names: wit.names, values: wit.values }
    }
}

impl From<wit::ReadOptions> for ReadOptions {
    fn from(wit: wit::ReadOptions) -> Self {
        Self { consistent: wit.consistent, attributes: wit.attributes }
    }
}

impl From<wit::QueryRequest> for QueryRequest {
    fn from(wit: wit::QueryRequest) -> Self {
        Self {
            table: wit.table,
            index: wit.index,
            key_condition: wit.key_condition.into(),
            filter: wit.filter,
            options: wit.options.into(),
            limit: wit.limit,
            ascending: wit.ascending,
            start_key: wit.start_key,
        }
    }
}

impl From<wit::PutRequest> for PutRequest {
    fn from(wit: wit::PutRequest) -> Self {
        Self { table: wit.table, item: wit.item, condition: wit.condition.map(Into::into) }
    }
}

impl From<wit::UpdateRequest> for UpdateRequest {
    fn from(wit: wit::UpdateRequest) -> Self {
        Self { table: wit.table, key: wit.key, update: wit.update.into(), condition: wit.condition }
    }
}

impl From<wit::DeleteRequest> for DeleteRequest {
    fn from(wit: wit::DeleteRequest) -> Self {
        Self { table: wit.table, key: wit.key, condition: wit.condition.map(Into::into) }
    }
}

impl From<wit::CheckRequest> for CheckRequest {
    fn from(wit: wit::CheckRequest) -> Self {
        Self { table: wit.table, key: wit.key, condition: wit.condition.into() }
    }
}

impl From<wit::TransactItem> for TransactItem {
    fn from(wit: wit::TransactItem) -> Self {
        match wit {
            wit::TransactItem::Put(put) => Self::Put(put.into()),
            wit::TransactItem::Update(update) => Self::Update(update.into()),
            wit::TransactItem::Delete(delete) => Self::Delete(delete.into()),
            wit::TransactItem::Check(check) => Self::Check(check.into()),
        }
    }
}
