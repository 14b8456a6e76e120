//! What the host knows of DynamoDB.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use mayfly_config::{Config, Endpoint, FILE, Problem};
use mayfly_error::{CallCode, CallError};
use mayfly_runtime::capability::{
    Before, Capability, Connected, Kind, MemoryLine, Pool, PoolUsage, Setting, Surroundings,
};
use mayfly_runtime::imports::{Access, Calls};
use mayfly_runtime::sandbox::Data;
use tokio::time::Instant;
use wasmtime::component::{HasSelf, Linker};

use super::bindings::mayfly::resolver::dynamodb;
use super::client::{DynamoDb, PartitionKeys};
use super::configuration::{Section, TableGrant, TableGrants};
use super::identity::Chain;
use super::tables::Tables;
use crate::share::shares;
use crate::{because, pool_gauges};

/// Its name in the configuration.
const NAME: &str = "dynamodb";

/// The largest answer, in bytes.
const ANSWER_BYTES: u64 = 16 << 20;

/// How often an answer is held while it is turned from what was received into what the guest is given.
const COPIES: u64 = 3;

/// The least that answers may take, in bytes.
const LEAST_ANSWER_BYTES: u64 = 64 << 20;

/// Tables of items by key.
pub struct DynamoDbCapability;

impl Access for DynamoDbCapability {
    type Backend = dyn Tables;
    const NAME: &str = "DynamoDB";
}

impl Capability for DynamoDbCapability {
    fn link(&self, linker: &mut Linker<Data>) -> wasmtime::Result<()> {
        dynamodb::add_to_linker::<Data, HasSelf<Calls>>(linker, Data::calls)
    }

    fn connect<'a>(
        &'a self,
        config: &'a Config,
        surroundings: &'a Surroundings,
        before: Option<Before<'a>>,
        problems: &'a mut Vec<Problem>,
    ) -> BoxFuture<'a, Connected> {
        Box::pin(async move {
            let Some(section) = config.sections.get::<Section>() else {
                return Connected::default();
            };
            let unchanged = before.filter(|before| before.config.sections.get() == Some(section));
            let kept = unchanged.and_then(|before| before.pools.get::<DynamoDbPool>(NAME));
            let client = match kept {
                Some(kept) => kept.client.clone(),
                None => connect(section, surroundings).await,
            };
            if kept.is_none() {
                let file = config.root.join(FILE);
                let told = client.no_region();
                problems
                    .extend(told.map(|told| Problem::of_file(&file, format!("{NAME}: {told}"))));
            }
            let share = |(module, most): (String, usize)| {
                (module, Arc::new(client.with_share(most)) as Arc<dyn Tables>)
            };
            let shares = shares(config, section.max_in_flight).map(share).collect();
            let mut connected = Connected::default();
            let pool = DynamoDbPool {
                client: client.clone(),
                max_in_flight: section.max_in_flight,
            };
            connected.pools.push(Arc::new(pool), kept.is_none());
            connected.reach = Some(Box::new(|backends| {
                backends.with_shares::<Self>(Arc::new(client), shares)
            }));
            connected
        })
    }

    fn memory(&self, config: &Config) -> Vec<MemoryLine> {
        let line = |section: &Section| {
            let most = section.max_in_flight as u64 * ANSWER_BYTES * COPIES;
            MemoryLine::new(
                "answers of DynamoDB on their way to guests",
                section.answer_memory_bytes.min(most),
                Some("dynamodb.answer_memory"),
            )
        };
        config.sections.get().map(line).into_iter().collect()
    }

    fn settings(&self, config: &Config) -> Vec<Setting> {
        let setting = |section: &Section| {
            Setting::new(
                NAME,
                "answer_memory",
                Kind::SharedBytes,
                (section.answer_memory_bytes, LEAST_ANSWER_BYTES),
                |config, bytes| {
                    config.sections.change(|section: &mut Section| {
                        section.answer_memory_bytes = bytes;
                    });
                },
            )
        };
        config.sections.get().map(setting).into_iter().collect()
    }

    fn connections(&self, config: &Config) -> u64 {
        let section = config.sections.get::<Section>();
        section.map_or(0, |section| section.max_in_flight as u64)
    }
}

async fn connect(section: &Section, surroundings: &Surroundings) -> DynamoDb {
    let chain = if surroundings.offline {
        Chain::Offline
    } else {
        Chain::Whole
    };
    let embedded = surroundings
        .embedded
        .as_ref()
        .filter(|_| section.endpoint == Endpoint::Embedded);
    DynamoDb::connect(
        section,
        embedded.map(|embedded| embedded.address(NAME)),
        chain,
    )
    .await
}

/// The client, as one app has it.
struct DynamoDbPool {
    client: DynamoDb,
    max_in_flight: usize,
}

impl Pool for DynamoDbPool {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn check(&self, deadline: Instant) -> BoxFuture<'_, Result<(), CallError>> {
        Box::pin(self.client.check(deadline))
    }

    fn missing(&self) -> BoxFuture<'_, Vec<String>> {
        Box::pin(self.client.missing())
    }

    fn describe<'a>(
        &'a self,
        config: &'a Config,
        deadline: Instant,
    ) -> BoxFuture<'a, Vec<Problem>> {
        Box::pin(async move {
            let found = match self.client.check(deadline).await {
                Ok(()) => compare_grants(&self.client, config, deadline).await,
                Err(error) => vec![format!("{NAME}: {}", because(&error))],
            };
            let file = config.root.join(FILE);
            let found = found.into_iter();
            found
                .map(|message| Problem::of_file(&file, message))
                .collect()
        })
    }

    fn usage(&self) -> PoolUsage {
        let status = self.client.status();
        PoolUsage {
            size: self.max_in_flight,
            in_use: status.in_flight,
            waiting: status.waiting,
            ..PoolUsage::default()
        }
    }

    fn record_gauges(&self) {
        pool_gauges::record(NAME, &self.usage());
    }

    fn clear_gauges(&self) {
        pool_gauges::clear(NAME, &self.usage());
    }
}

/// Compares the tables that are granted, and the keys that bind them, with those there are.
async fn compare_grants(client: &DynamoDb, config: &Config, deadline: Instant) -> Vec<String> {
    let mut problems = Vec::new();
    for module in &config.modules {
        let grants = module.grants.get::<TableGrants>().into_iter();
        for (table, grant) in grants.flat_map(|grants| &grants.0) {
            let path = format!("modules.{}.grants.dynamodb.{table}", module.name);
            match client.partition_keys(table, deadline).await {
                Ok(keys) => problems.extend(compare_keys(&path, grant, &keys)),
                // The host's identity may be allowed to use what it may not describe.
                Err(error) if error.code == CallCode::Denied => {}
                Err(error) if error.code == CallCode::NotFound => problems.push(format!(
                    "`{path}`: there is no such table; create it, or grant one that exists"
                )),
                Err(error) => problems.push(format!("`{path}`: {}", because(&error))),
            }
        }
    }
    problems
}

fn compare_keys(path: &str, grant: &TableGrant, keys: &PartitionKeys) -> Vec<String> {
    let own = grant
        .key
        .iter()
        .map(|key| (format!("{path}.key"), key, Some(&keys.table)));
    let of_index = |(name, key)| {
        let path = format!("{path}.index_keys.{name}");
        (path, key, keys.indexes.get(name))
    };
    let bound = own.chain(grant.index_keys.iter().map(of_index));
    bound
        .filter_map(|(path, bound, key)| match key {
            None => Some(format!("`{path}`: the table has no such index")),
            Some(key) if *key != bound.attribute => Some(format!(
                "`{path}` binds `{}`, and the partition key is `{key}`",
                bound.attribute
            )),
            Some(_) => None,
        })
        .collect()
}
