//! What a request can reach, with DynamoDB as the judge: whatever is said to stay within a partition is sent, and must.

use std::sync::atomic::{AtomicUsize, Ordering};

use mayfly_capabilities::dynamodb::{
    DeleteRequest, DynamoDb, Expression, Partition, PutRequest, QueryRequest, ReadOptions,
    TransactItem, UpdateRequest,
};
use mayfly_error::CallCode;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::backends::{Backends, MAX_ANSWER_BYTES, all, code, soon};

fn own() -> Partition {
    Partition {
        attribute: "PK".to_owned(),
        value: "a".to_owned(),
    }
}

/// Everything in other partitions.
async fn others(dynamodb: &DynamoDb) -> String {
    let keys: Vec<String> = ["b", "c"]
        .into_iter()
        .flat_map(|pk| ["x", "y"].map(|sk| json!({ "PK": pk, "SK": sk }).to_string()))
        .collect();
    let items = dynamodb
        .batch_get("Notes", &keys, &all(), MAX_ANSWER_BYTES, soon())
        .await
        .unwrap();
    assert!(!items.contains("null"), "{items}");
    items
}

/// Conditions as a guest may write them, to be taken for others: right, wrong, and between.
fn conditions() -> impl Strategy<Value = String> {
    let name = || {
        select(vec![
            "PK",
            "SK",
            "holder",
            "#p",
            "#s",
            "#o",
            "pk",
            "PK.PK",
            "#mayfly_0",
        ])
    };
    let value = || select(vec![":a", ":a", ":b", ":c", ":n", ":s", "PK", ":missing"]);
    let operator = select(vec!["=", "=", "=", "<", "<=", ">", ">=", "<>"]);
    let plain = (name(), operator, value())
        .prop_map(|(name, operator, value)| format!("{name} {operator} {value}"));
    let between = (name(), value(), value())
        .prop_map(|(name, from, to)| format!("{name} BETWEEN {from} AND {to}"));
    let begins =
        (name(), value()).prop_map(|(name, value)| format!("begins_with({name}, {value})"));
    let other = (name(), value()).prop_map(|(name, value)| format!("{name} IN ({value}, :a)"));
    let term = prop_oneof![6 => plain, 1 => between, 1 => begins, 1 => other];
    let joint = select(vec![
        " AND ",
        " AND ",
        " AND ",
        " and ",
        " OR ",
        " AND NOT ",
        ",",
        " ",
    ]);
    let terms = (
        proptest::collection::vec((term, any::<bool>()), 1..4),
        joint,
    )
        .prop_map(|(terms, joint)| {
            let terms: Vec<_> = terms
                .into_iter()
                .map(|(term, enclosed)| if enclosed { format!("({term})") } else { term })
                .collect();
            terms.join(joint)
        });
    let chaotic =
        (terms, select(vec!["", "", "", "(", ")", "NOT ", "-- "])).prop_map(|(terms, start)| {
            match start {
                "(" => format!("({terms})"),
                start => format!("{start}{terms}"),
            }
        });
    // Half of them are what DynamoDB takes, so that there are answers to judge.
    let second = select(vec![
        "",
        " AND SK >= :s",
        " AND begins_with(#s, :s)",
        " and (PK = :a)",
        " AND holder = :a",
        " OR SK = :s",
    ]);
    let likely = (
        select(vec!["PK", "#p", "PK", "#p", "holder", "#o"]),
        select(vec![":a", ":a", ":b"]),
        second,
    )
        .prop_map(|(name, value, second)| format!("{name} = {value}{second}"));
    prop_oneof![chaotic, likely]
}

fn queries() -> impl Strategy<Value = QueryRequest> {
    let attribute =
        |usual: &'static str| select(vec![usual, usual, usual, "PK", "SK", "holder", "PK.PK"]);
    let names = (
        attribute("PK"),
        attribute("SK"),
        attribute("holder"),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(p, s, o, twice, own)| {
            let twice = if twice { r##""#p":"PK","## } else { "" };
            let own = if own { r##","#mayfly_0":"PK""## } else { "" };
            format!(r##"{{{twice}"#p":"{p}","#s":"{s}","#o":"{o}"{own}}}"##)
        });
    let values = select(vec![
        r#"{":a":"a",":b":"b",":c":"c",":n":7,":s":"x"}"#,
        r#"{":a":"a",":b":"b",":c":"c",":n":7,":s":"x"}"#,
        r#"{":a":"a",":b":"b",":c":"c",":n":7,":s":"x",":a":"b"}"#,
        r#"{":a":{"$binary":"YQ=="},":b":"b",":c":"c",":n":7,":s":"x"}"#,
        r#"{"\u003aa":"\u0061",":b":"b",":c":"c",":n":7,":s":"x"}"#,
    ]);
    let attributes = select(vec![
        vec![],
        vec!["PK".to_owned()],
        vec!["holder".to_owned(), "PK".to_owned()],
    ]);
    let start = select(vec![
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        Some(r#"{"PK":"b","SK":"x"}"#.to_owned()),
    ]);
    (
        conditions(),
        names,
        values,
        select(vec![None, None, Some("ByHolder".to_owned())]),
        attributes,
        start,
    )
        .prop_map(
            |(text, names, values, index, attributes, start_key)| QueryRequest {
                table: "Notes".to_owned(),
                index,
                key_condition: Expression {
                    text,
                    names,
                    values: values.to_owned(),
                },
                options: ReadOptions {
                    consistent: false,
                    attributes,
                },
                ascending: true,
                start_key,
                ..QueryRequest::default()
            },
        )
}

#[test]
fn a_query_that_is_said_to_stay_within_a_partition_gives_nothing_else() {
    let runtime = Runtime::new().unwrap();
    let (backends, dynamodb) = runtime.block_on(async {
        let backends = Backends::start().await;
        let dynamodb = backends.dynamodb(|_| ()).await;
        (backends, dynamodb)
    });
    let answered = AtomicUsize::new(0);
    let mut runner = TestRunner::new(Config {
        cases: 3_000,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&queries(), |query| {
            // DynamoDB refuses names and values that are not used, so only what the text holds is sent.
            let query = with_used(query);
            if !own().has_query(&query).unwrap_or(false) {
                return Ok(());
            }
            let Ok(page) = runtime.block_on(dynamodb.query(&query, soon())) else {
                return Ok(());
            };
            let page: Value = serde_json::from_str(&page).unwrap();
            for item in page["items"].as_array().unwrap() {
                prop_assert_eq!(&item["PK"], "a");
                answered.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        })
        .unwrap();
    assert!(
        answered.into_inner() > 100,
        "the property was put to the test"
    );
    drop(backends);
}

/// The query without the names and values its condition does not mention.
fn with_used(mut query: QueryRequest) -> QueryRequest {
    let condition = &mut query.key_condition;
    if let (Ok(names), Ok(values)) = (
        serde_json::from_str::<Value>(&condition.names),
        serde_json::from_str::<Value>(&condition.values),
    ) {
        let used = |value: Value| {
            let entries = value.as_object().cloned().unwrap_or_default().into_iter();
            Value::Object(
                entries
                    .filter(|(name, _)| condition.text.contains(name.as_str()))
                    .collect(),
            )
            .to_string()
        };
        // A placeholder that stands there twice stays as it is: what a second one means is part of the question.
        if condition.names.matches("\"#p\"").count() == 1 || !condition.text.contains("#p") {
            condition.names = used(names);
        }
        if condition.values.matches(r#"":a""#).count() < 2 || !condition.text.contains(":a") {
            condition.values = used(values);
        }
    }
    query
}

/// Keys and items as a guest may write them.
fn texts() -> impl Strategy<Value = String> {
    let name = || {
        select(vec![
            "PK", "PK", "SK", "pk", "\\u0050K", "$PK", "$$PK", "holder", "PK ",
        ])
    };
    let value = || {
        select(vec![
            r#""a""#,
            r#""a""#,
            r#""b""#,
            r#""x""#,
            r#""\u0061""#,
            r#"{"$stringSet":["a"]}"#,
            r#"{"$binary":"YQ=="}"#,
            r#"["a"]"#,
            "7",
            "null",
            r#""a ""#,
        ])
    };
    let entries = proptest::collection::vec((name(), value()), 0..4);
    let usual = select(vec![
        r#"{"PK":"a","SK":"x"}"#,
        r#"{"PK":"b","SK":"x"}"#,
        r#"{"SK":"y","PK":"a"}"#,
        r#"{"PK":"b","SK":"y","holder":"a"}"#,
    ]);
    prop_oneof![
        1 => usual.prop_map(str::to_owned),
        3 => entries.prop_map(|entries| {
            let entries: Vec<_> = entries.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            format!("{{{}}}", entries.join(","))
        }),
    ]
}

#[test]
fn a_key_or_item_that_is_said_to_lie_in_a_partition_changes_and_shows_nothing_else() {
    let runtime = Runtime::new().unwrap();
    let (backends, dynamodb) = runtime.block_on(async {
        let backends = Backends::start().await;
        let dynamodb = backends.dynamodb(|_| ()).await;
        (backends, dynamodb)
    });
    let before = runtime.block_on(others(&dynamodb));
    let reached = AtomicUsize::new(0);
    let mut runner = TestRunner::new(Config {
        cases: 600,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&(texts(), 0..7), |(text, how)| {
            runtime.block_on(async {
                let table = || "Notes".to_owned();
                let put = PutRequest {
                    table: table(),
                    item: text.clone(),
                    condition: None,
                };
                let update = || UpdateRequest {
                    table: table(),
                    key: text.clone(),
                    update: Expression {
                        text: "SET t = :t".to_owned(),
                        names: String::new(),
                        values: r#"{":t":"taken"}"#.to_owned(),
                    },
                    condition: None,
                };
                let delete = DeleteRequest {
                    table: table(),
                    key: text.clone(),
                    condition: None,
                };
                let write = match how {
                    0 => TransactItem::Put(put.clone()),
                    1 => TransactItem::Update(update()),
                    _ => TransactItem::Delete(delete.clone()),
                };
                let within = match how {
                    0..3 => own().has_write(&write),
                    3 => own().has_item(&text),
                    _ => own().has_key(&text),
                };
                if !within.unwrap_or(false) {
                    return Ok(());
                }
                let outcome = match how {
                    0..3 => dynamodb.transact_write(&[write], None, soon()).await,
                    3 => dynamodb.put(&put, soon()).await,
                    4 => dynamodb.update(&update(), soon()).await,
                    5 => dynamodb.delete(&delete, soon()).await,
                    _ => dynamodb.get("Notes", &text, &all(), soon()).await,
                };
                if let Ok(shown) = outcome {
                    let shown: Value = serde_json::from_str(&shown).unwrap();
                    prop_assert!(shown.is_null() || shown["PK"] == "a", "{shown}");
                    prop_assert_eq!(&others(&dynamodb).await, &before);
                    reached.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            })
        })
        .unwrap();
    assert!(
        reached.into_inner() > 20,
        "the property was put to the test"
    );
    drop(backends);
}

#[test]
fn a_query_names_its_partition_in_one_way_that_is_sure() {
    let query = |text: &str, names: &str, values: &str| QueryRequest {
        table: "Notes".to_owned(),
        key_condition: Expression {
            text: text.to_owned(),
            names: names.to_owned(),
            values: values.to_owned(),
        },
        ..QueryRequest::default()
    };
    let a = r#"{":k":"a",":s":"x"}"#;
    let within = |text, names, values| own().has_query(&query(text, names, values));
    for (text, names) in [
        ("PK = :k", ""),
        ("#k = :k AND SK > :s", r##"{"#k":"PK"}"##),
        ("(begins_with(SK, :s)) AND (PK = :k)", ""),
    ] {
        assert_eq!(within(text, names, a), Ok(true), "{text}");
    }
    for (text, names, values) in [
        ("PK = :k", "", r#"{":k":"b"}"#),
        ("PK = :k", "", r#"{":k":["a"]}"#),
        ("PK = :k", "", ""),
        ("#k = :k", r##"{"#k":"holder"}"##, a),
        ("#k = :k", "", a),
        ("PK >= :k", "", a),
        ("PK = :k OR SK = :s", "", a),
        ("SK = :s", "", a),
    ] {
        assert_eq!(
            within(text, names, values),
            Ok(false),
            "{text} {names} {values}"
        );
    }
    // A name of the host's own projection would mean something else in the request than in the check.
    let disguised = within("#mayfly_0 = :k", r##"{"#mayfly_0":"PK"}"##, a);
    assert_eq!(code(disguised), CallCode::Invalid);
    assert_eq!(
        code(within("PK = :k", "", r#"{":k":"a",":k":"b"}"#)),
        CallCode::Invalid
    );
}
