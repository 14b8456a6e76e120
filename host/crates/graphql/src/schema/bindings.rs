//! Which module answers which field, and who may see it.

use super::Schema;
use super::types::{FieldDef, TypeDef, TypeId};
use crate::auth::{DependsOn, Guard};
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

/// Rules, and what each is on.
type Rules = Vec<(Arc<str>, Arc<str>)>;

/// What there is to know of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// `Type.field`.
    pub field: String,
    /// Its type.
    pub ty: String,
    /// Who answers it; none for a property of its parent.
    pub module: Option<Arc<str>>,
    pub needs: Vec<Arc<str>>,
    /// What has to hold for it to be seen: each rule, and what it is on.
    pub rules: Rules,
    /// When that is decided.
    pub decided: &'static str,
    /// The same for the objects that it holds, by their type, where not everybody may see them.
    pub objects: Vec<(Arc<str>, Rules)>,
}

pub(super) fn explain(schema: &Schema, type_name: &str, field_name: &str) -> Option<Explanation> {
    let id = schema.by_name(type_name)?;
    let ty = schema.get(id);
    let field = ty.fields()?.get(field_name)?;
    let rules = |guard: &Option<Arc<Guard>>| {
        let rules = guard.iter().flat_map(|guard| &guard.rules);
        rules
            .map(|rule| (rule.text.clone(), rule.of.clone()))
            .collect()
    };
    let guarded = |id: &TypeId| {
        let ty: &TypeDef = schema.get(*id);
        ty.guard
            .is_some()
            .then(|| (ty.name.clone(), rules(&ty.guard)))
    };
    let resolver = field.resolve.as_ref();
    Some(Explanation {
        field: format!("{}.{}", ty.name, field.name),
        ty: schema.print(&field.ty),
        module: resolver.map(|resolver| resolver.module.clone()),
        needs: resolver.map_or_else(Vec::new, |resolver| resolver.needs.clone()),
        rules: rules(&field.guard),
        decided: decided(field),
        objects: schema
            .possible(field.ty.named())
            .iter()
            .filter_map(guarded)
            .collect(),
    })
}

fn decided(field: &FieldDef) -> &'static str {
    let Some(guard) = &field.guard else {
        return "everybody may see it";
    };
    match (guard.depends_on, field.resolve.is_some()) {
        (DependsOn::Parent, true) => "for each parent alone, before the module is called for it",
        (DependsOn::Parent, false) => "for each object alone, once its other properties are there",
        (_, true) => "once, before the module is called",
        (_, false) => "once for each operation",
    }
}
