//! The composition root: reads an app, builds every layer. The only folder that sees them all.
//!
//! `restore` says with which versions a host starts, `next` makes the app that applying a configuration leads to.

mod backends;
pub mod canary;
mod gauges;
mod next;
mod parts;
mod restore;
mod schema;

pub use next::NextApp;
pub(crate) use schema::read_schema;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use ipnet::IpNet;
use mayfly_config::{Config, Cors, ErrorDetail, FILE, Problem, Problems};
use mayfly_graphql::Engine;

use crate::callers::Callers;
use crate::documents::Documents;
use crate::invocation_metrics::InvocationMetrics;
use crate::rate_limits::RateLimits;
use crate::serving::app::canary::AppCanary;
use crate::tls::Certificates;
use mayfly_runtime::capability::{Pools, Surroundings, link};
use mayfly_runtime::imports::Backends;
use mayfly_runtime::modules::compiler::CompilerLimits;
use mayfly_runtime::modules::{
    ArtifactStore, Compiler, ComponentBytes, Effort, LiveVersions, Loader, Loading, Refusal, Step,
    Store, Terms, Version, opening_remedy,
};
use mayfly_runtime::sandbox::{Capacity, MemoryShares, Sandbox, cannot_reserve};
use parts::Parts;
use restore::restore;

/// Everything a request needs: one immutable snapshot. Copies share everything but the list of versions, so that a snapshot with
/// another version costs almost nothing, and keeps pools, sandbox and plans.
#[derive(Clone)]
pub struct App {
    /// Schema, plans, limits.
    pub engine: Arc<Engine>,
    /// The fields the schema gives each module, as `Type.field`.
    pub wanted: Arc<BTreeMap<String, BTreeSet<String>>>,
    /// Who is believed to send operations; none when every caller is anonymous.
    pub callers: Option<Arc<Callers>>,
    /// How much each of them may ask for; none when nobody is limited.
    pub rate_limits: Option<Arc<RateLimits>>,
    /// Proxies whose word on addresses is taken.
    pub trusted_proxies: Arc<[IpNet]>,
    /// Which pages of other origins may read answers; none when none may.
    pub cors: Option<Arc<Cors>>,
    /// What clients and operators are shown by TLS.
    pub certificates: Certificates,
    /// Documents that clients name instead of sending them.
    pub documents: Arc<Documents>,
    /// One version of each module, by name.
    pub versions: BTreeMap<String, Arc<Version>>,
    /// The backends, as guests reach them.
    pub backends: Arc<Backends>,
    /// The pools behind them.
    pub pools: Arc<Pools>,
    /// What is around it.
    pub surroundings: Surroundings,
    /// Where guests run.
    pub sandbox: Arc<Sandbox>,
    /// How further versions are loaded.
    pub loader: Arc<Loader>,
    /// What is counted of guests.
    pub meters: Arc<InvocationMetrics>,
    /// What one operation may use.
    pub operation: mayfly_config::Operation,
    /// How much of an error clients read.
    pub error_detail: ErrorDetail,
    /// Whether the page to try queries on is served.
    pub page: bool,
    /// A version that is tried on a share of the operations.
    pub canary: Option<AppCanary>,
}

impl App {
    /// Whether anybody may call.
    #[must_use]
    pub fn lets_anybody_in(&self) -> bool {
        let callers = self.callers.as_ref();
        callers.is_none_or(|callers| callers.lets_anybody_in())
    }

    /// Builds an app from its configuration, with the component files it names. Backends need not answer yet.
    ///
    /// # Errors
    ///
    /// Every problem of schema, statements and modules.
    pub async fn load(
        config: &Config,
        surroundings: &Surroundings,
        progress: &(dyn Fn(Loading<'_>) + Sync),
    ) -> Result<Self, Problems> {
        Self::build(config, surroundings, None, progress).await
    }

    /// Builds an app from its configuration, with the versions that were active when its last host ended, or newer files.
    ///
    /// # Errors
    ///
    /// Every problem of schema, statements and modules.
    pub async fn restore(
        config: &Config,
        surroundings: &Surroundings,
        store: &Arc<Store>,
        progress: &(dyn Fn(Loading<'_>) + Sync),
    ) -> Result<Self, Problems> {
        Self::build(config, surroundings, Some(store), progress).await
    }

    /// The fields the schema gives a module.
    #[must_use]
    pub fn wanted_of(&self, module: &str) -> &BTreeSet<String> {
        wanted_of(&self.wanted, module)
    }

    async fn build(
        config: &Config,
        surroundings: &Surroundings,
        store: Option<&Arc<Store>>,
        progress: &(dyn Fn(Loading<'_>) + Sync),
    ) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let ground = Parts::read(config, surroundings, None, &mut problems).await;
        let capacity = Capacity::for_caps(
            config.modules.iter().map(|module| module.memory_bytes),
            config.server.guest_memory_bytes,
        );
        let sandbox = Sandbox::new(capacity, memory_shares(config), |linker| {
            link(surroundings.capabilities, linker)
        })
        .map_err(|error| {
            let message = cannot_reserve(config, capacity, &error);
            Problems(vec![Problem::of_file(&config.root.join(FILE), message)])
        })?;
        let loader = match store {
            Some(store) => Ok(loader(config, &sandbox, store.artifacts().clone())),
            None => open_artifacts(config).map(|artifacts| loader(config, &sandbox, artifacts)),
        };
        let loader =
            loader.map_err(|problem| Problems(problems.drain(..).chain([problem]).collect()))?;
        let mut versions = BTreeMap::new();
        for module in &config.modules {
            let terms = ground.terms(module);
            let version = match store {
                Some(store) => restore(&loader, store, &terms, progress).await,
                None => load_file(&loader, &terms, progress).await,
            };
            match version {
                Ok(version) => {
                    versions.insert(module.name.clone(), Arc::new(version));
                }
                Err(refusal) => {
                    problems.push(Problem::of_file(&module.component, refusal.to_string()))
                }
            }
        }
        ground.app(config, versions, sandbox, loader, problems)
    }
}

fn wanted_of<'a>(
    wanted: &'a BTreeMap<String, BTreeSet<String>>,
    module: &str,
) -> &'a BTreeSet<String> {
    static NONE: BTreeSet<String> = BTreeSet::new();
    wanted.get(module).unwrap_or(&NONE)
}

/// Each module's share of the guest memory: at least one invocation.
fn memory_shares(config: &Config) -> MemoryShares {
    let all = config.server.guest_memory_bytes;
    let share = |module: &mayfly_config::Module| {
        (all / 100)
            .saturating_mul(u64::from(module.share_percent))
            .max(module.memory_bytes)
    };
    let sharing = config
        .modules
        .iter()
        .filter(|module| module.share_percent < 100);
    MemoryShares::new(sharing.map(|module| (module.name.clone(), share(module))))
}

fn open_artifacts(config: &Config) -> Result<ArtifactStore, Problem> {
    let directory = config.store().join("compiled");
    ArtifactStore::open(&directory).map_err(|error| unusable(&directory, &error))
}

/// The message about a store that cannot be used.
pub(crate) fn unusable(directory: &Path, error: &std::io::Error) -> Problem {
    let message = format!(
        "the module store cannot be used: {error}; {}",
        opening_remedy(error)
    );
    Problem::of_file(directory, message)
}

fn loader(config: &Config, sandbox: &Arc<Sandbox>, artifacts: ArtifactStore) -> Arc<Loader> {
    let live_versions = LiveVersions::new(config.server.live_versions, config.server.swap_wait);
    let compiler = Compiler {
        limits: CompilerLimits {
            memory_bytes: config.server.compile_memory_bytes,
            time: config.server.compile_time,
        },
        priority: config.server.compile_priority,
    };
    Arc::new(Loader {
        sandbox: sandbox.clone(),
        artifacts,
        compiler,
        live_versions,
    })
}

/// Loads the component file that the configuration names.
async fn load_file(
    loader: &Loader,
    terms: &Terms<'_>,
    progress: &(dyn Fn(Loading<'_>) + Sync),
) -> Result<Version, Refusal> {
    let component = ComponentBytes::read(&terms.module.component);
    let component =
        component.map_err(|message| Refusal::new(&terms.module.name, Step::Read, message))?;
    loader
        .load(
            terms.module.clone(),
            &component,
            terms.wanted,
            Effort::Full,
            progress,
        )
        .await
}
