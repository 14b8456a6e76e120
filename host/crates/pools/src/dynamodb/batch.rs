//! `BatchGetItem`: up to 100 distinct keys of one table in one request.
//!
//! The answer comes in any order and holds no `null`s, so items are found again by their key: a projection always asks for the
//! key's attributes too, and drops them when nobody wanted them. Keys the service left out are asked again, at once while it makes
//! progress and with growing pauses when it does not.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures_util::future::try_join_all;
use mayfly_error::{CallCode, CallError};
use tokio::time::{Instant, sleep_until};

use super::client::{DynamoDb, Operation, Shared};
use super::failure::{explain, Effect, throttled};
use super::item::{Item, item_text};
use super::key::{Key, identity};
use super::request::{Projection, ReadOptions, invalid};

/// What the service takes in one request.
pub(super) const MAX_KEYS: usize = 100;
/// Keys in one call: what `wit/dynamodb.wit` promises.
const MAX_CALL_KEYS: usize = 1_000;
/// The first pause when the service answered no key at all; it doubles up to the second.
const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The items that were found, as JSON by the key's identity, and the keys that got no answer in time.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) items: HashMap<String, String>,
    pub(super) unanswered: HashSet<String>,
}

/// Why a whole batch failed.
#[derive(Debug)]
pub(super) struct BatchFailure {
    /// What its callers are told.
    pub(super) error: CallError,
    /// Whether one bad key may be the cause, so that the others are worth asking on their own.
    pub(super) blames_a_key: bool,
}

impl DynamoDb {
    /// Reads items of one table: an array as long as `keys`, with `null` where there is none. `max_answer_bytes` bounds the text.
    ///
    /// # Errors
    ///
    /// See the table in `wit/types.wit`; `budget` when the items are more than `max_answer_bytes`.
    pub async fn batch_get(
        &self,
        table: &str,
        keys: &[String],
        options: &ReadOptions,
        max_answer_bytes: usize,
        deadline: Instant,
    ) -> Result<String, CallError> {
        if keys.len() > MAX_CALL_KEYS {
            return Err(invalid(&format!("batch-get of {} keys; ask for at most {MAX_CALL_KEYS} at once", keys.len())));
        }
        let what = format!("batch-get from table `{table}`");
        let keys = keys.iter().map(|key| Key::parse(key)).collect::<Result<Vec<_>, _>>()?;
        let mut seen = HashSet::new();
        let distinct: Vec<&Key> = keys.iter().filter(|key| seen.insert(key.identity.as_str())).collect();
        let chunks = distinct.chunks(MAX_KEYS).map(|chunk| self.shared.batch_get_items(table, chunk, options, deadline));
        let mut items = HashMap::new();
        let mut bytes = 0usize;
        for answer in try_join_all(chunks).await.map_err(|failure| failure.error)? {
            if !answer.unanswered.is_empty() {
                return Err(throttled(&what));
            }
            bytes = answer.items.values().fold(bytes, |sum, item| sum.saturating_add(item.len()));
            if bytes > max_answer_bytes {
                return Err(CallError::new(
                    CallCode::Budget,
                    format!("{what}: the items are larger than {max_answer_bytes} bytes; ask for fewer keys or attributes"),
                ));
            }
            items.extend(answer.items);
        }
        let texts: Vec<&str> =
            keys.iter().map(|key| items.get(&key.identity).map_or("null", String::as_str)).collect();
        Ok(format!("[{}]", texts.join(",")))
    }
}

impl Shared {
    /// Reads distinct keys of one shape, at most [`MAX_KEYS`], until all are answered or the deadline has come.
    pub(super) async fn batch_get_items(
        &self,
        table: &str,
        keys: &[&Key],
        options: &ReadOptions,
        deadline: Instant,
    ) -> Result<Answer, BatchFailure> {
        let Some(shape) = keys.first().map(|key| &key.shape) else { return Ok(Answer::default()) };
        let what = format!("batch-get from table `{table}`");
        let wanted = Wanted::new(options, shape);
        let mut answer = Answer::default();
        let mut pause = FIRST_PAUSE;
        let mut asked: Vec<Item> = keys.iter().map(|key| key.attributes.clone()).collect();
        while !asked.is_empty() {
            let request = self.client.batch_get_item().request_items(table, wanted.request(asked)?);
            let sent = self.send_raw(Operation::BatchGetItem, &what, deadline, request.send()).await;
            let page = match sent {
                // Out of time: what was answered before counts.
                Err(error) if answer.items.is_empty() => return Err(BatchFailure { error, blames_a_key: false }),
                Err(_) => break,
                Ok(page) => page.map_err(|error| blame(&what, &error))?,
            };
            let items = page.responses.unwrap_or_default().remove(table).unwrap_or_default();
            let progress = !items.is_empty();
            for item in items {
                wanted.keep(item, shape, &mut answer)?;
            }
            asked = page.unprocessed_keys.unwrap_or_default().remove(table).map(|rest| rest.keys).unwrap_or_default();
            if !asked.is_empty() && !progress {
                sleep_until(deadline.min(Instant::now() + pause)).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            answer.unanswered = asked.iter().filter_map(|key| identity(key, shape)).collect();
        }
        Ok(answer)
    }
}

/// What is fetched, and what of it is kept.
struct Wanted<'a> {
    options: &'a ReadOptions,
    projection: Projection,
    /// Key attributes that were fetched only to find items again.
    unwanted: Vec<&'a str>,
}

impl<'a> Wanted<'a> {
    fn new(options: &'a ReadOptions, shape: &'a [(String, char)]) -> Self {
        if options.attributes.is_empty() {
            return Self { options, projection: Projection::of(&[]), unwanted: Vec::new() };
        }
        let unwanted: Vec<&str> =
            shape.iter().map(|(name, _)| name.as_str()).filter(|name| !options.attributes.iter().any(|a| a == name)).collect();
        let fetched: Vec<String> =
            options.attributes.iter().cloned().chain(unwanted.iter().map(|name| (*name).to_owned())).collect();
        Self { options, projection: Projection::of(&fetched), unwanted }
    }

    fn request(&self, keys: Vec<Item>) -> Result<KeysAndAttributes, BatchFailure> {
        KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(self.options.consistent)
            .set_projection_expression(self.projection.text.clone())
            .set_expression_attribute_names(self.projection.names())
            .build()
            .map_err(|error| BatchFailure { error: invalid("batch-get: no keys").with_detail(error.to_string()), blames_a_key: false })
    }

    fn keep(&self, mut item: Item, shape: &[(String, char)], answer: &mut Answer) -> Result<(), BatchFailure> {
        let Some(identity) = identity(&item, shape) else { return Ok(()) };
        for name in &self.unwanted {
            item.remove(*name);
        }
        let text = item_text(Some(&item)).map_err(|error| BatchFailure { error, blames_a_key: false })?;
        answer.items.insert(identity, text);
        Ok(())
    }
}

fn blame<R: std::fmt::Debug>(
    what: &str,
    error: &aws_sdk_dynamodb::error::SdkError<aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemError, R>,
) -> BatchFailure {
    let told = explain(what, Effect::Read, error);
    BatchFailure { blames_a_key: told.code == CallCode::Invalid, error: told }
}
