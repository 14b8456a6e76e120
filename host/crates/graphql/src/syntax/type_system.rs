//! The syntax tree of a schema: its definitions and extensions, in the order of the text.
//!
//! Like the tree of an executable document it borrows from the text, and keeps what comes twice.

use super::{Directive, Name, OperationKind, Position, TypeNode, Value};
use std::borrow::Cow;

/// A definition of a schema, or an extension of one.
#[derive(Debug)]
pub(crate) enum Definition<'a> {
    Schema(SchemaNode<'a>),
    Type(TypeDefinition<'a>),
    Directive(DirectiveDefinition<'a>),
}

/// `schema { … }`.
#[derive(Debug)]
pub(crate) struct SchemaNode<'a> {
    pub at: Position,
    /// Whether it comes after `extend`.
    pub extends: bool,
    pub description: Option<Cow<'a, str>>,
    pub directives: Vec<Directive<'a>>,
    pub roots: Vec<RootNode<'a>>,
}

/// `query: Query`.
#[derive(Debug)]
pub(crate) struct RootNode<'a> {
    pub at: Position,
    pub kind: OperationKind,
    pub ty: Name<'a>,
}

/// A named type.
#[derive(Debug)]
pub(crate) struct TypeDefinition<'a> {
    /// Whether it comes after `extend`.
    pub extends: bool,
    pub description: Option<Cow<'a, str>>,
    pub name: Name<'a>,
    pub directives: Vec<Directive<'a>>,
    pub body: TypeBody<'a>,
}

/// What a named type consists of.
#[derive(Debug)]
pub(crate) enum TypeBody<'a> {
    Scalar,
    Object(MemberNodes<'a>),
    Interface(MemberNodes<'a>),
    Union(Vec<Name<'a>>),
    Enum(Vec<EnumValueDefinition<'a>>),
    Input(Vec<InputValueDefinition<'a>>),
}

impl TypeBody<'_> {
    /// The keyword that begins its definition.
    pub fn keyword(&self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Object(_) => "type",
            Self::Interface(_) => "interface",
            Self::Union(_) => "union",
            Self::Enum(_) => "enum",
            Self::Input(_) => "input",
        }
    }
}

/// What an object or interface consists of.
#[derive(Debug)]
pub(crate) struct MemberNodes<'a> {
    pub interfaces: Vec<Name<'a>>,
    pub fields: Vec<FieldDefinition<'a>>,
}

/// A field of an object or interface.
#[derive(Debug)]
pub(crate) struct FieldDefinition<'a> {
    pub description: Option<Cow<'a, str>>,
    pub name: Name<'a>,
    pub arguments: Vec<InputValueDefinition<'a>>,
    pub ty: TypeNode<'a>,
    pub directives: Vec<Directive<'a>>,
}

/// An argument, or a field of an input object.
#[derive(Debug)]
pub(crate) struct InputValueDefinition<'a> {
    pub description: Option<Cow<'a, str>>,
    pub name: Name<'a>,
    pub ty: TypeNode<'a>,
    pub default: Option<Value<'a>>,
    pub directives: Vec<Directive<'a>>,
}

/// One value of an enum.
#[derive(Debug)]
pub(crate) struct EnumValueDefinition<'a> {
    pub description: Option<Cow<'a, str>>,
    pub name: Name<'a>,
    pub directives: Vec<Directive<'a>>,
}

/// `directive @name on …`.
#[derive(Debug)]
pub(crate) struct DirectiveDefinition<'a> {
    pub description: Option<Cow<'a, str>>,
    pub name: Name<'a>,
    pub arguments: Vec<InputValueDefinition<'a>>,
    pub repeatable: bool,
    /// The locations' names in the specification.
    pub locations: Vec<&'static str>,
}
