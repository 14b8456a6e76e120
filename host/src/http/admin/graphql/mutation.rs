//! What operators may change. Components are sent with `PUT /modules/{name}`.

use std::path::Path;

use async_graphql::{Context, InputObject, Object, Result};

use super::canaries::{Canary, PastCanary};
use super::outcomes::{
    AbortOutcome, ActivationOutcome, ApplyOutcome, CanaryOutcome, Failure, FailureCode,
};
use super::query::{admin, deployment};

/// What may be changed, with a token of the role `deploy`.
pub struct Mutation;

/// How a canary runs. What is left out is taken from `[modules.NAME.canary]`.
#[derive(Debug, Clone, Default, InputObject, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CanarySettings {
    /// The share of operations it gets, such as `5%`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<String>,
    /// What the share is of: `operation`, `caller` or `header:NAME`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// It is decided after this time, such as `10m`.
    #[graphql(name = "for")]
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// It is decided after this many of its operations, if that comes first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operations: Option<String>,
    /// Nothing is judged with fewer operations than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_operations: Option<String>,
    /// How much larger the share of operations that fail may be, such as `1%`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_failure_increase: Option<String>,
    /// It ends at once after this many traps, out-of-memory and deadlines of which the active version has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_faults: Option<String>,
    /// How much longer the median operation may take, such as `50%`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_slowdown: Option<String>,
}

impl CanarySettings {
    /// The keys of `[modules.NAME.canary]` that were given, and their values.
    fn given(self) -> Vec<(String, String)> {
        let given = [
            ("share", self.share),
            ("by", self.by),
            ("for", self.time),
            ("operations", self.operations),
            ("min_operations", self.min_operations),
            ("max_failure_increase", self.max_failure_increase),
            ("max_faults", self.max_faults),
            ("max_slowdown", self.max_slowdown),
        ];
        let given = given.into_iter();
        given
            .filter_map(|(key, value)| Some((key.to_owned(), value?)))
            .collect()
    }
}

#[Object]
impl Mutation {
    /// Checks a version and tries it on a share of the operations. It was sent with `PUT /modules/{name}?stage=true`, or active
    /// before.
    async fn canary(
        &self,
        context: &Context<'_>,
        module: String,
        #[graphql(desc = "SHA-256 of the component, 64 hexadecimal digits.")] digest: String,
        settings: Option<CanarySettings>,
    ) -> Result<CanaryOutcome> {
        let deployment = deployment(context)?.clone();
        let (digest, settings) = (digest.to_ascii_lowercase(), settings.unwrap_or_default());
        let change = async move |actor| {
            let begun = deployment
                .begin_canary(&module, &digest, settings.given(), actor)
                .await;
            CanaryOutcome::from(begun.map(|canary| Canary::of(&module, canary)))
        };
        admin(context)?.change(change).await
    }

    /// Ends the canary of a module now, and makes its version the active one.
    async fn promote(&self, context: &Context<'_>, module: String) -> Result<ActivationOutcome> {
        let deployment = deployment(context)?.clone();
        let change = async move |actor| deployment.promote(&module, actor).await.into();
        admin(context)?.change(change).await
    }

    /// Ends the canary of a module now; all operations run on the active version.
    async fn abort(&self, context: &Context<'_>, module: String) -> Result<AbortOutcome> {
        let deployment = deployment(context)?.clone();
        let change = async move |actor| {
            let ended = deployment.abort(&module, "aborted manually", actor).await;
            AbortOutcome::from(ended.map(|past| PastCanary::of(&module, past)))
        };
        admin(context)?.change(change).await
    }

    /// Goes back to the version that was active before; repeat it to go further back.
    async fn roll_back(
        &self,
        context: &Context<'_>,
        module: String,
        #[graphql(
            desc = "An earlier version to make active instead: its digest, or the first digits of it."
        )]
        to: Option<String>,
    ) -> Result<ActivationOutcome> {
        let deployment = deployment(context)?.clone();
        let change = async move |actor| deployment.rollback(&module, to, actor).await.into();
        admin(context)?.change(change).await
    }

    /// Reads the app's directory again and serves what is there: schema, statements, grants and modules, all at once or nothing.
    async fn apply(
        &self,
        context: &Context<'_>,
        #[graphql(
            desc = "Applies changes of the schema even if they break clients.",
            default
        )]
        allow_breaking: bool,
        #[graphql(
            desc = "The app's directory; refused if the host serves another one."
        )]
        directory: Option<String>,
    ) -> Result<ApplyOutcome> {
        let deployment = deployment(context)?.clone();
        let root = deployment.config().root.clone();
        let served = std::path::absolute(&root)
            .and_then(std::fs::canonicalize)
            .unwrap_or(root);
        let shown = served.display().to_string();
        if directory.is_some_and(|directory| Path::new(&directory) != served) {
            let message = format!("this host serves {shown}; apply that, or ask another host");
            let failure = Failure::new(FailureCode::OtherApp, message);
            return Ok(ApplyOutcome::Failure(failure));
        }
        let change = async move |actor| {
            let applied = deployment.apply(allow_breaking, actor).await;
            ApplyOutcome::of(applied, shown)
        };
        admin(context)?.change(change).await
    }
}
