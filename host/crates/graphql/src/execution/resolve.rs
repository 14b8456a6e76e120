//! What the engine asks of whoever runs modules.

use crate::auth::Viewer;
use crate::response::{Disclosure, PathStep};
use mayfly_error::{Code, Error};
use std::future::Future;
use std::sync::Arc;

/// One call of a module: one field of one operation, for one or more parents.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The module.
    pub module: Arc<str>,
    /// The object type that has the field.
    pub type_name: Arc<str>,
    /// The field's name in the schema.
    pub field_name: Arc<str>,
    /// The arguments, coerced, defaults applied: a JSON object.
    pub arguments: String,
    /// The parents: a JSON object each, with what the field needs of them. Empty for a field of a root type.
    pub parents: Vec<String>,
    /// The fields selected below, as paths: `id`, `teacher`, `teacher.name`; `__typename` where the type is told by the value.
    pub selection: Arc<[String]>,
    /// Whether the operation is a mutation, whose calls are made at most once.
    pub mutation: bool,
}

/// Answers of a call: the value as JSON, or an error, for each parent in order; exactly one for a field of a root type.
pub type Answers = Vec<Result<String, Error>>;

/// Runs modules.
pub trait Resolve: Send + Sync {
    /// How many parents one call of this module may have; less than one counts as one.
    fn max_batch(&self, module: &str) -> usize;

    /// How many arrays and objects may be inside one another in an answer of this module; at most 128, for reading recurses.
    fn max_depth(&self, module: &str) -> usize {
        let _ = module;
        64
    }

    /// Asked before a call whose arguments and parents are this many bytes is put together: why it cannot be made, if it cannot.
    ///
    /// # Errors
    ///
    /// Fails the field at every parent of the call.
    fn admit(&self, module: &str, bytes: usize) -> Result<(), Error> {
        let _ = (module, bytes);
        Ok(())
    }

    /// Who asks; only asked of operations with something that not everybody may see.
    fn viewer(&self) -> Viewer {
        Viewer::anonymous()
    }

    /// Why nothing more is done for the operation, once its time is over.
    fn time_is_over(&self) -> Option<Error> {
        None
    }

    /// Calls a module. An error fails the field at every parent of the call.
    fn resolve(
        &self,
        invocation: Invocation,
    ) -> impl Future<Output = Result<Answers, Error>> + Send;

    /// Told of every call that was answered, once its answers were completed: the code of the first error that they hold, a guest's
    /// own word only when there is nothing else. A call that failed as a whole is not told of again.
    fn completed(&self, module: &str, type_name: &str, field_name: &str, failure: Option<Code>) {
        let _ = (module, type_name, field_name, failure);
    }

    /// How much of an error clients read.
    fn disclosure(&self) -> Disclosure<'_> {
        Disclosure::Full
    }

    /// Told of every error that goes into the answer, for the log.
    fn report(
        &self,
        error: &Error,
        module: &str,
        type_name: &str,
        field_name: &str,
        path: &[PathStep],
    ) {
        let _ = (error, module, type_name, field_name, path);
    }
}
