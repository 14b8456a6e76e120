//! `workers` in `[modules.NAME.grants]`: which methods of which workers a module may call; none by default.

use std::collections::{BTreeMap, BTreeSet};

use mayfly_config::Sections;
use mayfly_config::reader::{Key, Table};

use super::Section;

/// What a module may call, by worker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MethodGrants(pub BTreeMap<String, BTreeSet<String>>);

const WORKERS: Key<'_> = Key::new(
    "workers",
    "Which methods of which workers the module may call. None by default.",
);

const METHODS: &str = "Methods of the worker, as `[workers.NAME.methods]` has them.";

impl MethodGrants {
    pub(super) fn read(grants: &mut Table<'_>, sections: &Sections) -> Self {
        let mut granted = Self::default();
        let Some(mut workers) = grants.table(WORKERS) else {
            return granted;
        };
        let declared = sections.get::<Section>();
        for name in workers.names("WORKER") {
            let key = workers.key(&name);
            let methods = workers.texts(Key::new(&name, METHODS));
            let Some(worker) = declared.and_then(|section| section.worker(&name)) else {
                workers.problem(format!(
                    "`{key}` grants methods of a worker that is not declared; add [workers.{}]",
                    mayfly_config::key(&name)
                ));
                continue;
            };
            let own = granted.0.entry(name.clone()).or_default();
            for (at, method) in methods {
                if !worker.methods.contains_key(&method) {
                    let table = format!("workers.{}.methods", mayfly_config::key(&name));
                    workers.problem_at(
                        at,
                        format!(
                            "`{key}` grants `{method}`, which is not declared; add [{table}.{}]",
                            mayfly_config::key(&method)
                        ),
                    );
                } else if !own.insert(method.clone()) {
                    workers.problem_at(at, format!("`{key}` has `{method}` twice; keep one"));
                }
            }
        }
        granted
    }

    /// Whether a method of a worker is granted.
    pub(in crate::worker) fn has(&self, worker: &str, method: &str) -> bool {
        let methods = self.0.get(worker);
        methods.is_some_and(|methods| methods.contains(method))
    }
}
