//! `[workers.NAME]`: workers, their methods, and which of those modules are granted.

mod grants;
mod local;
mod method;
mod remote;
mod told;
mod worker;
mod writable;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mayfly_config::reader::{Key, Table};
use mayfly_config::{Config, ReadSections, Sections};

use super::WorkerCapability;

pub use super::supervisor::User;
pub use crate::circuit::Configuration as Circuit;
pub use crate::dial::tls::ClientCertificate;
pub use grants::MethodGrants;
pub use local::{Local, Program};
pub use method::{Access, Method};
pub use remote::Remote;
pub use worker::{Place, Worker};

/// The workers, in the order written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    /// `[workers.NAME]`.
    pub workers: Vec<Worker>,
}

impl Section {
    /// The worker of that name.
    #[must_use]
    pub fn worker(&self, name: &str) -> Option<&Worker> {
        self.workers.iter().find(|worker| worker.name == name)
    }
}

const WORKERS: Key<'_> = Key::new(
    "workers",
    "Code that runs in processes of its own, under supervision, because it cannot be a module. NAME is what guests call it.",
);

impl ReadSections for WorkerCapability {
    fn read(&self, root: &Path, file: &mut Table<'_>, sections: &mut Sections) {
        let workers = file.tables(WORKERS).into_iter();
        let workers = workers.map(|(name, table)| Worker::read(root, name, table));
        sections.set(Section {
            workers: workers.collect(),
        });
    }

    fn read_grants(&self, table: &mut Table<'_>, sections: &Sections, grants: &mut Sections) {
        grants.set(MethodGrants::read(table, sections));
    }

    fn tell_code(&self, sections: &Sections, grants: &Sections) -> Option<(&'static str, String)> {
        let told = told::told(sections.get::<Section>()?, grants.get::<MethodGrants>());
        Some(("worker", told))
    }

    fn check(&self, config: &Config, file: &Table<'_>) {
        let workers = config.sections.get::<Section>().into_iter();
        for worker in workers.flat_map(|section| &section.workers) {
            if worker.methods.is_empty() {
                file.problem(format!(
                    "`workers.{}` has no method, so nobody can call it; add [workers.{}.methods.NAME] with access = \"read\" or \"write\"",
                    worker.name,
                    mayfly_config::key(&worker.name)
                ));
            }
        }
        writable::check(config, file);
    }

    fn named_files(&self, sections: &Sections) -> Vec<PathBuf> {
        let workers = sections.get::<Section>().into_iter();
        let files: BTreeSet<_> = workers
            .flat_map(|section| &section.workers)
            .flat_map(Worker::named_files)
            .map(Path::to_path_buf)
            .collect();
        files.into_iter().collect()
    }
}
