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
use crate::text::{Json, Text, json, optional_json, optional_text, plain, text};

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
    Text(table): Text,
    Json(key): Json,
    options: Object<'js>,
) -> Result<Promise<'js>> {
    let how = read_options(&options)?;
    answer(&ctx, &options, move || dynamodb::get(&table, &key, &how))
}

fn batch_get<'js>(
    ctx: Ctx<'js>,
    Text(table): Text,
    keys: Vec<Json>,
    options: Object<'js>,
) -> Result<Promise<'js>> {
    let how = read_options(&options)?;
    let keys: Vec<String> = keys.into_iter().map(|Json(key)| key).collect();
    answer(&ctx, &options, move || {
        dynamodb::batch_get(&table, &keys, &how)
    })
}

fn query<'js>(ctx: Ctx<'js>, request: Object<'js>) -> Result<Promise<'js>> {
    let query = QueryRequest {
        table: text(&request, "table")?,
        index: optional_text(&request, "index")?,
        key_condition: expression(&request.get("keyCondition")?)?,
        filter: optional_text(&request, "filter")?,
        options: read_options(&request)?,
        limit: request.get("limit")?,
        ascending: request.get("ascending")?,
        start_key: optional_json(&request, "startKey")?,
    };
    answer(&ctx, &request, move || dynamodb::query(&query))
}

fn put<'js>(ctx: Ctx<'js>, request: Object<'js>) -> Result<Promise<'js>> {
    let put = put_request(&request)?;
    answer(&ctx, &request, move || dynamodb::put(&put))
}

fn update<'js>(ctx: Ctx<'js>, request: Object<'js>) -> Result<Promise<'js>> {
    let update = update_request(&request)?;
    answer(&ctx, &request, move || dynamodb::update(&update))
}

fn delete<'js>(ctx: Ctx<'js>, request: Object<'js>) -> Result<Promise<'js>> {
    let delete = delete_request(&request)?;
    answer(&ctx, &request, move || dynamodb::delete(&delete))
}

fn transact_write<'js>(
    ctx: Ctx<'js>,
    items: Vec<Object<'js>>,
    token: Option<Text>,
) -> Result<Promise<'js>> {
    need_host(&ctx)?;
    let items = items
        .iter()
        .map(|item| transact_item(&ctx, item))
        .collect::<Result<Vec<_>>>()?;
    promise(&ctx, move || {
        dynamodb::transact_write(&items, token.as_deref())
    })
}

/// A promise of an answer, exact where the request says so.
fn answer<'js>(
    ctx: &Ctx<'js>,
    request: &Object<'js>,
    begin: impl Fn() -> Pending + 'static,
) -> Result<Promise<'js>> {
    need_host(ctx)?;
    let is_exact: Option<bool> = request.get("exact")?;
    promise_of(ctx, is_exact == Some(true), begin)
}

fn transact_item<'js>(ctx: &Ctx<'js>, item: &Object<'js>) -> Result<TransactItem> {
    let action = text(item, "action")?;
    Ok(match action.as_str() {
        "put" => TransactItem::Put(put_request(item)?),
        "update" => TransactItem::Update(update_request(item)?),
        "delete" => TransactItem::Delete(delete_request(item)?),
        "check" => TransactItem::Check(CheckRequest {
            table: text(item, "table")?,
            key: json(item, "key")?,
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
            .get::<_, Option<Vec<Text>>>("attributes")?
            .map(plain)
            .unwrap_or_default(),
    })
}

fn expression(expression: &Object<'_>) -> Result<Expression> {
    Ok(Expression {
        text: text(expression, "text")?,
        names: json(expression, "names")?,
        values: json(expression, "values")?,
    })
}

fn condition(request: &Object<'_>) -> Result<Option<Expression>> {
    let condition: Option<Object<'_>> = request.get("condition")?;
    condition.as_ref().map(expression).transpose()
}

fn put_request(request: &Object<'_>) -> Result<PutRequest> {
    Ok(PutRequest {
        table: text(request, "table")?,
        item: json(request, "item")?,
        condition: condition(request)?,
    })
}

fn update_request(request: &Object<'_>) -> Result<UpdateRequest> {
    Ok(UpdateRequest {
        table: text(request, "table")?,
        key: json(request, "key")?,
        update: expression(&request.get("update")?)?,
        condition: optional_text(request, "condition")?,
    })
}

fn delete_request(request: &Object<'_>) -> Result<DeleteRequest> {
    Ok(DeleteRequest {
        table: text(request, "table")?,
        key: json(request, "key")?,
        condition: condition(request)?,
    })
}
