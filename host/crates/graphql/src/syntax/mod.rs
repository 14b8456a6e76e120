//! Text to syntax tree, within bounds: one reader for what clients send and for schemas.
//!
//! [`lexer`] counts [`token`]s and open brackets while it reads them, so that no parser can be driven into the end of its stack, and
//! decodes [`strings`]; [`parser`] reads the definitions; [`tree`] and [`type_system`] are what it finds; [`error`] words what it
//! does not; [`printer`] writes types and values again. Nothing here knows a schema.

mod error;
pub(crate) mod lexer;
pub(crate) mod parser;
mod position;
mod printer;
mod strings;
pub(crate) mod suggestion;
mod token;
mod tree;
pub(crate) mod type_system;

pub(crate) use error::SyntaxError;
pub use position::Position;
pub use tree::OperationKind;
pub(crate) use tree::{
    Argument, Directive, Document, Field, Fragment, Inline, Name, ObjectEntry, Operation,
    Selection, SelectionSet, Spread, TypeNode, Value, ValueKind, VariableNode,
};
