//! What is behind the imports of capabilities, by capability.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A capability, as the imports know it.
pub trait Access: 'static {
    /// What its import reaches: the host's pools, or what a test puts in their place.
    type Backend: ?Sized + Send + Sync + 'static;
    /// Its name in messages.
    const NAME: &'static str;
}

/// What guests reach, by capability.
#[derive(Clone, Default)]
pub struct Backends(Vec<(TypeId, Arc<dyn Any + Send + Sync>)>);

/// What is behind one capability.
struct Behind<B: ?Sized> {
    all: Arc<B>,
    /// The same for modules that may have only a share of it.
    shares: BTreeMap<String, Arc<B>>,
}

impl Backends {
    /// The same with this capability.
    #[must_use]
    pub fn with<A: Access>(self, backend: Arc<A::Backend>) -> Self {
        self.with_shares::<A>(backend, BTreeMap::new())
    }

    /// The same with this capability, of which some modules, by name, have a share.
    #[must_use]
    pub fn with_shares<A: Access>(
        mut self,
        backend: Arc<A::Backend>,
        shares: BTreeMap<String, Arc<A::Backend>>,
    ) -> Self {
        let key = TypeId::of::<A>();
        self.0.retain(|(known, _)| *known != key);
        let behind = Behind {
            all: backend,
            shares,
        };
        self.0.push((key, Arc::new(behind)));
        self
    }

    /// What is behind a capability, or the module's share of it.
    pub(super) fn of<A: Access>(&self, module: &str) -> Option<Arc<A::Backend>> {
        let key = TypeId::of::<A>();
        let (_, behind) = self.0.iter().find(|(known, _)| *known == key)?;
        let behind = behind.downcast_ref::<Behind<A::Backend>>()?;
        Some(behind.shares.get(module).unwrap_or(&behind.all).clone())
    }
}
