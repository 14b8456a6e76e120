//! What every implementation of DynamoDB has to agree on: each test runs against two, the embedded endpoint and dynalite.

use futures_util::future::join_all;
use mayfly_capabilities::dynamodb::{
    DeleteRequest, DynamoDb, PutRequest, QueryRequest, ReadOptions, UpdateRequest,
};
use mayfly_error::CallCode;

use crate::backends::{Backends, MAX_ANSWER_BYTES, all, code, soon};
use crate::dynalite::Dynalite;
use crate::dynamodb::{expression, put};

/// Declares each test twice.
macro_rules! agreed {
    ($($name:ident)*) => {
        mod embedded {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                let backends = Backends::start().await;
                super::$name(&backends.dynamodb(|_| ()).await).await;
            })*
        }

        mod dynalite {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                let dynalite = Dynalite::start().await;
                super::$name(&dynalite.dynamodb().await).await;
            })*
        }
    };
}

agreed! {
    an_item_of_every_type_comes_back_as_it_was_written
    a_batch_is_in_the_order_of_its_keys_with_nulls_and_duplicates
    a_query_goes_page_by_page
    updates_and_deletes_return_the_item
    refusals_have_words_and_keep_the_services_text_for_the_log
    gets_at_once_each_get_their_own_item
    a_bad_key_fails_only_its_own_caller
}

async fn an_item_of_every_type_comes_back_as_it_was_written(dynamodb: &DynamoDb) {
    let item = r#"{"bin":{"$binary":"AP8="},"bins":{"$binarySet":["AQ=="]},"esc":{"$$binary":"x"},"flag":true,"id":"e","list":[1,"a",null,{"$a":1,"b":2}],"n":12345678901234567890123456789012345678,"nums":{"$numberSet":[1.5]},"strs":{"$stringSet":["a"]},"zero":{}}"#;
    let request = PutRequest {
        table: "Students".to_owned(),
        item: item.to_owned(),
        condition: None,
    };
    assert_eq!(dynamodb.put(&request, soon()).await.unwrap(), "null");
    let read = dynamodb
        .get("Students", r#"{"id":"e"}"#, &all(), soon())
        .await
        .unwrap();
    assert_eq!(read, item);
    // Writing what was read changes nothing.
    assert_eq!(
        dynamodb
            .put(
                &PutRequest {
                    item: read,
                    ..request
                },
                soon()
            )
            .await
            .unwrap(),
        item
    );
}

async fn a_batch_is_in_the_order_of_its_keys_with_nulls_and_duplicates(dynamodb: &DynamoDb) {
    let keys: Vec<String> = (0..250)
        .rev()
        .chain([7, 7])
        .map(|i| format!(r#"{{"id":"s{i}"}}"#))
        .collect();
    let options = ReadOptions {
        consistent: true,
        attributes: vec!["grade".to_owned()],
    };
    let answer = dynamodb
        .batch_get("Students", &keys, &options, MAX_ANSWER_BYTES, soon())
        .await
        .unwrap();
    let expected: Vec<String> = (0..250)
        .rev()
        .chain([7, 7])
        .map(|i| {
            if i == 0 {
                "null".to_owned()
            } else {
                format!(r#"{{"grade":{i}}}"#)
            }
        })
        .collect();
    assert_eq!(answer, format!("[{}]", expected.join(",")));
    let too_large = dynamodb
        .batch_get("Students", &keys, &all(), 1000, soon())
        .await;
    assert_eq!(code(too_large), CallCode::Budget);
}

async fn a_query_goes_page_by_page(dynamodb: &DynamoDb) {
    let mut request = QueryRequest {
        table: "Readings".to_owned(),
        key_condition: expression("pk = :pk AND sk > :least", "", r#"{":pk":"a",":least":7}"#),
        options: ReadOptions {
            consistent: false,
            attributes: vec!["v".to_owned()],
        },
        limit: Some(2),
        ascending: true,
        ..QueryRequest::default()
    };
    let first = dynamodb.query(&request, soon()).await.unwrap();
    assert_eq!(
        first,
        r#"{"items":[{"v":64},{"v":81}],"lastKey":{"pk":"a","sk":9}}"#
    );
    request.start_key = Some(r#"{"pk":"a","sk":9}"#.to_owned());
    assert_eq!(
        dynamodb.query(&request, soon()).await.unwrap(),
        r#"{"items":[{"v":100}],"lastKey":null}"#
    );
}

async fn updates_and_deletes_return_the_item(dynamodb: &DynamoDb) {
    let update = UpdateRequest {
        table: "Students".to_owned(),
        key: r#"{"id":"s1"}"#.to_owned(),
        update: expression("SET #g = #g + :one", r##"{"#g":"grade"}"##, r#"{":one":1}"#),
        condition: Some("#g = :one".to_owned()),
    };
    assert_eq!(
        dynamodb.update(&update, soon()).await.unwrap(),
        r#"{"grade":2,"id":"s1","name":"n1"}"#
    );
    assert_eq!(
        code(dynamodb.update(&update, soon()).await),
        CallCode::ConditionFailed
    );
    let delete = DeleteRequest {
        table: "Students".to_owned(),
        key: r#"{"id":"s1"}"#.to_owned(),
        condition: None,
    };
    assert_eq!(
        dynamodb.delete(&delete, soon()).await.unwrap(),
        r#"{"grade":2,"id":"s1","name":"n1"}"#
    );
    assert_eq!(dynamodb.delete(&delete, soon()).await.unwrap(), "null");
}

async fn refusals_have_words_and_keep_the_services_text_for_the_log(dynamodb: &DynamoDb) {
    let condition = expression("attribute_not_exists(id)", "", "");
    let failed = dynamodb
        .put(&put("s1", Some(condition)), soon())
        .await
        .unwrap_err();
    assert_eq!(
        (failed.code, failed.message.as_str()),
        (
            CallCode::ConditionFailed,
            "put to table `Students`: the condition does not hold"
        )
    );
    assert_ne!(failed.detail, "");
    let missing = dynamodb
        .get("Nowhere", r#"{"id":"s1"}"#, &all(), soon())
        .await
        .unwrap_err();
    assert_eq!(
        (missing.code, missing.message.as_str()),
        (
            CallCode::NotFound,
            "get from table `Nowhere`: no such table or index"
        )
    );
    let wrong = dynamodb
        .get("Students", r#"{"name":"s1"}"#, &all(), soon())
        .await
        .unwrap_err();
    assert_eq!(wrong.code, CallCode::Invalid);
    let malformed = dynamodb
        .get("Students", r#"{"id":[]}"#, &all(), soon())
        .await
        .unwrap_err();
    assert_eq!(
        malformed.message,
        "key: `id` is not a number, text or binary value with content"
    );
}

async fn gets_at_once_each_get_their_own_item(dynamodb: &DynamoDb) {
    let options = all();
    let wanted = (1..=60).chain(1..=10).chain([0]);
    let answers = join_all(wanted.clone().map(|i| {
        let options = &options;
        async move {
            dynamodb
                .get("Students", &format!(r#"{{"id":"s{i}"}}"#), options, soon())
                .await
                .unwrap()
        }
    }));
    let expected = |i| {
        if i == 0 {
            "null".to_owned()
        } else {
            format!(r#"{{"grade":{i},"id":"s{i}","name":"n{i}"}}"#)
        }
    };
    assert_eq!(answers.await, wanted.map(expected).collect::<Vec<_>>());
    assert_eq!(dynamodb.status().coalesced_gets, 71);
}

async fn a_bad_key_fails_only_its_own_caller(dynamodb: &DynamoDb) {
    let options = all();
    let long = format!(r#"{{"id":"{}"}}"#, "x".repeat(3_000));
    let keys = [
        r#"{"id":"s1"}"#,
        &long,
        r#"{"name":"s2"}"#,
        r#"{"id":5}"#,
        r#"{"id":"s2"}"#,
    ];
    let answers = join_all(
        keys.iter()
            .map(|key| dynamodb.get("Students", key, &options, soon())),
    )
    .await;
    assert!(
        answers[0].as_ref().unwrap().contains("n1") && answers[4].as_ref().unwrap().contains("n2")
    );
    for bad in &answers[1..=3] {
        assert_eq!(code(bad.clone()), CallCode::Invalid);
    }
}
