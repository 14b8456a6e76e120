//! Writes.
//!
//! A write is sent once. Sending it again after its answer was lost could add twice, or report a failed condition for what the
//! first attempt did itself; so only a refusal for lack of capacity, which surely changed nothing, is followed by another attempt.
//! A transaction carries a token that makes repetition harmless, and is retried by the SDK.

use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    ConditionCheck, Delete, Put, ReturnValue, TransactWriteItem, Update,
};
use mayfly_error::{CallCode, CallError};
use tokio::time::{Instant, sleep};

use super::client::DynamoDb;
use super::failure::explain_transaction;
use super::item::{Room, item_text, parse_item};
use super::key::Key;
use super::request::{
    CheckRequest, DeleteRequest, Expression, Names, PutRequest, TransactItem, UpdateRequest,
    Values, invalid,
};
use super::send::Operation;

/// Writes in one transaction: the service's own limit.
const MAX_TRANSACT_ITEMS: usize = 100;
/// The token's length: the service's own limit.
const MAX_TOKEN_CHARS: usize = 36;
/// The pause after the first refusal for lack of capacity; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(25);

/// Retries by the SDK switched off, and with them the time-out of one attempt: giving up early tells less and saves nothing.
fn once() -> aws_sdk_dynamodb::config::Builder {
    aws_sdk_dynamodb::config::Builder::new()
        .retry_config(RetryConfig::disabled())
        .timeout_config(
            TimeoutConfig::builder()
                .disable_operation_attempt_timeout()
                .build(),
        )
}

impl DynamoDb {
    /// Writes an item: the item that was there, or `null`.
    ///
    /// # Errors
    ///
    /// See the table in `wit/types.wit`.
    pub async fn put(&self, request: &PutRequest, deadline: Instant) -> Result<String, CallError> {
        let builder = || {
            let (condition, names, values) = condition(request.condition.as_ref())?;
            let item = parse_item(&request.item, Room::ITEM)?;
            Ok::<_, CallError>(
                self.shared
                    .client
                    .put_item()
                    .table_name(&request.table)
                    .set_item(Some(item))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values(ReturnValue::AllOld),
            )
        };
        let what = format!("put to table `{}`", request.table);
        let answer = self
            .write(Operation::PutItem, &what, deadline, || {
                Ok(Box::pin(
                    builder()?.customize().config_override(once()).send(),
                ))
            })
            .await?;
        item_text(answer.attributes())
    }

    /// Updates an item: the item as it is afterwards.
    ///
    /// # Errors
    ///
    /// See the table in `wit/types.wit`.
    pub async fn update(
        &self,
        request: &UpdateRequest,
        deadline: Instant,
    ) -> Result<String, CallError> {
        let builder = || {
            Ok::<_, CallError>(
                self.shared
                    .client
                    .update_item()
                    .table_name(&request.table)
                    .set_key(Some(Key::parse(&request.key)?.attributes))
                    .update_expression(&request.update.text)
                    .set_condition_expression(request.condition.clone())
                    .set_expression_attribute_names(request.update.names()?)
                    .set_expression_attribute_values(request.update.values()?)
                    .return_values(ReturnValue::AllNew),
            )
        };
        let what = format!("update of table `{}`", request.table);
        let answer = self
            .write(Operation::UpdateItem, &what, deadline, || {
                Ok(Box::pin(
                    builder()?.customize().config_override(once()).send(),
                ))
            })
            .await?;
        item_text(answer.attributes())
    }

    /// Deletes an item: the item that was there, or `null`.
    ///
    /// # Errors
    ///
    /// See the table in `wit/types.wit`.
    pub async fn delete(
        &self,
        request: &DeleteRequest,
        deadline: Instant,
    ) -> Result<String, CallError> {
        let builder = || {
            let (condition, names, values) = condition(request.condition.as_ref())?;
            let key = Key::parse(&request.key)?.attributes;
            Ok::<_, CallError>(
                self.shared
                    .client
                    .delete_item()
                    .table_name(&request.table)
                    .set_key(Some(key))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values(ReturnValue::AllOld),
            )
        };
        let what = format!("delete from table `{}`", request.table);
        let answer = self
            .write(Operation::DeleteItem, &what, deadline, || {
                Ok(Box::pin(
                    builder()?.customize().config_override(once()).send(),
                ))
            })
            .await?;
        item_text(answer.attributes())
    }

    /// Does all of `items` or none: `null`. A token makes a repetition within ten minutes do nothing.
    ///
    /// # Errors
    ///
    /// See the table in `wit/types.wit`.
    pub async fn transact_write(
        &self,
        items: &[TransactItem],
        token: Option<String>,
        deadline: Instant,
    ) -> Result<String, CallError> {
        if items.is_empty() || items.len() > MAX_TRANSACT_ITEMS {
            return Err(invalid(&format!(
                "transact-write of {} items; give 1 to {MAX_TRANSACT_ITEMS}",
                items.len()
            )));
        }
        if token
            .as_ref()
            .is_some_and(|token| token.is_empty() || token.chars().count() > MAX_TOKEN_CHARS)
        {
            return Err(invalid(&format!(
                "transact-write: the token must have 1 to {MAX_TOKEN_CHARS} characters"
            )));
        }
        let mut parts = Vec::with_capacity(items.len());
        for item in items {
            parts.push(transact_item(item)?);
            // A hundred items of 400 KB take longer to read than others should wait.
            tokio::task::yield_now().await;
        }
        let request = self
            .shared
            .client
            .transact_write_items()
            .set_transact_items(Some(parts))
            .set_client_request_token(token);
        let what = "transact-write";
        let request = Box::pin(request.send());
        let explained = |error| explain_transaction(what, &error);
        self.shared
            .send_explained(
                Operation::TransactWriteItems,
                what,
                self.shared.limit(deadline),
                request,
                explained,
            )
            .await?;
        Ok("null".to_owned())
    }

    /// Sends a write, again only after it was refused for lack of capacity. The request is made for each attempt, so that nothing is
    /// held twice.
    async fn write<T, E, F>(
        &self,
        operation: Operation,
        what: &str,
        deadline: Instant,
        request: impl Fn() -> Result<F, CallError>,
    ) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, SdkError<E>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        // For all attempts together.
        let limit = self.shared.limit(deadline);
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            match self.shared.send(operation, what, limit, request()?).await {
                Err(error)
                    if error.code == CallCode::Throttled
                        && attempt < self.shared.max_attempts
                        && Instant::now() + pause < limit.at() =>
                {
                    sleep(pause).await;
                    pause *= 2;
                }
                outcome => return outcome,
            }
        }
        Err(super::failure::throttled(what))
    }
}

fn condition(condition: Option<&Expression>) -> Result<(Option<String>, Names, Values), CallError> {
    match condition {
        None => Ok((None, None, None)),
        Some(condition) => Ok((
            Some(condition.text.clone()),
            condition.names()?,
            condition.values()?,
        )),
    }
}

fn transact_item(item: &TransactItem) -> Result<TransactWriteItem, CallError> {
    let builder = TransactWriteItem::builder();
    Ok(match item {
        TransactItem::Put(request) => builder.put(put(request)?),
        TransactItem::Update(request) => builder.update(update(request)?),
        TransactItem::Delete(request) => builder.delete(delete(request)?),
        TransactItem::Check(request) => builder.condition_check(check(request)?),
    }
    .build())
}

fn put(request: &PutRequest) -> Result<Put, CallError> {
    let (condition, names, values) = condition(request.condition.as_ref())?;
    Put::builder()
        .table_name(&request.table)
        .set_item(Some(parse_item(&request.item, Room::ITEM)?))
        .set_condition_expression(condition)
        .set_expression_attribute_names(names)
        .set_expression_attribute_values(values)
        .build()
        .map_err(|error| malformed(&error))
}

fn update(request: &UpdateRequest) -> Result<Update, CallError> {
    Update::builder()
        .table_name(&request.table)
        .set_key(Some(Key::parse(&request.key)?.attributes))
        .update_expression(&request.update.text)
        .set_condition_expression(request.condition.clone())
        .set_expression_attribute_names(request.update.names()?)
        .set_expression_attribute_values(request.update.values()?)
        .build()
        .map_err(|error| malformed(&error))
}

fn delete(request: &DeleteRequest) -> Result<Delete, CallError> {
    let (condition, names, values) = condition(request.condition.as_ref())?;
    Delete::builder()
        .table_name(&request.table)
        .set_key(Some(Key::parse(&request.key)?.attributes))
        .set_condition_expression(condition)
        .set_expression_attribute_names(names)
        .set_expression_attribute_values(values)
        .build()
        .map_err(|error| malformed(&error))
}

fn check(request: &CheckRequest) -> Result<ConditionCheck, CallError> {
    ConditionCheck::builder()
        .table_name(&request.table)
        .set_key(Some(Key::parse(&request.key)?.attributes))
        .condition_expression(&request.condition.text)
        .set_expression_attribute_names(request.condition.names()?)
        .set_expression_attribute_values(request.condition.values()?)
        .build()
        .map_err(|error| malformed(&error))
}

fn malformed(error: &dyn std::error::Error) -> CallError {
    invalid("transact-write: an item is malformed").with_detail(error.to_string())
}
