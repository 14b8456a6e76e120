//! What bounds an answer.

use mayfly_runtime::imports::RowBudget;

/// Bytes on the wire that may stand for a byte of JSON: an empty `text` takes 29 and is written `"":"",`.
const WIRE_BYTES: u64 = 8;
/// For what is no row: descriptions of columns, messages of the server.
const WIRE_BYTES_BESIDES: u64 = 16 << 20;

/// What bounds an answer.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    pub(super) max_value_bytes: usize,
    /// Whether the driver puts U+FFFD in the place of text that is not valid UTF-16.
    pub(super) lossy: bool,
    pub(super) max_answer_bytes: usize,
    pub(super) rows: RowBudget,
}

impl Bounds {
    /// How much is read from the wire for an answer that is within the bounds; more is not, whatever it holds.
    pub(super) fn wire_bytes(&self) -> u64 {
        (self.max_answer_bytes as u64)
            .saturating_mul(WIRE_BYTES)
            .saturating_add(WIRE_BYTES_BESIDES)
    }
}
