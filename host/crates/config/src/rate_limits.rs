//! `[rate_limits]`: how much each caller, API key and address may ask for in a time.

use std::time::Duration;

use crate::key::Key;
use crate::limits::Limits;
use crate::reader::{Table, count};

const CALLER: Key<'_> = Key::new(
    "caller",
    "What one caller with a token may ask for: the issuer and `sub` together. Without this table they count by address.",
);
const API_KEY: Key<'_> = Key::new(
    "api_key",
    "What one caller with an API key may ask for. Without this table they count by address.",
);
const ADDRESS: Key<'_> = Key::new(
    "address",
    "What one address may ask for, together with all whose token or API key is not accepted: an IPv4 address, or the /64 of an IPv6 one. It \
     is the last one that is not one of `server.trusted_proxies`.",
);
const BUCKETS: Key<'_> = Key::new(
    "buckets",
    "Callers, keys or addresses that are counted separately, per table and kind; beyond that, newcomers share a few buckets.",
);
const OPERATIONS: Key<'_> = Key::new(
    "operations",
    "Operations in `per`, at once or one after the other; each of a list counts. At least one of `operations` and `complexity` is needed.",
);
const COMPLEXITY: Key<'_> = Key::new(
    "complexity",
    "Complexity in `per`, as `limits.complexity` counts it; at least that much.",
);
const PER: Key<'_> = Key::new("per", "The time in which the allowance refills, evenly.");

/// The most of anything in a time.
const MOST: u64 = u32::MAX as u64;

/// `[rate_limits]`. Without it nobody is limited. Each process counts for itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RateLimits {
    pub caller: Option<RateLimit>,
    pub api_key: Option<RateLimit>,
    pub address: Option<RateLimit>,
    /// `buckets`, of each limit.
    pub buckets: usize,
}

/// What one may ask for in a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimit {
    pub operations: Option<u32>,
    pub complexity: Option<u32>,
    pub per: Duration,
}

impl RateLimits {
    /// What one bucket takes, in bytes: its key, its state and its share of a table.
    pub const BUCKET_BYTES: u64 = 64;

    /// What all buckets take, in bytes.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        let tables = [&self.caller, &self.api_key, &self.address];
        let kinds: u64 = tables
            .into_iter()
            .flatten()
            .map(|limit| {
                u64::from(limit.operations.is_some()) + u64::from(limit.complexity.is_some())
            })
            .sum();
        kinds * self.buckets as u64 * Self::BUCKET_BYTES
    }

    pub(crate) fn read(table: Option<Table<'_>>, limits: &Limits) -> Self {
        let Some(mut table) = table else {
            return Self::default();
        };
        let mut limit = |key: Key<'_>| Some(RateLimit::read(table.table(key)?, limits));
        let (caller, api_key, address) = (limit(CALLER), limit(API_KEY), limit(ADDRESS));
        let all = Self {
            caller,
            api_key,
            address,
            buckets: count(table.number(BUCKETS, 65_536, 1_024..=16_777_216)),
        };
        if all.caller.is_none() && all.api_key.is_none() && all.address.is_none() {
            let path = &table.path;
            table.problem(format!(
                "`{path}` limits nobody; add [{path}.address], [{path}.caller] or [{path}.api_key]"
            ));
        }
        table.finish();
        all
    }
}

impl RateLimit {
    fn read(mut table: Table<'_>, limits: &Limits) -> Self {
        let mut number = |key: Key<'_>| {
            // Asked for whatever is there, so that it is described.
            let is_there = table.has(key.name);
            let number = table.number(key, MOST, 1..=MOST);
            is_there.then(|| u32::try_from(number).unwrap_or(u32::MAX))
        };
        let (operations, complexity) = (
            number(OPERATIONS.or("no limit")),
            number(COMPLEXITY.or("no limit")),
        );
        let limit = Self {
            operations,
            complexity,
            per: table.time(
                PER,
                Duration::from_secs(60),
                Duration::from_secs(1)..=Duration::from_secs(86_400),
            ),
        };
        let path = &table.path;
        if limit.operations.is_none() && limit.complexity.is_none() {
            table.problem(format!(
                "`{path}` limits nothing; add operations = 600, or complexity = 1000000"
            ));
        }
        let most = limits.complexity;
        if limit
            .complexity
            .is_some_and(|complexity| u64::from(complexity) < most)
        {
            table.problem(format!(
                "`{path}.complexity` is below `limits.complexity` ({most}), so operations that are let in could never run; raise it or lower the other"
            ));
        }
        table.finish();
        limit
    }
}
