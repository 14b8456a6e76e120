//! Which types introspection lists, in which order, and the fields it adds to those a schema declares.

use super::Schema;
use super::types::{FieldDef, Kind, Type, TypeDef, TypeId};
use std::collections::HashSet;
use std::sync::Arc;

/// The fields no type lists.
#[derive(Debug)]
pub(crate) struct MetaFields {
    pub typename: FieldDef,
    pub schema: FieldDef,
    pub ty: FieldDef,
}

impl MetaFields {
    /// Takes them from the type of the prelude that declares them.
    pub fn take(types: &mut [TypeDef], holder: Option<TypeId>) -> Self {
        let mut fields = holder.and_then(|holder| match &mut types.get_mut(holder.index())?.kind {
            Kind::Object(members) => Some(std::mem::take(&mut members.fields)),
            _ => None,
        });
        let mut field = |name: &str| {
            fields
                .as_mut()
                .and_then(|fields| fields.shift_remove(name))
                .unwrap_or_else(|| missing(name))
        };
        Self {
            typename: field("__typename"),
            schema: field("__schema"),
            ty: field("__type"),
        }
    }
}

/// What stands in for a field of the prelude; never used, for the prelude has them all.
fn missing(name: &str) -> FieldDef {
    FieldDef {
        name: Arc::from(name),
        description: None,
        arguments: indexmap::IndexMap::new(),
        ty: Type::Named(TypeId(0)),
        deprecated: None,
        resolve: None,
        guard: None,
        at: crate::syntax::Position::default(),
    }
}

/// The types a client may know of, in the reference implementation's order: the app's in the order of the SDL, each followed by
/// the built-in types it is the first to mention, then those of introspection.
pub(crate) fn listed(schema: &Schema) -> Vec<TypeId> {
    let is_own = |ty: &TypeDef| {
        !ty.name.starts_with("__")
            && !matches!(
                ty.name.as_ref(),
                "Int" | "Float" | "String" | "Boolean" | "ID"
            )
    };
    let id = |index: usize| TypeId(u32::try_from(index).unwrap_or(u32::MAX));
    let own: Vec<TypeId> = schema
        .types
        .iter()
        .enumerate()
        .filter(|(_, ty)| is_own(ty))
        .map(|(index, _)| id(index))
        .collect();
    let mut listing = Listing {
        schema,
        seen: own.iter().copied().collect(),
        order: Vec::new(),
    };
    for ty in own {
        listing.seen.remove(&ty);
        listing.visit(ty);
    }
    for directive in &schema.directives {
        if !super::prelude::HIDDEN_DIRECTIVES.contains(&directive.name.as_ref()) {
            for argument in directive.arguments.values() {
                listing.visit(argument.ty.named());
            }
        }
    }
    if let Some(root) = schema
        .types
        .iter()
        .position(|ty| ty.name.as_ref() == "__Schema")
    {
        listing.visit(id(root));
    }
    listing.order
}

struct Listing<'s> {
    schema: &'s Schema,
    seen: HashSet<TypeId>,
    order: Vec<TypeId>,
}

impl Listing<'_> {
    fn visit(&mut self, id: TypeId) {
        if !self.seen.insert(id) {
            return;
        }
        self.order.push(id);
        let schema = self.schema;
        let Some(ty) = schema.types.get(id.index()) else {
            return;
        };
        match &ty.kind {
            Kind::Object(members) | Kind::Interface(members) => {
                members
                    .interfaces
                    .iter()
                    .for_each(|interface| self.visit(*interface));
                for field in members.fields.values() {
                    self.visit(field.ty.named());
                    field
                        .arguments
                        .values()
                        .for_each(|argument| self.visit(argument.ty.named()));
                }
            }
            Kind::Union(members) => members.iter().for_each(|member| self.visit(*member)),
            Kind::Input(input) => input
                .fields
                .values()
                .for_each(|field| self.visit(field.ty.named())),
            Kind::Scalar(_) | Kind::Enum(_) => {}
        }
    }
}
