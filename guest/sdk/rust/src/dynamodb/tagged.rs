//! DynamoDB's types that JSON has no word for.

use serde::{Deserialize, Serialize};

/// A binary attribute, as base64 text: `{"$binary": "AQI="}`.
///
/// ```
/// # use mayfly_guest::dynamodb::Binary;
/// let binary = Binary { base64: "AQI=".into() };
/// assert_eq!(serde_json::to_string(&binary).unwrap(), r#"{"$binary":"AQI="}"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binary {
    /// The bytes.
    #[serde(rename = "$binary")]
    pub base64: String,
}

/// A set of strings: `{"$stringSet": ["a", "b"]}`.
///
/// ```
/// # use mayfly_guest::dynamodb::StringSet;
/// let tags: StringSet = serde_json::from_str(r#"{"$stringSet":["a","b"]}"#).unwrap();
/// assert_eq!(tags.strings, ["a", "b"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StringSet {
    /// The strings, in no order.
    #[serde(rename = "$stringSet")]
    pub strings: Vec<String>,
}

/// A set of numbers: `{"$numberSet": [1, 2.5]}`; `T` is `i64`, `f64`, …
///
/// ```
/// # use mayfly_guest::dynamodb::NumberSet;
/// let years: NumberSet<i64> = serde_json::from_str(r#"{"$numberSet":[2025,2026]}"#).unwrap();
/// assert_eq!(years.numbers, [2025, 2026]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberSet<T> {
    /// The numbers, in no order.
    #[serde(rename = "$numberSet")]
    pub numbers: Vec<T>,
}
