//! The syntax tree of an executable document: what the parser found, in the order of the text.
//!
//! Everything borrows from the text, so that parsing allocates only the tree. It knows nothing of a schema. Duplicates are kept
//! (arguments, input fields, fragments), because telling of them is validation's work.

use super::Position;
use std::borrow::Cow;
use std::collections::HashMap;

/// An executable document.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    /// The operations, in order.
    pub operations: Vec<Operation<'a>>,
    /// The fragments, in order, duplicates included.
    pub fragments: Vec<Fragment<'a>>,
    /// The last fragment of each name, which is the one that spreads mean, as in the reference implementation.
    pub by_name: HashMap<&'a str, usize>,
}

impl<'a> Document<'a> {
    /// The fragment of this name; the last, when there are several.
    pub fn fragment(&self, name: &str) -> Option<&Fragment<'a>> {
        self.by_name
            .get(name)
            .and_then(|index| self.fragments.get(*index))
    }
}

/// A name and where it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name<'a> {
    /// The name.
    pub text: &'a str,
    /// Its first character.
    pub at: Position,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationKind {
    /// Reads; may be tried again, and its root fields run at the same time.
    Query,
    /// Writes; its root fields run one after another, each at most once.
    Mutation,
    /// A stream; never executed.
    Subscription,
}

impl OperationKind {
    /// The keyword.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        }
    }
}

/// An operation.
#[derive(Debug)]
pub(crate) struct Operation<'a> {
    pub at: Position,
    pub kind: OperationKind,
    pub name: Option<Name<'a>>,
    pub variables: Vec<VariableNode<'a>>,
    pub directives: Vec<Directive<'a>>,
    pub selection: SelectionSet<'a>,
}

/// The definition of a variable.
#[derive(Debug)]
pub(crate) struct VariableNode<'a> {
    pub at: Position,
    pub name: Name<'a>,
    pub ty: TypeNode<'a>,
    pub default: Option<Value<'a>>,
    pub directives: Vec<Directive<'a>>,
}

/// A fragment's definition.
#[derive(Debug)]
pub(crate) struct Fragment<'a> {
    pub at: Position,
    pub name: Name<'a>,
    pub condition: Name<'a>,
    pub directives: Vec<Directive<'a>>,
    pub selection: SelectionSet<'a>,
}

/// What is between braces.
#[derive(Debug)]
pub(crate) struct SelectionSet<'a> {
    /// Its opening brace.
    pub at: Position,
    pub items: Vec<Selection<'a>>,
}

/// One item of a selection set.
#[derive(Debug)]
pub(crate) enum Selection<'a> {
    Field(Field<'a>),
    Spread(Spread<'a>),
    Inline(Inline<'a>),
}

/// A selected field.
#[derive(Debug)]
pub(crate) struct Field<'a> {
    pub at: Position,
    pub alias: Option<Name<'a>>,
    pub name: Name<'a>,
    pub arguments: Vec<Argument<'a>>,
    pub directives: Vec<Directive<'a>>,
    pub selection: Option<SelectionSet<'a>>,
}

impl<'a> Field<'a> {
    /// The key of the field in the response.
    pub fn response_key(&self) -> &'a str {
        self.alias.map_or(self.name.text, |alias| alias.text)
    }

    /// The value of an argument.
    pub fn argument(&self, name: &str) -> Option<&Value<'a>> {
        self.arguments
            .iter()
            .find(|argument| argument.name.text == name)
            .map(|argument| &argument.value)
    }
}

/// `...Name`.
#[derive(Debug)]
pub(crate) struct Spread<'a> {
    pub at: Position,
    pub name: Name<'a>,
    pub directives: Vec<Directive<'a>>,
}

/// `... on Type { }`.
#[derive(Debug)]
pub(crate) struct Inline<'a> {
    pub at: Position,
    pub condition: Option<Name<'a>>,
    pub directives: Vec<Directive<'a>>,
    pub selection: SelectionSet<'a>,
}

/// An argument of a field or a directive.
#[derive(Debug)]
pub(crate) struct Argument<'a> {
    pub name: Name<'a>,
    pub value: Value<'a>,
}

/// `@name(…)`.
#[derive(Debug)]
pub(crate) struct Directive<'a> {
    pub at: Position,
    pub name: Name<'a>,
    pub arguments: Vec<Argument<'a>>,
}

impl<'a> Directive<'a> {
    /// The value of an argument.
    pub fn argument(&self, name: &str) -> Option<&Value<'a>> {
        self.arguments
            .iter()
            .find(|argument| argument.name.text == name)
            .map(|argument| &argument.value)
    }

    /// The value of an argument that is a string.
    pub fn string_argument(&self, name: &str) -> Option<&str> {
        match &self.argument(name)?.kind {
            ValueKind::String(text) => Some(text),
            _ => None,
        }
    }
}

/// A type as written.
#[derive(Debug)]
pub(crate) enum TypeNode<'a> {
    Named(Name<'a>),
    /// With its opening bracket.
    List(Position, Box<TypeNode<'a>>),
    NonNull(Box<TypeNode<'a>>),
}

impl<'a> TypeNode<'a> {
    /// The name inside all lists.
    pub fn named(&self) -> Name<'a> {
        match self {
            Self::Named(name) => *name,
            Self::List(_, inner) | Self::NonNull(inner) => inner.named(),
        }
    }

    /// Its first character.
    pub fn at(&self) -> Position {
        match self {
            Self::Named(name) => name.at,
            Self::List(at, _) => *at,
            Self::NonNull(inner) => inner.at(),
        }
    }
}

/// A value as written.
#[derive(Debug, Clone)]
pub(crate) struct Value<'a> {
    pub at: Position,
    pub kind: ValueKind<'a>,
}

impl Value<'_> {
    /// A constant that outlives its text.
    pub fn to_static(&self) -> Value<'static> {
        let owned = |text: &str| Cow::Owned(text.to_owned());
        let kind = match &self.kind {
            // No constant contains a variable.
            ValueKind::Variable(_) | ValueKind::Null => ValueKind::Null,
            ValueKind::Int(text) => ValueKind::Int(owned(text)),
            ValueKind::Float(text) => ValueKind::Float(owned(text)),
            ValueKind::String(text) => ValueKind::String(owned(text)),
            ValueKind::Boolean(value) => ValueKind::Boolean(*value),
            ValueKind::Enum(name) => ValueKind::Enum(owned(name)),
            ValueKind::List(items) => ValueKind::List(items.iter().map(Self::to_static).collect()),
            ValueKind::Object(entries) => ValueKind::Object(
                entries
                    .iter()
                    .map(|entry| ObjectEntry {
                        name: owned(&entry.name),
                        at: entry.at,
                        value: entry.value.to_static(),
                    })
                    .collect(),
            ),
        };
        Value { at: self.at, kind }
    }
}

/// The forms of a value. Numbers keep their digits.
#[derive(Debug, Clone)]
pub(crate) enum ValueKind<'a> {
    Variable(&'a str),
    Int(Cow<'a, str>),
    Float(Cow<'a, str>),
    String(Cow<'a, str>),
    Boolean(bool),
    Null,
    Enum(Cow<'a, str>),
    List(Vec<Value<'a>>),
    Object(Vec<ObjectEntry<'a>>),
}

/// One field of an object value.
#[derive(Debug, Clone)]
pub(crate) struct ObjectEntry<'a> {
    pub name: Cow<'a, str>,
    pub at: Position,
    pub value: Value<'a>,
}
