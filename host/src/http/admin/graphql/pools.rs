//! Connections to backends.

use std::sync::Arc;

use async_graphql::SimpleObject;
use mayfly_error::CallError;
use mayfly_runtime::capability;
use serde::Deserialize;

/// The host's connections to one backend.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pool {
    /// The backend's name in the configuration, such as `sqlserver.school`.
    pub name: String,
    /// Connections there are, or calls there may be at once.
    pub size: usize,
    /// Those in use.
    pub in_use: usize,
    /// Calls that wait for one.
    pub waiting: usize,
    /// Who holds those in use; empty where that is not counted by module.
    pub holders: Vec<ModuleCount>,
    /// Who waits; empty where that is not counted by module.
    pub waiters: Vec<ModuleCount>,
}

/// How many of something a module has.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModuleCount {
    /// The module.
    pub module: String,
    /// How many.
    pub count: usize,
}

/// Whether a backend answers.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Backend {
    /// Its name in the configuration.
    pub name: String,
    /// Whether it answered just now.
    pub reachable: bool,
    /// Why not.
    pub message: Option<String>,
}

impl Pool {
    /// What is in use of a pool now.
    pub(super) fn of(pool: &Arc<dyn capability::Pool>) -> Self {
        let usage = pool.usage();
        let counts = |counts: Vec<(Arc<str>, usize)>| {
            let counts = counts.into_iter().filter(|(_, count)| *count > 0);
            counts
                .map(|(module, count)| ModuleCount {
                    module: module.to_string(),
                    count,
                })
                .collect()
        };
        Self {
            name: pool.name(),
            size: usage.size,
            in_use: usage.in_use,
            waiting: usage.waiting,
            holders: counts(usage.holders),
            waiters: counts(usage.waiters),
        }
    }
}

impl From<(String, Result<(), CallError>)> for Backend {
    fn from((name, check): (String, Result<(), CallError>)) -> Self {
        Self {
            name,
            reachable: check.is_ok(),
            message: check.err().map(|error| error.message),
        }
    }
}
