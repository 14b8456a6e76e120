//! DynamoDB. Requests are objects with the names of the WIT file's records, in which `names`, `values`, keys and items are JSON text.

use rquickjs::prelude::Func;
use rquickjs::{Ctx, Exception, Object, Promise, Result};

use super::need_host;
use crate::bindings::mayfly::resolver::dynamodb::{
    self, CheckRequest, DeleteRequest, Expression, PutRequest, QueryRequest, ReadOptions,
    TransactItem, UpdateRequest,
};
use crate::bindings::mayfly::resolver::pending::Pending;
use crate::calls::{promise, promise_of};

pub(super) fn add(host: &Object<'_>) -> Result<()> {
    host.set("dynamodbGet", Func::from(get))?;
    host.set("dynamodbBatchGet", Func::from(batch_get))?;
    host.set("dynamodbQuery", Func::from(query))?;
    host.set("dynamodbPut", Func::from(put))?;
    host.set("dynamodbUpdate", Func::from(update))?;
    host.set("dynamodbDelete", Func::from(delete))?;
    host.set("dynamodbTransactWrite", Func::from(transact_write))?;
    Ok(())
}

fn get<'js>(
    ctx: Ctx<'js>,
    table: String,
    key: String,
    options: Object<'js>,
) -> Result<Promise<'js>> {
    need_host(&ctx)?;
    let pending = dynamodb::get(&table, &key, &read_options(&options)?);
    answer(&ctx, pending, &options)
}

fn batch_get<'js>(
    ctx: Ctx<'js>,
    table: String,
    keys: Vec<String>,
    options: Object<'js>,
) -> Result<Promise<'js>> {
    need_host(&ctx)?;
    let pending = dynamodb::batch_get(&table, &keys, &read_options(&options)?);
    answer(&ctx, pending, &options)
}

fn query<'js>(ctx: Ctx<'js>, request: Object<'js>) -> Result<Promise<'js>> {
    need_host(&ctx)?;
    let query = QueryRequest {
        table: request.get("table")?,
        index: request.get("index")?,
        key_condition: expression(&request.get("keyCondition")?)?,
        filter: request.get("filter")?,
        options: read_options(&request)?,
        limit: request.get("limit")?,
        ascending: request.get("ascending")?,
        start_key: request.get("startKey")?,
    };
    answer(&ctx, dynamodb::query(&query), &request)
}

fn put<'js>(ctx: Ctx<'js>, request: Object<'js>) -> Result<Promise<'js>> {
    need_host(&ctx)?;
    answer(&ctx, dynamodb::put(&put_request(&request)?), &request)
}

fn update<'js>(ctx: Ctx<'js>, request: Object<'js>) -> Result<Promise<'js>> {
    need_host(&ctx)?;
    answer(&ctx, dynamodb::update(&update_request(&request)?), &request)
}

fn delete<'js>(ctx: Ctx<'js>, request: Object<'js>) -> Result<Promise<'js>> {
    need_host(&ctx)?;
    answer(&ctx, dynamodb::delete(&delete_request(&request)?), &request)
}

fn transact_write<'js>(
    ctx: Ctx<'js>,
    items: Vec<Object<'js>>,
    token: Option<String>,
) -> Result<Promise<'js>> {
    need_host(&ctx)?;
    let items = items
        .iter()
        .map(|item| transact_item(&ctx, item))
        .collect::<Result<Vec<_>>>()?;
    promise(&ctx, dynamodb::transact_write(&items, token.as_deref()))
}

/// A promise of an answer, exact where the request says so.
fn answer<'js>(ctx: &Ctx<'js>, pending: Pending, request: &Object<'js>) -> Result<Promise<'js>> {
    let is_exact: Option<bool> = request.get("exact")?;
    promise_of(ctx, pending, is_exact == Some(true))
}

fn transact_item<'js>(ctx: &Ctx<'js>, item: &Object<'js>) -> Result<TransactItem> {
    let action: String = item.get("action")?;
    Ok(match action.as_str() {
        "put" => TransactItem::Put(put_request(item)?),
        "update" => TransactItem::Update(update_request(item)?),
        "delete" => TransactItem::Delete(delete_request(item)?),
        "check" => TransactItem::Check(CheckRequest {
            table: item.get("table")?,
            key: item.get("key")?,
            condition: expression(&item.get("condition")?)?,
        }),
        other => {
            let message =
                format!("unknown action `{other}`; expected put, update, delete or check");
            return Err(Exception::throw_type(ctx, &message));
        }
    })
}

fn read_options(options: &Object<'_>) -> Result<ReadOptions> {
    Ok(ReadOptions {
        consistent: options
            .get::<_, Option<bool>>("consistent")?
            .unwrap_or(false),
        attributes: options
            .get::<_, Option<Vec<String>>>("attributes")?
            .unwrap_or_default(),
    })
}

fn expression(expression: &Object<'_>) -> Result<Expression> {
    Ok(Expression {
        text: expression.get("text")?,
        names: expression.get("names")?,
        values: expression.get("values")?,
    })
}

fn condition(request: &Object<'_>) -> Result<Option<Expression>> {
    let condition: Option<Object<'_>> = request.get("condition")?;
    condition.as_ref().map(expression).transpose()
}

fn put_request(request: &Object<'_>) -> Result<PutRequest> {
    Ok(PutRequest {
        table: request.get("table")?,
        item: request.get("item")?,
        condition: condition(request)?,
    })
}

fn update_request(request: &Object<'_>) -> Result<UpdateRequest> {
    Ok(UpdateRequest {
        table: request.get("table")?,
        key: request.get("key")?,
        update: expression(&request.get("update")?)?,
        condition: request.get("condition")?,
    })
}

fn delete_request(request: &Object<'_>) -> Result<DeleteRequest> {
    Ok(DeleteRequest {
        table: request.get("table")?,
        key: request.get("key")?,
        condition: condition(request)?,
    })
}
