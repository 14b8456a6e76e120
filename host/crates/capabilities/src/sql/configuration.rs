//! `[sqlserver.NAME]` and `[statements.NAME]`, and which statements modules are granted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mayfly_config::reader::{Key, Table};
use mayfly_config::{Endpoint, ReadSections, Sections};

use super::{SqlCapability, declared};

pub use super::declared::{Access, Body};
pub use super::sqlserver::SqlType;
pub use super::sqlserver::configuration::{ApplicationIntent, Backend, Encryption};
pub(super) use super::sqlserver::statement_text::StatementText;

/// A statement on SQL Server.
pub type Statement = declared::Statement<SqlType>;

/// A parameter of a statement on SQL Server.
pub type Parameter = declared::Parameter<SqlType>;

/// Backends and statements, in the order written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    /// `[sqlserver.NAME]`.
    pub backends: Vec<Backend>,
    /// `[statements.NAME]`.
    pub statements: Vec<Statement>,
}

/// `sql` in `[modules.NAME.grants]`: the statements a module may run, each with its backend.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatementGrants(pub BTreeMap<String, Arc<str>>);

const SQLSERVER: Key<'_> = Key::new(
    "sqlserver",
    "A pool of connections to a SQL Server: what it connects to, and how hard.",
);
const STATEMENTS: Key<'_> = Key::new(
    "statements",
    "SQL that guests may run, by name; they never see the text.",
);
const GRANTS: Key<'_> = Key::new("sql", "The `[statements.NAME]` that the module may run.");

impl ReadSections for SqlCapability {
    fn read(&self, root: &Path, file: &mut Table<'_>, sections: &mut Sections) {
        let backends = file.tables(SQLSERVER).into_iter();
        let backends: Vec<_> = backends
            .map(|(name, table)| Backend::read(root, name, table))
            .collect();
        let names: Vec<_> = backends
            .iter()
            .map(|backend| backend.name.clone())
            .collect();
        let statements = file.tables(STATEMENTS).into_iter();
        let statements = statements
            .map(|(name, table)| Statement::read(name, table, (SQLSERVER.name, &names)))
            .collect();
        sections.set(Section {
            backends,
            statements,
        });
    }

    fn read_grants(&self, table: &mut Table<'_>, sections: &Sections, grants: &mut Sections) {
        let declared = sections.get::<Section>();
        let declared = declared.map_or(&[][..], |section| &section.statements);
        let mut granted = StatementGrants::default();
        for (at, name) in table.texts(GRANTS) {
            match declared.iter().find(|statement| statement.name == name) {
                Some(statement) => drop(granted.0.insert(name, statement.backend.as_str().into())),
                None => {
                    let key = table.key("sql");
                    table.problem_at(
                        at,
                        format!("`{key}` grants `{name}`, which is not declared; add [statements.{name}]"),
                    );
                }
            }
        }
        grants.set(granted);
    }

    fn tell_code(&self, sections: &Sections, grants: &Sections) -> Option<(&'static str, String)> {
        let told = grants
            .get::<StatementGrants>()?
            .told(sections.get::<Section>()?);
        Some(("sql", told))
    }

    fn named_files(&self, sections: &Sections) -> Vec<PathBuf> {
        let backends = sections.get::<Section>().into_iter();
        let files: BTreeSet<_> = backends
            .flat_map(|section| &section.backends)
            .filter_map(|backend| backend.ca_file.clone())
            .collect();
        files.into_iter().collect()
    }

    fn uses_embedded(&self, sections: &Sections) -> bool {
        let section = sections.get::<Section>();
        section.is_some_and(|section| {
            let mut backends = section.backends.iter();
            backends.any(|backend| backend.address == Endpoint::Embedded)
        })
    }
}
