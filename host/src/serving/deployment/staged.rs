//! Components that were sent for a canary and wait for it to begin: one of each module, in the store and nowhere else.

use super::{DeployError, Deployment};
use crate::history::{Action, Actor, Change};
use mayfly_runtime::modules::Pinned;

impl Deployment {
    /// Keeps a component for a canary, in place of one that came before for the same module.
    pub fn stage(&self, module: &str, component: Pinned, actor: &Actor) {
        let active = self.active_digest(module);
        let change = Change::new(actor, Action::Stage).of(module);
        self.changes()
            .record(change.versions(active.as_deref(), Some(&component.digest)));
        let before = self.staged.lock().insert(module.to_owned(), component);
        drop(before);
        self.collect();
    }

    /// The component that was kept for a canary of a module.
    pub(super) fn staged(&self, module: &str) -> Option<String> {
        let staged = self.staged.lock();
        Some(staged.get(module)?.digest.clone())
    }

    /// A component with this digest: one that came for a canary, or one that was active before.
    pub(super) fn component(&self, module: &str, digest: &str) -> Result<Pinned, DeployError> {
        let bytes = {
            let staged = self.staged.lock();
            let staged = staged.get(module).filter(|staged| staged.digest == digest);
            staged.map(|staged| staged.bytes)
        };
        let record = self.store.module(module);
        let mut known = record.activations.iter().chain(&record.rolled_back);
        let known = || {
            let known = known.find(|known| known.digest == digest)?;
            Some(known.bytes)
        };
        let bytes = bytes.or_else(known);
        let bytes = bytes.ok_or_else(|| DeployError::UnknownVersion {
            module: module.to_owned(),
            digest: digest.to_owned(),
        })?;
        Ok(self.store.clone().pin(digest, bytes))
    }
}
