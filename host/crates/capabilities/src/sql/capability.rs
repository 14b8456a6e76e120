//! What the host knows of SQL databases: one pool per `[sqlserver.NAME]`.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use mayfly_config::{Config, Endpoint, Problem};
use mayfly_error::CallError;
use mayfly_runtime::capability::{
    Before, Capability, Connected, Kind, MemoryLine, Pool, PoolUsage, Setting, Surroundings,
};
use mayfly_runtime::imports::{Access, Calls};
use mayfly_runtime::sandbox::Data;
use tokio::time::Instant;
use wasmtime::component::{HasSelf, Linker};

use super::SqlServer;
use super::bindings::mayfly::resolver::sql;
use super::configuration::{Backend, Section};
use super::database::{Database, Databases};
use super::statement::StatementProblem;
use crate::share::shares;
use crate::{because, hold_the_same, pool_gauges, problem_at};

/// What the sections of the configuration are called.
const SECTION: &str = "sqlserver";

/// What a pool holds for one connection besides an answer, in bytes: a packet, the driver's buffers, TLS.
const CONNECTION_BYTES: u64 = 256 << 10;

/// Statements on SQL databases.
pub struct SqlCapability;

impl Access for SqlCapability {
    type Backend = Databases;
    const NAME: &str = "SQL";
}

impl Capability for SqlCapability {
    fn link(&self, linker: &mut Linker<Data>) -> wasmtime::Result<()> {
        sql::add_to_linker::<Data, HasSelf<Calls>>(linker, Data::calls)
    }

    fn connect<'a>(
        &'a self,
        config: &'a Config,
        surroundings: &'a Surroundings,
        before: Option<Before<'a>>,
        problems: &'a mut Vec<Problem>,
    ) -> BoxFuture<'a, Connected> {
        let mut connected = Connected::default();
        let mut databases = Databases::default();
        let said = said(config);
        for section in &said.backends {
            let kept = before.filter(|before| is_unchanged(section, config, before.config));
            let name = name_of(section);
            let kept = kept.and_then(|before| before.pools.get::<SqlServerPool>(&name));
            match server(section, config, surroundings, kept) {
                Ok(server) => {
                    let database = Arc::new(server.clone()) as Arc<dyn Database>;
                    databases.insert(section.name.clone(), database);
                    let line = section.line;
                    let pool = SqlServerPool { name, line, server };
                    connected.pools.push(Arc::new(pool), kept.is_none());
                }
                Err(found) => {
                    problems.extend(found.iter().map(|found| in_configuration(config, found)));
                }
            }
        }
        connected.reach = Some(Box::new(|backends| {
            backends.with::<Self>(Arc::new(databases))
        }));
        Box::pin(std::future::ready(connected))
    }

    fn memory(&self, config: &Config) -> Vec<MemoryLine> {
        let unread = config
            .modules
            .iter()
            .map(|module| module.budget.unread_bytes);
        let unread = unread.max().unwrap_or_default() as u64;
        let line = |section: &Backend| {
            let each = unread + section.max_value_bytes as u64 + CONNECTION_BYTES;
            let most = section.max_connections as u64;
            let (name, shown) = (&section.name, mayfly_config::units::show_bytes(each));
            MemoryLine::new(
                format!("{most} connections to `{name}`, {shown} each"),
                most * each,
                Some("sqlserver.NAME.max_connections"),
            )
        };
        said(config).backends.iter().map(line).collect()
    }

    fn settings(&self, config: &Config) -> Vec<Setting> {
        let setting = |(index, section): (usize, &Backend)| {
            let least = (section.min_connections as u64).max(2);
            Setting::new(
                format!("{SECTION}.{}", mayfly_config::key(&section.name)),
                "max_connections",
                Kind::Count,
                (section.max_connections as u64, least),
                move |config, number| {
                    config.sections.change(|said: &mut Section| {
                        if let Some(section) = said.backends.get_mut(index) {
                            section.max_connections = usize::try_from(number).unwrap_or(usize::MAX);
                        }
                    });
                },
            )
        };
        said(config)
            .backends
            .iter()
            .enumerate()
            .map(setting)
            .collect()
    }

    fn connections(&self, config: &Config) -> u64 {
        let sections = said(config).backends.iter();
        sections.map(|section| section.max_connections as u64).sum()
    }
}

/// All backends of a configuration, answered by one database.
#[must_use]
pub fn databases(config: &Config, database: Arc<dyn Database>) -> Databases {
    let backends = said(config).backends.iter();
    backends
        .map(|backend| (backend.name.clone(), database.clone()))
        .collect()
}

/// What the configuration says; nothing where it was read without this capability.
fn said(config: &Config) -> &Section {
    static NOTHING: Section = Section {
        backends: Vec::new(),
        statements: Vec::new(),
    };
    config.sections.get().unwrap_or(&NOTHING)
}

/// The name of a pool.
fn name_of(section: &Backend) -> String {
    format!("{SECTION}.{}", section.name)
}

/// Whether a backend is configured as it was, wherever in the file, the certificates it names included.
fn is_unchanged(section: &Backend, config: &Config, was: &Config) -> bool {
    let configured = said(was).backends.iter().any(|before| {
        let moved = Backend {
            line: section.line,
            ..before.clone()
        };
        moved == *section
    });
    configured && hold_the_same(section.ca_file.as_deref().into_iter(), config, was)
}

fn server(
    section: &Backend,
    config: &Config,
    surroundings: &Surroundings,
    kept: Option<&SqlServerPool>,
) -> Result<SqlServer, Vec<StatementProblem>> {
    let statements = said(config).statements.iter();
    let statements = statements.filter(|statement| statement.backend == section.name);
    let statements: Vec<_> = statements.cloned().collect();
    let embedded = surroundings
        .embedded
        .as_ref()
        .filter(|_| section.address == Endpoint::Embedded);
    let server = match (kept, embedded) {
        (Some(kept), _) => kept.server.with_statements(&statements)?,
        (None, Some(embedded)) => {
            let section = Backend {
                user: embedded.user.clone(),
                password: embedded.password.clone(),
                ..section.clone()
            };
            SqlServer::new(&section, Some(embedded.address(SECTION)), &statements)?
        }
        (None, None) => SqlServer::new(section, None, &statements)?,
    };
    Ok(server.with_shares(shares(config, section.max_connections)))
}

/// A pool, as one app has it.
struct SqlServerPool {
    name: String,
    line: usize,
    server: SqlServer,
}

impl Pool for SqlServerPool {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn line(&self) -> usize {
        self.line
    }

    fn start(&self) {
        self.server.start_upkeep();
    }

    fn check(&self, deadline: Instant) -> BoxFuture<'_, Result<(), CallError>> {
        Box::pin(self.server.check(deadline))
    }

    fn describe<'a>(
        &'a self,
        config: &'a Config,
        deadline: Instant,
    ) -> BoxFuture<'a, Vec<Problem>> {
        Box::pin(async move {
            match self.server.describe(deadline).await {
                Ok(found) => {
                    let found = found.iter();
                    found.map(|found| in_configuration(config, found)).collect()
                }
                Err(error) => {
                    let message = format!("{}: {}", self.name, because(&error));
                    vec![problem_at(config, self.line, message)]
                }
            }
        })
    }

    fn usage(&self) -> PoolUsage {
        let status = self.server.status();
        PoolUsage {
            size: status.size,
            in_use: status.in_use,
            waiting: status.waiting,
            holders: status.holders,
            waiters: status.waiters,
        }
    }

    fn record_gauges(&self) {
        pool_gauges::record(self.server.name(), &self.usage());
    }

    fn clear_gauges(&self) {
        pool_gauges::clear(self.server.name(), &self.usage());
    }
}

/// What a pool found wrong, with the line of the table it is about.
fn in_configuration(config: &Config, found: &StatementProblem) -> Problem {
    let (kind, name) = found.subject.split_once('.').unwrap_or_default();
    let line = match kind {
        "statements" => {
            let mut statements = said(config).statements.iter();
            let statement = statements.find(|statement| statement.name == name);
            statement.map(|statement| statement.line)
        }
        _ => {
            let mut sections = said(config).backends.iter();
            let section = sections.find(|section| section.name == name);
            section.map(|section| section.line)
        }
    };
    problem_at(config, line.unwrap_or(0), found.to_string())
}
