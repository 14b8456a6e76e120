#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::Blob;
use proptest::prelude::*;

use super::{Item, Room, item_text, parse_item};

fn item(value: AttributeValue) -> Item {
    HashMap::from([
        ("a".to_owned(), value),
        ("b".to_owned(), AttributeValue::Bool(true)),
    ])
}

fn round_trip(text: &str) -> String {
    item_text(Some(&parse_item(text, Room::ITEM).unwrap())).unwrap()
}

fn problem(text: &str) -> String {
    parse_item(text, Room::ITEM).unwrap_err().message
}

#[test]
fn every_type_has_its_json() {
    for (value, json) in [
        (AttributeValue::S("x".into()), "\"x\""),
        (
            AttributeValue::N("12345678901234567890123456789012345678".into()),
            "12345678901234567890123456789012345678",
        ),
        (AttributeValue::Bool(false), "false"),
        (AttributeValue::Null(true), "null"),
        (
            AttributeValue::B(Blob::new([0, 255])),
            "{\"$binary\":\"AP8=\"}",
        ),
        (
            AttributeValue::Ss(vec!["x".into()]),
            "{\"$stringSet\":[\"x\"]}",
        ),
        (
            AttributeValue::Ns(vec!["1.50".into(), "2".into()]),
            "{\"$numberSet\":[1.50,2]}",
        ),
        (
            AttributeValue::Bs(vec![Blob::new([1])]),
            "{\"$binarySet\":[\"AQ==\"]}",
        ),
        (
            AttributeValue::L(vec![AttributeValue::N("1".into())]),
            "[1]",
        ),
        (AttributeValue::M(HashMap::new()), "{}"),
    ] {
        let text = item_text(Some(&item(value.clone()))).unwrap();
        assert_eq!(text, format!("{{\"a\":{json},\"b\":true}}"));
        assert_eq!(parse_item(&text, Room::ITEM).unwrap(), item(value));
    }
}

#[test]
fn a_map_with_one_key_like_a_tag_is_escaped_and_comes_back() {
    let map = AttributeValue::M(HashMap::from([(
        "$binary".to_owned(),
        AttributeValue::S("AP8=".into()),
    )]));
    let text = item_text(Some(&item(map.clone()))).unwrap();
    assert_eq!(text, r#"{"a":{"$$binary":"AP8="},"b":true}"#);
    assert_eq!(parse_item(&text, Room::ITEM).unwrap(), item(map));
    // Two keys are no tag, so nothing is escaped.
    assert_eq!(
        round_trip(r#"{"$binary":"x","$b":1}"#),
        r#"{"$b":1,"$binary":"x"}"#
    );
}

#[test]
fn numbers_that_dynamodb_cannot_hold_are_refused_by_name() {
    assert_eq!(
        problem(r#"{"a": {"b": [1, 1234567890123456789012345678901234567890.1]}}"#),
        "item: `a`: `b`: [1]: a number of more than 38 digits"
    );
    assert_eq!(
        problem(r#"{"a": 1e126}"#),
        "item: `a`: a number outside 1E-130 to 1E+126"
    );
    assert_eq!(
        problem(r#"{"a": 1e-131}"#),
        "item: `a`: a number outside 1E-130 to 1E+126"
    );
    assert_eq!(round_trip(r#"{"a": 9.9e125}"#), r#"{"a":9.9e125}"#);
    assert_eq!(round_trip(r#"{"a": 0e500}"#), r#"{"a":0e500}"#);
}

#[test]
fn malformed_items_name_the_place_and_not_the_value() {
    assert_eq!(
        problem("[1]"),
        "item: an array where an object of attributes was expected"
    );
    assert_eq!(
        problem(r#"{"a": 1, "a": 2}"#),
        "item: duplicate key at line 1, column 10"
    );
    assert_eq!(
        problem(r#"{"a": {"$numberSet": ["1"]}}"#),
        "item: `a`: `$numberSet`: text where a number was expected"
    );
    assert_eq!(
        problem(r#"{"a": {"$stringSet": []}}"#),
        "item: `a`: `$stringSet`: a set cannot be empty"
    );
    assert_eq!(
        problem(r#"{"a": {"$binary": "?"}}"#),
        "item: `a`: `$binary`: not base64 with padding"
    );
    assert_eq!(
        problem(r#"{"a": {"$id": 1}}"#),
        "item: `a`: `$id`: not a tag; a map with this one key is written with one more `$`"
    );
}

#[test]
fn nesting_past_dynamodbs_own_limit_is_refused() {
    let deep = |levels: usize| format!("{{\"a\":{}1{}}}", "[".repeat(levels), "]".repeat(levels));
    assert!(problem(&deep(32)).ends_with("nested deeper than 32 levels"));
    assert!(problem(&deep(100_000)).contains("more than 34 nested arrays and objects"));
}

#[test]
fn a_number_the_server_writes_in_its_own_way_becomes_json() {
    let text = item_text(Some(&HashMap::from([(
        "a".to_owned(),
        AttributeValue::N(".5".into()),
    )])))
    .unwrap();
    assert_eq!(text, r#"{"a":5E-1}"#);
}

fn numbers() -> impl Strategy<Value = String> {
    ("-?(0|[1-9][0-9]{0,17})(\\.[0-9]{1,18})?", -80i32..80).prop_map(
        |(mantissa, power)| match power {
            -20..=20 => mantissa,
            _ => format!("{mantissa}E{power}"),
        },
    )
}

fn names() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{1,6}",
        "\\$[a-z$]{0,4}",
        Just("$binary".to_owned()),
        Just("$numberSet".to_owned()),
        Just("$$x".to_owned())
    ]
}

fn blobs() -> impl Strategy<Value = Blob> {
    proptest::collection::vec(any::<u8>(), 0..12).prop_map(Blob::new)
}

fn values() -> impl Strategy<Value = AttributeValue> {
    let leaf = prop_oneof![
        Just(AttributeValue::Null(true)),
        any::<bool>().prop_map(AttributeValue::Bool),
        "\\PC{0,8}|[\\x00-\\x7f]{0,8}".prop_map(AttributeValue::S),
        numbers().prop_map(AttributeValue::N),
        blobs().prop_map(AttributeValue::B),
        proptest::collection::vec("\\PC{0,4}", 1..4).prop_map(AttributeValue::Ss),
        proptest::collection::vec(numbers(), 1..4).prop_map(AttributeValue::Ns),
        proptest::collection::vec(blobs(), 1..4).prop_map(AttributeValue::Bs),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(AttributeValue::L),
            proptest::collection::hash_map(names(), inner, 0..5).prop_map(AttributeValue::M),
        ]
    })
}

proptest! {
    #[test]
    fn any_item_is_the_same_after_json(item in proptest::collection::hash_map(names(), values(), 0..5)) {
        let text = item_text(Some(&item)).unwrap();
        prop_assert_eq!(&parse_item(&text, Room::ITEM).unwrap(), &item);
        // And the text is the same after the item.
        prop_assert_eq!(&item_text(Some(&parse_item(&text, Room::ITEM).unwrap())).unwrap(), &text);
    }
}

#[test]
fn an_item_is_measured_before_attributes_are_made_of_it() {
    let too_large = "item: larger than 409600 bytes, as DynamoDB counts them";
    let list =
        |element: &str, count: usize| format!("{{\"a\":[{}]}}", vec![element; count].join(","));
    // Three bytes a number, and seven of the item and its list.
    assert!(parse_item(&list("1", 136_530), Room::ITEM).is_ok());
    assert_eq!(problem(&list("1", 136_540)), too_large);
    assert_eq!(problem(&list("{}", 102_500)), too_large);
    assert_eq!(
        problem(&list("1", 4_000_000)),
        "item: longer than 2457600 bytes"
    );
    assert_eq!(
        problem(&list("null", 204_900)),
        "item: more than 204802 values at line 1, column 1024002"
    );
    let string = |length: usize| format!("{{\"a\":\"{}\"}}", "\\u0041".repeat(length));
    assert!(parse_item(&string(409_500), Room::ITEM).is_ok());
    assert_eq!(problem(&string(409_598)), too_large);
    let binary = format!("{{\"a\":{{\"$binary\":\"{}\"}}}}", "AAAA".repeat(136_000));
    assert!(parse_item(&binary, Room::ITEM).is_ok());
}
