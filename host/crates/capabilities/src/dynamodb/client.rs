//! The client of the SDK, and the reads.
//!
//! Reads are retried by the SDK; writes are in `write`, because a write whose answer was lost must not be sent again. How a request
//! is sent in its turn and in time is in `send`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{KeySchemaElement, KeyType, TableDescription};
use mayfly_config::Endpoint;
use mayfly_error::{CallCode, CallError};
use tokio::time::Instant;

use super::answer_memory::client_with_room;
use super::attempts::Attempts;
use super::coalesce::Coalescer;
use super::failure::incomplete;
use super::identity::{Chain, Identity, regions};
use super::item::{Room, item_text, parse_item, write_item};
use super::key::Key;
use super::request::{Projection, QueryRequest, ReadOptions, invalid};
use super::send::{Operation, Shared};
use crate::time_limit::TimeLimit;

/// The region of an endpoint that does not care.
const EMBEDDED_REGION: &str = "us-east-1";
/// Where nothing listens: an embedded endpoint that does not run must not become the vendor's.
const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1);
/// How long a connection may take to open before another attempt is better.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The attributes that are partition keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionKeys {
    pub table: String,
    /// Of its indexes, by their names.
    pub indexes: BTreeMap<String, String>,
}

/// The host's client of DynamoDB. Cheap to clone.
#[derive(Debug, Clone)]
pub struct DynamoDb {
    pub(super) shared: Arc<Shared>,
    coalescer: Option<Coalescer>,
    identity: Arc<Identity>,
}

/// What is under way, and what was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DynamoDbStatus {
    /// Requests under way.
    pub in_flight: usize,
    /// Requests waiting for their turn.
    pub waiting: usize,
    /// Gets that shared a request with another, since the start.
    pub coalesced_gets: u64,
    /// Requests sent, since the start, by operation; retries of the SDK are not counted.
    pub requests: Vec<(&'static str, u64)>,
}

/// The longest wait before the second try of a request; it doubles from then on. The SDK's own second is as long as many an
/// invocation may take, and would turn an outage into a deadline.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);

fn retries(max_attempts: u32) -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(max_attempts.max(1))
        .with_initial_backoff(FIRST_BACKOFF)
}

impl DynamoDb {
    /// Prepares the client; opens no connection, unless the whole `chain` has to be asked for the region. `embedded` is where the
    /// embedded endpoint listens, if the configuration names it.
    pub async fn connect(
        config: &crate::dynamodb::configuration::Section,
        embedded: Option<SocketAddr>,
        chain: Chain,
    ) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(client_with_room(config.answer_memory_bytes))
            .retry_config(retries(config.max_attempts))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT_TIMEOUT.min(config.timeout))
                    .operation_attempt_timeout(config.attempt_timeout)
                    .build(),
            );
        loader = match (&config.region, &config.endpoint) {
            (Some(region), _) => loader.region(Region::new(region.clone())),
            (None, Endpoint::Embedded) => loader.region(Region::new(EMBEDDED_REGION)),
            (None, _) => loader.region(regions(chain)),
        };
        match (&config.endpoint, embedded) {
            (Endpoint::Embedded, address) => {
                loader = loader.endpoint_url(format!("http://{}", address.unwrap_or(NOWHERE)));
                // The embedded endpoint checks no signature, but the client wants to sign.
                loader = loader.credentials_provider(Credentials::new(
                    "embedded", "embedded", None, None, "mayfly",
                ));
            }
            (Endpoint::At(url), _) => loader = loader.endpoint_url(url.clone()),
            (Endpoint::Vendor, _) => {}
        }
        if chain == Chain::Offline {
            // Nothing is signed. Making the SDK's own chain would ask the metadata service for a region that is set nowhere.
            loader =
                loader.credentials_provider(Credentials::new("none", "none", None, None, "mayfly"));
        }
        let loaded = loader.load().await;
        let identity = Identity {
            chain,
            has_region: loaded.region().is_some(),
            credentials: loaded
                .credentials_provider()
                .filter(|_| config.endpoint != Endpoint::Embedded),
        };
        let settings = aws_sdk_dynamodb::Config::from(&loaded)
            .to_builder()
            .interceptor(Attempts)
            .build();
        let shared = Shared::new(Client::from_conf(settings), config);
        Self::over(shared, config.coalesce, Arc::new(identity))
    }

    /// What is missing to send requests, in words for operators: a region, credentials. Asks what the client may ask.
    pub async fn missing(&self) -> Vec<String> {
        self.identity.missing().await
    }

    /// That there is no region, in words for operators; none if there is one, or if not all was asked that may have one.
    #[must_use]
    pub fn no_region(&self) -> Option<String> {
        let certain = self.identity.chain == Chain::Whole && !self.identity.has_region;
        certain.then(|| self.identity.no_region())
    }

    /// The same client for a user who may have at most this many requests under way at once. Its gets join among themselves: in
    /// one request with another's they would wait for the other's share.
    #[must_use]
    pub fn with_share(&self, requests: usize) -> Self {
        Self::over(
            self.shared.with_share(requests),
            self.coalescer.is_some(),
            Arc::clone(&self.identity),
        )
    }

    fn over(shared: Shared, coalesce: bool, identity: Arc<Identity>) -> Self {
        let shared = Arc::new(shared);
        let coalescer = coalesce.then(|| Coalescer::new(Arc::clone(&shared)));
        Self {
            shared,
            coalescer,
            identity,
        }
    }

    /// Reads one item: its JSON, or `null`. Gets that are waiting at the same time are sent as one request.
    ///
    /// # Errors
    ///
    /// See the table in `wit/types.wit`.
    pub async fn get(
        &self,
        table: &str,
        key: &str,
        options: &ReadOptions,
        deadline: Instant,
    ) -> Result<String, CallError> {
        let key = Key::parse(key)?;
        match &self.coalescer {
            Some(coalescer) => coalescer.get(table, key, options, deadline).await,
            None => {
                let limit = self.shared.limit(deadline);
                self.shared.get_item(table, &key, options, limit).await
            }
        }
    }

    /// Reads a page: `{"items": [..], "lastKey": {..} or null}`.
    ///
    /// # Errors
    ///
    /// See the table in `wit/types.wit`.
    pub async fn query(
        &self,
        request: &QueryRequest,
        deadline: Instant,
    ) -> Result<String, CallError> {
        let what = format!("query of table `{}`", request.table);
        let projection = Projection::of(&request.options.attributes);
        let mut names = request.names()?.unwrap_or_default();
        names.extend(projection.names);
        let start_key = request
            .start_key
            .as_deref()
            // `lastKey` is null behind the last page, and may be handed back as it is.
            .filter(|key| key.trim() != "null")
            .map(|key| parse_item(key, Room::START_KEY))
            .transpose()?;
        let limit = match request.limit {
            Some(0) => return Err(invalid("limit: must be at least 1")),
            Some(limit) => Some(i32::try_from(limit).unwrap_or(i32::MAX)),
            None => None,
        };
        let builder = self
            .shared
            .client
            .query()
            .table_name(&request.table)
            .set_index_name(request.index.clone())
            .key_condition_expression(&request.key_condition.text)
            .set_filter_expression(request.filter.clone())
            .set_expression_attribute_names(Some(names).filter(|names| !names.is_empty()))
            .set_expression_attribute_values(request.key_condition.values()?)
            .set_projection_expression(projection.text)
            .set_limit(limit)
            .consistent_read(request.options.consistent)
            .scan_index_forward(request.ascending)
            .set_exclusive_start_key(start_key);
        let page = self
            .shared
            .send(
                Operation::Query,
                &what,
                self.shared.limit(deadline),
                Box::pin(builder.send()),
            )
            .await?;
        let Some(items) = &page.items else {
            return Err(incomplete(&what, "Items"));
        };
        let mut out = String::from("{\"items\":[");
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            write_item(&mut out, item)?;
        }
        out.push_str("],\"lastKey\":");
        // A key without attributes starts no page: some endpoints end a query with one.
        let last_key = page.last_evaluated_key().filter(|key| !key.is_empty());
        out.push_str(&item_text(last_key)?);
        out.push('}');
        Ok(out)
    }

    /// Whether the endpoint answers, for readiness. A refusal is an answer: the host's identity may not list tables.
    ///
    /// # Errors
    ///
    /// `unavailable`, `deadline` or `throttled`.
    pub async fn check(&self, deadline: Instant) -> Result<(), CallError> {
        let request = Box::pin(self.shared.client.list_tables().limit(1).send());
        match self
            .shared
            .send(
                Operation::ListTables,
                "dynamodb",
                self.shared.limit(deadline),
                request,
            )
            .await
        {
            Err(error) if error.code != CallCode::Denied => Err(error),
            _ => Ok(()),
        }
    }

    /// The partition keys of a table and of its indexes, for comparing with what was configured.
    ///
    /// # Errors
    ///
    /// `not-found` when there is no such table, `denied` when the host's identity may not look; `unavailable`, `deadline` or
    /// `throttled`.
    pub async fn partition_keys(
        &self,
        table: &str,
        deadline: Instant,
    ) -> Result<PartitionKeys, CallError> {
        let request = Box::pin(self.shared.client.describe_table().table_name(table).send());
        let answer = self
            .shared
            .send(
                Operation::DescribeTable,
                table,
                self.shared.limit(deadline),
                request,
            )
            .await?;
        let described = answer
            .table
            .unwrap_or_else(|| TableDescription::builder().build());
        let indexes = described
            .global_secondary_indexes()
            .iter()
            .map(|index| (index.index_name(), index.key_schema()));
        let local = described
            .local_secondary_indexes()
            .iter()
            .map(|index| (index.index_name(), index.key_schema()));
        Ok(PartitionKeys {
            table: partition_key(described.key_schema()),
            indexes: indexes
                .chain(local)
                .map(|(name, keys)| (name.unwrap_or_default().to_owned(), partition_key(keys)))
                .collect(),
        })
    }

    /// What is under way, and what was done.
    #[must_use]
    pub fn status(&self) -> DynamoDbStatus {
        let host = &self.shared.host;
        DynamoDbStatus {
            in_flight: host.in_flight(),
            waiting: host.waiting(),
            coalesced_gets: host.coalesced_gets.load(Ordering::Relaxed),
            requests: Operation::ALL
                .iter()
                .map(|operation| (operation.as_str(), host.sent(*operation)))
                .collect(),
        }
    }
}

fn partition_key(schema: &[KeySchemaElement]) -> String {
    let partition = schema
        .iter()
        .find(|element| *element.key_type() == KeyType::Hash);
    partition
        .map(|element| element.attribute_name().to_owned())
        .unwrap_or_default()
}

impl Shared {
    /// Reads one item by a request of its own.
    pub(super) async fn get_item(
        &self,
        table: &str,
        key: &Key,
        options: &ReadOptions,
        limit: TimeLimit,
    ) -> Result<String, CallError> {
        let projection = Projection::of(&options.attributes);
        let request = self
            .client
            .get_item()
            .table_name(table)
            .set_key(Some(key.attributes.clone()))
            .consistent_read(options.consistent)
            .set_expression_attribute_names(projection.names())
            .set_projection_expression(projection.text);
        let answer = self
            .send(
                Operation::GetItem,
                &format!("get from table `{table}`"),
                limit,
                Box::pin(request.send()),
            )
            .await?;
        item_text(answer.item())
    }
}
