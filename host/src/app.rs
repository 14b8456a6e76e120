//! The composition root: reads an app, builds every layer. The only file that sees them all.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mayfly_config::{Config, Module, Place, Problem, Problems};
use mayfly_error::CallError;
use mayfly_graphql::{Engine, Schema};
use mayfly_pools::{DynamoDb, SqlServer};
use mayfly_telemetry::names;
use metrics::gauge;

use crate::callers::Callers;
use crate::imports::{Backends, Database, Tables};
use crate::meter::Meters;
use crate::modules::{ArtifactStore, ComponentBytes, Effort, Loader, Loading, Places, Refusal, Step, Store, Terms, Version};
use crate::restore::restore;
use crate::sandbox::{Capacity, MemoryShares, Sandbox};
use crate::tried::Tried;

/// Everything a request needs: one immutable snapshot. Copies share everything but the list of versions, so that a snapshot with
/// another version costs next to nothing, and keeps pools, sandbox and plans.
#[derive(Clone)]
pub struct App {
    /// Schema, plans, limits.
    pub engine: Arc<Engine>,
    /// The fields the schema gives each module, as `Type.field`.
    pub wanted: Arc<BTreeMap<String, BTreeSet<String>>>,
    /// Who is believed to send operations; none when every caller is anonymous.
    pub callers: Option<Arc<Callers>>,
    /// One version of each module, by name.
    pub versions: BTreeMap<String, Arc<Version>>,
    /// The backends, as guests reach them.
    pub backends: Arc<Backends>,
    /// The pools behind them.
    pub pools: Arc<Pools>,
    /// Where guests run.
    pub sandbox: Arc<Sandbox>,
    /// How further versions are loaded.
    pub loader: Arc<Loader>,
    /// What is counted of guests.
    pub meters: Arc<Meters>,
    /// What one operation may use.
    pub operation: mayfly_config::Operation,
    /// A version that is tried on a share of the operations.
    pub tried: Option<Tried>,
}

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
}

impl EmbeddedAddresses {
    /// Addresses for an app that is only looked at: nothing connects to them.
    #[must_use]
    pub fn unused() -> Self {
        let nowhere = Some(SocketAddr::from(([127, 0, 0, 1], 1)));
        Self { dynamodb: nowhere, sqlserver: nowhere }
    }
}

/// What DynamoDB is called among the names of SQL Server backends, of which none is like this.
pub(crate) const DYNAMODB: &str = "[dynamodb]";

/// How long a readiness check waits for a backend.
const CHECK_TIME: Duration = Duration::from_secs(2);
/// How long all backends together may take to describe their statements.
const DESCRIBE_TIME: Duration = Duration::from_secs(60);

impl App {
    /// Builds an app from its configuration, with the component files it names. Backends need not answer yet.
    ///
    /// # Errors
    ///
    /// Every problem of schema, statements and modules.
    pub async fn load(
        config: &Config,
        embedded: &EmbeddedAddresses,
        progress: &(dyn Fn(Loading<'_>) + Sync),
    ) -> Result<Self, Problems> {
        Self::build(config, embedded, None, progress).await
    }

    /// Builds an app from its configuration, with the versions that were active when its last host ended, or newer files.
    ///
    /// # Errors
    ///
    /// Every problem of schema, statements and modules.
    pub async fn restore(
        config: &Config,
        embedded: &EmbeddedAddresses,
        store: &Arc<Store>,
        progress: &(dyn Fn(Loading<'_>) + Sync),
    ) -> Result<Self, Problems> {
        Self::build(config, embedded, Some(store), progress).await
    }

    /// The fields the schema gives a module.
    #[must_use]
    pub fn wanted_of(&self, module: &str) -> &BTreeSet<String> {
        static NONE: BTreeSet<String> = BTreeSet::new();
        self.wanted.get(module).unwrap_or(&NONE)
    }

    async fn build(
        config: &Config,
        embedded: &EmbeddedAddresses,
        store: Option<&Arc<Store>>,
        progress: &(dyn Fn(Loading<'_>) + Sync),
    ) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let schema = read_schema(config, &mut problems);
        let callers = config.callers.as_ref().map(Callers::load).transpose();
        let callers = callers.map_err(|problem| problems.push(problem)).ok().flatten().map(Arc::new);
        let pools = connect(config, embedded, None, &mut problems).await;
        let capacity =
            Capacity::for_caps(config.modules.iter().map(|module| module.memory_bytes), config.server.guest_memory_bytes);
        let sandbox = Sandbox::new(capacity, memory_shares(config)).map_err(|error| {
            let message = format!("the sandbox cannot be made: {error:#}; lower `server.guest_memory` or the modules' `memory`");
            Problems(vec![Problem::of_file(&config.root.join(mayfly_config::FILE), message)])
        })?;
        let wanted = Arc::new(schema.as_ref().map(fields_by_module).unwrap_or_default());
        if schema.is_some() {
            check_probes(config, &wanted, &mut problems);
        }
        let backends = Arc::new(reachable(&pools, config));
        let loader = match store {
            Some(store) => Ok(loader(config, &sandbox, store.artifacts().clone())),
            None => open_artifacts(config).map(|artifacts| loader(config, &sandbox, artifacts)),
        };
        let loader = loader.map_err(|problem| Problems(problems.drain(..).chain([problem]).collect()))?;
        let mut versions = BTreeMap::new();
        let none = BTreeSet::new();
        for module in &config.modules {
            let wanted = wanted.get(&module.name).unwrap_or(&none);
            let terms = Terms { module: Arc::new(module.clone()), wanted, backends: backends.clone() };
            let version = match store {
                Some(store) => restore(&loader, store, &terms, progress).await,
                None => load_file(&loader, &terms, progress).await,
            };
            match version {
                Ok(version) => {
                    versions.insert(module.name.clone(), Arc::new(version));
                }
                Err(refusal) => problems.push(Problem::of_file(&module.component, refusal.to_string())),
            }
        }
        match schema {
            Some(schema) if problems.is_empty() => {
                let operation = config.operation;
                let meters = Arc::new(Meters::new(&schema));
                let engine = Arc::new(Engine::new(Arc::new(schema), config.limits, config.server.plan_cache_bytes));
                Ok(Self {
                    engine,
                    wanted,
                    callers,
                    versions,
                    backends,
                    pools: Arc::new(pools),
                    sandbox,
                    loader,
                    meters,
                    operation,
                    tried: None,
                })
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

    /// What the backends say that the configuration does not: that they do not answer, or that a statement is not as declared.
    pub async fn describe_backends(&self, config: &Config) -> Vec<Problem> {
        let file = config.root.join(mayfly_config::FILE);
        let deadline = (Instant::now() + DESCRIBE_TIME).into();
        let mut problems = Vec::new();
        if let Some(dynamodb) = &self.pools.dynamodb
            && let Err(error) = dynamodb.check(deadline).await
        {
            problems.push(Problem::of_file(&file, format!("dynamodb: {}", because(&error))));
        }
        for backend in &config.sqlserver {
            let Some(server) = self.pools.sqlserver.get(&backend.name) else { continue };
            match server.describe(deadline).await {
                Ok(found) => problems.extend(found.iter().map(|problem| in_configuration(config, problem))),
                Err(error) => {
                    let message = format!("sqlserver.{}: {}", backend.name, because(&error));
                    problems.push(Problem { file: file.clone(), line: backend.line, message });
                }
            }
        }
        problems.sort_by_key(|problem| problem.line);
        problems
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
            set_by_module(names::POOL_HOLDERS, name, &status.holders);
            set_by_module(names::POOL_WAITERS, name, &status.waiters);
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

fn set_by_module(name: &'static str, backend: &str, counts: &[(Arc<str>, usize)]) {
    for (module, count) in counts {
        #[expect(clippy::cast_precision_loss, reason = "metrics are floating point")]
        gauge!(name, "backend" => backend.to_owned(), "module" => module.to_string()).set(*count as f64);
    }
}

pub(crate) fn read_schema(config: &Config, problems: &mut Vec<Problem>) -> Option<Schema> {
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

pub(crate) fn fields_by_module(schema: &Schema) -> BTreeMap<String, BTreeSet<String>> {
    let mut fields: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for binding in schema.bindings() {
        let field = format!("{}.{}", binding.type_name, binding.field_name);
        fields.entry(binding.module.to_string()).or_default().insert(field);
    }
    fields
}

/// Pools for the backends of a configuration; those of `kept` with these names are used on, connections and all.
pub(crate) async fn connect(
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
        let before = kept_pools.filter(|_| keeps(DYNAMODB)).and_then(|pools| pools.dynamodb.clone());
        pools.dynamodb = match before {
            Some(before) => Some(before),
            None => Some(DynamoDb::connect(dynamodb, embedded.dynamodb).await),
        };
    }
    for backend in &config.sqlserver {
        let statements: Vec<_> =
            config.statements.iter().filter(|statement| statement.backend == backend.name).cloned().collect();
        let address = embedded.sqlserver.filter(|_| backend.address == Place::Embedded);
        let before = kept_pools.filter(|_| keeps(&backend.name)).and_then(|pools| pools.sqlserver.get(&backend.name));
        let server = match before {
            Some(before) => before.with_statements(&statements),
            None => SqlServer::new(backend, address, &statements),
        };
        match server {
            Ok(server) => {
                let most = |module: &Module| (module.name.clone(), module.share_of(backend.max_connections));
                pools.sqlserver.insert(backend.name.clone(), server.with_shares(sharing(config).map(most)));
            }
            Err(found) => {
                problems.extend(found.iter().map(|problem| in_configuration(config, problem)));
            }
        }
    }
    pools
}

/// The modules that may not have everything.
fn sharing(config: &Config) -> impl Iterator<Item = &Module> {
    config.modules.iter().filter(|module| module.share_percent < 100)
}

/// Each module's share of the guest memory: at least one invocation.
fn memory_shares(config: &Config) -> MemoryShares {
    let all = config.server.guest_memory_bytes;
    let share = |module: &Module| (all / 100).saturating_mul(u64::from(module.share_percent)).max(module.memory_bytes);
    MemoryShares::new(sharing(config).map(|module| (module.name.clone(), share(module))))
}

/// An error with what only operators may know.
fn because(error: &CallError) -> &str {
    if error.detail.is_empty() { &error.message } else { &error.detail }
}

/// What a pool found wrong, with the line of the table it is about.
fn in_configuration(config: &Config, found: &mayfly_pools::Problem) -> Problem {
    let (kind, name) = found.subject.split_once('.').unwrap_or_default();
    let line = match kind {
        "statements" => config.statements.iter().find(|statement| statement.name == name).map(|statement| statement.line),
        _ => config.sqlserver.iter().find(|backend| backend.name == name).map(|backend| backend.line),
    };
    Problem { file: config.root.join(mayfly_config::FILE), line: line.unwrap_or(0), message: found.to_string() }
}

/// The pools as guests reach them, with the home of each statement.
pub(crate) fn reachable(pools: &Pools, config: &Config) -> Backends {
    let sqlserver = pools.sqlserver.iter().map(|(name, server)| (name.clone(), Arc::new(server.clone()) as Arc<dyn Database>));
    let statements = config.statements.iter().map(|statement| (statement.name.clone(), statement.backend.clone()));
    let dynamodb_shares = pools.dynamodb.iter().flat_map(|client| {
        let share = |module: &Module| Arc::new(client.with_share(module.share_of(pools.dynamodb_in_flight))) as Arc<dyn Tables>;
        sharing(config).map(move |module| (module.name.clone(), share(module)))
    });
    Backends {
        dynamodb: pools.dynamodb.clone().map(|client| Arc::new(client) as Arc<dyn Tables>),
        dynamodb_shares: dynamodb_shares.collect(),
        sqlserver: sqlserver.collect(),
        statements: statements.collect(),
    }
}

/// A probe has to ask a field that the schema gives to the module.
pub(crate) fn check_probes(config: &Config, wanted: &BTreeMap<String, BTreeSet<String>>, problems: &mut Vec<Problem>) {
    let file = config.root.join(mayfly_config::FILE);
    for module in &config.modules {
        for probe in &module.probes {
            let (type_name, field_name) = &probe.field;
            let field = format!("{type_name}.{field_name}");
            if !wanted.get(&module.name).is_some_and(|fields| fields.contains(&field)) {
                let name = &module.name;
                let message =
                    format!("`modules.{name}.probe` asks `{field}`, which the schema does not give to `{name}`; correct `field`");
                problems.push(Problem::of_file(&file, message));
            }
        }
    }
}

fn open_artifacts(config: &Config) -> Result<ArtifactStore, Problem> {
    let directory = config.store().join("compiled");
    ArtifactStore::open(&directory).map_err(|error| unusable(&directory, &error))
}

/// What is told of a store that cannot be used.
pub(crate) fn unusable(directory: &Path, error: &std::io::Error) -> Problem {
    let message = format!("the store for modules cannot be used: {error}; set `server.store` to another place");
    Problem::of_file(directory, message)
}

fn loader(config: &Config, sandbox: &Arc<Sandbox>, artifacts: ArtifactStore) -> Arc<Loader> {
    let places = Places::new(config.server.live_versions, config.server.swap_wait);
    Arc::new(Loader { sandbox: sandbox.clone(), artifacts, places })
}

/// Loads the component file that the configuration names.
async fn load_file(loader: &Loader, terms: &Terms<'_>, progress: &(dyn Fn(Loading<'_>) + Sync)) -> Result<Version, Refusal> {
    let component = ComponentBytes::read(&terms.module.component);
    let component = component.map_err(|message| Refusal::new(&terms.module.name, Step::Read, message))?;
    loader.load(terms.module.clone(), &component, terms.wanted, Effort::Full, progress).await
}
