//! What an app is built from beside its versions: schema, callers and pools, read from the configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mayfly_config::{Config, FILE, Module, Problem, Problems};
use mayfly_graphql::{Engine, Schema};

use mayfly_runtime::capability::{Before, Pools, Surroundings};

use super::backends::connect;
use super::schema::{check_probes, fields_by_module, read_schema};
use super::{App, wanted_of};
use crate::callers::Callers;
use crate::documents::Documents;
use crate::invocation_metrics::InvocationMetrics;
use crate::rate_limits::RateLimits;
use crate::tls::Certificates;
use mayfly_runtime::imports::Backends;
use mayfly_runtime::modules::{Loader, Terms, Version};
use mayfly_runtime::sandbox::Sandbox;

pub(super) struct Parts {
    /// None when it is wrong, which was reported then.
    schema: Option<Schema>,
    callers: Option<Arc<Callers>>,
    rate_limits: Option<Arc<RateLimits>>,
    /// None when they are wrong, which was reported then.
    documents: Option<Arc<Documents>>,
    certificates: Certificates,
    wanted: Arc<BTreeMap<String, BTreeSet<String>>>,
    pub(super) pools: Pools,
    backends: Arc<Backends>,
    surroundings: Surroundings,
}

impl Parts {
    /// Reads everything; what is wrong is added to the problems. Pools of `before` whose configuration is the same are kept.
    pub(super) async fn read(
        config: &Config,
        surroundings: &Surroundings,
        before: Option<(Before<'_>, &App)>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let schema = read_schema(config, problems);
        let (before, app) = before.unzip();
        let callers = load_callers(config, app.and_then(|app| app.callers.as_deref()), problems);
        let rate_limits = rate_limits(config, app);
        let documents = Documents::load(&config.documents)
            .map_err(|problem| problems.push(problem))
            .ok()
            .map(Arc::new);
        let certificates = Certificates::load(&config.server)
            .map_err(|problem| problems.push(problem))
            .unwrap_or_default();
        let (pools, backends) = connect(config, surroundings, before, problems).await;
        let wanted = Arc::new(schema.as_ref().map(fields_by_module).unwrap_or_default());
        if schema.is_some() {
            check_probes(config, &wanted, problems);
        }
        Self {
            schema,
            callers,
            rate_limits,
            documents,
            certificates,
            wanted,
            pools,
            backends: Arc::new(backends),
            surroundings: surroundings.clone(),
        }
    }

    /// What a version of the module has to fit.
    pub(super) fn terms(&self, module: &Module) -> Terms<'_> {
        let wanted = wanted_of(&self.wanted, &module.name);
        Terms {
            module: Arc::new(module.clone()),
            wanted,
            backends: self.backends.clone(),
        }
    }

    /// The app with these versions.
    ///
    /// # Errors
    ///
    /// The problems, when there are any.
    pub(super) fn app(
        self,
        config: &Config,
        versions: BTreeMap<String, Arc<Version>>,
        sandbox: Arc<Sandbox>,
        loader: Arc<Loader>,
        problems: Vec<Problem>,
    ) -> Result<App, Problems> {
        let Self {
            schema,
            callers,
            rate_limits,
            documents,
            certificates,
            wanted,
            pools,
            backends,
            surroundings,
        } = self;
        let (Some(schema), Some(documents), true) = (schema, documents, problems.is_empty()) else {
            return Err(Problems(problems));
        };
        let meters = Arc::new(InvocationMetrics::new(&schema));
        let schema = schema.hiding_guarded(!config.server.introspect_protected);
        let engine = Engine::new(
            Arc::new(schema),
            config.limits,
            config.server.plan_cache_bytes,
        );
        let engine = Arc::new(engine.with_introspection(config.server.introspection));
        let (pools, operation) = (Arc::new(pools), config.operation);
        Ok(App {
            engine,
            wanted,
            callers,
            rate_limits,
            trusted_proxies: config.server.trusted_proxies.clone().into(),
            certificates,
            documents,
            cors: config.cors.clone().map(Arc::new),
            versions,
            backends,
            pools,
            surroundings,
            sandbox,
            loader,
            meters,
            operation,
            error_detail: config.server.error_detail,
            page: config.server.page,
            canary: None,
        })
    }
}

fn load_callers(
    config: &Config,
    before: Option<&Callers>,
    problems: &mut Vec<Problem>,
) -> Option<Arc<Callers>> {
    let file = config.root.join(FILE);
    let callers = config.callers.as_ref()?;
    match Callers::load(callers, &file, before) {
        Ok(callers) => {
            for warning in callers.warnings() {
                tracing::warn!(%warning, "callers: some keys are not used");
            }
            Some(Arc::new(callers))
        }
        Err(problem) => {
            problems.push(problem);
            None
        }
    }
}

/// The limits of a configuration, with what was used of them where they stay the same.
fn rate_limits(config: &Config, before: Option<&App>) -> Option<Arc<RateLimits>> {
    let limits = &config.rate_limits;
    if *limits == mayfly_config::RateLimits::default() {
        return None;
    }
    let kept = before
        .and_then(|before| before.rate_limits.clone())
        .filter(|kept| kept.are(limits));
    Some(kept.unwrap_or_else(|| Arc::new(RateLimits::new(limits))))
}
