//! What became of a mutation. Each is a union, so that whoever sends one has to look.

use async_graphql::{Enum, SimpleObject, Union};
use mayfly_config::{Problem as ConfigProblem, Problems};
use serde::Deserialize;

use super::canaries::{Canary, PastCanary};
use super::modules::Refusal;
use crate::history::now_ms;
use crate::serving::deployment::{Applied as AppliedApp, ApplyError, DeployError, Swapped};

/// How many changes or problems an outcome lists, and the bytes of their messages, at most.
const LISTED: usize = 200;
const LISTED_BYTES: usize = 64 << 10;

/// The outcome of `canary`.
#[derive(Debug, Clone, Union, Deserialize)]
#[serde(tag = "__typename")]
pub enum CanaryOutcome {
    /// It runs.
    Canary(Canary),
    /// The version was refused.
    Refusal(Refusal),
    /// It was not begun for another reason.
    Failure(Failure),
}

/// The outcome of `promote` and `rollBack`.
#[derive(Debug, Clone, Union, Deserialize)]
#[serde(tag = "__typename")]
pub enum ActivationOutcome {
    /// Another version is active.
    Activation(Activation),
    /// The version was refused; the one that was active still is.
    Refusal(Refusal),
    /// Nothing was done, for another reason.
    Failure(Failure),
}

/// The outcome of `abort`.
#[derive(Debug, Clone, Union, Deserialize)]
#[serde(tag = "__typename")]
pub enum AbortOutcome {
    /// It has ended.
    PastCanary(PastCanary),
    /// Nothing was done.
    Failure(Failure),
}

/// The outcome of `apply`.
#[derive(Debug, Clone, Union, Deserialize)]
#[serde(tag = "__typename")]
pub enum ApplyOutcome {
    /// The app is served as it is on disk.
    Applied(Applied),
    /// It was served so already.
    Unchanged(Unchanged),
    /// Clients would break, and that was not allowed; nothing was applied.
    BreakingChanges(BreakingChanges),
    /// The app has problems; nothing was applied.
    AppProblems(AppProblems),
    /// Nothing was applied, for another reason.
    Failure(Failure),
}

/// Another version became active.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Activation {
    /// The module.
    pub module: String,
    /// The digest of the version that is active now.
    pub digest: String,
    /// The digest of the previous one; null for a new module.
    pub previous: Option<String>,
    /// What else went wrong.
    pub warning: Option<String>,
}

/// Why nothing was done.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// For programs.
    pub code: FailureCode,
    /// For people, with what to do about it.
    pub message: String,
}

/// Why nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FailureCode {
    /// The app is still being loaded.
    Loading,
    /// The app has no such module.
    UnknownModule,
    /// There is no such version.
    UnknownVersion,
    /// Several versions begin with these digits.
    AmbiguousVersion,
    /// Another version is being checked, or another change is being made; try again.
    Busy,
    /// A canary runs, and there is one at a time.
    CanaryRuns,
    /// There is no canary.
    NoCanary,
    /// That version is already active.
    AlreadyActive,
    /// A value that was given is wrong.
    InvalidSetting,
    /// There is no earlier version.
    NoEarlierVersion,
    /// The host serves another app.
    OtherApp,
    /// Something went wrong in the host.
    Failed,
}

/// Another configuration is served.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Applied {
    /// Changes of the schema: the first ones, where there are hundreds.
    pub changes: Vec<SchemaChange>,
    /// How many more there are.
    pub more_changes: usize,
    /// Modules that are new or have another version.
    pub activations: Vec<Activation>,
}

/// Nothing was different.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unchanged {
    /// The app's directory.
    pub directory: String,
}

/// Changes of the schema that break clients.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BreakingChanges {
    /// What to do about them.
    pub message: String,
    /// The changes: the first ones, where there are hundreds.
    pub changes: Vec<SchemaChange>,
    /// How many more there are.
    pub more_changes: usize,
}

/// The app has problems.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppProblems {
    /// How many.
    pub message: String,
    /// The problems: the first ones, where there are hundreds.
    pub problems: Vec<Problem>,
    /// How many more there are.
    pub more_problems: usize,
}

/// A change of the schema.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SchemaChange {
    /// What kind of change, such as `FIELD_REMOVED`.
    pub kind: String,
    /// How clients may notice: `breaking`, `dangerous` or `safe`.
    pub severity: String,
    /// Where in the schema.
    pub coordinate: String,
    /// The change.
    pub message: String,
}

/// Something that is wrong with an app.
#[derive(Debug, Clone, SimpleObject, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The file it is in.
    pub file: String,
    /// The line, from 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// The column, from 1; 0 when the line as a whole is meant.
    pub column: usize,
    /// What is wrong, and what to do.
    pub message: String,
}

impl From<Swapped> for Activation {
    fn from(swapped: Swapped) -> Self {
        Self {
            module: swapped.module,
            digest: swapped.digest,
            previous: Some(swapped.previous).filter(|previous| !previous.is_empty()),
            warning: swapped.warning,
        }
    }
}

impl Failure {
    /// A failure that the API itself finds.
    pub(super) fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// Why a version was not let in, or why nothing was done at all.
enum Undone {
    Refusal(Refusal),
    Failure(Failure),
}

impl From<DeployError> for Undone {
    fn from(error: DeployError) -> Self {
        let code = match &error {
            DeployError::Refused(refusal) => {
                return Self::Refusal(Refusal {
                    module: refusal.module.clone(),
                    digest: None,
                    step: refusal.step.as_str().to_owned(),
                    message: refusal.message.clone(),
                    at_ms: now_ms().into(),
                });
            }
            DeployError::Loading => FailureCode::Loading,
            DeployError::UnknownModule(_) => FailureCode::UnknownModule,
            DeployError::Busy(_) => FailureCode::Busy,
            DeployError::CanaryRuns(_) => FailureCode::CanaryRuns,
            DeployError::NoCanary(_) => FailureCode::NoCanary,
            DeployError::AlreadyActive(_) => FailureCode::AlreadyActive,
            DeployError::Setting(_) => FailureCode::InvalidSetting,
            DeployError::NothingBefore(_) => FailureCode::NoEarlierVersion,
            DeployError::NotKept { several: true, .. } => FailureCode::AmbiguousVersion,
            DeployError::NotKept { .. } | DeployError::UnknownVersion { .. } => {
                FailureCode::UnknownVersion
            }
        };
        Self::Failure(Failure::new(code, error.to_string()))
    }
}

impl From<Result<Canary, DeployError>> for CanaryOutcome {
    fn from(result: Result<Canary, DeployError>) -> Self {
        match result.map_err(Undone::from) {
            Ok(canary) => Self::Canary(canary),
            Err(Undone::Refusal(refusal)) => Self::Refusal(refusal),
            Err(Undone::Failure(failure)) => Self::Failure(failure),
        }
    }
}

impl From<Result<Swapped, DeployError>> for ActivationOutcome {
    fn from(result: Result<Swapped, DeployError>) -> Self {
        match result.map_err(Undone::from) {
            Ok(swapped) => Self::Activation(swapped.into()),
            Err(Undone::Refusal(refusal)) => Self::Refusal(refusal),
            Err(Undone::Failure(failure)) => Self::Failure(failure),
        }
    }
}

impl From<Result<PastCanary, DeployError>> for AbortOutcome {
    fn from(result: Result<PastCanary, DeployError>) -> Self {
        match result.map_err(Undone::from) {
            Ok(past) => Self::PastCanary(past),
            // Ending a canary lets no version in, so none is refused.
            Err(Undone::Refusal(refusal)) => {
                Self::Failure(Failure::new(FailureCode::Failed, refusal.message))
            }
            Err(Undone::Failure(failure)) => Self::Failure(failure),
        }
    }
}

impl ApplyOutcome {
    /// What applying the app in a directory came to.
    pub(super) fn of(result: Result<AppliedApp, ApplyError>, directory: String) -> Self {
        let failure = |code, error: &ApplyError| Failure::new(code, error.to_string());
        match result {
            Ok(applied) if applied.changed => Self::Applied(applied.into()),
            Ok(_) => Self::Unchanged(Unchanged { directory }),
            Err(error) => match &error {
                ApplyError::Loading => Self::Failure(failure(FailureCode::Loading, &error)),
                ApplyError::Busy => Self::Failure(failure(FailureCode::Busy, &error)),
                ApplyError::Failed(_) => Self::Failure(failure(FailureCode::Failed, &error)),
                ApplyError::Breaking(changes) => {
                    let (changes, more_changes) = first(changes, |change| &change.message);
                    Self::BreakingChanges(BreakingChanges {
                        message: error.to_string(),
                        changes,
                        more_changes,
                    })
                }
                ApplyError::Problems(Problems(all)) | ApplyError::OutOfReach(Problems(all)) => {
                    let (problems, more_problems) = first(all, |problem| &problem.message);
                    Self::AppProblems(AppProblems {
                        message: format!("the app has problems: {}", all.len()),
                        problems,
                        more_problems,
                    })
                }
            },
        }
    }
}

/// The first of a list, so that an answer with them can be sent, and how many more there are.
fn first<'a, T, Shown: From<&'a T>>(
    all: &'a [T],
    message: impl Fn(&T) -> &str,
) -> (Vec<Shown>, usize) {
    let mut bytes = 0;
    let fits = |one: &&T| {
        bytes += message(one).len();
        bytes <= LISTED_BYTES
    };
    let shown: Vec<_> = all
        .iter()
        .take(LISTED)
        .take_while(fits)
        .map(Into::into)
        .collect();
    let more = all.len() - shown.len();
    (shown, more)
}

impl From<AppliedApp> for Applied {
    fn from(applied: AppliedApp) -> Self {
        let (changes, more_changes) = first(&applied.changes, |change| &change.message);
        Self {
            changes,
            more_changes,
            activations: applied.swapped.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<&mayfly_graphql::Change> for SchemaChange {
    fn from(change: &mayfly_graphql::Change) -> Self {
        Self {
            kind: change.kind.as_str().to_owned(),
            severity: change.severity.as_str().to_owned(),
            coordinate: change.coordinate.clone(),
            message: change.message.clone(),
        }
    }
}

impl From<&ConfigProblem> for Problem {
    fn from(problem: &ConfigProblem) -> Self {
        Self {
            file: problem.file.display().to_string(),
            line: problem.line,
            column: problem.column,
            message: problem.message.clone(),
        }
    }
}
