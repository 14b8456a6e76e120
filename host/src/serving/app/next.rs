//! The app that applying a configuration leads to, while another one is served: what stayed the same is kept, everything else is made new, nothing is replaced yet.
//!
//! Pools whose configuration did not change keep their connections and get the new statements. Versions stay what they are, with
//! the new configuration of their module, unless the component file is another one than the last that got in: then that goes
//! through the gate. The sandbox stays, so a module may not ask for more memory than it was made for; what only the start of the
//! process can change is reported as a problem.

use std::collections::BTreeMap;
use std::sync::Arc;

use mayfly_config::{Config, FILE, Problem, Problems, units};
use mayfly_runtime::capability::Before;

use super::App;
use super::parts::Parts;
use mayfly_runtime::modules::{
    ComponentBytes, Effort, Pinned, Refusal, Step, Store, Terms, Version, writing_remedy,
};

/// What applying a configuration leads to.
pub struct NextApp {
    /// The snapshot to serve.
    pub app: App,
    /// Components that came by file, which stay in the store as long as these are held.
    pub pinned: BTreeMap<String, Pinned>,
}

impl App {
    /// The app of another configuration; `was` is the one that this app was made from.
    ///
    /// # Errors
    ///
    /// Every problem of configuration, schema, statements and modules, and everything that needs a restart.
    pub async fn next(
        &self,
        config: &Config,
        was: &Config,
        store: &Arc<Store>,
    ) -> Result<NextApp, Problems> {
        let mut problems = self.needs_restart(config, was);
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        let before = Before {
            config: was,
            pools: &self.pools,
        };
        let before = Some((before, self));
        let ground = Parts::read(config, &self.surroundings, before, &mut problems).await;
        let (mut versions, mut pinned) = (BTreeMap::new(), BTreeMap::new());
        for module in &config.modules {
            match self.version_for(store, &ground.terms(module)).await {
                Ok((version, component)) => {
                    pinned.extend(component.map(|component| (module.name.clone(), component)));
                    versions.insert(module.name.clone(), version);
                }
                Err(refusal) => {
                    problems.push(Problem::of_file(&module.component, refusal.to_string()))
                }
            }
        }
        let app = ground.app(
            config,
            versions,
            self.sandbox.clone(),
            self.loader.clone(),
            problems,
        )?;
        Ok(NextApp { app, pinned })
    }

    /// What only another process can do.
    fn needs_restart(&self, config: &Config, was: &Config) -> Vec<Problem> {
        let file = config.root.join(FILE);
        let told = |what: String| {
            Problem::of_file(
                &file,
                format!("{what}; restart the host, or change it back"),
            )
        };
        let keys = config.server.changed_keys(&was.server);
        let mut problems: Vec<_> = keys
            .into_iter()
            .map(|key| told(format!("`server.{key}` cannot change while the host runs")))
            .collect();
        if config.embedded != was.embedded
            || config.uses_embedded && self.surroundings.embedded.is_none()
        {
            problems.push(told(
                "the embedded backends cannot change while the host runs".to_owned(),
            ));
        }
        let most = self.sandbox.capacity().largest_cap_bytes;
        for module in config
            .modules
            .iter()
            .filter(|module| module.memory_bytes > most)
        {
            let (name, most) = (&module.name, units::show_bytes(most));
            problems.push(told(format!(
                "`modules.{name}.memory` is above {most}, which this host reserved when it started"
            )));
        }
        problems
    }

    /// The version a module goes on with, and its component when that came by file.
    async fn version_for(
        &self,
        store: &Arc<Store>,
        terms: &Terms<'_>,
    ) -> Result<(Arc<Version>, Option<Pinned>), Refusal> {
        let name = terms.module.name.clone();
        let refused = |step: Step, message: String| Refusal::new(&name, step, message);
        let path = terms.module.component.clone();
        let file = tokio::task::spawn_blocking(move || ComponentBytes::read(&path)).await;
        let file = file.map_err(|lost| lost.to_string()).flatten();
        let last = store.module(&name).file;
        let active = self.versions.get(&name);
        match (active, file) {
            (Some(active), Err(_)) => Ok((self.go_on(active, terms).await?, None)),
            (Some(active), Ok(file))
                if last.as_deref() == Some(file.digest()) || active.digest == file.digest() =>
            {
                Ok((self.go_on(active, terms).await?, None))
            }
            (_, Ok(file)) => {
                let version = self
                    .loader
                    .pass_gate(&file, terms, Effort::Background)
                    .await?;
                let store = store.clone();
                let kept = tokio::task::spawn_blocking(move || store.keep(&file))
                    .await
                    .map_err(std::io::Error::other)
                    .flatten();
                let kept = kept.map_err(|error| {
                    refused(
                        Step::Swap,
                        format!(
                            "the component cannot be stored: {error}; {}",
                            writing_remedy(&error)
                        ),
                    )
                })?;
                Ok((Arc::new(version), Some(kept)))
            }
            (None, Err(message)) => Err(refused(Step::Read, message)),
        }
    }

    /// The same version under the module's new configuration.
    async fn go_on(
        &self,
        active: &Arc<Version>,
        terms: &Terms<'_>,
    ) -> Result<Arc<Version>, Refusal> {
        let missing: Vec<_> = terms
            .wanted
            .difference(&active.fields)
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            let message = format!(
                "the schema gives it {}, which the version that is active ({}) does not handle; deploy one that does together with \
                 the schema, or change @resolve",
                missing.join(", "),
                active.digest
            );
            return Err(Refusal::new(&terms.module.name, Step::Fields, message));
        }
        if active.module == terms.module {
            return Ok(active.clone());
        }
        let version = active.configured(terms.module.clone());
        self.loader.prove(&version, &terms.backends).await?;
        Ok(Arc::new(version))
    }
}
