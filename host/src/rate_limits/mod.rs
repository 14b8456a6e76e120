//! How much each caller, API key or address may ask for in a time (`[rate_limits]`).
//!
//! Operations are counted before anything of a request is parsed, complexity once an operation is priced. Who has a credential that is
//! not accepted counts by address, so that nobody may guess on. Each process counts for itself.

mod address;
mod buckets;

use std::net::SocketAddr;

use http::HeaderMap;
use ipnet::IpNet;
use mayfly_config::RateLimit;
use mayfly_error::Error;
use mayfly_runtime::imports::Caller;
use mayfly_telemetry::names;
use metrics::{counter, gauge};

use crate::callers::Account;
use address::Origin;
use buckets::Buckets;

/// The limits of an app, and what was used of them.
pub struct RateLimits {
    config: mayfly_config::RateLimits,
    caller: Option<Limit>,
    api_key: Option<Limit>,
    address: Option<Limit>,
}

/// What one may ask for.
struct Limit {
    /// Of what, for metrics.
    by: &'static str,
    operations: Option<Buckets>,
    complexity: Option<Buckets>,
}

/// Whom a request counts for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Owner {
    Account(Account),
    Origin(Origin),
}

/// What a request may still ask for.
pub struct Allowance<'l> {
    limit: Option<&'l Limit>,
    owner: Owner,
}

impl RateLimits {
    #[must_use]
    pub fn new(config: &mayfly_config::RateLimits) -> Self {
        let limit = |by, limit: &Option<RateLimit>| {
            let limit = limit.as_ref()?;
            let buckets = |amount: Option<u32>| {
                amount.map(|amount| Buckets::new(amount, limit.per, config.buckets))
            };
            Some(Limit {
                by,
                operations: buckets(limit.operations),
                complexity: buckets(limit.complexity),
            })
        };
        Self {
            caller: limit("caller", &config.caller),
            api_key: limit("api_key", &config.api_key),
            address: limit("address", &config.address),
            config: config.clone(),
        }
    }

    /// Whether these are the limits of a configuration.
    #[must_use]
    pub fn are(&self, config: &mayfly_config::RateLimits) -> bool {
        self.config == *config
    }

    /// What a caller may ask for; none of a caller counts for whoever is not recognised.
    #[must_use]
    pub fn of(
        &self,
        caller: Option<&Caller>,
        peer: Option<SocketAddr>,
        headers: &HeaderMap,
        trusted: &[IpNet],
    ) -> Allowance<'_> {
        let own = caller.and_then(Account::of).and_then(|account| {
            let limit = match account {
                Account::Token(..) => self.caller.as_ref(),
                Account::ApiKey(_) => self.api_key.as_ref(),
            };
            Some(Allowance {
                limit: Some(limit?),
                owner: Owner::Account(account),
            })
        });
        own.unwrap_or_else(|| Allowance {
            limit: self.address.as_ref(),
            owner: Owner::Origin(Origin::of(peer, headers, trusted)),
        })
    }

    /// Shows how many are told apart.
    pub fn record_gauges(&self) {
        for limit in [&self.caller, &self.api_key, &self.address]
            .into_iter()
            .flatten()
        {
            let buckets = [&limit.operations, &limit.complexity];
            let count: usize = buckets.into_iter().flatten().map(Buckets::count).sum();
            #[expect(clippy::cast_precision_loss, reason = "metrics are floating point")]
            gauge!(names::RATE_LIMIT_BUCKETS, "by" => limit.by).set(count as f64);
        }
    }
}

impl Allowance<'_> {
    /// Counts an operation.
    ///
    /// # Errors
    ///
    /// [`Error::RateLimited`] when there were too many.
    pub fn operation(&self) -> Result<(), Error> {
        self.take("operations", 1)
    }

    /// Counts the complexity of an operation.
    ///
    /// # Errors
    ///
    /// [`Error::RateLimited`] when others before it had too much.
    pub fn complexity(&self, cost: u64) -> Result<(), Error> {
        self.take("complexity", cost)
    }

    fn take(&self, reason: &'static str, amount: u64) -> Result<(), Error> {
        let Some(limit) = self.limit else {
            return Ok(());
        };
        let (buckets, what) = match reason {
            "operations" => (&limit.operations, "too many operations"),
            _ => (&limit.complexity, "too much complexity"),
        };
        let Some(buckets) = buckets else {
            return Ok(());
        };
        buckets.take(&self.owner, amount).map_err(|empty| {
            counter!(names::RATE_LIMITED, "by" => limit.by, "reason" => reason).increment(1);
            Error::RateLimited {
                what,
                retry_after: empty.wait,
            }
        })
    }
}
