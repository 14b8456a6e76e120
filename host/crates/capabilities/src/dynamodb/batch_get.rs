//! `batch-get`: as many keys as a guest may ask for in one call, in batches that the service takes.

use std::collections::{HashMap, HashSet};

use futures_util::future::try_join_all;
use mayfly_error::{CallCode, CallError};
use tokio::time::Instant;

use super::batch::MAX_KEYS;
use super::client::DynamoDb;
use super::key::Key;
use super::request::{ReadOptions, invalid};

/// Keys in one call: what `wit/dynamodb.wit` promises.
const MAX_CALL_KEYS: usize = 1_000;

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
            return Err(invalid(&format!(
                "batch-get of {} keys; ask for at most {MAX_CALL_KEYS} at once",
                keys.len()
            )));
        }
        let what = format!("batch-get from table `{table}`");
        let keys = parse(keys).await?;
        let mut seen = HashSet::new();
        let distinct: Vec<&Key> = keys
            .iter()
            .filter(|key| seen.insert(key.identity.as_str()))
            .collect();
        let limit = self.shared.limit(deadline);
        let chunks = distinct
            .chunks(MAX_KEYS)
            .map(|chunk| self.shared.read_all(table, chunk, options, limit));
        let mut items = HashMap::new();
        let mut bytes = 0usize;
        for found in try_join_all(chunks).await? {
            bytes = found
                .values()
                .fold(bytes, |sum, item| sum.saturating_add(item.len()));
            if bytes > max_answer_bytes {
                return Err(CallError::new(
                    CallCode::Budget,
                    format!(
                        "{what}: the items are larger than {max_answer_bytes} bytes; ask for fewer keys or attributes"
                    ),
                ));
            }
            items.extend(found);
        }
        let texts: Vec<&str> = keys
            .iter()
            .map(|key| items.get(&key.identity).map_or("null", String::as_str))
            .collect();
        Ok(format!("[{}]", texts.join(",")))
    }
}

async fn parse(texts: &[String]) -> Result<Vec<Key>, CallError> {
    let mut keys = Vec::with_capacity(texts.len());
    for texts in texts.chunks(MAX_KEYS) {
        for text in texts {
            keys.push(Key::parse(text)?);
        }
        // A thousand long keys take longer to read than others should wait.
        tokio::task::yield_now().await;
    }
    Ok(keys)
}
