//! What every document passes before anything costly looks at it: [`expansion`] measures the parsed document with its fragments
//! written out, without writing them out. It is safe on documents nobody has validated: fragment cycles, unknown fragments,
//! unknown fields. The tokens and the nesting of brackets were bounded while they were read.

pub(crate) mod expansion;
