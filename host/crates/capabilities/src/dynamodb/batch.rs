//! `BatchGetItem`: up to 100 distinct keys of one table in one request.
//!
//! The answer comes in any order and holds no `null`s, so items are found again by their key: a projection always asks for the
//! key's attributes too, and drops them when nobody wanted them. Keys the service left out are asked again, at once while it makes
//! progress. A request that brings nothing is an attempt: it is made again after a pause that grows, as often as `max_attempts` says, and
//! not when the pause would outlast the call's time. What was answered does not wait for what was left out.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use mayfly_error::{CallCode, CallError};
use mayfly_telemetry::names;
use tokio::time::{Instant, sleep_until};

use super::failure::{Effect, explain, incomplete, throttled};
use super::item::{Item, item_text};
use super::key::{Key, identity};
use super::request::{Projection, ReadOptions, invalid};
use super::send::{Failure, Operation, Shared};
use crate::time_limit::TimeLimit;

/// What the service takes in one request.
pub(super) const MAX_KEYS: usize = 100;
/// The first pause when the service answered no key at all; it doubles up to the second.
const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What one request brought.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The items that were found, as JSON by their key's identity.
    pub(super) items: HashMap<String, String>,
    /// The keys that were left out, to be asked again.
    pub(super) left: HashSet<String>,
}

/// Why a whole batch failed.
#[derive(Debug)]
pub(super) struct BatchFailure {
    /// What its callers are told.
    pub(super) error: CallError,
    /// Whether one bad key may be the cause, so that the others are worth asking on their own.
    pub(super) blames_a_key: bool,
}

impl From<CallError> for BatchFailure {
    fn from(error: CallError) -> Self {
        Self {
            error,
            blames_a_key: false,
        }
    }
}

impl Failure for BatchFailure {
    fn word(&self) -> &'static str {
        self.error.word()
    }
}

impl Shared {
    /// Reads distinct keys to the last one.
    pub(super) async fn read_all(
        &self,
        table: &str,
        keys: &[&Key],
        options: &ReadOptions,
        limit: TimeLimit,
    ) -> Result<HashMap<String, String>, CallError> {
        let mut items = HashMap::new();
        // Keys of another shape than the first are malformed; the service says so.
        let Some(mut batch) = Batch::new(self, table, keys, options, limit) else {
            return Ok(items);
        };
        while let Some(page) = batch.next().await.map_err(|failure| failure.error)? {
            items.extend(page.items);
        }
        Ok(items)
    }
}

/// A batch of keys, asked for until all are answered.
pub(super) struct Batch<'a> {
    shared: &'a Shared,
    table: &'a str,
    what: String,
    shape: &'a [(String, char)],
    wanted: Wanted<'a>,
    /// The keys that have no answer yet.
    asked: Vec<Item>,
    /// How long to wait before asking again, where the last request brought nothing.
    pause: Option<Duration>,
    /// Whether these keys were left out before.
    asked_again: bool,
    /// Requests in a row that brought nothing.
    in_vain: u32,
    /// For all requests together.
    limit: TimeLimit,
}

impl<'a> Batch<'a> {
    /// A batch of distinct keys of one shape, at most [`MAX_KEYS`]; none of no keys.
    pub(super) fn new(
        shared: &'a Shared,
        table: &'a str,
        keys: &[&'a Key],
        options: &'a ReadOptions,
        limit: TimeLimit,
    ) -> Option<Self> {
        let shape = &keys.first()?.shape;
        Some(Self {
            shared,
            table,
            what: format!("batch-get from table `{table}`"),
            shape,
            wanted: Wanted::new(options, shape),
            asked: keys.iter().map(|key| key.attributes.clone()).collect(),
            pause: None,
            asked_again: false,
            in_vain: 0,
            limit,
        })
    }

    /// The next answers; none when there are no more.
    pub(super) async fn next(&mut self) -> Result<Option<Page>, BatchFailure> {
        if self.asked.is_empty() {
            return Ok(None);
        }
        if let Some(pause) = self.pause {
            let again = Instant::now() + pause;
            if self.in_vain >= self.shared.max_attempts || again >= self.limit.at() {
                return Err(throttled(&self.what).into());
            }
            sleep_until(again).await;
        }
        #[expect(clippy::cast_precision_loss, reason = "at most a hundred")]
        metrics::histogram!(names::DYNAMODB_BATCH_KEYS).record(self.asked.len() as f64);
        let asked = std::mem::take(&mut self.asked);
        let count = asked.len();
        let keys = self.wanted.request(asked)?;
        let request = Box::pin(
            self.shared
                .client
                .batch_get_item()
                .request_items(self.table, keys)
                .send(),
        );
        let (what, explained) = (&self.what, |error| blame(&self.what, &error));
        let sent = self.shared.send_explained(
            Operation::BatchGetItem,
            what,
            self.limit,
            request,
            explained,
        );
        let answer = sent
            .await
            .map_err(|failure: BatchFailure| match failure.error.code {
                // There was no time left for keys the service had left out before.
                CallCode::Deadline if self.asked_again => throttled(what).into(),
                _ => failure,
            })?;
        let Some(mut responses) = answer.responses else {
            return Err(incomplete(what, "Responses").into());
        };
        let mut page = Page::default();
        for item in responses.remove(self.table).unwrap_or_default() {
            self.wanted.keep(item, self.shape, &mut page)?;
        }
        let left = answer
            .unprocessed_keys
            .unwrap_or_default()
            .remove(self.table);
        self.asked = left.map(|left| left.keys).unwrap_or_default();
        page.left = self
            .asked
            .iter()
            .filter_map(|key| identity(key, self.shape))
            .collect();
        self.asked_again = true;
        if self.asked.len() < count {
            self.in_vain = 0;
            self.pause = None;
        } else {
            self.in_vain += 1;
            let pause = self.pause.map(|pause| (pause * 2).min(LONGEST_PAUSE));
            self.pause = pause.or(Some(FIRST_PAUSE));
        }
        Ok(Some(page))
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
            return Self {
                options,
                projection: Projection::of(&[]),
                unwanted: Vec::new(),
            };
        }
        let unwanted: Vec<&str> = shape
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| !options.attributes.iter().any(|a| a == name))
            .collect();
        let fetched: Vec<String> = options
            .attributes
            .iter()
            .cloned()
            .chain(unwanted.iter().map(|name| (*name).to_owned()))
            .collect();
        Self {
            options,
            projection: Projection::of(&fetched),
            unwanted,
        }
    }

    fn request(&self, keys: Vec<Item>) -> Result<KeysAndAttributes, BatchFailure> {
        KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(self.options.consistent)
            .set_projection_expression(self.projection.text.clone())
            .set_expression_attribute_names(self.projection.names())
            .build()
            .map_err(|error| {
                invalid("batch-get: no keys")
                    .with_detail(error.to_string())
                    .into()
            })
    }

    fn keep(
        &self,
        mut item: Item,
        shape: &[(String, char)],
        page: &mut Page,
    ) -> Result<(), BatchFailure> {
        let Some(identity) = identity(&item, shape) else {
            return Ok(());
        };
        for name in &self.unwanted {
            item.remove(*name);
        }
        let text = item_text(Some(&item))?;
        page.items.insert(identity, text);
        Ok(())
    }
}

fn blame(
    what: &str,
    error: &aws_sdk_dynamodb::error::SdkError<
        aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemError,
    >,
) -> BatchFailure {
    let told = explain(what, Effect::Read, error);
    BatchFailure {
        blames_a_key: told.code == CallCode::Invalid,
        error: told,
    }
}
