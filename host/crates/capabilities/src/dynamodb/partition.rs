//! Whether a request stays within one partition.
//!
//! Owns: finding the partition key of every operation. Must not know: who may reach which partition. It reads keys, items and
//! expressions with the very functions that build the requests, so that what is checked is what is sent; whatever it does not
//! understand is outside.

use aws_sdk_dynamodb::types::AttributeValue;
use mayfly_error::CallError;

use super::item::{Item, Room, parse_item};
use super::key::Key;
use super::key_condition::KeyCondition;
use super::request::{Expression, Names, QueryRequest, TransactItem, Values};
use super::update_expression;

/// A partition: the items whose attribute is this text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// The partition key's attribute.
    pub attribute: String,
    pub value: String,
}

impl Partition {
    /// Whether a primary key is in the partition.
    ///
    /// # Errors
    ///
    /// `invalid` when it is not a key.
    pub fn has_key(&self, key: &str) -> Result<bool, CallError> {
        Ok(self.has(&Key::parse(key)?.attributes))
    }

    /// Whether an item is in the partition.
    ///
    /// # Errors
    ///
    /// `invalid` when it is not an item.
    pub fn has_item(&self, item: &str) -> Result<bool, CallError> {
        Ok(self.has(&parse_item(item, Room::ITEM)?))
    }

    /// Whether everything a write of a transaction touches is in the partition.
    ///
    /// # Errors
    ///
    /// `invalid` when it is malformed.
    pub fn has_write(&self, write: &TransactItem) -> Result<bool, CallError> {
        match write {
            TransactItem::Put(put) => self.has_item(&put.item),
            TransactItem::Update(update) => self.has_key(&update.key),
            TransactItem::Delete(delete) => self.has_key(&delete.key),
            TransactItem::Check(check) => self.has_key(&check.key),
        }
    }

    /// Whether a query can give only items of the partition: its key condition asks for that, and for nothing that could widen it.
    ///
    /// # Errors
    ///
    /// `invalid` when names or values are malformed.
    pub fn has_query(&self, query: &QueryRequest) -> Result<bool, CallError> {
        let names = query.names()?;
        let values = query.key_condition.values()?;
        let Some(condition) = KeyCondition::parse(&query.key_condition.text) else {
            return Ok(false);
        };
        Ok(condition
            .equalities()
            .any(|(name, value)| self.is_meant(name, value, &names, &values)))
    }

    /// Whether a write leaves an item in the partition of an index, or in none of its partitions: an item without the attribute is in
    /// no partition of the index. What an update writes has to show in its text.
    ///
    /// # Errors
    ///
    /// `invalid` when it is malformed.
    pub fn keeps_write(&self, write: &TransactItem) -> Result<bool, CallError> {
        let fits = |item: &Item| {
            item.get(&self.attribute)
                .is_none_or(|value| self.is_value(value))
        };
        match write {
            TransactItem::Put(put) => Ok(fits(&parse_item(&put.item, Room::ITEM)?)),
            TransactItem::Update(update) => {
                Ok(fits(&Key::parse(&update.key)?.attributes)
                    && self.keeps_update(&update.update)?)
            }
            // What is there is the caller's by the key of the table.
            TransactItem::Delete(_) | TransactItem::Check(_) => Ok(true),
        }
    }

    fn keeps_update(&self, update: &Expression) -> Result<bool, CallError> {
        let names = update.names()?;
        let values = update.values()?;
        let Some(writes) = update_expression::writes(&update.text) else {
            return Ok(false);
        };
        Ok(writes.iter().all(|write| {
            let value = write.value.unwrap_or_default();
            write.removes
                || attribute(write.name, &names) != Some(self.attribute.as_str())
                || self.is_meant(write.name, value, &names, &values)
        }))
    }

    fn has(&self, item: &Item) -> bool {
        item.get(&self.attribute)
            .is_some_and(|value| self.is_value(value))
    }

    fn is_meant(&self, name: &str, value: &str, names: &Names, values: &Values) -> bool {
        let value = values.as_ref().and_then(|values| values.get(value));
        attribute(name, names) == Some(self.attribute.as_str())
            && value.is_some_and(|value| self.is_value(value))
    }

    fn is_value(&self, value: &AttributeValue) -> bool {
        matches!(value, AttributeValue::S(text) if *text == self.value)
    }
}

/// The attribute that a name in an expression stands for.
fn attribute<'a>(name: &'a str, names: &'a Names) -> Option<&'a str> {
    match name.starts_with('#') {
        true => names
            .as_ref()
            .and_then(|names| names.get(name))
            .map(String::as_str),
        false => Some(name),
    }
}
