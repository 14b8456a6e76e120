//! `dynamodb`: grants by table and action, then the host's client.

use std::sync::Arc;

use mayfly_config::Action;
use mayfly_error::{CallCode, CallError};
use mayfly_pools::{CheckRequest, DeleteRequest, Expression, PutRequest, QueryRequest, ReadOptions, TransactItem, UpdateRequest};
use wasmtime::component::Resource;

use super::backends::Tables;
use super::bindings::mayfly::resolver::dynamodb as wit;
use super::calls::Calls;
use super::pending::Pending;

impl Calls {
    /// The tables, once the grant was checked.
    fn tables(&self, table: &str, action: Action) -> Result<Arc<dyn Tables>, CallError> {
        self.may(table, action)?;
        // A grant without `[dynamodb]` was refused with the configuration.
        self.backends.dynamodb.clone().ok_or_else(|| CallError::new(CallCode::Unavailable, "DynamoDB is not configured"))
    }
}

impl wit::Host for Calls {
    fn get(&mut self, table: String, key: String, options: wit::ReadOptions) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(|calls| Ok(calls.tables(&table, Action::Get)?.get(table, key, options.into(), deadline)))
    }

    fn batch_get(&mut self, table: String, keys: Vec<String>, options: wit::ReadOptions) -> wasmtime::Result<Resource<Pending>> {
        let (most, deadline) = (self.most_bytes(), self.call_deadline.into());
        self.begin(|calls| Ok(calls.tables(&table, Action::BatchGet)?.batch_get(table, keys, options.into(), most, deadline)))
    }

    fn query(&mut self, request: wit::QueryRequest) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(|calls| Ok(calls.tables(&request.table, Action::Query)?.query(request.into(), deadline)))
    }

    fn put(&mut self, request: wit::PutRequest) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(|calls| Ok(calls.tables(&request.table, Action::Put)?.put(request.into(), deadline)))
    }

    fn update(&mut self, request: wit::UpdateRequest) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(|calls| Ok(calls.tables(&request.table, Action::Update)?.update(request.into(), deadline)))
    }

    fn delete(&mut self, request: wit::DeleteRequest) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(|calls| Ok(calls.tables(&request.table, Action::Delete)?.delete(request.into(), deadline)))
    }

    fn transact_write(&mut self, items: Vec<wit::TransactItem>, token: Option<String>) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(|calls| {
            let mut tables = None;
            for item in &items {
                let (table, action) = match item {
                    wit::TransactItem::Put(put) => (&put.table, Action::Put),
                    wit::TransactItem::Update(update) => (&update.table, Action::Update),
                    wit::TransactItem::Delete(delete) => (&delete.table, Action::Delete),
                    wit::TransactItem::Check(check) => (&check.table, Action::Check),
                };
                tables = Some(calls.tables(table, action)?);
            }
            let tables = tables.ok_or_else(|| CallError::new(CallCode::Invalid, "transact-write without an item"))?;
            Ok(tables.transact_write(items.into_iter().map(Into::into).collect(), token, deadline))
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
