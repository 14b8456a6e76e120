//! What introspection leaves out so that nobody learns from it of what not everybody may see.
//!
//! What is left is a schema again: no type without fields, no union without members, no field of a type that is left out, and no
//! interface with a field that one of its types, as it is shown, lacks. Only `Query` may be left without fields, for a schema has one.

use super::Schema;
use super::types::{Kind, TypeId};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Types and fields that are left out.
#[derive(Debug, Default)]
pub(crate) struct Hidden {
    types: HashSet<TypeId>,
    fields: HashMap<TypeId, HashSet<Arc<str>>>,
}

impl Hidden {
    /// What has a rule, and what cannot be shown without that.
    pub fn of(schema: &Schema) -> Self {
        let mut hidden = Self::default();
        loop {
            while hidden.grow(schema) {}
            // Not before: a type that is left out itself has no say in what its interfaces show.
            if !hidden.agree(schema) {
                return hidden;
            }
        }
    }

    pub fn has_type(&self, ty: TypeId) -> bool {
        self.types.contains(&ty)
    }

    pub fn has_field(&self, ty: TypeId, field: &str) -> bool {
        let fields = self.fields.get(&ty);
        fields.is_some_and(|fields| fields.contains(field))
    }

    /// Leaves out what has a rule, fields of types that are left out, and types of which nothing is left; says whether that was more
    /// than before.
    fn grow(&mut self, schema: &Schema) -> bool {
        let mut has_grown = false;
        for id in ids(schema) {
            let ty = schema.get(id);
            for field in ty.fields().into_iter().flat_map(|fields| fields.values()) {
                if field.guard.is_some() || self.has_type(field.ty.named()) {
                    has_grown |= self.hide_field(id, &field.name);
                }
            }
            let is_empty = match &ty.kind {
                Kind::Object(members) | Kind::Interface(members) => {
                    let mut names = members.fields.keys();
                    names.all(|name| self.has_field(id, name))
                }
                Kind::Union(members) => members.iter().all(|member| self.has_type(*member)),
                _ => false,
            };
            if ty.guard.is_some() || is_empty && id != schema.query() {
                has_grown |= self.types.insert(id);
            }
        }
        has_grown
    }

    /// Leaves out of interfaces what their types do not show; says whether there was any.
    fn agree(&mut self, schema: &Schema) -> bool {
        let mut has_grown = false;
        for id in ids(schema).filter(|id| !schema.get(*id).interfaces().is_empty()) {
            if self.has_type(id) {
                continue;
            }
            let names = self.fields.get(&id).cloned().unwrap_or_default();
            for interface in schema.get(id).interfaces() {
                let fields = schema.get(*interface).fields();
                for name in &names {
                    if fields.is_some_and(|fields| fields.contains_key(name)) {
                        has_grown |= self.hide_field(*interface, name);
                    }
                }
            }
        }
        has_grown
    }

    fn hide_field(&mut self, ty: TypeId, name: &Arc<str>) -> bool {
        self.fields.entry(ty).or_default().insert(name.clone())
    }
}

fn ids(schema: &Schema) -> impl Iterator<Item = TypeId> + use<> {
    (0..schema.types.len()).map(TypeId::of)
}
