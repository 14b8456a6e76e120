//! Guests' answers to response bytes, in one pass and without a tree of values.
//!
//! [`mayfly_json::Scanner`] reads JSON as slices, [`leaf`] checks scalars and enums, [`object`] puts an object's properties into the order of the
//! selection, [`completer`] ties them together for all the answers of one node, which are [`completed`] then; [`tally`] bounds what all nodes
//! of an operation complete. What other modules answer stays a hole in the bytes; `execution::join` fills the holes once everything is there. A guest's values never appear in messages.

mod completed;
mod completer;
mod leaf;
mod object;
mod tally;

pub(crate) use completed::{CompletedAnswer, Completion, ErrorId, FieldError, Hole, Range};
pub(crate) use completer::{Completer, null_condition};
pub(crate) use tally::{Most, Tally};
