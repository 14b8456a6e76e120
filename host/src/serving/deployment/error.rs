//! Why nothing was swapped.

use mayfly_runtime::modules::Refusal;

/// Why nothing was swapped.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The app is still being loaded.
    #[error("the app is still being loaded; try again")]
    Loading,
    /// The app has no such module.
    #[error("the app has no module `{0}`")]
    UnknownModule(String),
    /// Another version of the module is at the gate.
    #[error("another version of `{0}` is being deployed; try again when that is done")]
    Busy(String),
    /// A canary runs, and there is one at a time.
    #[error("a canary of `{0}` is running; promote or abort it first")]
    CanaryRuns(String),
    /// There is no canary to promote or to abort.
    #[error("module `{0}` has no canary")]
    NoCanary(String),
    /// What should be tried answers everybody already.
    #[error("that version of `{0}` is already active; try another version")]
    AlreadyActive(String),
    /// Nobody sent the version that should be tried.
    #[error(
        "module `{module}` has no version `{digest}` to try; send it with `PUT /modules/{module}?stage=true` first"
    )]
    UnknownVersion {
        /// The module.
        module: String,
        /// The digest that was given.
        digest: String,
    },
    /// The canary was asked for with settings that are not valid.
    #[error("{0}")]
    Setting(String),
    /// There is nothing to roll back to.
    #[error("module `{0}` has no earlier version to go back to")]
    NothingBefore(String),
    /// The version to go to is not kept, or not told from others.
    #[error(
        "module `{module}`: {} `{digest}`; `mayfly module show {module}` lists the versions to roll back to",
        if *.several { "several earlier versions begin with" } else { "there is no earlier version" }
    )]
    NotKept {
        /// The module.
        module: String,
        /// The digits that were given.
        digest: String,
        /// Whether several begin like this.
        several: bool,
    },
    /// A step refused the version.
    #[error("{0}")]
    Refused(#[from] Refusal),
}
