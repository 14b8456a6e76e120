//! What the host knows of HTTP: one pool per `[http.NAME]`.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use mayfly_config::{Config, Problem};
use mayfly_error::CallError;
use mayfly_runtime::capability::{
    Before, Capability, Connected, Kind, MemoryLine, Pool, PoolUsage, Setting, Surroundings,
};
use mayfly_runtime::imports::{Access, Calls};
use mayfly_runtime::sandbox::Data;
use tokio::time::Instant;
use wasmtime::component::{HasSelf, Linker};

use super::bindings::mayfly::resolver::http;
use super::client::{Client, Clients, pool_name};
use super::configuration::{Base, Section, Service};
use super::metrics;
use crate::circuit::CircuitState;
use crate::share::by_module;
use crate::{because, hold_the_same, pool_gauges, problem_at};

/// What the sections of the configuration are called, and the embedded endpoint.
const SECTION: &str = "http";

/// What a connection holds besides an answer, in bytes: the head of an answer, buffers to read and write, TLS.
const CONNECTION_BYTES: u64 = 256 << 10;

/// Services over HTTP.
pub struct HttpCapability;

impl Access for HttpCapability {
    type Backend = Clients;
    const NAME: &str = "HTTP";
}

impl Capability for HttpCapability {
    fn link(&self, linker: &mut Linker<Data>) -> wasmtime::Result<()> {
        http::add_to_linker::<Data, HasSelf<Calls>>(linker, Data::calls)
    }

    fn connect<'a>(
        &'a self,
        config: &'a Config,
        surroundings: &'a Surroundings,
        before: Option<Before<'a>>,
        problems: &'a mut Vec<Problem>,
    ) -> BoxFuture<'a, Connected> {
        let mut connected = Connected::default();
        let mut clients = Clients::new();
        for service in said(config) {
            let kept = before.filter(|before| is_unchanged(service, config, before.config));
            let name = pool_name(&service.name);
            let kept = kept.and_then(|before| before.pools.get::<HttpPool>(&name));
            let client = match kept {
                Some(kept) => Ok(kept.client.clone()),
                None => connect(service, config, surroundings),
            };
            match client {
                Ok(client) => {
                    clients.insert(service.name.clone(), client.clone());
                    let line = service.line;
                    let pool = HttpPool { name, line, client };
                    connected.pools.push(Arc::new(pool), kept.is_none());
                }
                Err(problem) => problems.push(problem_at(
                    config,
                    service.line,
                    format!("{name}: {problem}"),
                )),
            }
        }
        let shares = by_module(config, &clients, Client::at_once, Client::with_share);
        connected.reach = Some(Box::new(|backends| {
            backends.with_shares::<Self>(Arc::new(clients), shares)
        }));
        Box::pin(std::future::ready(connected))
    }

    fn memory(&self, config: &Config) -> Vec<MemoryLine> {
        let unread = config
            .modules
            .iter()
            .map(|module| module.budget.unread_bytes);
        let unread = unread.max().unwrap_or_default() as u64;
        let line = |service: &Service| {
            // An answer as it came, and the JSON its guest is given.
            let each = unread + service.max_answer_bytes as u64 + CONNECTION_BYTES;
            let most = service.max_connections as u64;
            let shown = mayfly_config::units::show_bytes(each);
            MemoryLine::new(
                format!(
                    "{most} requests to service `{}`, {shown} each",
                    service.name
                ),
                most * each,
                Some("http.NAME.max_connections"),
            )
        };
        said(config).iter().map(line).collect()
    }

    fn settings(&self, config: &Config) -> Vec<Setting> {
        let setting = |(index, service): (usize, &Service)| {
            Setting::new(
                format!("{SECTION}.{}", mayfly_config::key(&service.name)),
                "max_connections",
                Kind::Count,
                (service.max_connections as u64, 2),
                move |config, number| {
                    config.sections.change(|section: &mut Section| {
                        if let Some(service) = section.services.get_mut(index) {
                            service.max_connections = usize::try_from(number).unwrap_or(usize::MAX);
                        }
                    });
                },
            )
        };
        said(config).iter().enumerate().map(setting).collect()
    }

    fn connections(&self, config: &Config) -> u64 {
        let services = said(config).iter();
        services.map(|service| service.max_connections as u64).sum()
    }
}

/// What the configuration says; nothing where it was read without this capability.
fn said(config: &Config) -> &[Service] {
    let section = config.sections.get::<Section>();
    section.map_or(&[], |section| &section.services)
}

/// Whether a service is configured as it was, wherever in the file, the certificates it names included.
fn is_unchanged(service: &Service, config: &Config, was: &Config) -> bool {
    let configured = said(was).iter().any(|before| {
        let moved = Service {
            line: service.line,
            ..before.clone()
        };
        moved == *service
    });
    configured && hold_the_same(service.named_files(), config, was)
}

fn connect(
    service: &Service,
    config: &Config,
    surroundings: &Surroundings,
) -> Result<Client, String> {
    let embedded = surroundings.embedded.as_ref();
    let embedded = embedded.filter(|_| service.base == Base::Embedded);
    let address = embedded.map(|embedded| embedded.address(SECTION));
    Client::new(service, address, &config.named, surroundings.offline)
}

/// A pool, as one app has it.
struct HttpPool {
    name: String,
    line: usize,
    client: Client,
}

impl Pool for HttpPool {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn line(&self) -> usize {
        self.line
    }

    fn check(&self, deadline: Instant) -> BoxFuture<'_, Result<(), CallError>> {
        Box::pin(self.client.check(deadline))
    }

    fn describe<'a>(
        &'a self,
        config: &'a Config,
        deadline: Instant,
    ) -> BoxFuture<'a, Vec<Problem>> {
        Box::pin(async move {
            let reached = self.client.reach(deadline).await;
            let told = reached
                .err()
                .map(|error| format!("{}: {}", self.name, because(&error)));
            told.map(|told| problem_at(config, self.line, told))
                .into_iter()
                .collect()
        })
    }

    fn usage(&self) -> PoolUsage {
        self.client.status().usage
    }

    fn record_gauges(&self) {
        let status = self.client.status();
        pool_gauges::record(&self.name, &status.usage);
        metrics::circuit(service_of(&self.name), status.circuit);
    }

    fn clear_gauges(&self) {
        pool_gauges::clear(&self.name, &self.usage());
        metrics::circuit(service_of(&self.name), CircuitState::Closed);
    }
}

/// The service of a pool.
fn service_of(pool: &str) -> &str {
    pool.split_once('.').map_or(pool, |(_, service)| service)
}
