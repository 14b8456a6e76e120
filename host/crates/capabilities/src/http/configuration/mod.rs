//! `[http.NAME]`: services, and which of their routes modules are granted.

mod base;
mod credentials;
mod grants;
mod route;
mod service;
mod told;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mayfly_config::reader::{Key, Table};
use mayfly_config::{Config, ReadSections, Sections};

use super::HttpCapability;
use told::told;

pub use crate::circuit::Configuration as Circuit;
pub use crate::dial::tls::ClientCertificate;
pub use base::Base;
pub use credentials::Credentials;
pub use grants::{Grant, RouteGrants};
pub use route::{Binding, Method, Part, Route};
pub use service::{Forward, Service};

/// The services, in the order written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    /// `[http.NAME]`.
    pub services: Vec<Service>,
}

impl Section {
    /// The service of that name.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }
}

const HTTP: Key<'_> = Key::new(
    "http",
    "A service over HTTP: what a pool of connections reaches, and how hard. NAME is what guests call it.",
);

impl ReadSections for HttpCapability {
    fn read(&self, root: &Path, file: &mut Table<'_>, sections: &mut Sections) {
        let services = file.tables(HTTP).into_iter();
        let services = services.map(|(name, table)| Service::read(root, name, table));
        sections.set(Section {
            services: services.collect(),
        });
    }

    fn read_grants(&self, table: &mut Table<'_>, sections: &Sections, grants: &mut Sections) {
        grants.set(RouteGrants::read(table, sections));
    }

    fn tell_code(&self, sections: &Sections, grants: &Sections) -> Option<(&'static str, String)> {
        let section = sections.get::<Section>()?;
        Some(("http", told(&section.services, grants.get::<RouteGrants>())))
    }

    fn check(&self, config: &Config, file: &Table<'_>) {
        let services = config.sections.get::<Section>().into_iter();
        for service in services.flat_map(|section| &section.services) {
            for problem in service.check(config) {
                file.problem(problem);
            }
        }
        for module in &config.modules {
            let granted = module.grants.get::<RouteGrants>();
            if config.callers.is_none() && granted.is_some_and(RouteGrants::need_callers) {
                file.problem(format!(
                    "`modules.{}.grants.http` binds a parameter to callers, and every caller is anonymous; add [callers]",
                    module.name
                ));
            }
        }
    }

    fn named_files(&self, sections: &Sections) -> Vec<PathBuf> {
        let services = sections.get::<Section>().into_iter();
        let files: BTreeSet<_> = services
            .flat_map(|section| &section.services)
            .flat_map(Service::named_files)
            .map(Path::to_path_buf)
            .collect();
        files.into_iter().collect()
    }

    fn uses_embedded(&self, sections: &Sections) -> bool {
        let section = sections.get::<Section>();
        section.is_some_and(|section| {
            let mut services = section.services.iter();
            services.any(|service| service.base == Base::Embedded)
        })
    }
}
