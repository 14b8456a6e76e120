//! What changes for clients when one schema takes the place of another.
//!
//! The reference is graphql-js: every change that its `findBreakingChanges` and `findDangerousChanges` find is found here, under
//! the same name (`tests/conformance/schema_changes.rs` compares the two). Beyond it, this finds roots that became
//! another type, arguments and input fields that became required by losing their default, defaults of input fields, inputs that
//! became `@oneOf`, and arguments of directives that changed. A directive that no document can use breaks no document, so its
//! changes are only told, where the reference calls them breaking.
//!
//! What modules answer (`@resolve`) is not the clients' business and is not compared. Who may see something (`@auth`) is.

mod change;
mod directives;
mod fields;
mod inputs;

pub use change::{Change, ChangeKind, Severity};

use super::Schema;
use super::types::{Kind, TypeDef, TypeId};
use crate::auth::Guard;
use change::Changes;
use indexmap::{IndexMap, IndexSet};
use std::sync::Arc;

/// Two schemas on their way to being compared.
#[derive(Clone, Copy)]
struct Pair<'s> {
    old: &'s Schema,
    new: &'s Schema,
}

impl Schema {
    /// Everything that clients of this schema may notice when `new` takes its place, in the order of this schema.
    #[must_use]
    pub fn changes_to(&self, new: &Schema) -> Vec<Change> {
        let pair = Pair { old: self, new };
        let mut changes = Changes::default();
        pair.roots(&mut changes);
        for id in self.listed() {
            let old = self.get(*id);
            match new.by_name(&old.name) {
                None => changes.add(ChangeKind::TypeRemoved, old.name.to_string(), "was removed"),
                Some(id) => pair.types(old, new.get(id), &mut changes),
            }
        }
        directives::compare(pair, &mut changes);
        changes.into_list()
    }
}

impl Pair<'_> {
    fn roots(self, changes: &mut Changes) {
        let name = |schema: &Schema, id: TypeId| schema.get(id).name.clone();
        let mut compare = |what: &str, old: Option<TypeId>, new: Option<TypeId>| {
            let (Some(old), new) = (
                old.map(|id| name(self.old, id)),
                new.map(|id| name(self.new, id)),
            ) else {
                return;
            };
            match new {
                Some(new) if new == old => {}
                Some(new) => {
                    changes.add(
                        ChangeKind::RootChanged,
                        old.to_string(),
                        format!("is no longer the {what} root, `{new}` is"),
                    );
                }
                None => changes.add(
                    ChangeKind::RootChanged,
                    old.to_string(),
                    format!("is no longer the {what} root, nothing is"),
                ),
            }
        };
        compare("query", Some(self.old.query()), Some(self.new.query()));
        compare("mutation", self.old.mutation(), self.new.mutation());
    }

    fn types(self, old: &TypeDef, new: &TypeDef, changes: &mut Changes) {
        rules(&old.name, &old.guard, &new.guard, changes);
        match (&old.kind, &new.kind) {
            (Kind::Scalar(_), Kind::Scalar(_)) => {}
            (Kind::Object(was), Kind::Object(is)) | (Kind::Interface(was), Kind::Interface(is)) => {
                fields::compare(self, &old.name, &was.fields, &is.fields, changes);
                self.interfaces(&old.name, &was.interfaces, &is.interfaces, changes);
            }
            (Kind::Union(was), Kind::Union(is)) => self.members(&old.name, was, is, changes),
            (Kind::Enum(was), Kind::Enum(is)) => values(&old.name, was, is, changes),
            (Kind::Input(was), Kind::Input(is)) => {
                inputs::compare(self, &old.name, was, is, changes)
            }
            (was, is) => {
                let message = format!("was {} and is now {}", was.describe(), is.describe());
                changes.add(ChangeKind::TypeChangedKind, old.name.to_string(), message);
            }
        }
    }

    fn interfaces(self, name: &str, old: &[TypeId], new: &[TypeId], changes: &mut Changes) {
        let (removed, added) = self.differences(old, new);
        for interface in removed {
            changes.add(
                ChangeKind::InterfaceRemoved,
                name,
                format!("no longer implements `{interface}`"),
            );
        }
        for interface in added {
            changes.add(
                ChangeKind::InterfaceAdded,
                name,
                format!("now implements `{interface}`"),
            );
        }
    }

    fn members(self, name: &str, old: &[TypeId], new: &[TypeId], changes: &mut Changes) {
        let (removed, added) = self.differences(old, new);
        for member in removed {
            changes.add(
                ChangeKind::MemberRemoved,
                name,
                format!("no longer has the member `{member}`"),
            );
        }
        for member in added {
            changes.add(
                ChangeKind::MemberAdded,
                name,
                format!("now has the member `{member}`"),
            );
        }
    }

    /// The names only the old list has, and those only the new one has.
    fn differences(self, old: &[TypeId], new: &[TypeId]) -> (Vec<Arc<str>>, Vec<Arc<str>>) {
        let names = |schema: &Schema, ids: &[TypeId]| {
            ids.iter()
                .map(|id| schema.get(*id).name.clone())
                .collect::<IndexSet<_>>()
        };
        let (old, new) = (names(self.old, old), names(self.new, new));
        (
            old.difference(&new).cloned().collect(),
            new.difference(&old).cloned().collect(),
        )
    }
}

/// Compares what has to hold for something to be seen.
fn rules(
    coordinate: &str,
    old: &Option<Arc<Guard>>,
    new: &Option<Arc<Guard>>,
    changes: &mut Changes,
) {
    let texts = |guard: &Option<Arc<Guard>>| -> Vec<String> {
        let rules = guard.iter().flat_map(|guard| &guard.rules);
        rules.map(|rule| format!("`{}`", rule.text)).collect()
    };
    let (old, new) = (texts(old), texts(new));
    if old == new {
        return;
    }
    let what = match (old.is_empty(), new.is_empty()) {
        (_, true) => format!(
            "may be seen by everybody; {} was removed",
            old.join(" and ")
        ),
        (true, _) => format!("may be seen only where {} holds", new.join(" and ")),
        _ => format!(
            "may be seen where {} holds, and no longer where {} does",
            new.join(" and "),
            old.join(" and ")
        ),
    };
    changes.add(ChangeKind::RulesChanged, coordinate, what);
}

fn values<V>(
    name: &str,
    old: &IndexMap<Arc<str>, V>,
    new: &IndexMap<Arc<str>, V>,
    changes: &mut Changes,
) {
    for value in old.keys().filter(|value| !new.contains_key(*value)) {
        changes.add(
            ChangeKind::ValueRemoved,
            format!("{name}.{value}"),
            "was removed",
        );
    }
    for value in new.keys().filter(|value| !old.contains_key(*value)) {
        changes.add(
            ChangeKind::ValueAdded,
            format!("{name}.{value}"),
            "was added; clients may meet a value they do not know",
        );
    }
}
