//! Primary keys: what makes one well formed, and when two are the same.

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mayfly_error::CallError;

use super::item::{Item, Room, parse_item};
use super::request::invalid;
use crate::decimal::Decimal;

/// A well-formed primary key.
#[derive(Debug, Clone)]
pub(super) struct Key {
    /// As the client wants it.
    pub(super) attributes: Item,
    /// Attribute names and types, sorted: keys of one table agree in it, so those that do not are malformed.
    pub(super) shape: Vec<(String, char)>,
    /// Equal for equal keys, whatever way their numbers are written.
    pub(super) identity: String,
}

impl Key {
    /// Reads a key: one or two attributes of a type that DynamoDB takes for keys.
    pub(super) fn parse(text: &str) -> Result<Self, CallError> {
        let attributes = parse_item(text, Room::KEY)?;
        if attributes.is_empty() || attributes.len() > 2 {
            return Err(invalid(&format!(
                "key: {} attributes where one or two were expected",
                attributes.len()
            )));
        }
        let mut shape = Vec::with_capacity(attributes.len());
        for (name, value) in &attributes {
            let kind = match value {
                AttributeValue::S(text) if !text.is_empty() => 'S',
                AttributeValue::N(_) => 'N',
                AttributeValue::B(bytes) if !bytes.as_ref().is_empty() => 'B',
                _ => {
                    return Err(invalid(&format!(
                        "key: `{name}` is not a number, text or binary value with content"
                    )));
                }
            };
            shape.push((name.clone(), kind));
        }
        shape.sort_unstable();
        let identity = identity(&attributes, &shape).ok_or_else(|| invalid("key: not a key"))?;
        Ok(Self {
            attributes,
            shape,
            identity,
        })
    }
}

/// The identity of the key inside a whole item; none if the item lacks one of the key's attributes.
pub(super) fn identity(item: &Item, shape: &[(String, char)]) -> Option<String> {
    let mut out = String::new();
    for (name, _) in shape {
        let text = match item.get(name)? {
            AttributeValue::S(text) => text.clone(),
            AttributeValue::N(text) => Decimal::parse(text)?.to_json(),
            AttributeValue::B(bytes) => STANDARD.encode(bytes.as_ref()),
            _ => return None,
        };
        // Lengths keep two attributes apart, whatever they hold.
        out.push_str(&format!("{}:{name}{}:{text}", name.len(), text.len()));
    }
    Some(out)
}
