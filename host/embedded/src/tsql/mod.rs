//! T-SQL for SQLite: from text to statements, from each statement to what SQLite runs, and what type its columns have.
//!
//! It knows nothing of sessions or the wire. `lexer` → `script` → `rewrite` (with `functions`, `operators`, `clauses`); `outputs`
//! says what type and name each column of a `SELECT` has in T-SQL where SQLite cannot; `scalars` adds the functions SQLite lacks.

mod clauses;
mod functions;
mod lexer;
mod operators;
mod outputs;
mod rewrite;
pub(crate) mod scalars;
mod script;

pub(crate) use lexer::{Kind, Token, render, tokenize};
pub(crate) use outputs::{Aggregate, Guess, Output};
pub(crate) use rewrite::{Globals, Translated, Verb, translate};
pub(crate) use script::{Call, Statement, parse, split_commas};

#[cfg(test)]
mod tests;
