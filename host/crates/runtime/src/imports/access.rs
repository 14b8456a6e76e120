//! How an import reaches what is behind it: never before the budget was counted and the grant was checked.
//!
//! [`Backends`](super::Backends) gives nothing out itself. What it holds can be reached only through [`Granted`], which is made
//! in one place, after the call was counted and the grant's check had no objection.

use std::sync::Arc;

use mayfly_config::Module;
use mayfly_error::{CallCode, CallError};
use tokio::time::Instant;
use wasmtime::component::Resource;

use super::backends::Access;
use super::caller::Caller;
use super::calls::Calls;
use super::pending::{Call, Pending};
use super::rows::RowBudget;

/// Who asks, for the check of a grant.
pub struct Asker<'a> {
    /// The module, with its grants.
    pub module: &'a Module,
    /// Who sent the operation.
    pub caller: &'a Caller,
}

/// The proof that a call was counted and granted, and what it may use.
pub struct Granted<'a, A: Access> {
    calls: &'a mut Calls,
    backend: Arc<A::Backend>,
}

impl<A: Access> Granted<'_, A> {
    /// What is behind the import, or the module's share of it.
    #[must_use]
    pub fn backend(&self) -> &Arc<A::Backend> {
        &self.backend
    }

    /// When the call ends.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.calls.call_deadline.at()
    }

    /// The longest answer the call may give, in bytes.
    #[must_use]
    pub fn most_bytes(&self) -> usize {
        self.calls.most_bytes()
    }

    /// Bytes of answers that the guest need not have taken.
    #[must_use]
    pub fn unread_bytes(&self) -> usize {
        self.calls.module.budget.unread_bytes
    }

    /// The rows that calls of this invocation may still give.
    #[must_use]
    pub fn rows(&mut self) -> RowBudget {
        self.calls.rows()
    }

    /// The module that asks.
    #[must_use]
    pub fn module(&self) -> &Arc<Module> {
        &self.calls.module
    }

    /// The trace of the operation.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        self.calls.trace_id()
    }

    /// What the capability keeps for the whole invocation.
    pub fn kept<T: Default + Send + 'static>(&mut self) -> &mut T {
        self.calls.kept()
    }
}

impl Calls {
    /// Begins a call by which the guest hands over this many bytes: counts it, checks it, and sends it at once. Whatever fails is the
    /// call's answer, never a trap.
    ///
    /// # Errors
    ///
    /// A trap: no handle is left.
    pub fn begin<A: Access, G>(
        &mut self,
        bytes: usize,
        check: impl FnOnce(&Asker<'_>) -> Result<G, CallError>,
        start: impl FnOnce(&mut Granted<'_, A>, G) -> Result<Call, CallError>,
    ) -> wasmtime::Result<Resource<Pending>> {
        let call = self.open(bytes, check, start);
        self.send(call)
    }

    /// Opens what is not a call by itself, such as a transaction: counts it and checks it as a call.
    ///
    /// # Errors
    ///
    /// The budget is used up, the grant is missing, or what `start` says.
    pub fn open<A: Access, G, T>(
        &mut self,
        bytes: usize,
        check: impl FnOnce(&Asker<'_>) -> Result<G, CallError>,
        start: impl FnOnce(&mut Granted<'_, A>, G) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        self.count_call(bytes)?;
        let granted = check(&Asker {
            module: &self.module,
            caller: &self.operation.caller,
        })?;
        let backend = self.backends.of::<A>(&self.module.name).ok_or_else(|| {
            CallError::new(
                CallCode::Unavailable,
                format!("{} is not configured", A::NAME),
            )
        })?;
        start(
            &mut Granted {
                calls: self,
                backend,
            },
            granted,
        )
    }
}
