//! Answers the engine's invocations with guests: picks the version, runs it in the sandbox, counts and logs what became of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mayfly_config::ErrorDetail;
use mayfly_error::{Code, Error, shortened};
use mayfly_graphql::{Answers, Disclosure, Invocation, PathStep, Resolve, Viewer, ViewerKind};

use crate::history::{History, RecentError};
use crate::serving::app::App;
use crate::serving::canary::Observation;
use mayfly_runtime::imports::{Credential, Operation};
use mayfly_runtime::modules::Version;
use mayfly_runtime::sandbox::{Outcome, Request};

/// The guests of one app, for one operation.
pub struct Resolver {
    app: Arc<App>,
    operation: Arc<Operation>,
    /// What counts this operation for a canary.
    observation: Option<Observation>,
    /// Where errors are kept for operators.
    history: Option<Arc<History>>,
    warnings: Warnings,
}

/// Errors of one answer that are warned of one by one; the others are counted. A guest makes a thousand of them with one byte each.
const MAX_WARNINGS: u32 = 10;

/// What the names of issuers begin with that are user pools of Cognito.
const COGNITO: &str = "https://cognito-idp.";

/// Bytes of an error, and of its path, in the log, at most.
const SHOWN_BYTES: usize = 4 << 10;
const SHOWN_PATH_BYTES: usize = 500;

/// The errors of one answer, as far as the log tells of them.
struct Warnings {
    trace_id: String,
    found: AtomicU32,
}

impl Warnings {
    /// Whether the next one is reported.
    fn next_is_told(&self) -> bool {
        self.found.fetch_add(1, Ordering::Relaxed) < MAX_WARNINGS
    }
}

impl Drop for Warnings {
    fn drop(&mut self) {
        let found = *self.found.get_mut();
        if let Some(more @ 1..) = found.checked_sub(MAX_WARNINGS) {
            tracing::warn!(
                trace_id = self.trace_id,
                errors = found,
                "{more} more errors in this answer"
            );
        }
    }
}

impl Resolver {
    /// Answers an operation with an app's guests.
    #[must_use]
    pub fn new(app: Arc<App>, operation: Operation) -> Self {
        let warnings = Warnings {
            trace_id: operation.trace_id.clone(),
            found: AtomicU32::new(0),
        };
        Self {
            app,
            operation: Arc::new(operation),
            observation: None,
            history: None,
            warnings,
        }
    }

    /// The same, counted for a canary once it is answered.
    #[must_use]
    pub fn observed(self, observation: Option<Observation>) -> Self {
        Self {
            observation,
            ..self
        }
    }

    /// The same, with errors kept for operators.
    #[must_use]
    pub fn remembered(self, history: Arc<History>) -> Self {
        Self {
            history: Some(history),
            ..self
        }
    }

    /// The operation is answered.
    pub fn finish(self) {
        if let Some(observation) = self.observation {
            observation.finish();
        }
    }

    /// Runs one invocation and tells what became of it.
    ///
    /// # Errors
    ///
    /// When the app has no such module.
    pub async fn invoke(&self, invocation: Invocation) -> Result<Outcome, Error> {
        let version = self.version(&invocation.module)?;
        let allowance = &self.operation.allowance;
        let handed =
            invocation.arguments.len() + invocation.parents.iter().map(String::len).sum::<usize>();
        let counted = allowance
            .begin_invocation()
            .and_then(|()| allowance.exchange(handed));
        counted.map_err(|reached| reached.into_error(&invocation.module))?;
        let request = Request {
            module: version.module.clone(),
            version: version.digest.clone(),
            backends: self.app.backends.clone(),
            operation: self.operation.clone(),
            type_name: invocation.type_name,
            field_name: invocation.field_name,
            arguments: invocation.arguments,
            parents: invocation.parents,
            selection: invocation.selection,
        };
        let mut outcome = self.app.sandbox.invoke(&version.prepared, request).await;
        let given = outcome
            .answers
            .iter()
            .flatten()
            .flatten()
            .map(String::len)
            .sum();
        if let Err(reached) = allowance.exchange(given) {
            outcome.answers = Err(reached.into_error(&version.module.name));
        }
        Ok(outcome)
    }

    fn version(&self, module: &str) -> Result<&Arc<Version>, Error> {
        // Loading compared the schema's modules with the configured ones, so this is a fault of ours.
        self.app
            .versions
            .get(module)
            .ok_or_else(|| Error::Internal(format!("module `{module}` is not loaded")))
    }
}

impl Resolve for Resolver {
    fn max_batch(&self, module: &str) -> usize {
        self.version(module)
            .map_or(1, |version| version.module.max_batch)
    }

    fn max_depth(&self, module: &str) -> usize {
        self.version(module)
            .map_or(1, |version| version.module.budget.output_depth)
    }

    fn admit(&self, module: &str, bytes: usize) -> Result<(), Error> {
        let admitted = self.operation.allowance.may_exchange(bytes);
        admitted.map_err(|reached| reached.into_error(module))
    }

    fn viewer(&self) -> Viewer {
        let caller = &self.operation.caller;
        let kind = match caller.credential.as_deref() {
            None => return Viewer::anonymous(),
            Some(Credential::ApiKey(_)) => ViewerKind::ApiKey,
            Some(Credential::Token { issuer, .. }) if issuer.starts_with(COGNITO) => {
                ViewerKind::UserPool
            }
            Some(Credential::Token { .. }) => ViewerKind::Token,
        };
        Viewer::with_claims(kind, &caller.claims)
    }

    fn time_is_over(&self) -> Option<Error> {
        self.operation.allowance.time_is_over()
    }

    fn completed(&self, module: &str, type_name: &str, field_name: &str, failure: Option<Code>) {
        let _ = module;
        self.app.meters.count(type_name, field_name, failure);
    }

    fn disclosure(&self) -> Disclosure<'_> {
        disclosure(self.app.error_detail, &self.operation.trace_id)
    }

    async fn resolve(&self, invocation: Invocation) -> Result<Answers, Error> {
        let (type_name, field_name) = (invocation.type_name.clone(), invocation.field_name.clone());
        let module = self
            .observation
            .is_some()
            .then(|| invocation.module.clone());
        let meters = &self.app.meters;
        let outcome = self
            .invoke(invocation)
            .await
            .inspect_err(|error| meters.count(&type_name, &field_name, Some(error.code())))?;
        if let (Some(observation), Some(module)) = (&self.observation, module) {
            observation.called(&module);
            // One that is tried again as halves may not be told to the client, but still happened.
            outcome
                .answers
                .as_ref()
                .err()
                .into_iter()
                .for_each(|error| observation.failed(&module, error.code()));
        }
        meters.record(&type_name, &field_name, &outcome);
        // What answers come to is known once they are completed.
        if let Err(error) = &outcome.answers {
            meters.count(&type_name, &field_name, Some(error.code()));
        }
        outcome.answers
    }

    fn report(
        &self,
        error: &Error,
        module: &str,
        type_name: &str,
        field_name: &str,
        path: &[PathStep],
    ) {
        // What a caller may not see says nothing of a version.
        if let Some(observation) = &self.observation
            && error.code() != Code::Forbidden
        {
            observation.failed(module, error.code());
        }
        if let Some(history) = &self.history {
            history.counters.error();
        }
        if !self.warnings.next_is_told() {
            return;
        }
        let version = self.app.versions.get(module);
        let digest = version.map(|version| version.digest.as_str());
        if let Some(history) = &self.history {
            let field = format!("{type_name}.{field_name}");
            let kept = RecentError::now(&self.operation.trace_id, error);
            history
                .errors
                .push(kept.of_field(module, digest, field, &show(path)));
        }
        let most = version.map_or(SHOWN_BYTES, |version| {
            SHOWN_BYTES.min(version.module.budget.log_bytes as usize)
        });
        tracing::warn!(
            trace_id = %self.operation.trace_id,
            api_key = self.operation.caller.api_key(),
            module,
            version = digest,
            field = %format_args!("{type_name}.{field_name}"),
            path = %shortened(&show(path), SHOWN_PATH_BYTES),
            code = error.code().as_str(),
            blame = ?error.code().blame(),
            "{}",
            shortened(&error.log_message(), most)
        );
    }
}

/// How much of an error clients read by a setting.
#[must_use]
pub fn disclosure(detail: ErrorDetail, trace_id: &str) -> Disclosure<'_> {
    match detail {
        ErrorDetail::Full => Disclosure::Full,
        ErrorDetail::Code => Disclosure::Code { trace_id },
    }
}

/// A path as it reads in a log line: `students.3.name`.
pub fn show(path: &[PathStep]) -> String {
    let steps: Vec<_> = path
        .iter()
        .map(|step| match step {
            PathStep::Key(key) => key.clone(),
            PathStep::Index(index) => index.to_string(),
        })
        .collect();
    steps.join(".")
}
