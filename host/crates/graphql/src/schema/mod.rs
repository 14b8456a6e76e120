//! The schema of an app: type tables, read once from SDL by `sdl`, immutable after.
//!
//! [`types`] are the tables; [`bindings`] says which module answers which field; [`prelude`] and [`introspection`] hold what every
//! schema has; [`hidden`] is what introspection leaves out; [`compare`] finds what another schema changes for clients. `@resolve` and
//! `@auth` are for the host: introspection hides them.

pub(crate) mod bindings;
mod compare;
mod hidden;
pub(crate) mod introspection;
pub(crate) mod prelude;
pub(crate) mod types;

pub use bindings::{Binding, Explanation};
pub use compare::{Change, ChangeKind, Severity};

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use types::{DirectiveDef, FieldDef, Kind, Type, TypeDef, TypeId};

/// A checked schema. Only `sdl` writes the tables, before it gives the schema out; all others ask by the methods.
#[derive(Debug)]
pub struct Schema {
    pub(crate) sdl: String,
    pub(crate) description: Option<String>,
    pub(crate) types: Vec<TypeDef>,
    /// The types a document may name, by name.
    pub(crate) names: HashMap<Arc<str>, TypeId>,
    /// The same in the order introspection lists them.
    pub(crate) listed: Vec<TypeId>,
    /// By type: the object types a value of it may be of, in order.
    pub(crate) possible: Vec<Vec<TypeId>>,
    pub(crate) query: TypeId,
    pub(crate) mutation: Option<TypeId>,
    pub(crate) directives: Vec<DirectiveDef>,
    /// `Query.__schema`, `Query.__type` and every type's `__typename`.
    pub(crate) meta: introspection::MetaFields,
    /// What introspection leaves out.
    pub(crate) hidden: hidden::Hidden,
}

impl Schema {
    /// Every field a module answers, by type and field in the order of the SDL.
    pub fn bindings(&self) -> impl Iterator<Item = Binding> + '_ {
        bindings::list(self)
    }

    /// The same schema, of which introspection leaves out, or shows, what not everybody may see.
    #[must_use]
    pub fn hiding_guarded(self, hides_guarded: bool) -> Self {
        let hidden = if hides_guarded {
            hidden::Hidden::of(&self)
        } else {
            hidden::Hidden::default()
        };
        Self { hidden, ..self }
    }

    /// Whether introspection shows a type.
    pub(crate) fn shows(&self, id: TypeId) -> bool {
        !self.hidden.has_type(id)
    }

    /// Whether introspection shows a field of a type.
    pub(crate) fn shows_field(&self, ty: TypeId, field: &FieldDef) -> bool {
        !self.hidden.has_field(ty, &field.name)
    }

    /// Who may see a field, and who answers it; none when there is no such field.
    #[must_use]
    pub fn explain(&self, type_name: &str, field_name: &str) -> Option<Explanation> {
        bindings::explain(self, type_name, field_name)
    }

    /// The fields of a type, to say what there is.
    #[must_use]
    pub fn fields_of(&self, type_name: &str) -> Option<Vec<&str>> {
        let fields = self.get(self.by_name(type_name)?).fields()?;
        Some(fields.keys().map(|name| &**name).collect())
    }

    /// The text it was read from.
    #[must_use]
    pub fn sdl(&self) -> &str {
        &self.sdl
    }

    /// What the author says of the schema as a whole.
    pub(crate) fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// A type by its index, which only this schema gives out.
    #[expect(
        clippy::indexing_slicing,
        reason = "a `TypeId` is only made for a type of this table, and the table never shrinks"
    )]
    pub(crate) fn get(&self, id: TypeId) -> &TypeDef {
        &self.types[id.index()]
    }

    /// A type a document may name.
    pub(crate) fn by_name(&self, name: &str) -> Option<TypeId> {
        self.names.get(name).copied()
    }

    /// The object types a value of this type may be of.
    pub(crate) fn possible(&self, id: TypeId) -> &[TypeId] {
        self.possible.get(id.index()).map_or(&[], Vec::as_slice)
    }

    /// The type of the query root.
    pub(crate) fn query(&self) -> TypeId {
        self.query
    }

    /// The type of the mutation root.
    pub(crate) fn mutation(&self) -> Option<TypeId> {
        self.mutation
    }

    /// The types in the order introspection lists them.
    pub(crate) fn listed(&self) -> &[TypeId] {
        &self.listed
    }

    /// A directive documents and schemas may use.
    pub(crate) fn directive(&self, name: &str) -> Option<&DirectiveDef> {
        self.shown_directives()
            .find(|directive| directive.name.as_ref() == name)
    }

    /// The directives introspection shows.
    pub(crate) fn shown_directives(&self) -> impl Iterator<Item = &DirectiveDef> {
        self.directives
            .iter()
            .filter(|directive| !prelude::HIDDEN_DIRECTIVES.contains(&directive.name.as_ref()))
    }

    /// The definition of a field as documents see it, `__typename`, `__schema` and `__type` included.
    pub(crate) fn field(&self, parent: TypeId, name: &str) -> Option<&FieldDef> {
        match name {
            "__typename" if self.get(parent).is_composite() => Some(&self.meta.typename),
            "__schema" if parent == self.query => Some(&self.meta.schema),
            "__type" if parent == self.query => Some(&self.meta.ty),
            _ => self.get(parent).fields()?.get(name),
        }
    }

    /// A type as GraphQL text.
    pub(crate) fn print(&self, ty: &Type) -> String {
        let mut text = String::new();
        self.print_into(ty, &mut text);
        text
    }

    fn print_into(&self, ty: &Type, text: &mut String) {
        match ty {
            Type::Named(id) => text.push_str(&self.get(*id).name),
            Type::List(inner) => {
                text.push('[');
                self.print_into(inner, text);
                text.push(']');
            }
            Type::NonNull(inner) => {
                self.print_into(inner, text);
                let _ = text.write_char('!');
            }
        }
    }

    /// Whether every value of `inner` is a value of `outer`.
    pub(crate) fn is_subtype(&self, inner: &Type, outer: &Type) -> bool {
        match (inner, outer) {
            (Type::NonNull(inner), Type::NonNull(outer)) => self.is_subtype(inner, outer),
            (Type::NonNull(inner), outer) => self.is_subtype(inner, outer),
            (_, Type::NonNull(_)) => false,
            (Type::List(inner), Type::List(outer)) => self.is_subtype(inner, outer),
            (Type::Named(inner), Type::Named(outer)) => {
                inner == outer || self.is_member(*inner, *outer)
            }
            _ => false,
        }
    }

    fn is_member(&self, inner: TypeId, outer: TypeId) -> bool {
        match &self.get(outer).kind {
            Kind::Union(members) => members.contains(&inner),
            Kind::Interface(_) => self.get(inner).interfaces().contains(&outer),
            _ => false,
        }
    }
}
