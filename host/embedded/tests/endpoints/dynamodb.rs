//! DynamoDB over the SDK: its operations, the counters, the fault switches.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::get_item::{GetItemError, GetItemOutput};
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, KeysAndAttributes, Put, ReturnValue, TransactWriteItem,
};
use serde_json::json;

use super::harness::{PATIENCE, dynamodb, sample, set_faults, until};

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn key(student: u32) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("PK".into(), text(&format!("STUDENT#S{student}"))),
        ("SK".into(), text("PROFILE")),
    ])
}

async fn get(client: &Client, student: u32) -> Result<GetItemOutput, SdkError<GetItemError>> {
    client
        .get_item()
        .table_name("Students")
        .set_key(Some(key(student)))
        .send()
        .await
}

async fn batch(client: &Client, students: std::ops::RangeInclusive<u32>) -> (usize, usize) {
    let keys = KeysAndAttributes::builder()
        .set_keys(Some(students.map(key).collect()))
        .build()
        .unwrap();
    let output = client
        .batch_get_item()
        .request_items("Students", keys)
        .send()
        .await
        .unwrap();
    let found = output
        .responses()
        .and_then(|tables| tables.get("Students"))
        .map_or(0, Vec::len);
    let left = output
        .unprocessed_keys()
        .and_then(|tables| tables.get("Students"))
        .map_or(0, |table| table.keys().len());
    (found, left)
}

#[tokio::test]
async fn the_operations_a_resolver_uses_work_and_are_counted() {
    let embedded = sample().await;
    let client = dynamodb(&embedded);
    assert!(get(&client, 1).await.unwrap().item.is_some());
    assert!(get(&client, 1001).await.unwrap().item.is_none());
    assert_eq!(batch(&client, 1..=100).await, (100, 0));
    let mut item = key(2000);
    item.insert("name".into(), text("New"));
    item.insert(
        "tags".into(),
        AttributeValue::Ns(vec!["1".into(), "2.50".into()]),
    );
    client
        .put_item()
        .table_name("Students")
        .set_item(Some(item))
        .send()
        .await
        .unwrap();
    let again = client
        .put_item()
        .table_name("Students")
        .set_item(Some(key(2000)))
        .condition_expression("attribute_not_exists(PK)");
    assert_eq!(
        again.send().await.unwrap_err().code(),
        Some("ConditionalCheckFailedException")
    );
    let query = client
        .query()
        .table_name("Students")
        .key_condition_expression("PK = :p")
        .expression_attribute_values(":p", text("STUDENT#S2000"));
    assert_eq!(query.send().await.unwrap().count, 1);
    let update = client
        .update_item()
        .table_name("Students")
        .set_key(Some(key(2000)))
        .update_expression("SET #n = :n");
    let update = update
        .expression_attribute_names("#n", "name")
        .expression_attribute_values(":n", text("Changed"));
    let updated = update
        .return_values(ReturnValue::AllNew)
        .send()
        .await
        .unwrap();
    assert_eq!(updated.attributes().unwrap()["name"], text("Changed"));
    let put = Put::builder()
        .table_name("Students")
        .set_item(Some(key(2001)))
        .build()
        .unwrap();
    let delete = Delete::builder()
        .table_name("Students")
        .set_key(Some(key(2000)))
        .build()
        .unwrap();
    let items = vec![
        TransactWriteItem::builder().put(put).build(),
        TransactWriteItem::builder().delete(delete).build(),
    ];
    client
        .transact_write_items()
        .set_transact_items(Some(items))
        .send()
        .await
        .unwrap();
    assert!(get(&client, 2000).await.unwrap().item.is_none());
    assert!(get(&client, 2001).await.unwrap().item.is_some());
    let counted = embedded.status().get().dynamodb;
    let wanted = [
        ("BatchGetItem", 1),
        ("GetItem", 4),
        ("PutItem", 2),
        ("Query", 1),
        ("TransactWriteItems", 1),
        ("UpdateItem", 1),
    ];
    assert_eq!(
        counted.requests.into_iter().collect::<Vec<_>>(),
        wanted.map(|(name, count)| (name.to_owned(), count))
    );
    assert_eq!(counted.in_flight, 0);
    embedded.shutdown().await;
}

#[tokio::test]
async fn throttling_and_server_errors_have_their_names() {
    let embedded = sample().await;
    let client = dynamodb(&embedded);
    set_faults(
        &embedded,
        json!({"dynamodb": {"throttle": {"times": 1, "matching": "GetItem"}}}),
    );
    let error = get(&client, 1).await.unwrap_err();
    assert!(
        matches!(
            error.as_service_error(),
            Some(GetItemError::ProvisionedThroughputExceededException(_))
        ),
        "{error:?}"
    );
    set_faults(
        &embedded,
        json!({"dynamodb": {"error_500": {"matching": "STUDENT#S1\""}}}),
    );
    let error = get(&client, 1).await.unwrap_err();
    assert!(
        matches!(
            error.as_service_error(),
            Some(GetItemError::InternalServerError(_))
        ),
        "{error:?}"
    );
    assert!(get(&client, 2).await.unwrap().item.is_some());
    embedded.faults().lift();
    assert!(get(&client, 1).await.unwrap().item.is_some());
    embedded.shutdown().await;
}

#[tokio::test]
async fn slow_and_stalled_requests_are_answered_in_the_end() {
    let embedded = sample().await;
    let client = dynamodb(&embedded);
    set_faults(&embedded, json!({"dynamodb": {"slow": {"ms": 60}}}));
    let started = Instant::now();
    get(&client, 1).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(60));
    set_faults(&embedded, json!({"dynamodb": {"stall": {"times": 1}}}));
    let request = get(&client, 1);
    tokio::pin!(request);
    tokio::select! {
        result = &mut request => panic!("it was answered: {result:?}"),
        () = until(&embedded, |counters| counters.dynamodb.in_flight == 1) => {}
    }
    embedded.faults().lift();
    assert!(request.await.unwrap().item.is_some());
    until(&embedded, |counters| counters.dynamodb.in_flight == 0).await;
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_stalled_request_is_forgotten_when_its_client_leaves() {
    let embedded = sample().await;
    let client = dynamodb(&embedded);
    set_faults(&embedded, json!({"dynamodb": {"stall": {}}}));
    tokio::select! {
        result = get(&client, 1) => panic!("it was answered: {result:?}"),
        () = until(&embedded, |counters| counters.dynamodb.in_flight == 1) => {}
    }
    drop(client);
    until(&embedded, |counters| counters.dynamodb.in_flight == 0).await;
    embedded.shutdown().await;
}

#[tokio::test]
async fn drop_before_leaves_the_work_undone_and_inside_has_it_done() {
    let embedded = sample().await;
    for (at, student) in [("before", 3000), ("inside", 3001), ("after", 3002)] {
        let client = dynamodb(&embedded);
        set_faults(
            &embedded,
            json!({"dynamodb": {"drop": {"at": at, "matching": "PutItem"}}}),
        );
        let mut item = key(student);
        item.insert("name".into(), text(&"long ".repeat(100)));
        let put = client
            .put_item()
            .table_name("Students")
            .set_item(Some(item))
            .send()
            .await;
        assert_eq!(put.is_ok(), at == "after", "{at}: {put:?}");
        embedded.faults().lift();
        let found = get(&dynamodb(&embedded), student)
            .await
            .unwrap()
            .item
            .is_some();
        assert_eq!(found, at != "before", "{at}");
    }
    embedded.shutdown().await;
}

#[tokio::test]
async fn keys_left_unprocessed_come_back_and_can_be_asked_for_again() {
    let embedded = sample().await;
    let client = dynamodb(&embedded);
    set_faults(
        &embedded,
        json!({"dynamodb": {"unprocessed": {"keys": 30, "times": 2}}}),
    );
    assert_eq!(batch(&client, 1..=100).await, (70, 30));
    assert_eq!(batch(&client, 71..=100).await, (0, 30));
    assert_eq!(batch(&client, 71..=100).await, (30, 0));
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_backend_that_is_down_refuses_and_comes_back_on_its_port() {
    let embedded = sample().await;
    let client = dynamodb(&embedded);
    get(&client, 1).await.unwrap();
    set_faults(&embedded, json!({"dynamodb": {"refuse": true}}));
    until(&embedded, |counters| counters.dynamodb.connections == 0).await;
    assert!(matches!(
        get(&client, 1).await,
        Err(SdkError::DispatchFailure(_))
    ));
    embedded.faults().lift();
    let started = Instant::now();
    while get(&client, 1).await.is_err() {
        assert!(started.elapsed() < PATIENCE);
        tokio::task::yield_now().await;
    }
    embedded.shutdown().await;
}
