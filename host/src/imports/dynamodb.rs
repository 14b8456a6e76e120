//! `dynamodb`: grants by table, action and key, then the host's client.

use std::sync::Arc;

use mayfly_config::Action;
use mayfly_error::{CallCode, CallError};
use mayfly_pools::{
    CheckRequest, DeleteRequest, Expression, Partition, PutRequest, QueryRequest, ReadOptions,
    TransactItem, UpdateRequest,
};
use wasmtime::component::Resource;

use super::backends::Tables;
use super::bindings::mayfly::resolver::dynamodb as wit;
use super::calls::Calls;
use super::grants::{TableAccess, denied_key};
use super::lifted::Lifted;
use super::pending::Pending;

impl Calls {
    /// The tables, once the grant was checked: for the action, and, where the key is bound to the caller, for what is asked of
    /// the partition (`within`).
    fn tables(
        &self,
        (table, index): (&str, Option<&str>),
        action: Action,
        within: impl FnOnce(&Partition) -> Result<bool, CallError>,
    ) -> Result<Arc<dyn Tables>, CallError> {
        let bound = TableAccess::of(&self.module, table, action)?
            .partition(index, &self.operation.caller)?;
        if let Some(partition) = bound
            && !within(&partition)?
        {
            return Err(denied_key(
                &self.module.name,
                table,
                action,
                &partition.attribute,
            ));
        }
        // A grant without `[dynamodb]` was refused with the configuration.
        let share = self.backends.dynamodb_shares.get(&self.module.name);
        share
            .or(self.backends.dynamodb.as_ref())
            .cloned()
            .ok_or_else(|| CallError::new(CallCode::Unavailable, "DynamoDB is not configured"))
    }
}

impl wit::Host for Calls {
    fn get(
        &mut self,
        table: String,
        key: String,
        options: wit::ReadOptions,
    ) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(table.len() + key.len() + options.lifted_bytes(), |calls| {
            let tables = calls.tables((&table, None), Action::Get, |partition| {
                partition.has_key(&key)
            })?;
            Ok(tables.get(table, key, options.into(), deadline))
        })
    }

    fn batch_get(
        &mut self,
        table: String,
        keys: Vec<String>,
        options: wit::ReadOptions,
    ) -> wasmtime::Result<Resource<Pending>> {
        let (most, deadline) = (self.most_bytes(), self.call_deadline.into());
        self.begin(
            table.len() + keys.lifted_bytes() + options.lifted_bytes(),
            |calls| {
                let within = |partition: &Partition| all(&keys, |key| partition.has_key(key));
                let tables = calls.tables((&table, None), Action::BatchGet, within)?;
                Ok(tables.batch_get(table, keys, options.into(), most, deadline))
            },
        )
    }

    fn query(&mut self, request: wit::QueryRequest) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(request.lifted_bytes(), |calls| {
            let query = QueryRequest::from(request);
            let place = (query.table.as_str(), query.index.as_deref());
            let tables = calls.tables(place, Action::Query, |partition| {
                partition.has_query(&query)
            })?;
            Ok(tables.query(query, deadline))
        })
    }

    fn put(&mut self, request: wit::PutRequest) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(request.lifted_bytes(), |calls| {
            let tables = calls.tables((&request.table, None), Action::Put, |partition| {
                partition.has_item(&request.item)
            })?;
            Ok(tables.put(request.into(), deadline))
        })
    }

    fn update(&mut self, request: wit::UpdateRequest) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(request.lifted_bytes(), |calls| {
            let tables = calls.tables((&request.table, None), Action::Update, |partition| {
                partition.has_key(&request.key)
            })?;
            Ok(tables.update(request.into(), deadline))
        })
    }

    fn delete(&mut self, request: wit::DeleteRequest) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(request.lifted_bytes(), |calls| {
            let tables = calls.tables((&request.table, None), Action::Delete, |partition| {
                partition.has_key(&request.key)
            })?;
            Ok(tables.delete(request.into(), deadline))
        })
    }

    fn transact_write(
        &mut self,
        items: Vec<wit::TransactItem>,
        token: Option<String>,
    ) -> wasmtime::Result<Resource<Pending>> {
        let deadline = self.call_deadline.into();
        self.begin(items.lifted_bytes() + token.lifted_bytes(), |calls| {
            let items: Vec<TransactItem> = items.into_iter().map(Into::into).collect();
            let mut tables = None;
            for item in &items {
                let (table, action) = match item {
                    TransactItem::Put(put) => (&put.table, Action::Put),
                    TransactItem::Update(update) => (&update.table, Action::Update),
                    TransactItem::Delete(delete) => (&delete.table, Action::Delete),
                    TransactItem::Check(check) => (&check.table, Action::Check),
                };
                tables = Some(
                    calls.tables((table, None), action, |partition| partition.has_write(item))?,
                );
            }
            let tables = tables.ok_or_else(|| {
                CallError::new(CallCode::Invalid, "transact-write without an item")
            })?;
            Ok(tables.transact_write(items, token, deadline))
        })
    }
}

/// Whether all are so; the first error ends it.
fn all<T>(elements: &[T], is: impl Fn(&T) -> Result<bool, CallError>) -> Result<bool, CallError> {
    elements
        .iter()
        .try_fold(true, |so_far, element| Ok(is(element)? && so_far))
}

impl From<wit::Expression> for Expression {
    fn from(wit: wit::Expression) -> Self {
        Self {
            text: wit.text,
            names: wit.names,
            values: wit.values,
        }
    }
}

impl From<wit::ReadOptions> for ReadOptions {
    fn from(wit: wit::ReadOptions) -> Self {
        Self {
            consistent: wit.consistent,
            attributes: wit.attributes,
        }
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
        Self {
            table: wit.table,
            item: wit.item,
            condition: wit.condition.map(Into::into),
        }
    }
}

impl From<wit::UpdateRequest> for UpdateRequest {
    fn from(wit: wit::UpdateRequest) -> Self {
        Self {
            table: wit.table,
            key: wit.key,
            update: wit.update.into(),
            condition: wit.condition,
        }
    }
}

impl From<wit::DeleteRequest> for DeleteRequest {
    fn from(wit: wit::DeleteRequest) -> Self {
        Self {
            table: wit.table,
            key: wit.key,
            condition: wit.condition.map(Into::into),
        }
    }
}

impl From<wit::CheckRequest> for CheckRequest {
    fn from(wit: wit::CheckRequest) -> Self {
        Self {
            table: wit.table,
            key: wit.key,
            condition: wit.condition.into(),
        }
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
