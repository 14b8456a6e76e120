//! Shares of the guest memory: how much of it the invocations of one module may have at once.
//!
//! A share is taken before the whole is asked, so that a module that is stuck waits for itself, and never in the way of others.

use std::collections::BTreeMap;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::capacity::pages;

/// The most memory of each module, by name; modules that are not named may have all there is.
#[derive(Default)]
pub struct MemoryShares(BTreeMap<String, Share>);

struct Share {
    pages: Semaphore,
    most_pages: u32,
}

impl MemoryShares {
    /// Shares in bytes by module.
    #[must_use]
    pub fn new(bytes_by_module: impl IntoIterator<Item = (String, u64)>) -> Self {
        let share = |bytes: u64| {
            let most_pages = pages(bytes).max(1);
            Share {
                pages: Semaphore::new(most_pages as usize),
                most_pages,
            }
        };
        Self(
            bytes_by_module
                .into_iter()
                .map(|(module, bytes)| (module, share(bytes)))
                .collect(),
        )
    }

    /// Waits until the module may have this much more. One invocation may always run, however small the share.
    pub(super) async fn take(&self, module: &str, bytes: u64) -> Option<SemaphorePermit<'_>> {
        let share = self.0.get(module)?;
        // Nobody closes the semaphore; if somebody did, the limit of the whole would still hold.
        share
            .pages
            .acquire_many(pages(bytes).min(share.most_pages))
            .await
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const PAGE: u64 = 64 << 10;

    #[tokio::test]
    async fn a_module_waits_for_its_own_share_and_for_nobody_else_s() {
        let shares =
            MemoryShares::new([("greedy".to_owned(), 3 * PAGE), ("modest".to_owned(), PAGE)]);
        let first = shares.take("greedy", 2 * PAGE).now_or_never();
        assert!(first.is_some(), "there is room");
        assert!(
            shares.take("greedy", 2 * PAGE).now_or_never().is_none(),
            "its share is used up"
        );
        assert!(
            shares.take("modest", 4 * PAGE).now_or_never().is_some(),
            "one invocation may always run"
        );
        assert!(shares.take("unnamed", 100 * PAGE).now_or_never().is_some());
        drop(first);
        assert!(
            shares.take("greedy", 2 * PAGE).now_or_never().is_some(),
            "what is given back is there again"
        );
    }
}
