//! A share of a pool: how many of its connections or requests one user may have at once.
//!
//! It is taken before the pool is asked, so that those who wait for their own share never stand in the pool's queue, in the way of
//! others. Waiting for it is part of a call's time.

use std::collections::BTreeMap;
use std::sync::Arc;

use mayfly_config::Config;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A share of a pool. Clones are the same share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Share(Option<Arc<Semaphore>>);

/// A part of a share in use; none of the whole pool, which has a limit of its own.
#[derive(Debug)]
pub(crate) struct Taken(
    #[expect(dead_code, reason = "held for what its end does")] Option<OwnedSemaphorePermit>,
);

/// The modules that may not have everything, by name, with their share of so many.
pub(crate) fn shares(config: &Config, total: usize) -> impl Iterator<Item = (String, usize)> + '_ {
    let sharing = config
        .modules
        .iter()
        .filter(|module| module.share_percent < 100);
    sharing.map(move |module| (module.name.clone(), module.share_of(total)))
}

/// The clients of those modules that have a share of each. `most` says how much a client may have in all, `share` gives a part of it.
pub(crate) fn by_module<C>(
    config: &Config,
    clients: &BTreeMap<String, C>,
    most: impl Fn(&C) -> usize,
    share: impl Fn(&C, usize) -> C,
) -> BTreeMap<String, Arc<BTreeMap<String, C>>> {
    let mut by_module: BTreeMap<String, BTreeMap<String, C>> = BTreeMap::new();
    for (name, client) in clients {
        for (module, part) in shares(config, most(client)) {
            let of_module = by_module.entry(module).or_default();
            of_module.insert(name.clone(), share(client, part));
        }
    }

    let by_module = by_module.into_iter();
    by_module
        .map(|(module, clients)| (module, Arc::new(clients)))
        .collect()
}

impl Share {
    /// At most this many at once, and never none.
    pub(crate) fn of(most: usize) -> Self {
        Self(Some(Arc::new(Semaphore::new(
            most.clamp(1, Semaphore::MAX_PERMITS),
        ))))
    }

    /// Waits for its turn; the caller bounds the time.
    pub(crate) async fn take(&self) -> Taken {
        match &self.0 {
            // Nobody closes the semaphore; if somebody did, the pool's own limit would still hold.
            Some(share) => Taken(share.clone().acquire_owned().await.ok()),
            None => Taken(None),
        }
    }
}
