//! `dynamodb`: grants by table, action and key, then the host's client.

use crate::dynamodb::configuration::Action;
use mayfly_error::{CallCode, CallError};
use mayfly_runtime::imports::{Asker, Calls, Pending};
use wasmtime::component::Resource;

use super::DynamoDbCapability;
use super::bindings::mayfly::resolver::dynamodb as wit;
use super::grants::{TableAccess, WriteBounds, denied_key};
use super::partition::Partition;
use super::request::{
    CheckRequest, DeleteRequest, Expression, PutRequest, QueryRequest, ReadOptions, TransactItem,
    UpdateRequest,
};
use super::weight::{Weight, key_weight};

/// Keys that are read without giving way to others.
const KEYS_AT_ONCE: usize = 64;

/// Checks the grant: for the action, and, where the key is bound to the caller, for what is asked of the partition (`within`).
fn may(
    asker: &Asker<'_>,
    (table, index): (&str, Option<&str>),
    action: Action,
    within: impl FnOnce(&Partition) -> Result<bool, CallError>,
) -> Result<(), CallError> {
    let bound = TableAccess::of(asker.module, table, action)?.partition(index, asker.caller)?;
    match bound {
        Some(partition) if !within(&partition)? => {
            let (module, attribute) = (&asker.module.name, &partition.attribute);
            Err(denied_key(module, table, action, attribute))
        }
        _ => Ok(()),
    }
}

/// What the caller may write of a write's table, once the grant for the action was checked.
fn write_bounds(asker: &Asker<'_>, write: &TransactItem) -> Result<WriteBounds, CallError> {
    let (table, action) = match write {
        TransactItem::Put(put) => (&put.table, Action::Put),
        TransactItem::Update(update) => (&update.table, Action::Update),
        TransactItem::Delete(delete) => (&delete.table, Action::Delete),
        TransactItem::Check(check) => (&check.table, Action::Check),
    };
    TableAccess::of(asker.module, table, action)?.write_bounds(asker.caller)
}

/// Begins a write of one item.
fn begin_write(calls: &mut Calls, write: TransactItem) -> wasmtime::Result<Resource<Pending>> {
    calls.begin::<DynamoDbCapability, _>(
        write.weight(),
        |asker| {
            write_bounds(asker, &write)?.check(&write)?;
            Ok(write)
        },
        |granted, write| {
            let (tables, deadline) = (granted.backend(), granted.deadline());
            Ok(match write {
                TransactItem::Put(put) => tables.put(put, deadline),
                TransactItem::Update(update) => tables.update(update, deadline),
                TransactItem::Delete(delete) => tables.delete(delete, deadline),
                TransactItem::Check(_) => {
                    return Err(CallError::new(
                        CallCode::Invalid,
                        "a check is only allowed in a transaction",
                    ));
                }
            })
        },
    )
}

impl wit::Host for Calls {
    fn get(
        &mut self,
        table: String,
        key: String,
        options: wit::ReadOptions,
    ) -> wasmtime::Result<Resource<Pending>> {
        let options = ReadOptions::from(options);
        let weight = table.len() + key_weight(&key) + options.weight();
        self.begin::<DynamoDbCapability, _>(
            weight,
            |asker| {
                may(asker, (&table, None), Action::Get, |partition| {
                    partition.has_key(&key)
                })?;
                Ok((table, key))
            },
            |granted, (table, key)| {
                let deadline = granted.deadline();
                Ok(granted.backend().get(table, key, options, deadline))
            },
        )
    }

    fn batch_get(
        &mut self,
        table: String,
        keys: Vec<String>,
        options: wit::ReadOptions,
    ) -> wasmtime::Result<Resource<Pending>> {
        let options = ReadOptions::from(options);
        let keys_weight: usize = keys.iter().map(|key| key_weight(key)).sum();
        self.begin::<DynamoDbCapability, _>(
            table.len() + keys_weight + options.weight(),
            |asker| {
                let bound = TableAccess::of(asker.module, &table, Action::BatchGet)?
                    .partition(None, asker.caller)?;
                Ok((table, bound))
            },
            |granted, (table, bound)| {
                let (tables, module) = (granted.backend().clone(), granted.module().clone());
                let (most, deadline) = (granted.most_bytes(), granted.deadline());
                Ok(Box::pin(async move {
                    if let Some(partition) = bound
                        && !have_keys(&partition, &keys).await?
                    {
                        let (name, attribute) = (&module.name, &partition.attribute);
                        return Err(denied_key(name, &table, Action::BatchGet, attribute));
                    }
                    tables.batch_get(table, keys, options, most, deadline).await
                }))
            },
        )
    }

    fn query(&mut self, request: wit::QueryRequest) -> wasmtime::Result<Resource<Pending>> {
        let query = QueryRequest::from(request);
        self.begin::<DynamoDbCapability, _>(
            query.weight(),
            |asker| {
                let place = (query.table.as_str(), query.index.as_deref());
                may(asker, place, Action::Query, |partition| {
                    partition.has_query(&query)
                })?;
                Ok(query)
            },
            |granted, query| {
                let deadline = granted.deadline();
                Ok(granted.backend().query(query, deadline))
            },
        )
    }

    fn put(&mut self, request: wit::PutRequest) -> wasmtime::Result<Resource<Pending>> {
        begin_write(self, TransactItem::Put(request.into()))
    }

    fn update(&mut self, request: wit::UpdateRequest) -> wasmtime::Result<Resource<Pending>> {
        begin_write(self, TransactItem::Update(request.into()))
    }

    fn delete(&mut self, request: wit::DeleteRequest) -> wasmtime::Result<Resource<Pending>> {
        begin_write(self, TransactItem::Delete(request.into()))
    }

    fn transact_write(
        &mut self,
        items: Vec<wit::TransactItem>,
        token: Option<String>,
    ) -> wasmtime::Result<Resource<Pending>> {
        let items: Vec<TransactItem> = items.into_iter().map(Into::into).collect();
        let weight: usize = items.iter().map(Weight::weight).sum();
        self.begin::<DynamoDbCapability, _>(
            weight + token.as_ref().map_or(0, String::len),
            |asker| {
                if items.is_empty() {
                    return Err(CallError::new(
                        CallCode::Invalid,
                        "transact-write without an item",
                    ));
                }
                let bounds = items.iter().map(|item| write_bounds(asker, item));
                let bounds = bounds.collect::<Result<Vec<_>, _>>()?;
                Ok((items, bounds))
            },
            |granted, (items, bounds)| {
                let (tables, deadline) = (granted.backend().clone(), granted.deadline());
                Ok(Box::pin(async move {
                    for (bounds, item) in bounds.iter().zip(&items) {
                        bounds.check(item)?;
                        // A hundred items of 400 KB take longer to read than others should wait.
                        tokio::task::yield_now().await;
                    }
                    tables.transact_write(items, token, deadline).await
                }))
            },
        )
    }
}

/// Whether all keys are in a partition; the first that is malformed ends it.
async fn have_keys(partition: &Partition, keys: &[String]) -> Result<bool, CallError> {
    let mut all = true;
    for keys in keys.chunks(KEYS_AT_ONCE) {
        for key in keys {
            all &= partition.has_key(key)?;
        }
        tokio::task::yield_now().await;
    }
    Ok(all)
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
