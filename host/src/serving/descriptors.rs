//! Descriptors: how many this process may have open, and whether connections, pools and files fit.

use mayfly_config::Config;
use mayfly_runtime::capability::Capabilities;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::serving::memory_plan::ADMIN_CONNECTIONS;

/// Standard streams, listeners, the runtime's own, what watches files, and pipes to the embedded backends.
const OWN: u64 = 32;

/// A version at the gate, with the pipes to the process that compiles it, and components that are received.
const DEPLOYING: u64 = 16;

/// What is left for what nobody thought of, such as names being looked up.
const RESERVE: u64 = 16;

/// Connections that clients, and operators, have whatever the limit is: what is kept for a deployment and for what nobody thought of is
/// seldom used, and these are what shows that the limit is too low.
const LEAST_CONNECTIONS: u64 = 8;

/// What an app needs, and what this process may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptors {
    /// `server.max_connections`.
    clients: u64,
    /// Connections to backends, at their limits.
    pools: u64,
    /// The limit of this process; none when it has none.
    limit: Option<u64>,
}

/// Raises the limit that programs begin with to the one they may have. The lower one protects programs that use `select`, and this
/// one does not.
pub fn raise_limit() {
    raise(Resource::Nofile);
}

/// Raises a limit to the one that this process may have. What it is then is looked at again, and told when it is not enough.
pub(super) fn raise(resource: Resource) {
    let limit = getrlimit(resource);
    if limit.current != limit.maximum {
        let raised = Rlimit {
            current: limit.maximum,
            ..limit
        };
        let _ = setrlimit(resource, raised);
    }
}

impl Descriptors {
    /// What an app needs, once its limit was raised.
    #[must_use]
    pub fn of(config: &Config, capabilities: Capabilities) -> Self {
        let pools = capabilities
            .iter()
            .map(|capability| capability.connections(config));
        Self {
            clients: config.server.max_connections as u64,
            pools: pools.sum(),
            limit: getrlimit(Resource::Nofile).current,
        }
    }

    /// Clients that may be connected at once, so that everything else has the descriptors it needs.
    #[must_use]
    pub fn clients(&self) -> usize {
        let room = self.room_beside(self.operators() as u64);
        let least = LEAST_CONNECTIONS.min(self.clients);
        usize::try_from(self.clients.min(room).max(least)).unwrap_or(usize::MAX)
    }

    /// Operators that may be connected at once: fewer only where the limit leaves clients no room beside them.
    #[must_use]
    pub fn operators(&self) -> usize {
        let room = self.room_beside(LEAST_CONNECTIONS.min(self.clients));
        let all = ADMIN_CONNECTIONS as u64;
        usize::try_from(all.min(room).max(LEAST_CONNECTIONS)).unwrap_or(ADMIN_CONNECTIONS)
    }

    /// Why they do not fit, with what to do about it; none when they do.
    #[must_use]
    pub fn objection(&self) -> Option<String> {
        let limit = self.limit?;
        let needed = self.clients + self.others();
        if needed <= limit {
            return None;
        }
        // Where the rest alone is too much, fewer clients do not help.
        let fewer = match limit.saturating_sub(self.others()) {
            0 => String::new(),
            clients => format!(", or lower `server.max_connections` to {clients}"),
        };
        Some(format!(
            "{needed} descriptors are needed ({} for `server.max_connections`, {} for connections to backends, {} for everything \
             else), and the limit of open files is {limit}; raise it to {needed} (`ulimit -n`, LimitNOFILE=){fewer}; until then at \
             most {} clients and {} operators are connected at once",
            self.clients,
            self.pools,
            self.others() - self.pools,
            self.clients(),
            self.operators(),
        ))
    }

    fn others(&self) -> u64 {
        self.pools + ADMIN_CONNECTIONS as u64 + OWN + DEPLOYING + RESERVE
    }

    /// What the limit leaves for connections beside these.
    fn room_beside(&self, connections: u64) -> u64 {
        let taken = self.pools + OWN + DEPLOYING + RESERVE + connections;
        self.limit
            .map_or(u64::MAX, |limit| limit.saturating_sub(taken))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_told_with_the_values_to_change() {
        let descriptors = |limit| Descriptors {
            clients: 1_000,
            pools: 72,
            limit,
        };
        assert_eq!(descriptors(None).objection(), None);
        assert_eq!(descriptors(Some(1_200)).objection(), None);
        assert_eq!(descriptors(Some(1_200)).clients(), 1_000);
        assert_eq!(descriptors(Some(1_024)).clients(), 824);
        assert_eq!(descriptors(Some(1_024)).operators(), 64);
        assert_eq!(
            descriptors(Some(1_024)).objection().as_deref(),
            Some(
                "1200 descriptors are needed (1000 for `server.max_connections`, 72 for connections to backends, 128 for everything \
                 else), and the limit of open files is 1024; raise it to 1200 (`ulimit -n`, LimitNOFILE=), or lower \
                 `server.max_connections` to 824; until then at most 824 clients and 64 operators are connected at once"
            )
        );
        assert_eq!(
            descriptors(Some(180)).objection().as_deref(),
            Some(
                "1200 descriptors are needed (1000 for `server.max_connections`, 72 for connections to backends, 128 for everything \
                 else), and the limit of open files is 180; raise it to 1200 (`ulimit -n`, LimitNOFILE=); until then at most 8 clients \
                 and 36 operators are connected at once"
            )
        );
    }

    #[test]
    fn a_few_clients_and_operators_are_served_whatever_happens() {
        let descriptors = |clients| Descriptors {
            clients,
            pools: 0,
            limit: Some(64),
        };
        assert_eq!(descriptors(1_000).clients(), 8);
        assert_eq!(descriptors(1_000).operators(), 8);
        assert_eq!(descriptors(1).clients(), 1);
    }
}
