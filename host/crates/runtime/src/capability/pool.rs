//! The pools of an app, as the host sees them: it starts, checks and counts them, and does not know what they connect to.

use std::any::Any;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use mayfly_config::{Config, Problem};
use mayfly_error::CallError;
use tokio::time::Instant;

use crate::imports::Backends;

/// Connections of the host to one backend.
pub trait Pool: Any + Send + Sync {
    /// Its name in the configuration, in readiness and messages: `dynamodb`, `sqlserver.school`.
    fn name(&self) -> String;

    /// The line of the configuration its section begins in, from 1; 0 where that is not known.
    fn line(&self) -> usize {
        0
    }

    /// Begins to keep connections ready, and to close those that grew old. Checking an app does without.
    fn start(&self) {}

    /// Whether the backend answers.
    fn check(&self, deadline: Instant) -> BoxFuture<'_, Result<(), CallError>>;

    /// What it needs of the host's surroundings and is not there, so that calls fail, in words for operators.
    fn missing(&self) -> BoxFuture<'_, Vec<String>> {
        Box::pin(async { Vec::new() })
    }

    /// What it would use of the host's surroundings and is not there, though calls are answered without, in words for operators.
    fn goes_without(&self) -> Vec<String> {
        Vec::new()
    }

    /// What the backend says that the configuration does not: that a statement is not as declared, that a table is not there.
    fn describe<'a>(&'a self, config: &'a Config, deadline: Instant)
    -> BoxFuture<'a, Vec<Problem>>;

    /// Who holds its connections now, and who waits for one.
    fn usage(&self) -> PoolUsage {
        PoolUsage::default()
    }

    /// Writes what is in use right now to the metrics.
    fn record_gauges(&self);

    /// Sets what it tells to the metrics to zero: it is served no more.
    fn clear_gauges(&self);
}

/// What of a pool is in use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PoolUsage {
    /// Connections there are, or calls there may be at once.
    pub size: usize,
    /// Those in use.
    pub in_use: usize,
    /// Calls that wait for one.
    pub waiting: usize,
    /// Connections in use, by module; empty where that is not known.
    pub holders: Vec<(Arc<str>, usize)>,
    /// Calls that wait, by module; empty where that is not known.
    pub waiters: Vec<(Arc<str>, usize)>,
}

/// The pools of an app.
#[derive(Clone, Default)]
pub struct Pools(Vec<PoolOfApp>);

#[derive(Clone)]
struct PoolOfApp {
    pool: Arc<dyn Pool>,
    /// Whether it was not there before, or was configured otherwise.
    is_new: bool,
}

impl Pools {
    /// Every pool.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Pool>> {
        self.0.iter().map(|of_app| &of_app.pool)
    }

    /// Those that did not come from the app before.
    pub fn new_ones(&self) -> impl Iterator<Item = &Arc<dyn Pool>> {
        let new = self.0.iter().filter(|of_app| of_app.is_new);
        new.map(|of_app| &of_app.pool)
    }

    /// The pool of that name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Arc<dyn Pool>> {
        self.iter().find(|pool| pool.name() == name)
    }

    /// The pool of that name, when it is of that type.
    #[must_use]
    pub fn get<T: Pool>(&self, name: &str) -> Option<&T> {
        let pool: &dyn Any = &**self.named(name)?;
        pool.downcast_ref()
    }

    /// Sets what is told of these to zero, but of those that others follow.
    pub fn clear_gauges_without(&self, next: &Self) {
        let gone = self
            .iter()
            .filter(|pool| next.named(&pool.name()).is_none());
        gone.for_each(|pool| pool.clear_gauges());
    }

    /// Adds those of a capability.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Adds a pool.
    pub fn push(&mut self, pool: Arc<dyn Pool>, is_new: bool) {
        self.0.push(PoolOfApp { pool, is_new });
    }
}

/// The pools of a capability, and how guests reach them.
#[derive(Default)]
pub struct Connected {
    pub pools: Pools,
    /// Adds them to what guests reach; none where the capability is not configured.
    pub reach: Option<Box<dyn FnOnce(Backends) -> Backends + Send>>,
}
