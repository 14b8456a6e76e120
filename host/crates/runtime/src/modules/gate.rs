//! The gate: everything a version has to pass before it answers anybody.
//!
//! Validate, compile in a limited process, type-check, compare the fields ([`Loader`]); then the probes, asked of the version in the
//! real sandbox, with the module's own limits, grants and backends; then one instantiation, so that the first operation finds it
//! warm. Nothing of the running version is touched.

use std::collections::BTreeSet;
use std::sync::Arc;

use mayfly_config::Module;

use super::compiler::Effort;
use super::component::ComponentBytes;
use super::load::Loader;
use super::refusal::{Refusal, Step};
use super::{Version, probe};
use crate::imports::Backends;

/// What a version of a module is checked against.
pub struct Terms<'a> {
    /// The module's configuration.
    pub module: Arc<Module>,
    /// The fields the schema gives it, as `Type.field`.
    pub wanted: &'a BTreeSet<String>,
    /// The backends its probes reach.
    pub backends: Arc<Backends>,
}

impl Loader {
    /// Lets a version through every step, or refuses it.
    ///
    /// # Errors
    ///
    /// The first step that refuses, with the reason.
    pub async fn pass_gate(
        &self,
        component: &ComponentBytes,
        terms: &Terms<'_>,
        effort: Effort,
    ) -> Result<Version, Refusal> {
        let version = self
            .load(
                terms.module.clone(),
                component,
                terms.wanted,
                effort,
                &|_| (),
            )
            .await?;
        self.prove(&version, &terms.backends).await?;
        Ok(version)
    }

    /// The steps that run guest code.
    ///
    /// # Errors
    ///
    /// The first probe that fails, or why no instance can be made.
    pub async fn prove(&self, version: &Version, backends: &Arc<Backends>) -> Result<(), Refusal> {
        let refused = |step, message| Refusal::new(&version.module.name, step, message);
        probe::ask_all(&self.sandbox, version, backends)
            .await
            .map_err(|message| refused(Step::Probe, message))?;
        let request = probe::request(version, backends, ("", ""));
        let instantiated = self.sandbox.rehearse(&version.prepared, request).await;
        instantiated.map_err(|error| refused(Step::Instantiate, error.log_message()))
    }
}
