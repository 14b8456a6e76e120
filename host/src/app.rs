//! The composition root: reads an app, builds every layer. The only file that sees them all.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mayfly_config::{Config, Place, Problem, Problems};
use mayfly_error::CallError;
use mayfly_graphql::{Engine, Schema};
use mayfly_pools::{DynamoDb, SqlServer};
use mayfly_telemetry::names;
use metrics::gauge;

use crate::imports::{Backends, Database, Tables};
use crate::meter::Meters;
use crate::modules::{ArtifactStore, Loader, Loading, Version};
use crate::sandbox::{Capacity, Sandbox};

/// Everything a request needs: one immutable snapshot.
pub struct App {
    /// Schema, plans, limits.
    pub engine: Engine,
    /// One version of each module, by name.
    pub versions: BTreeMap<String, Arc<Version>>,
    /// The backends, as guests reach them.
    pub backends: Arc<Backends>,
    /// The pools behind them.
    pub pools: Pools,
    /// Where guests run.
    pub sandbox: Arc<Sandbox>,
    /// What is counted of them.
    pub meters: Meters,
}

/// The host's pools.
#[derive(Default)]
pub struct Pools {
    /// DynamoDB, when configured.
    pub dynamodb: Option<DynamoDb>,
    /// Requests that may be under way to DynamoDB at once.
    pub dynamodb_in_flight: usize,
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
}

impl EmbeddedAddresses {
    /// Addresses for an app that is only looked at: nothing connects to them.
    #[must_use]
    pub fn unused() -> Self {
        let nowhere = Some(SocketAddr::from(([127, 0, 0, 1], 1)));
        Self { dynamodb: nowhere, sqlserver: nowhere }
    }
}

/// How long a readiness check waits for a backend.
const CHECK_TIME: Duration = Duration::from_secs(2);

impl App {
    /// Builds an app from its configuration. Backends need not answer yet.
    ///
    /// # Errors
    ///
    /// Every problem of schema, statements and modules.
    pub async fn load(
        config: &Config,
        embedded: &EmbeddedAddresses,
        progress: &(dyn Fn(Loading<'_>) + Sync),
    ) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let schema = read_schema(config, &mut problems);
        let pools = connect(config, embedded, &mut problems).await;
        let capacity =
            Capacity::for_caps(config.modules.iter().map(|module| module.memory_bytes), config.server.guest_memory_bytes);
        let sandbox = Sandbox::new(capacity).map_err(|error| {
            let message = format!("the sandbox cannot be made: {error:#}; lower `server.guest_memory` or the modules' `memory`");
            Problems(vec![Problem::of_file(&config.root.join(mayfly_config::FILE), message)])
        })?;
        let wanted = schema.as_ref().map(fields_by_module).unwrap_or_default();
        let versions = load_modules(config, &sandbox, &wanted, progress, &mut problems).await;
        match schema {
            Some(schema) if problems.is_empty() => {
                let meters = Meters::new(&schema);
                let engine = Engine::new(Arc::new(schema), config.limits, config.server.plan_cache_bytes);
                let backends = Arc::new(reachable(&pools, config));
                Ok(Self { engine, versions, backends, pools, sandbox, meters })
            }
            _ => Err(Problems(problems)),
        }
    }

    /// Begins to keep connections ready, and to close those that grew old. Checking an app does without.
    pub fn keep_connections(&self) {
        for backend in self.pools.sqlserver.values() {
            backend.start_upkeep();
        }
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

    /// Writes what is in use right now to the metrics.
    pub fn record_gauges(&self) {
        let (slots, bytes) = self.sandbox.in_use();
        let capacity = self.sandbox.capacity();
        set(names::SLOTS_IN_USE, None, slots);
        set(names::SLOTS, None, u64::from(capacity.slots));
        set(names::CAP_BYTES_IN_USE, None, bytes);
        set(names::CAP_BYTES, None, capacity.memory_bytes);
        let plans = self.engine.stats();
        set(names::PLAN_HITS, None, plans.hits);
        set(names::PLAN_MISSES, None, plans.misses);
        if let Some(dynamodb) = &self.pools.dynamodb {
            let status = dynamodb.status();
            set(names::POOL_SIZE, Some("dynamodb"), self.pools.dynamodb_in_flight as u64);
            set(names::POOL_IN_USE, Some("dynamodb"), status.in_flight as u64);
            set(names::POOL_WAITING, Some("dynamodb"), status.waiting as u64);
        }
        for (name, backend) in &self.pools.sqlserver {
            let status = backend.status();
            set(names::POOL_IN_USE, Some(name), status.in_use as u64);
            set(names::POOL_WAITING, Some(name), status.waiting as u64);
            set(names::POOL_SIZE, Some(name), status.size as u64);
        }
    }
}

fn set(name: &'static str, backend: Option<&str>, value: u64) {
    #[expect(clippy::cast_precision_loss, reason = "metrics are floating point")]
    let value = value as f64;
    match backend {
        Some(backend) => gauge!(name, "backend" => backend.to_owned()).set(value),
        None => gauge!(name).set(value),
    }
}

fn read_schema(config: &Config, problems: &mut Vec<Problem>) -> Option<Schema> {
    let file = &config.schema;
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            problems.push(Problem::of_file(file, format!("cannot be read: {error}; correct `schema`")));
            return None;
        }
    };
    let schema = match Schema::parse(&text) {
        Ok(schema) => schema,
        Err(found) => {
            problems.extend(found.into_iter().map(|problem| at(file, problem.line, problem.message)));
            return None;
        }
    };
    let declared: BTreeSet<_> = config.modules.iter().map(|module| module.name.as_str()).collect();
    for binding in schema.bindings() {
        if !declared.contains(&*binding.module) {
            let message = format!(
                "`{}.{}` names the module `{}`, which is not declared; add [modules.{}] to {}",
                binding.type_name,
                binding.field_name,
                binding.module,
                binding.module,
                mayfly_config::FILE
            );
            problems.push(at(file, binding.line, message));
        }
    }
    Some(schema)
}

fn at(file: &Path, line: u32, message: String) -> Problem {
    Problem { file: file.to_path_buf(), line: line as usize, message }
}

fn fields_by_module(schema: &Schema) -> BTreeMap<String, BTreeSet<String>> {
    let mut fields: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for binding in schema.bindings() {
        let field = format!("{}.{}", binding.type_name, binding.field_name);
        fields.entry(binding.module.to_string()).or_default().insert(field);
    }
    fields
}

async fn connect(config: &Config, embedded: &EmbeddedAddresses, problems: &mut Vec<Problem>) -> Pools {
    let mut pools = Pools::default();
    if let Some(dynamodb) = &config.dynamodb {
        pools.dynamodb_in_flight = dynamodb.max_in_flight;
        pools.dynamodb = Some(DynamoDb::connect(dynamodb, embedded.dynamodb).await);
    }
    for backend in &config.sqlserver {
        let statements: Vec<_> =
            config.statements.iter().filter(|statement| statement.backend == backend.name).cloned().collect();
        let address = embedded.sqlserver.filter(|_| backend.address == Place::Embedded);
        match SqlServer::new(backend, address, &statements) {
            Ok(server) => {
                pools.sqlserver.insert(backend.name.clone(), server);
            }
            Err(found) => {
                let file = config.root.join(mayfly_config::FILE);
                problems.extend(found.into_iter().map(|problem| Problem::of_file(&file, problem.to_string())));
            }
        }
    }
    pools
}

/// The pools as guests reach them, with the home of each statement.
fn reachable(pools: &Pools, config: &Config) -> Backends {
    let sqlserver = pools.sqlserver.iter().map(|(name, server)| (name.clone(), Arc::new(server.clone()) as Arc<dyn Database>));
    let statements = config.statements.iter().map(|statement| (statement.name.clone(), statement.backend.clone()));
    Backends {
        dynamodb: pools.dynamodb.clone().map(|client| Arc::new(client) as Arc<dyn Tables>),
        sqlserver: sqlserver.collect(),
        statements: statements.collect(),
    }
}

async fn load_modules(
    config: &Config,
    sandbox: &Arc<Sandbox>,
    wanted: &BTreeMap<String, BTreeSet<String>>,
    progress: &(dyn Fn(Loading<'_>) + Sync),
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, Arc<Version>> {
    let mut versions = BTreeMap::new();
    let directory = config.root.join(&config.server.store).join("compiled");
    let store = match ArtifactStore::open(&directory) {
        Ok(store) => store,
        Err(error) => {
            let message = format!("the store for compiled modules cannot be used: {error}; set `server.store` to another place");
            problems.push(Problem::of_file(&directory, message));
            return versions;
        }
    };
    let loader = Loader { sandbox: sandbox.clone(), store };
    let none = BTreeSet::new();
    for module in &config.modules {
        let wanted = wanted.get(&module.name).unwrap_or(&none);
        match loader.load(Arc::new(module.clone()), wanted, progress).await {
            Ok(version) => {
                versions.insert(module.name.clone(), Arc::new(version));
            }
            Err(error) => problems.push(Problem::of_file(&module.component, error.to_string())),
        }
    }
    versions
}
