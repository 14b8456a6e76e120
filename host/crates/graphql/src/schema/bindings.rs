//! Which module answers which field.

use super::Schema;
use super::types::FieldDef;
use std::sync::Arc;

/// A field with `@resolve`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The object type.
    pub type_name: Arc<str>,
    pub field_name: Arc<str>,
    /// The module that answers it.
    pub module: Arc<str>,
    /// The fields of the parent it is given.
    pub needs: Vec<Arc<str>>,
    /// The line of the field in the SDL.
    pub line: u32,
    /// Its column there.
    pub column: u32,
}

pub(super) fn list(schema: &Schema) -> impl Iterator<Item = Binding> + '_ {
    schema.types.iter().flat_map(|ty| {
        let fields = ty.fields().into_iter().flat_map(|fields| fields.values());
        fields.filter_map(|field| binding(&ty.name, field))
    })
}

fn binding(type_name: &Arc<str>, field: &FieldDef) -> Option<Binding> {
    let resolver = field.resolve.as_ref()?;
    Some(Binding {
        type_name: type_name.clone(),
        field_name: field.name.clone(),
        module: resolver.module.clone(),
        needs: resolver.needs.clone(),
        line: field.at.line,
        column: field.at.column,
    })
}
