//! A version that passed the gate becomes the active one: on disk, then in the snapshot.

use std::sync::Arc;

use mayfly_runtime::modules::{Activation, Origin, Refusal, Step, Version, writing_remedy};
use mayfly_telemetry::names;
use metrics::histogram;

use super::{Admitted, DeployError, Deployment, active, who};
use crate::history::{Action, Change};
use crate::serving::app::App;

/// What a swap did.
#[derive(Debug, Clone)]
pub struct Swapped {
    /// The module.
    pub module: String,
    /// The version that is active now.
    pub digest: String,
    /// The version that was active before; the same when nothing changed.
    pub previous: String,
    /// What went wrong beside it, for the operator.
    pub warning: Option<String>,
}

impl Swapped {
    /// Whether another version is active than before.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.digest != self.previous
    }
}

impl Deployment {
    /// Makes a version that passed the gate the active one. Operations under way end on the snapshot they began with.
    ///
    /// # Errors
    ///
    /// When another version became active since, or the list on disk cannot be changed.
    pub async fn swap(self: &Arc<Self>, admitted: Admitted) -> Result<Swapped, DeployError> {
        let this = self.clone();
        let module = admitted.version.module.name.clone();
        let swapped = tokio::spawn(async move { this.swap_now(admitted).await }).await;
        swapped
            .unwrap_or_else(|lost| Err(Refusal::new(&module, Step::Swap, lost.to_string()).into()))
    }

    async fn swap_now(&self, admitted: Admitted) -> Result<Swapped, DeployError> {
        let Admitted {
            version,
            app: seen,
            by,
            actor,
            received,
            component,
            turn,
        } = admitted;
        let module = version.module.name.clone();
        let swap = self.snapshot.begin_swap().await;
        let app = swap.app().ok_or(DeployError::Loading)?;
        let before = self.as_seen(&app, &seen, &version)?;
        let activation =
            Activation::now(&version.digest, component.bytes, by).with_who(who(&actor));
        let (name, kept) = (module.clone(), self.kept);
        let noted = self
            .change(move |record| {
                record
                    .modules
                    .entry(name)
                    .or_default()
                    .activate(activation, kept)
            })
            .await;
        if let Err(error) = noted {
            let message = format!(
                "the list of active versions cannot be written: {error}; {}",
                writing_remedy(&error)
            );
            return Err(self.refused(
                Refusal::new(&module, Step::Swap, message),
                Some(&version.digest),
            ));
        }
        swap.replace(Arc::new(app.with_version(version.clone())));
        let swapped = Swapped {
            module,
            digest: version.digest.clone(),
            previous: before.digest.clone(),
            warning: None,
        };
        self.slot(&swapped.module).swapped(Some(before));
        drop(swap);
        histogram!(names::GATE_SECONDS, "module" => swapped.module.clone())
            .record(received.elapsed().as_secs_f64());
        count(&swapped, by.as_str());
        // What became of a canary is told with its verdict.
        if by != Origin::Canary {
            let change = Change::new(&actor, Action::Push).of(&swapped.module);
            self.changes()
                .record(change.versions(Some(&swapped.previous), Some(&swapped.digest)));
        }
        drop((component, turn));
        Ok(swapped)
    }

    /// The active version, when it and the schema are those that a new version was checked against.
    pub(super) fn as_seen(
        &self,
        app: &App,
        seen: &App,
        version: &Version,
    ) -> Result<Arc<Version>, DeployError> {
        let module = &version.module.name;
        let before = active(app, module)?;
        if active(seen, module).is_ok_and(|seen| Arc::ptr_eq(seen, before))
            && Arc::ptr_eq(&app.wanted, &seen.wanted)
        {
            return Ok(before.clone());
        }
        let message = format!(
            "version {} became active while this one was being checked; push it again",
            before.digest
        );
        Err(self.refused(
            Refusal::new(module, Step::Swap, message),
            Some(&version.digest),
        ))
    }
}

/// Counts and logs a swap.
pub(super) fn count(swapped: &Swapped, by: &'static str) {
    let Swapped {
        module,
        digest,
        previous,
        ..
    } = swapped;
    metrics::counter!(names::SWAPS, "module" => module.clone(), "by" => by).increment(1);
    tracing::info!(module, version = digest, previous, by, "swapped");
}
