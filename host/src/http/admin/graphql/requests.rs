//! The operations that the command line sends, and what it reads of their answers: the same types that the server answers with.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::canaries::{Canary, PastCanary};
use super::changes::Change;
use super::errors::RecentError;
use super::memory::Memory;
use super::metrics::Metrics;
use super::modules::Module;
use super::mutation::CanarySettings;
use super::operations::{Operation, SlowOperation};
use super::outcomes::{AbortOutcome, ActivationOutcome, ApplyOutcome, CanaryOutcome};
use super::pools::{Backend, Pool};
use super::process::Process;

/// An operation with its variables, which are its fields.
pub trait AdminOperation: Serialize {
    /// Whether the host compiles modules before it answers.
    const COMPILES: bool = false;

    /// The document, which holds this operation alone.
    fn document() -> String;

    /// What `data` of the answer is read into.
    type Data: DeserializeOwned;
}

/// What is selected of each type.
mod fragment {
    pub const TALLY: &str =
        "fragment Tally on Tally { operations failed byCode { code operations } medianSeconds }";
    pub const CANARY: &str = "fragment Canary on Canary { module digest share by sinceMs secondsLeft operations \
        active { ...Tally } canary { ...Tally } }";
    pub const PAST_CANARY: &str = "fragment PastCanary on PastCanary { module digest verdict reason atMs \
        active { ...Tally } canary { ...Tally } }";
    pub const VERSION: &str = "fragment Version on Version { digest sizeBytes origin pushedBy activeSinceMs ageSeconds codeBytes fields }";
    pub const REFUSAL: &str = "fragment Refusal on Refusal { module digest step message atMs }";
    pub const FAILURE: &str = "fragment Failure on Failure { code message }";
    pub const ACTIVATION: &str =
        "fragment Activation on Activation { module digest previous warning }";
    pub const MODULE: &str = "fragment Module on Module { name active { ...Version } earlier { ...Version } \
        rolledBack { ...Version } staged fields memoryBytes liveVersions atGate canary { ...Canary } \
        lastCanary { ...PastCanary } swaps refusals lastRefusal { ...Refusal } }";
    pub const SCHEMA_CHANGE: &str =
        "fragment SchemaChange on SchemaChange { kind severity coordinate message }";
    pub const CHANGE: &str = "fragment Change on Change { number atMs who byOperator address action module before after done message }";
    pub const ERROR: &str = "fragment RecentError on RecentError { atMs traceId code blame module version field path message }";
}

/// A document of an operation and the fragments it needs.
fn document(operation: &str, fragments: &[&str]) -> String {
    let fragments = fragments.iter().map(|fragment| format!("\n{fragment}"));
    operation.to_owned() + &fragments.collect::<String>()
}

const OF_MODULE: [&str; 6] = [
    fragment::MODULE,
    fragment::VERSION,
    fragment::CANARY,
    fragment::PAST_CANARY,
    fragment::TALLY,
    fragment::REFUSAL,
];

/// Every module.
#[derive(Serialize)]
pub struct ListModules {}

/// What became of [`ListModules`].
#[derive(Debug, Deserialize)]
pub struct ModulesData {
    /// The modules.
    pub modules: Vec<Module>,
}

impl AdminOperation for ListModules {
    type Data = ModulesData;

    fn document() -> String {
        document("query ListModules { modules { ...Module } }", &OF_MODULE)
    }
}

/// One module.
#[derive(Serialize)]
pub struct ShowModule<'a> {
    /// Its name.
    pub name: &'a str,
}

/// What became of [`ShowModule`].
#[derive(Debug, Deserialize)]
pub struct ModuleData {
    /// The module; none when the app has none of that name.
    pub module: Option<Module>,
}

impl AdminOperation for ShowModule<'_> {
    type Data = ModuleData;

    fn document() -> String {
        let operation = "query ShowModule($name: String!) { module(name: $name) { ...Module } }";
        document(operation, &OF_MODULE)
    }
}

/// Tries a version.
#[derive(Serialize)]
pub struct BeginCanary<'a> {
    /// The module.
    pub module: &'a str,
    /// The version.
    pub digest: &'a str,
    /// How.
    pub settings: CanarySettings,
}

/// What became of [`BeginCanary`].
#[derive(Debug, Deserialize)]
pub struct CanaryData {
    /// The outcome.
    pub canary: CanaryOutcome,
}

impl AdminOperation for BeginCanary<'_> {
    type Data = CanaryData;

    fn document() -> String {
        let operation = "mutation BeginCanary($module: String!, $digest: String!, $settings: CanarySettings) \
            { canary(module: $module, digest: $digest, settings: $settings) { __typename ...Canary ...Refusal ...Failure } }";
        let fragments = [
            fragment::CANARY,
            fragment::TALLY,
            fragment::REFUSAL,
            fragment::FAILURE,
        ];
        document(operation, &fragments)
    }
}

/// Makes the version of a canary the active one.
#[derive(Serialize)]
pub struct Promote<'a> {
    /// The module.
    pub module: &'a str,
}

/// What became of [`Promote`].
#[derive(Debug, Deserialize)]
pub struct PromoteData {
    /// The outcome.
    pub promote: ActivationOutcome,
}

impl AdminOperation for Promote<'_> {
    type Data = PromoteData;

    fn document() -> String {
        let operation = "mutation Promote($module: String!) { promote(module: $module) { __typename ...Activation ...Refusal ...Failure } }";
        document(operation, &OF_ACTIVATION)
    }
}

const OF_ACTIVATION: [&str; 3] = [fragment::ACTIVATION, fragment::REFUSAL, fragment::FAILURE];

/// Ends a canary.
#[derive(Serialize)]
pub struct Abort<'a> {
    /// The module.
    pub module: &'a str,
}

/// What became of [`Abort`].
#[derive(Debug, Deserialize)]
pub struct AbortData {
    /// The outcome.
    pub abort: AbortOutcome,
}

impl AdminOperation for Abort<'_> {
    type Data = AbortData;

    fn document() -> String {
        let operation = "mutation Abort($module: String!) { abort(module: $module) { __typename ...PastCanary ...Failure } }";
        let fragments = [fragment::PAST_CANARY, fragment::TALLY, fragment::FAILURE];
        document(operation, &fragments)
    }
}

/// Goes back to an earlier version.
#[derive(Serialize)]
pub struct RollBack<'a> {
    /// The module.
    pub module: &'a str,
    /// The version to go to; the one before when none.
    pub to: Option<&'a str>,
}

/// What became of [`RollBack`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RollBackData {
    /// The outcome.
    pub roll_back: ActivationOutcome,
}

impl AdminOperation for RollBack<'_> {
    const COMPILES: bool = true;

    type Data = RollBackData;

    fn document() -> String {
        let operation = "mutation RollBack($module: String!, $to: String) \
            { rollBack(module: $module, to: $to) { __typename ...Activation ...Refusal ...Failure } }";
        document(operation, &OF_ACTIVATION)
    }
}

/// Applies what changed in the app's directory.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Apply<'a> {
    /// Whether what breaks clients is allowed.
    pub allow_breaking: bool,
    /// The directory that is meant.
    pub directory: &'a str,
}

/// What became of [`Apply`].
#[derive(Debug, Deserialize)]
pub struct ApplyData {
    /// The outcome.
    pub apply: ApplyOutcome,
}

impl AdminOperation for Apply<'_> {
    const COMPILES: bool = true;

    type Data = ApplyData;

    fn document() -> String {
        let operation = "mutation Apply($allowBreaking: Boolean!, $directory: String) \
            { apply(allowBreaking: $allowBreaking, directory: $directory) { __typename ...Applied \
            ... on Unchanged { directory } ... on BreakingChanges { message changes { ...SchemaChange } moreChanges } \
            ... on AppProblems { message problems { file line column message } moreProblems } ...Failure } } \
            fragment Applied on Applied { changes { ...SchemaChange } moreChanges activations { ...Activation } }";
        let fragments = [
            fragment::SCHEMA_CHANGE,
            fragment::ACTIVATION,
            fragment::FAILURE,
        ];
        document(operation, &fragments)
    }
}

/// Whether all is well.
#[derive(Serialize)]
pub struct ShowStatus {}

/// What became of [`ShowStatus`]. What is of the app is empty while it is being loaded.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusData {
    /// The process.
    pub process: Process,
    /// The modules.
    pub modules: Vec<Module>,
    /// Connections to backends.
    pub pools: Vec<Pool>,
    /// Whether backends answer.
    pub backends: Vec<Backend>,
    /// The operations that have been under way for longest.
    pub operations: Vec<Operation>,
    /// The slowest operations of the last hour.
    pub slow_operations: Vec<SlowOperation>,
    /// The last errors that nobody but clients are to blame for.
    pub errors: Vec<RecentError>,
    /// The last changes.
    pub changes: Vec<Change>,
    /// The memory plan.
    pub memory: Memory,
    /// The numbers of the last minutes.
    pub metrics: Metrics,
}

impl AdminOperation for ShowStatus {
    type Data = StatusData;

    fn document() -> String {
        let operation = "query ShowStatus { \
            process { version state directory uptimeSeconds residentBytes running maxRunning waiting connections maxConnections } \
            modules { ...Module } \
            pools { name size inUse waiting holders { module count } waiters { module count } } \
            backends { name reachable message } \
            operations(first: 3) { traceId name kind sinceMs seconds modules } \
            slowOperations(first: 3) { traceId name kind atMs seconds plan { id parent field module needs selection } stepsLeftOut } \
            errors(last: 100, blame: [GUEST, BACKEND, HOST]) { ...RecentError } \
            changes(last: 5) { ...Change } \
            memory { residentBytes plannedBytes limitBytes limitSource objection lines { what plannedBytes usedBytes key } } \
            metrics(last: 30) { stepSeconds samples { atMs requests failed refused errors meanSeconds running waiting connections \
            invocations guestBytes residentBytes } } }";
        let of_status = [fragment::ERROR, fragment::CHANGE];
        document(operation, &[&OF_MODULE[..], &of_status].concat())
    }
}

/// How a canary of a version stands, of a module's two.
#[must_use]
pub fn canary_of<'m>(
    module: &'m Module,
    digest: &str,
) -> (Option<&'m Canary>, Option<&'m PastCanary>) {
    let running = module.canary.as_ref();
    let past = module.last_canary.as_ref();
    (
        running.filter(|canary| canary.digest == digest),
        past.filter(|past| past.digest == digest),
    )
}

#[cfg(test)]
mod tests {
    use mayfly_graphql::{Limits, Request, guarded_kind};

    use super::*;
    use crate::http::admin::graphql::schema::schema;

    fn documents() -> Vec<String> {
        vec![
            ListModules::document(),
            ShowModule::document(),
            BeginCanary::document(),
            Promote::document(),
            Abort::document(),
            RollBack::document(),
            Apply::document(),
            ShowStatus::document(),
        ]
    }

    #[tokio::test]
    async fn every_document_fits_the_schema_and_its_limits() {
        for query in documents() {
            let request = Request {
                query: query.clone(),
                ..Request::default()
            };
            assert!(
                guarded_kind(&request, &Limits::default()).is_ok(),
                "{query}"
            );
            let variables = r#"{"name":"m","module":"m","digest":"d","allowBreaking":true}"#;
            let variables =
                mayfly_json::Tree::read(variables, mayfly_json::Limits::of_bytes(1_000));
            let request = Request {
                variables: variables.ok(),
                ..request
            };
            let request = crate::http::admin::graphql::variables::convert(request);
            let errors = schema().execute(request).await.errors;
            // Without a host the resolvers fail, after everything else has passed.
            let resolved = |message: &str| message.contains("AdminContext");
            assert!(
                errors.iter().all(|error| resolved(&error.message)) && !errors.is_empty(),
                "{query}: {errors:?}"
            );
        }
    }
}
