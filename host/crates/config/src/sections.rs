//! The parts of the configuration that belong to capabilities: this crate keeps them, and does not know what is in them.

use std::any::Any;
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Config;
use crate::reader::Table;

/// Parts of the configuration, one of each type.
#[derive(Debug, Clone, Default)]
pub struct Sections(Vec<Arc<dyn Section>>);

/// A part of the configuration.
pub trait Section: Any + Debug + Send + Sync {
    /// Whether another part is of the same type and says the same.
    fn says_the_same(&self, other: &dyn Section) -> bool;
}

impl<T: Any + Debug + PartialEq + Send + Sync> Section for T {
    fn says_the_same(&self, other: &dyn Section) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref::<T>() == Some(self)
    }
}

impl Sections {
    /// The part of that type; none where nothing was said of it.
    #[must_use]
    pub fn get<T: Section>(&self) -> Option<&T> {
        self.0.iter().find_map(|section| {
            let section: &dyn Any = &**section;
            section.downcast_ref()
        })
    }

    /// Every part, for showing them.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Section> {
        self.0.iter().map(|section| &**section)
    }

    /// Adds a part, in place of one of its type.
    pub fn set<T: Section>(&mut self, section: T) {
        self.0.retain(|known| {
            let known: &dyn Any = &**known;
            !known.is::<T>()
        });
        self.0.push(Arc::new(section));
    }

    /// Changes the part of that type, if there is one.
    pub fn change<T: Section + Clone>(&mut self, change: impl FnOnce(&mut T)) {
        if let Some(mut section) = self.get::<T>().cloned() {
            change(&mut section);
            self.set(section);
        }
    }
}

impl PartialEq for Sections {
    fn eq(&self, other: &Self) -> bool {
        let has = |sections: &Self, section: &Arc<dyn Section>| {
            sections
                .0
                .iter()
                .any(|known| known.says_the_same(&**section))
        };
        self.0.len() == other.0.len() && self.0.iter().all(|section| has(other, section))
    }
}

impl Eq for Sections {}

/// Reads what a capability adds to `mayfly.toml`.
pub trait ReadSections: Sync {
    /// Reads its tables of the file. Paths are joined to the app's directory.
    fn read(&self, root: &Path, file: &mut Table<'_>, sections: &mut Sections);

    /// Reads what a module is granted of it from `[modules.NAME.grants]`; `sections` has what was read of the file.
    fn read_grants(&self, table: &mut Table<'_>, sections: &Sections, grants: &mut Sections);

    /// What code of a module may know, when it is built, of what the module is granted: a name for it, and JSON. It becomes part of the
    /// component, so nothing of it may be secret or stand outside of the file.
    fn tell_code(&self, sections: &Sections, grants: &Sections) -> Option<(&'static str, String)> {
        let _ = (sections, grants);
        None
    }

    /// Adds the problems that only show when everything is seen together.
    fn check(&self, config: &Config, file: &Table<'_>) {
        let _ = (config, file);
    }

    /// The files it names whose change is a change of the configuration, such as certificates.
    fn named_files(&self, sections: &Sections) -> Vec<PathBuf> {
        let _ = sections;
        Vec::new()
    }

    /// Whether it is configured to use an embedded endpoint.
    fn uses_embedded(&self, sections: &Sections) -> bool {
        let _ = sections;
        false
    }
}
