//! The state behind one invocation's imports. Kept small and filled lazily: most invocations use little of it.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use mayfly_config::Module;
use mayfly_error::{CallCode, CallError, shortened};
use mayfly_json::Tree;
use wasmtime::component::ResourceTable;

use super::backends::Backends;
use super::budget::{Allowance, LogLeft, Reached, Usage};
use super::caller::Caller;
use super::rows::RowBudget;
use crate::Deadline;

/// Whose invocation it is, for the log.
#[derive(Debug, Clone)]
pub struct Origin {
    /// SHA-256 of the module's component, 64 hexadecimal digits.
    pub version: String,
    /// The object type with the field.
    pub type_name: Arc<str>,
    pub field_name: Arc<str>,
}

impl Origin {
    /// The field as people write it: `Query.student`.
    #[must_use]
    pub fn field(&self) -> String {
        format!("{}.{}", self.type_name, self.field_name)
    }
}

/// What all invocations of one operation share.
#[derive(Debug, Default)]
pub struct Operation {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// Who sent it.
    pub caller: Caller,
    /// Its variables as the client sent them: a JSON object, none when there were none.
    pub variables: Option<Tree<'static>>,
    /// What its invocations may still use together.
    pub allowance: Allowance,
}

/// A call that failed in this invocation, kept so that a guest passing the error on is reported as what it was.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What kind.
    pub code: CallCode,
    /// What the guest was told.
    pub message: String,
    /// What the log may know.
    pub detail: String,
    /// Whether a time limit of the backend's ended it, and not the invocation's.
    pub is_backend_timeout: bool,
}

/// Failures kept per invocation: a guest that fails more often passes on one of the last.
const KEPT_FAILURES: usize = 8;

/// Bytes of a name that a guest gave in messages, at most.
pub const SHOWN_BYTES: usize = 100;

/// Bytes of a failure in the log, at most.
const LINE_BYTES: usize = 8 << 10;

/// The state behind one invocation's imports.
pub struct Calls {
    pub(super) module: Arc<Module>,
    pub(super) origin: Origin,
    pub(super) backends: Arc<Backends>,
    pub(super) operation: Arc<Operation>,
    pub(super) selection: Arc<[String]>,
    /// When the invocation ends.
    pub(super) deadline: Deadline,
    /// When its calls end: sooner, so that a guest can still answer.
    pub(super) call_deadline: Deadline,
    pub(super) table: ResourceTable,
    pub(super) usage: Usage,
    /// Made when the first statement runs, and shared by all backends.
    pub(super) rows: Option<RowBudget>,
    /// What is left of the log, once it is shared with a standard output.
    pub(super) log_left: Option<Arc<LogLeft>>,
    /// What capabilities keep, by its type.
    kept: Vec<Box<dyn Any + Send>>,
    pub(super) failures: Vec<Failure>,
    /// What the guest said of its errors, by the place of their parent.
    pub(super) error_details: Vec<(u32, String)>,
}

impl Calls {
    /// The state of an invocation that begins now.
    #[must_use]
    pub fn new(
        module: Arc<Module>,
        origin: Origin,
        backends: Arc<Backends>,
        operation: Arc<Operation>,
        selection: Arc<[String]>,
        deadline: Deadline,
    ) -> Self {
        // A tenth of the time, and at most 100 ms, is left for the guest to answer once its calls have ended.
        let grace = (deadline.total() / 10).min(Duration::from_millis(100));
        let call_deadline = deadline.less(grace);
        let mut table = ResourceTable::new();
        table.set_max_capacity(module.budget.handles as usize);
        Self {
            module,
            origin,
            backends,
            operation,
            selection,
            deadline,
            call_deadline,
            table,
            usage: Usage::default(),
            rows: None,
            log_left: None,
            kept: Vec::new(),
            failures: Vec::new(),
            error_details: Vec::new(),
        }
    }

    /// What was used so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// When the invocation ends.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// The module this is an invocation of.
    #[must_use]
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// The handles of the invocation, which WASI shares.
    pub fn table_mut(&mut self) -> &mut ResourceTable {
        &mut self.table
    }

    /// The failure of that kind that a guest may be passing on.
    #[must_use]
    pub fn failure(&self, code: &str) -> Option<&Failure> {
        self.failures
            .iter()
            .rev()
            .find(|failure| failure.code.as_str() == code)
    }

    /// The failure that a guest is passing on as it was given it.
    #[must_use]
    pub fn failure_with(&self, code: &str, message: &str) -> Option<&Failure> {
        self.failures
            .iter()
            .rev()
            .find(|failure| failure.code.as_str() == code && failure.message == message)
    }

    /// The refusal in whose words a guest answers, whatever code it gives it: libraries give it their own.
    #[must_use]
    pub fn refusal_with(&self, message: &str) -> Option<&Failure> {
        self.failure_with(CallCode::Denied.as_str(), message)
    }

    /// What the guest said of its error for a parent: a JSON object.
    #[must_use]
    pub fn error_details(&self, parent: usize) -> Option<&str> {
        let mut details = self.error_details.iter();
        let found = details.find(|(place, _)| usize::try_from(*place) == Ok(parent));
        found.map(|(_, details)| details.as_str())
    }

    /// Keeps a failure, and writes a line of it, which counts as one of the guest's own: it is the guest that calls again.
    pub(super) fn note_failure(&mut self, error: &CallError) {
        let module = &self.module.name;
        let detail = if error.detail.is_empty() {
            error.message.clone()
        } else {
            // Who counts a budget does not know whose it is.
            let limits = format!("`modules.{module}.limits.");
            error.detail.replace("`limits.", &limits)
        };
        self.log_failure(error, &detail);
        if self.failures.len() == KEPT_FAILURES {
            self.failures.remove(0);
        }
        self.failures.push(Failure {
            code: error.code,
            message: error.message.clone(),
            detail,
            is_backend_timeout: error.is_backend_timeout,
        });
    }

    fn log_failure(&mut self, error: &CallError, detail: &str) {
        // What a guest did wrong it is told, and may mean; what a backend did is the operator's business.
        let is_warning = match error.code {
            CallCode::Unavailable
            | CallCode::Throttled
            | CallCode::Deadline
            | CallCode::OutcomeUnknown
            | CallCode::Backend => true,
            // A condition that does not hold and a conflict are the daily business of guests.
            CallCode::Denied | CallCode::Invalid | CallCode::NotFound => error.said_by_backend,
            _ => false,
        };
        let is_written = if is_warning {
            tracing::enabled!(tracing::Level::WARN)
        } else {
            tracing::enabled!(tracing::Level::DEBUG)
        };
        let most = self.module.budget.log_bytes as usize;
        let detail = shortened(detail, most.min(LINE_BYTES));
        if !is_written || !self.may_log(detail.len()) {
            return;
        }
        let (module, trace_id) = (&self.module.name, &self.operation.trace_id);
        let code = error.code.as_str();
        let (version, field) = (&self.origin.version, self.origin.field());
        let api_key = self.operation.caller.api_key();
        if is_warning {
            tracing::warn!(%module, %version, %field, %trace_id, api_key, code, %detail, "host call failed");
        } else {
            tracing::debug!(%module, %version, %field, %trace_id, api_key, code, %detail, "host call failed");
        }
    }

    /// The longest answer a call may still give, in bytes.
    pub(super) fn most_bytes(&self) -> usize {
        let left = self
            .module
            .budget
            .host_to_guest_bytes
            .saturating_sub(self.usage.host_to_guest_bytes);
        usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(self.module.budget.unread_bytes)
    }

    /// Counts a host call by which the guest hands over this many bytes, for this invocation and its operation.
    pub(super) fn count_call(&mut self, bytes: usize) -> Result<(), Reached> {
        self.usage.begin_call(bytes, &self.module.budget)?;
        self.operation.allowance.begin_call()
    }

    /// What a capability keeps for the whole invocation.
    pub(super) fn kept<T: Default + Send + 'static>(&mut self) -> &mut T {
        let at = self.kept.iter().position(|kept| kept.is::<T>());
        let at = at.unwrap_or_else(|| {
            self.kept.push(Box::<T>::default());
            self.kept.len() - 1
        });
        // It was just looked for.
        #[expect(
            clippy::unwrap_used,
            clippy::indexing_slicing,
            reason = "it is there, and of this type"
        )]
        self.kept[at].downcast_mut().unwrap()
    }

    /// The rows statements may still give.
    pub(super) fn rows(&mut self) -> RowBudget {
        self.rows
            .get_or_insert_with(|| self.operation.allowance.rows(&self.module.budget))
            .clone()
    }

    /// Whether a log line of this many bytes may be written, which then counts.
    pub(super) fn may_log(&mut self, bytes: usize) -> bool {
        match &self.log_left {
            Some(left) => left.take(bytes),
            None => self.usage.log(bytes, &self.module.budget),
        }
    }

    /// What is left of the log, for a standard output that is written to by itself.
    pub fn share_log(&mut self) -> Arc<LogLeft> {
        self.log_left
            .get_or_insert_with(|| LogLeft::new(&self.usage, &self.module.budget))
            .clone()
    }

    /// Whose invocation it is.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The trace of the operation.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        &self.operation.trace_id
    }
}
