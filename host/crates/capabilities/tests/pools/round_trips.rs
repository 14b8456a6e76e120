//! Items of every type, through a real endpoint and back.

use std::collections::BTreeSet;

use mayfly_capabilities::dynamodb::PutRequest;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

use crate::backends::{Backends, all, soon};

/// How a number begins here: as a text it keeps its digits, and no other text of these tests begins so.
const NUMBER: char = '\u{1}';

/// Numbers at and inside DynamoDB's limits: 38 digits, 1E-130 to 9.9E+125.
fn numbers() -> impl Strategy<Value = Value> {
    let digits = "[1-9][0-9]{0,37}";
    let plain = ("-?", digits, 0usize..38).prop_map(|(sign, digits, point)| match point {
        0 => format!("{sign}{digits}"),
        point if point < digits.len() => format!("{sign}{}.{}", &digits[..point], &digits[point..]),
        point => format!("{sign}0.{}{digits}", "0".repeat(point - digits.len())),
    });
    let power = ("-?", "[1-9]\\.[0-9]{1,20}", -130i32..=125)
        .prop_map(|(sign, digits, power)| format!("{sign}{digits}E{power}"));
    let edges = select(vec![
        "0",
        "9.9999999999999999999999999999999999999E125",
        "1E-130",
        "-1E-130",
        "99999999999999999999999999999999999999",
    ]);
    prop_oneof![plain, power, edges.prop_map(str::to_owned)]
        .prop_map(|text| Value::String(format!("{NUMBER}{text}")))
}

fn binary() -> impl Strategy<Value = Value> {
    select(vec!["", "AA==", "AP8=", "3q2+7w=="]).prop_map(|text| json!(text))
}

fn sets() -> impl Strategy<Value = Value> {
    let texts = proptest::collection::btree_set("\\PC{1,6}", 1..5)
        .prop_map(|set| json!({ "$stringSet": set }));
    let numbers = proptest::collection::btree_set(-1_000_000i64..1_000_000, 1..5)
        .prop_map(|set| json!({ "$numberSet": set }));
    let binary = proptest::collection::btree_set(select(vec!["AA==", "AP8=", "3q2+7w=="]), 1..3)
        .prop_map(|set| json!({ "$binarySet": set }));
    prop_oneof![texts, numbers, binary]
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        "\\PC{0,12}".prop_map(Value::String),
        numbers(),
        binary().prop_map(|text| json!({ "$binary": text })),
        sets(),
    ];
    leaf.prop_recursive(5, 24, 4, |inner| {
        let names = prop_oneof!["[a-z]{1,6}", "\\PC{1,6}", Just("$$binary".to_owned())];
        let map = proptest::collection::vec((names, inner.clone()), 0..4).prop_map(|entries| {
            let map: Map<String, Value> = entries.into_iter().collect();
            // One key that looks like a tag is written with one more `$`; with others beside it, as it is.
            let single = map.len() == 1;
            Value::Object(
                map.into_iter()
                    .map(|(name, value)| (escaped(name, single), value))
                    .collect(),
            )
        });
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Value::Array),
            map
        ]
    })
}

fn escaped(name: String, single: bool) -> String {
    if single && name.starts_with('$') && !name.starts_with("$$") {
        format!("${name}")
    } else {
        name
    }
}

/// The JSON of a value, its numbers written as such.
fn written(value: &Value) -> String {
    let text = value.to_string();
    let mut pieces = text.split("\"\\u0001");
    let mut json = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let (number, rest) = piece.split_once('"').unwrap();
        json.push_str(number);
        json.push_str(rest);
    }
    json
}

/// Reads JSON without losing a digit.
fn read(json: &str) -> Value {
    let mut marked = String::new();
    let (mut in_string, mut after_backslash, mut in_number) = (false, false, false);
    for character in json.chars() {
        let is_digit = !in_string
            && (character.is_ascii_digit()
                || matches!(character, '-' | '+' | '.')
                || in_number && matches!(character, 'e' | 'E'));
        match (in_number, is_digit) {
            (false, true) => marked.push_str("\"\\u0001"),
            (true, false) => marked.push('"'),
            _ => {}
        }
        in_number = is_digit;
        marked.push(character);
        if character == '"' && !after_backslash {
            in_string = !in_string;
        }
        after_backslash = in_string && character == '\\' && !after_backslash;
    }
    serde_json::from_str(&marked).unwrap()
}

/// A value in which equal numbers and equal sets are equal, however they are written.
fn canonical(value: &Value) -> Value {
    match value {
        Value::String(text) if text.starts_with(NUMBER) => {
            json!({ "number": digits(text.trim_start_matches(NUMBER)) })
        }
        Value::Number(number) => json!({ "number": digits(&number.to_string()) }),
        Value::Array(elements) => elements.iter().map(canonical).collect(),
        Value::Object(map) => {
            let set = ["$stringSet", "$numberSet", "$binarySet"]
                .into_iter()
                .find_map(|tag| map.get(tag)?.as_array());
            if let (Some(set), 1) = (set, map.len()) {
                let set: BTreeSet<String> = set
                    .iter()
                    .map(|element| canonical(element).to_string())
                    .collect();
                return json!({ "set": set });
            }
            let sorted: std::collections::BTreeMap<_, _> = map
                .iter()
                .map(|(name, value)| (name.clone(), canonical(value)))
                .collect();
            json!(sorted)
        }
        other => other.clone(),
    }
}

/// Sign, digits without zeros around them, and the power of ten of the last digit.
fn digits(text: &str) -> (bool, String, i64) {
    let (mantissa, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{}{fraction}", whole.trim_start_matches('-'));
    let trimmed = all.trim_end_matches('0');
    let power = power.parse::<i64>().unwrap() - i64::try_from(fraction.len()).unwrap();
    let power = power + i64::try_from(all.len() - trimmed.len()).unwrap();
    match trimmed.trim_start_matches('0') {
        "" => (false, String::new(), 0),
        digits => (whole.starts_with('-'), digits.to_owned(), power),
    }
}

#[test]
fn an_item_of_any_types_however_nested_comes_back_with_every_digit() {
    let runtime = Runtime::new().unwrap();
    let (_backends, dynamodb) = runtime.block_on(async {
        let backends = Backends::start().await;
        let dynamodb = backends.dynamodb(|_| ()).await;
        (backends, dynamodb)
    });
    let mut runner = TestRunner::new(Config {
        cases: 400,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&proptest::collection::vec(values(), 1..4), |values| {
            let mut item = Map::from_iter([("id".to_owned(), json!("round trip"))]);
            item.extend(
                values
                    .into_iter()
                    .enumerate()
                    .map(|(index, value)| (format!("v{index}"), value)),
            );
            let item = Value::Object(item);
            runtime.block_on(async {
                let put = |item: String| PutRequest {
                    table: "Students".to_owned(),
                    item,
                    condition: None,
                };
                dynamodb.put(&put(written(&item)), soon()).await.unwrap();
                let answer = dynamodb
                    .get("Students", r#"{"id":"round trip"}"#, &all(), soon())
                    .await
                    .unwrap();
                prop_assert_eq!(canonical(&read(&answer)), canonical(&item));
                // Writing what was read changes nothing.
                prop_assert_eq!(
                    &dynamodb.put(&put(answer.clone()), soon()).await.unwrap(),
                    &answer
                );
                Ok(())
            })
        })
        .unwrap();
}
