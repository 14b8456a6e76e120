//! Text to syntax tree, within bounds.
//!
//! [`lexer`] counts tokens and open brackets while it reads them, so that no parser can be driven into the end of its stack, and
//! decodes [`strings`]; [`parser`] reads the definitions; [`tree`] is what it finds; [`printer`] writes types and values again.
//! Nothing here knows a schema.

pub(crate) mod lexer;
pub(crate) mod parser;
mod position;
mod printer;
mod strings;
mod tree;

pub use position::Position;
pub use tree::OperationKind;
pub(crate) use tree::{
    Argument, Directive, Document, Field, Fragment, Inline, Name, ObjectEntry, Operation,
    Selection, SelectionSet, Spread, TypeNode, Value, ValueKind, VariableNode,
};
