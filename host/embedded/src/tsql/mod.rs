//! T-SQL for SQLite: from text to statements, and from each statement to what SQLite runs, with the types of its columns.
//!
//! It knows nothing of sessions or the wire. `lexer` → `script` (control flow) → `translate`: `parser`, `sources`, `changes` and `expressions` make a `tree`,
//! `compile` writes it for SQLite with the rules of `typing`; `definitions` does the same with tables. `scalars`, `texts`, `dates`, `numbers`,
//! `exact`, `patterns` and `collation` are what SQLite lacks, added to every connection; `arguments` is how they read theirs.

mod arguments;
mod changes;
mod clauses;
pub(crate) mod collation;
mod compile;
mod dates;
mod definitions;
mod exact;
mod expressions;
mod lexer;
mod numbers;
mod parser;
mod patterns;
pub(crate) mod scalars;
mod script;
mod sources;
mod texts;
mod translate;
mod tree;
mod typing;

pub(crate) use compile::Catalog;
pub(crate) use definitions::seed_script;
pub(crate) use lexer::{Kind, Token, render, tokenize};
pub(crate) use script::{Call, Statement, parse, split_commas};
pub(crate) use translate::{Globals, Output, Translated, Verb, translate};

#[cfg(test)]
mod tests;
