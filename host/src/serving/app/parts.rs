//! What an app is built from beside its versions: schema, callers and pools, read from the configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mayfly_config::{Config, Module, Problem, Problems};
use mayfly_graphql::{Engine, Schema};

use mayfly_runtime::capability::{Before, Pools, Surroundings};

use super::backends::connect;
use super::schema::{check_probes, fields_by_module, read_schema};
use super::{App, wanted_of};
use crate::callers::Callers;
use crate::documents::Documents;
use crate::invocation_metrics::InvocationMetrics;
use crate::tls::Certificates;
use mayfly_runtime::imports::Backends;
use mayfly_runtime::modules::{Loader, Terms, Version};
use mayfly_runtime::sandbox::Sandbox;

pub(super) struct Parts {
    /// None when it is wrong, which was told then.
    schema: Option<Schema>,
    callers: Option<Arc<Callers>>,
    /// None when they are wrong, which was told then.
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
        before: Option<Before<'_>>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let schema = read_schema(config, problems);
        let callers = config.callers.as_ref().map(Callers::load).transpose();
        let callers = callers
            .map_err(|problem| problems.push(problem))
            .ok()
            .flatten()
            .map(Arc::new);
        if let Some(warning) = callers.as_ref().and_then(|callers| callers.warning()) {
            tracing::warn!(%warning, "callers: some keys are not used");
        }
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
