//! What every document passes before anything costly or recursive looks at it.
//!
//! [`lexer`] bounds the tokens and the nesting of brackets while it reads them, so that no parser can be driven into the end of
//! its stack; [`expansion`] measures the parsed document with its fragments written out, without writing them out. Both are safe
//! on documents nobody has validated: fragment cycles, unknown fragments, unknown fields.

pub(crate) mod expansion;
pub(crate) mod lexer;
mod strings;
