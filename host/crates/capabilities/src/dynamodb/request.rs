//! What DynamoDB is asked: the records of `wit/dynamodb.wit`, and their translation into the client's types.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use mayfly_error::{CallCode, CallError};
use mayfly_json::{Limits, Tree};

use super::item::{Item, Room, parse_item};

/// The text of a map of names: DynamoDB takes 255 bytes for a name, and 300 of them in an expression.
const NAMES: Limits = Limits::of_bytes(256 << 10).with_values(2_000).with_depth(2);
/// Characters of a placeholder that messages show, at most.
const SHOWN: usize = 100;

/// An expression with what it refers to. `names` and `values` are JSON objects, or empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expression {
    /// The expression's text.
    pub text: String,
    /// Attribute names by `#placeholder`.
    pub names: String,
    /// Values by `:placeholder`.
    pub values: String,
}

/// How to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Whether to see every write acknowledged before.
    pub consistent: bool,
    /// The top-level attributes to fetch; empty for all.
    pub attributes: Vec<String>,
}

/// A page of items with one partition key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryRequest {
    pub table: String,
    /// A secondary index.
    pub index: Option<String>,
    /// The key condition; its names and values also serve `filter`.
    pub key_condition: Expression,
    /// A filter applied after reading.
    pub filter: Option<String>,
    /// How to read.
    pub options: ReadOptions,
    /// How many items to evaluate at most.
    pub limit: Option<u32>,
    /// Whether the sort key ascends.
    pub ascending: bool,
    /// The `lastKey` of the page before, as JSON.
    pub start_key: Option<String>,
}

/// A whole item, replacing what is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PutRequest {
    pub table: String,
    /// The item, as JSON.
    pub item: String,
    /// The condition that must hold.
    pub condition: Option<Expression>,
}

/// A change of some attributes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpdateRequest {
    pub table: String,
    /// The primary key, as JSON.
    pub key: String,
    /// The update expression; its names and values also serve `condition`.
    pub update: Expression,
    /// The condition that must hold.
    pub condition: Option<String>,
}

/// The removal of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeleteRequest {
    pub table: String,
    /// The primary key, as JSON.
    pub key: String,
    /// The condition that must hold.
    pub condition: Option<Expression>,
}

/// A condition on an item that is not written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckRequest {
    pub table: String,
    /// The primary key, as JSON.
    pub key: String,
    /// What must hold.
    pub condition: Expression,
}

/// One write of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransactItem {
    /// Puts an item.
    Put(PutRequest),
    /// Updates an item.
    Update(UpdateRequest),
    /// Deletes an item.
    Delete(DeleteRequest),
    /// Fails the transaction when the condition does not hold.
    Check(CheckRequest),
}

/// Placeholders and what they stand for; none where there are none, because DynamoDB refuses empty maps.
pub(super) type Names = Option<HashMap<String, String>>;
pub(super) type Values = Option<HashMap<String, AttributeValue>>;

impl Expression {
    /// The names, translated.
    pub(super) fn names(&self) -> Result<Names, CallError> {
        if self.names.trim().is_empty() {
            return Ok(None);
        }
        let tree = Tree::read(self.names.as_str(), NAMES)
            .map_err(|error| invalid(&format!("names: {error}")))?;
        let members = tree
            .root()
            .members()
            .ok_or_else(|| invalid("names: not an object"))?;
        let mut names = HashMap::with_capacity(members.clone().count());
        for (placeholder, name) in members {
            let placeholder = placeholder.value();
            let Some(name) = name.as_str() else {
                return Err(invalid(&format!(
                    "names: `{placeholder:.SHOWN$}` is not text"
                )));
            };
            names.insert(placeholder.into_owned(), name.into_owned());
        }
        Ok(Some(names).filter(|names| !names.is_empty()))
    }

    /// The values, translated.
    pub(super) fn values(&self) -> Result<Values, CallError> {
        if self.values.trim().is_empty() {
            return Ok(None);
        }
        let values: Item = parse_item(&self.values, Room::VALUES)?;
        Ok(Some(values).filter(|values| !values.is_empty()))
    }
}

impl QueryRequest {
    /// The names of the key condition, translated. None of them may be one of the projection's, which would replace it.
    pub(super) fn names(&self) -> Result<Names, CallError> {
        let names = self.key_condition.names()?;
        let taken = names
            .iter()
            .flat_map(HashMap::keys)
            .find(|name| name.starts_with(PROJECTED));
        match taken {
            Some(name) => Err(invalid(&format!(
                "names: `{name}` begins with `{PROJECTED}`, which is the host's own; use another"
            ))),
            None => Ok(names),
        }
    }
}

/// How placeholders of projections begin.
const PROJECTED: &str = "#mayfly_";

/// A projection: the expression's text and its names. Attribute names are arbitrary text, so each goes by a placeholder; the prefix
/// keeps clear of names a guest gives its own.
pub(super) struct Projection {
    /// The expression; none fetches everything.
    pub(super) text: Option<String>,
    /// The placeholders' names.
    pub(super) names: HashMap<String, String>,
}

impl Projection {
    /// Fetches these top-level attributes; none means all.
    pub(super) fn of(attributes: &[String]) -> Self {
        let mut names = HashMap::with_capacity(attributes.len());
        let mut placeholders = Vec::with_capacity(attributes.len());
        for (index, attribute) in attributes.iter().enumerate() {
            let placeholder = format!("{PROJECTED}{index}");
            names.insert(placeholder.clone(), attribute.clone());
            placeholders.push(placeholder);
        }
        Self {
            text: Some(placeholders.join(", ")).filter(|text| !text.is_empty()),
            names,
        }
    }

    /// The names, or none where there are none.
    pub(super) fn names(&self) -> Names {
        Some(self.names.clone()).filter(|names| !names.is_empty())
    }
}

/// A request the host refuses before it is sent.
pub(super) fn invalid(problem: &str) -> CallError {
    CallError::new(CallCode::Invalid, problem)
}
