//! What a request makes the host hold: counted against the bytes that a guest may hand over, before anything is made of it.
//!
//! A value stands in two bytes of text, and becomes an attribute, its copy in the request, and its own JSON in the request's body.
//! So every value, key and name counts more than its text. The numbers are such that the host holds at most [`HELD_PER_BYTE`](mayfly_runtime::imports::HELD_PER_BYTE) times
//! what is counted; `tests/pools/handed_over.rs` measures it, and the memory plan counts it.

use super::request::{
    CheckRequest, DeleteRequest, Expression, PutRequest, QueryRequest, ReadOptions, TransactItem,
    UpdateRequest,
};

/// What a value inside JSON counts besides its text, in bytes.
const VALUE_BYTES: usize = 48;
/// What a key counts besides its text: it is held by itself, by its identity, and in its batch.
const KEY_BYTES: usize = 384;
/// What an attribute to fetch counts besides its name: it gets a placeholder.
const ATTRIBUTE_BYTES: usize = 128;
/// What each part of a transaction counts besides its texts.
const PART_BYTES: usize = 512;

/// What a guest hands over with a request.
pub trait Weight {
    /// Bytes that count.
    fn weight(&self) -> usize;
}

/// A JSON text: half as much again, because a long string is held as it came, as an attribute, and in a body that grows by doubling.
fn json(text: &str) -> usize {
    text.len() + text.len() / 2 + mayfly_json::most_values(text) * VALUE_BYTES
}

/// A key.
#[must_use]
pub fn key_weight(text: &str) -> usize {
    json(text) + KEY_BYTES
}

impl Weight for Expression {
    fn weight(&self) -> usize {
        self.text.len() + json(&self.names) + json(&self.values)
    }
}

impl<T: Weight> Weight for Option<T> {
    fn weight(&self) -> usize {
        self.as_ref().map_or(0, Weight::weight)
    }
}

impl Weight for ReadOptions {
    fn weight(&self) -> usize {
        let attribute = |name: &String| name.len() + ATTRIBUTE_BYTES;
        self.attributes.iter().map(attribute).sum()
    }
}

impl Weight for QueryRequest {
    fn weight(&self) -> usize {
        self.table.len()
            + self.index.as_ref().map_or(0, String::len)
            + self.key_condition.weight()
            + self.filter.as_ref().map_or(0, String::len)
            + self.options.weight()
            + self.start_key.as_deref().map_or(0, key_weight)
    }
}

impl Weight for PutRequest {
    fn weight(&self) -> usize {
        self.table.len() + json(&self.item) + self.condition.weight()
    }
}

impl Weight for UpdateRequest {
    fn weight(&self) -> usize {
        self.table.len()
            + key_weight(&self.key)
            + self.update.weight()
            + self.condition.as_ref().map_or(0, String::len)
    }
}

impl Weight for DeleteRequest {
    fn weight(&self) -> usize {
        self.table.len() + key_weight(&self.key) + self.condition.weight()
    }
}

impl Weight for CheckRequest {
    fn weight(&self) -> usize {
        self.table.len() + key_weight(&self.key) + self.condition.weight()
    }
}

impl Weight for TransactItem {
    fn weight(&self) -> usize {
        let part = match self {
            Self::Put(put) => put.weight(),
            Self::Update(update) => update.weight(),
            Self::Delete(delete) => delete.weight(),
            Self::Check(check) => check.weight(),
        };
        part + PART_BYTES
    }
}
