//! The backends of an app: pools as the configuration wants them, reached by guests, checked and described for operators.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mayfly_config::{Config, FILE, Module, Place, Problem};
use mayfly_error::{CallCode, CallError};
use mayfly_pools::{Chain, DynamoDb, SqlServer};

use super::App;
use mayfly_runtime::imports::{Backends, Database, Tables};

/// The host's pools.
#[derive(Default)]
pub struct Pools {
    /// DynamoDB, when configured.
    pub dynamodb: Option<DynamoDb>,
    /// Requests that may be under way to DynamoDB at once.
    pub dynamodb_in_flight: usize,
    /// What its answers may take, in bytes.
    pub dynamodb_answer_bytes: u64,
    /// SQL Server backends by name.
    pub sqlserver: BTreeMap<String, SqlServer>,
}

/// Where the embedded endpoints are, when an app uses them.
#[derive(Debug, Clone, Default)]
pub struct EmbeddedAddresses {
    /// DynamoDB.
    pub dynamodb: Option<SocketAddr>,
    /// SQL Server.
    pub sqlserver: Option<SocketAddr>,
    /// Whether the app is only looked at, so that no socket may be opened on its account.
    pub offline: bool,
}

impl EmbeddedAddresses {
    /// Addresses for an app that is only looked at: nothing connects to them.
    #[must_use]
    pub fn unused() -> Self {
        let nowhere = Some(SocketAddr::from(([127, 0, 0, 1], 1)));
        Self {
            dynamodb: nowhere,
            sqlserver: nowhere,
            offline: true,
        }
    }
}

/// What DynamoDB is called among the names of SQL Server backends, of which none is like this.
pub(super) const DYNAMODB: &str = "[dynamodb]";

/// How long a readiness check waits for a backend.
const CHECK_TIME: Duration = Duration::from_secs(2);
/// How long all backends together may take to describe their statements.
const DESCRIBE_TIME: Duration = Duration::from_secs(60);

impl App {
    /// Begins to keep connections ready, and to close those that grew old. Checking an app does without.
    pub fn keep_connections(&self) {
        for backend in self.pools.sqlserver.values() {
            backend.start_upkeep();
        }
    }

    /// What the backends need of the host's surroundings and is not there, in words for operators.
    pub async fn missing(&self) -> Vec<String> {
        match &self.pools.dynamodb {
            Some(dynamodb) => dynamodb.missing().await,
            None => Vec::new(),
        }
    }

    /// Logs the same beside the start: whatever needs no credentials is served without.
    pub fn tell_missing(&self) {
        // The client alone: a version of the app is given back when it is replaced.
        let dynamodb = self.pools.dynamodb.clone();
        tokio::spawn(async move {
            let Some(dynamodb) = dynamodb else { return };
            for missing in dynamodb.missing().await {
                tracing::error!(backend = "dynamodb", "{missing}");
            }
        });
    }

    /// Whether each backend answers, by its name in the configuration.
    pub async fn check_backends(&self) -> Vec<(String, Result<(), CallError>)> {
        let deadline = (Instant::now() + CHECK_TIME).into();
        let mut checks = Vec::new();
        if let Some(dynamodb) = &self.pools.dynamodb {
            checks.push(("dynamodb".to_owned(), dynamodb.check(deadline).await));
        }
        for (name, backend) in &self.pools.sqlserver {
            checks.push((format!("sqlserver.{name}"), backend.check(deadline).await));
        }
        checks
    }

    /// What the backends say that the configuration does not: that they do not answer, or that a statement is not as declared.
    pub async fn describe_backends(&self, config: &Config) -> Vec<Problem> {
        let file = config.root.join(FILE);
        let deadline = (Instant::now() + DESCRIBE_TIME).into();
        let mut problems = Vec::new();
        if let Some(dynamodb) = &self.pools.dynamodb {
            let found = match dynamodb.check(deadline).await {
                Ok(()) => compare_grants(dynamodb, config, deadline).await,
                Err(error) => vec![format!("dynamodb: {}", because(&error))],
            };
            problems.extend(
                found
                    .into_iter()
                    .map(|message| Problem::of_file(&file, message)),
            );
        }
        for backend in &config.sqlserver {
            let Some(server) = self.pools.sqlserver.get(&backend.name) else {
                continue;
            };
            match server.describe(deadline).await {
                Ok(found) => problems.extend(
                    found
                        .iter()
                        .map(|problem| in_configuration(config, problem)),
                ),
                Err(error) => {
                    let message = format!("sqlserver.{}: {}", backend.name, because(&error));
                    problems.push(Problem {
                        file: file.clone(),
                        line: backend.line,
                        column: 0,
                        message,
                    });
                }
            }
        }
        problems.sort_by_key(|problem| problem.line);
        problems
    }
}

/// Pools for the backends of a configuration; those of `kept` with these names are used on, connections and all.
pub(super) async fn connect(
    config: &Config,
    embedded: &EmbeddedAddresses,
    kept: Option<(&Pools, &BTreeSet<String>)>,
    problems: &mut Vec<Problem>,
) -> Pools {
    let mut pools = Pools::default();
    let kept_pools = kept.map(|(pools, _)| pools);
    let keeps = |name: &str| kept.is_some_and(|(_, names)| names.contains(name));
    if let Some(dynamodb) = &config.dynamodb {
        pools.dynamodb_in_flight = dynamodb.max_in_flight;
        pools.dynamodb_answer_bytes = dynamodb.answer_memory_bytes;
        let before = kept_pools
            .filter(|_| keeps(DYNAMODB))
            .and_then(|pools| pools.dynamodb.clone());
        pools.dynamodb = match before {
            Some(before) => Some(before),
            None => {
                let chain = if embedded.offline {
                    Chain::Offline
                } else {
                    Chain::Whole
                };
                let client = DynamoDb::connect(dynamodb, embedded.dynamodb, chain).await;
                let file = config.root.join(FILE);
                problems.extend(
                    client
                        .no_region()
                        .map(|told| Problem::of_file(&file, format!("dynamodb: {told}"))),
                );
                Some(client)
            }
        };
    }
    for backend in &config.sqlserver {
        let statements: Vec<_> = config
            .statements
            .iter()
            .filter(|statement| statement.backend == backend.name)
            .cloned()
            .collect();
        let address = embedded
            .sqlserver
            .filter(|_| backend.address == Place::Embedded);
        let before = kept_pools
            .filter(|_| keeps(&backend.name))
            .and_then(|pools| pools.sqlserver.get(&backend.name));
        let server = match before {
            Some(before) => before.with_statements(&statements),
            None => SqlServer::new(backend, address, &statements),
        };
        match server {
            Ok(server) => {
                let most = |module: &Module| {
                    (
                        module.name.clone(),
                        module.share_of(backend.max_connections),
                    )
                };
                pools.sqlserver.insert(
                    backend.name.clone(),
                    server.with_shares(sharing(config).map(most)),
                );
            }
            Err(found) => {
                problems.extend(
                    found
                        .iter()
                        .map(|problem| in_configuration(config, problem)),
                );
            }
        }
    }
    pools
}

/// The modules that may not have everything.
pub(super) fn sharing(config: &Config) -> impl Iterator<Item = &Module> {
    config
        .modules
        .iter()
        .filter(|module| module.share_percent < 100)
}

/// The pools as guests reach them, with the home of each statement.
pub(super) fn reachable(pools: &Pools, config: &Config) -> Backends {
    let sqlserver = pools
        .sqlserver
        .iter()
        .map(|(name, server)| (name.clone(), Arc::new(server.clone()) as Arc<dyn Database>));
    let statements = config
        .statements
        .iter()
        .map(|statement| (statement.name.clone(), statement.backend.clone()));
    let dynamodb_shares = pools.dynamodb.iter().flat_map(|client| {
        let share = |module: &Module| {
            Arc::new(client.with_share(module.share_of(pools.dynamodb_in_flight)))
                as Arc<dyn Tables>
        };
        sharing(config).map(move |module| (module.name.clone(), share(module)))
    });
    Backends {
        dynamodb: pools
            .dynamodb
            .clone()
            .map(|client| Arc::new(client) as Arc<dyn Tables>),
        dynamodb_shares: dynamodb_shares.collect(),
        sqlserver: sqlserver.collect(),
        statements: statements.collect(),
    }
}

/// An error with what only operators may know.
fn because(error: &CallError) -> &str {
    if error.detail.is_empty() {
        &error.message
    } else {
        &error.detail
    }
}

/// Compares the tables that are granted, and the keys that bind them, with those there are.
async fn compare_grants(
    dynamodb: &DynamoDb,
    config: &Config,
    deadline: tokio::time::Instant,
) -> Vec<String> {
    let mut problems = Vec::new();
    for module in &config.modules {
        for (table, grant) in &module.grants.dynamodb {
            let path = format!("modules.{}.grants.dynamodb.{table}", module.name);
            let keys = match dynamodb.partition_keys(table, deadline).await {
                Ok(keys) => keys,
                // The host's identity may be allowed to use what it may not describe.
                Err(error) if error.code == CallCode::Denied => continue,
                Err(error) if error.code == CallCode::NotFound => {
                    problems.push(format!(
                        "`{path}`: there is no such table; create it, or grant one that is there"
                    ));
                    continue;
                }
                Err(error) => {
                    problems.push(format!("`{path}`: {}", because(&error)));
                    continue;
                }
            };
            let own = grant
                .key
                .iter()
                .map(|key| (format!("{path}.key"), key, Some(&keys.table)));
            let of_index = |(name, key)| {
                (
                    format!("{path}.index_keys.{name}"),
                    key,
                    keys.indexes.get(name),
                )
            };
            for (path, bound, key) in own.chain(grant.index_keys.iter().map(of_index)) {
                match key {
                    None => problems.push(format!("`{path}`: the table has no such index")),
                    Some(key) if *key != bound.attribute => {
                        problems.push(format!(
                            "`{path}` binds `{}`, and the partition key is `{key}`",
                            bound.attribute
                        ));
                    }
                    Some(_) => {}
                }
            }
        }
    }
    problems
}

/// What a pool found wrong, with the line of the table it is about.
fn in_configuration(config: &Config, found: &mayfly_pools::Problem) -> Problem {
    let (kind, name) = found.subject.split_once('.').unwrap_or_default();
    let line = match kind {
        "statements" => config
            .statements
            .iter()
            .find(|statement| statement.name == name)
            .map(|statement| statement.line),
        _ => config
            .sqlserver
            .iter()
            .find(|backend| backend.name == name)
            .map(|backend| backend.line),
    };
    Problem {
        file: config.root.join(FILE),
        line: line.unwrap_or(0),
        column: 0,
        message: found.to_string(),
    }
}
