//! What bounds an answer.

use mayfly_runtime::imports::RowBudget;

use super::statement::Way;

/// Bytes on the wire that may stand for a byte of JSON: an empty `text` takes 29 and is written `"":"",`.
const WIRE_BYTES: u64 = 8;
/// For what is not a row: descriptions of columns, messages of the server.
const WIRE_BYTES_BESIDES: u64 = 16 << 20;
/// For the answer of a statement that is executed. Its rows are thrown away one by one, but the server says how long each is.
const WIRE_BYTES_DISCARDED: u64 = 64 << 20;

/// What bounds an answer.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Of one value.
    pub max_value_bytes: usize,
    /// Of the answer as JSON.
    pub max_answer_bytes: usize,
    /// What is left of rows.
    pub rows: RowBudget,
}

impl Bounds {
    /// How much is read from the wire for an answer that is within the bounds; more is not, whatever it holds.
    pub fn wire_bytes(&self, way: Way) -> u64 {
        if way == Way::Execute {
            return WIRE_BYTES_DISCARDED;
        }
        (self.max_answer_bytes as u64)
            .saturating_mul(WIRE_BYTES)
            .saturating_add(WIRE_BYTES_BESIDES)
    }
}
