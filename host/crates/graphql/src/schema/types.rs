//! The type tables: what a schema consists of once its text is read. Immutable after loading; types refer to each other by index.

use crate::auth::Guard;
use crate::syntax::{Position, Value};
use indexmap::IndexMap;
use std::sync::Arc;

/// The index of a type in the schema's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TypeId(pub u32);

impl TypeId {
    /// The id of the type at an index of the table.
    pub fn of(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// The index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The name of the placeholder for a type that is not there; no text can name it.
pub(crate) const MISSING: &str = "__Missing";

/// A type with its wrappers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    Named(TypeId),
    List(Box<Type>),
    NonNull(Box<Type>),
}

impl Type {
    /// The type inside all wrappers.
    pub fn named(&self) -> TypeId {
        match self {
            Self::Named(id) => *id,
            Self::List(inner) | Self::NonNull(inner) => inner.named(),
        }
    }

    /// Whether null is not a value of it.
    pub fn is_non_null(&self) -> bool {
        matches!(self, Self::NonNull(_))
    }

    /// The type without its outer `!`.
    pub fn nullable(&self) -> &Type {
        match self {
            Self::NonNull(inner) => inner,
            other => other,
        }
    }
}

/// A named type.
#[derive(Debug)]
pub(crate) struct TypeDef {
    pub name: Arc<str>,
    pub description: Option<String>,
    pub kind: Kind,
    /// What has to hold for its objects to be seen; none where everybody may see them.
    pub guard: Option<Arc<Guard>>,
    /// Its name in the text.
    pub at: Position,
}

impl TypeDef {
    /// The fields of an object or interface.
    pub fn fields(&self) -> Option<&IndexMap<Arc<str>, FieldDef>> {
        match &self.kind {
            Kind::Object(members) | Kind::Interface(members) => Some(&members.fields),
            _ => None,
        }
    }

    /// The interfaces of an object or interface.
    pub fn interfaces(&self) -> &[TypeId] {
        match &self.kind {
            Kind::Object(members) | Kind::Interface(members) => &members.interfaces,
            _ => &[],
        }
    }

    /// Whether values have fields to select.
    pub fn is_composite(&self) -> bool {
        matches!(
            self.kind,
            Kind::Object(_) | Kind::Interface(_) | Kind::Union(_)
        )
    }

    /// Whether its runtime type is found only in the value.
    pub fn is_abstract(&self) -> bool {
        matches!(self.kind, Kind::Interface(_) | Kind::Union(_))
    }

    /// What messages call it, before its name.
    pub fn noun(&self) -> &'static str {
        match self.kind {
            Kind::Scalar(_) => "scalar",
            Kind::Object(_) => "type",
            Kind::Interface(_) => "interface",
            Kind::Union(_) => "union",
            Kind::Enum(_) => "enum",
            Kind::Input(_) => "input",
        }
    }

    /// Whether it stands for a type that is not there, about which everything was reported.
    pub fn is_missing(&self) -> bool {
        &*self.name == MISSING
    }

    /// Whether values may be given as arguments.
    pub fn is_input(&self) -> bool {
        matches!(self.kind, Kind::Scalar(_) | Kind::Enum(_) | Kind::Input(_))
    }
}

/// What a named type is.
#[derive(Debug)]
pub(crate) enum Kind {
    Scalar(Scalar),
    Object(Members),
    Interface(Members),
    Union(Vec<TypeId>),
    Enum(IndexMap<Arc<str>, EnumValue>),
    Input(InputObject),
}

impl Kind {
    /// What messages say a type is.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Scalar(_) => "a scalar",
            Self::Object(_) => "an object type",
            Self::Interface(_) => "an interface",
            Self::Union(_) => "a union",
            Self::Enum(_) => "an enum",
            Self::Input(_) => "an input",
        }
    }
}

/// A scalar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scalar {
    Int,
    Float,
    String,
    Boolean,
    Id,
    /// One the app declares; its values are any JSON.
    Custom {
        specified_by: Option<String>,
    },
}

/// The fields and interfaces of an object or interface.
#[derive(Debug, Default)]
pub(crate) struct Members {
    pub fields: IndexMap<Arc<str>, FieldDef>,
    pub interfaces: Vec<TypeId>,
}

/// A field of an object or interface.
#[derive(Debug)]
pub(crate) struct FieldDef {
    pub name: Arc<str>,
    pub description: Option<String>,
    pub arguments: IndexMap<Arc<str>, InputDef>,
    pub ty: Type,
    /// The reason, when deprecated.
    pub deprecated: Option<String>,
    /// Who answers it; none for a property of the parent.
    pub resolve: Option<Resolver>,
    /// What has to hold for it to be seen; none where everybody may see it.
    pub guard: Option<Arc<Guard>>,
    pub at: Position,
}

/// What `@resolve` says.
#[derive(Debug)]
pub(crate) struct Resolver {
    pub module: Arc<str>,
    /// Names of the parent's fields.
    pub needs: Vec<Arc<str>>,
    /// Where those names are.
    pub needs_at: Position,
}

/// An argument or a field of an input object.
#[derive(Debug)]
pub(crate) struct InputDef {
    pub name: Arc<str>,
    pub description: Option<String>,
    pub ty: Type,
    pub default: Option<Default>,
    pub deprecated: Option<String>,
    pub at: Position,
}

impl InputDef {
    /// Whether it must be given.
    pub fn is_required(&self) -> bool {
        self.ty.is_non_null() && self.default.is_none()
    }
}

/// A default value.
#[derive(Debug)]
pub(crate) struct Default {
    /// As written.
    pub value: Value<'static>,
    /// Coerced to its type, as JSON.
    pub json: String,
}

/// One value of an enum.
#[derive(Debug)]
pub(crate) struct EnumValue {
    pub description: Option<String>,
    pub deprecated: Option<String>,
}

/// The fields of an input object.
#[derive(Debug)]
pub(crate) struct InputObject {
    pub fields: IndexMap<Arc<str>, InputDef>,
    /// Whether exactly one field must be given.
    pub one_of: bool,
}

/// A directive documents may use.
#[derive(Debug)]
pub(crate) struct DirectiveDef {
    pub name: Arc<str>,
    pub description: Option<String>,
    pub arguments: IndexMap<Arc<str>, InputDef>,
    pub repeatable: bool,
    /// The locations' names in the specification.
    pub locations: Vec<&'static str>,
}
