//! Requests and errors of DynamoDB.

use std::time::Duration;

use mayfly_embedded::{DropAt, DropConnection, DynamoDbFaults, Plain, Slow, Stall};
use mayfly_error::CallCode;
use mayfly_pools::{CheckRequest, DeleteRequest, Expression, PutRequest, QueryRequest, ReadOptions, TransactItem, UpdateRequest};

use crate::backends::{Backends, MAX_ANSWER_BYTES, all, code, soon, within};

fn expression(text: &str, names: &str, values: &str) -> Expression {
    Expression { text: text.to_owned(), names: names.to_owned(), values: values.to_owned() }
}

fn put(id: &str, condition: Option<Expression>) -> PutRequest {
    PutRequest { table: "Students".to_owned(), item: format!(r#"{{"id":"{id}","grade":1}}"#), condition }
}

#[tokio::test]
async fn an_item_of_every_type_comes_back_as_it_was_written() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|_| ()).await;
    let item = r#"{"bin":{"$binary":"AP8="},"bins":{"$binarySet":["AQ=="]},"esc":{"$$binary":"x"},"flag":true,"id":"e","list":[1,"a",null,{"$a":1,"b":2}],"n":12345678901234567890123456789012345678,"nums":{"$numberSet":[1.5]},"strs":{"$stringSet":["a"]},"zero":{}}"#;
    let request = PutRequest { table: "Students".to_owned(), item: item.to_owned(), condition: None };
    assert_eq!(dynamodb.put(&request, soon()).await.unwrap(), "null");
    let read = dynamodb.get("Students", r#"{"id":"e"}"#, &all(), soon()).await.unwrap();
    assert_eq!(read, item);
    // Writing what was read changes nothing.
    assert_eq!(dynamodb.put(&PutRequest { item: read, ..request }, soon()).await.unwrap(), item);
}

#[tokio::test]
async fn a_batch_is_in_the_order_of_its_keys_with_nulls_and_duplicates() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|_| ()).await;
    let keys: Vec<String> = (0..250).rev().chain([7, 7]).map(|i| format!(r#"{{"id":"s{i}"}}"#)).collect();
    let options = ReadOptions { consistent: true, attributes: vec!["grade".to_owned()] };
    let answer = dynamodb.batch_get("Students", &keys, &options, MAX_ANSWER_BYTES, soon()).await.unwrap();
    let expected: Vec<String> =
        (0..250).rev().chain([7, 7]).map(|i| if i == 0 { "null".to_owned() } else { format!(r#"{{"grade":{i}}}"#) }).collect();
    assert_eq!(answer, format!("[{}]", expected.join(",")));
    assert_eq!(backends.dynamodb_requests()["BatchGetItem"], 3);
    let too_large = dynamodb.batch_get("Students", &keys, &all(), 1000, soon()).await;
    assert_eq!(code(too_large), CallCode::Budget);
}

#[tokio::test]
async fn a_query_goes_page_by_page() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|_| ()).await;
    let mut request = QueryRequest {
        table: "Readings".to_owned(),
        key_condition: expression("pk = :pk AND sk > :least", "", r#"{":pk":"a",":least":7}"#),
        options: ReadOptions { consistent: false, attributes: vec!["v".to_owned()] },
        limit: Some(2),
        ascending: true,
        ..QueryRequest::default()
    };
    let first = dynamodb.query(&request, soon()).await.unwrap();
    assert_eq!(first, r#"{"items":[{"v":64},{"v":81}],"lastKey":{"pk":"a","sk":9}}"#);
    request.start_key = Some(r#"{"pk":"a","sk":9}"#.to_owned());
    assert_eq!(dynamodb.query(&request, soon()).await.unwrap(), r#"{"items":[{"v":100}],"lastKey":null}"#);
}

#[tokio::test]
async fn updates_and_deletes_return_the_item() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|_| ()).await;
    let update = UpdateRequest {
        table: "Students".to_owned(),
        key: r#"{"id":"s1"}"#.to_owned(),
        update: expression("SET #g = #g + :one", r##"{"#g":"grade"}"##, r#"{":one":1}"#),
        condition: Some("#g = :one".to_owned()),
    };
    assert_eq!(dynamodb.update(&update, soon()).await.unwrap(), r#"{"grade":2,"id":"s1","name":"n1"}"#);
    assert_eq!(code(dynamodb.update(&update, soon()).await), CallCode::ConditionFailed);
    let delete = DeleteRequest { table: "Students".to_owned(), key: r#"{"id":"s1"}"#.to_owned(), condition: None };
    assert_eq!(dynamodb.delete(&delete, soon()).await.unwrap(), r#"{"grade":2,"id":"s1","name":"n1"}"#);
    assert_eq!(dynamodb.delete(&delete, soon()).await.unwrap(), "null");
}

#[tokio::test]
async fn a_transaction_does_all_or_nothing() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|_| ()).await;
    let check = |id: &str| {
        TransactItem::Check(CheckRequest {
            table: "Students".to_owned(),
            key: format!(r#"{{"id":"{id}"}}"#),
            condition: expression("attribute_exists(id)", "", ""),
        })
    };
    let failing = [TransactItem::Put(put("new", None)), check("nobody")];
    let error = dynamodb.transact_write(&failing, None, soon()).await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (CallCode::ConditionFailed, "transact-write: the condition does not hold"));
    assert_eq!(dynamodb.get("Students", r#"{"id":"new"}"#, &all(), soon()).await.unwrap(), "null");
    let fine = [TransactItem::Put(put("new", None)), check("s1")];
    assert_eq!(dynamodb.transact_write(&fine, Some("token".to_owned()), soon()).await.unwrap(), "null");
    assert_ne!(dynamodb.get("Students", r#"{"id":"new"}"#, &all(), soon()).await.unwrap(), "null");
}

#[tokio::test]
async fn refusals_have_words_and_keep_the_services_text_for_the_log() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|config| config.coalesce = false).await;
    let condition = expression("attribute_not_exists(id)", "", "");
    let failed = dynamodb.put(&put("s1", Some(condition)), soon()).await.unwrap_err();
    assert_eq!(
        (failed.code, failed.message.as_str()),
        (CallCode::ConditionFailed, "put to table `Students`: the condition does not hold")
    );
    assert_ne!(failed.detail, "");
    let missing = dynamodb.get("Nowhere", r#"{"id":"s1"}"#, &all(), soon()).await.unwrap_err();
    assert_eq!(
        (missing.code, missing.message.as_str()),
        (CallCode::NotFound, "get from table `Nowhere`: no such table or index")
    );
    let wrong = dynamodb.get("Students", r#"{"name":"s1"}"#, &all(), soon()).await.unwrap_err();
    assert_eq!(wrong.code, CallCode::Invalid);
    let malformed = dynamodb.get("Students", r#"{"id":[]}"#, &all(), soon()).await.unwrap_err();
    assert_eq!(malformed.message, "key: `id` is not a number, text or binary value with content");
}

#[tokio::test]
async fn a_write_that_is_throttled_is_sent_again_and_a_failed_one_is_not() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|_| ()).await;
    backends.dynamodb_faults(DynamoDbFaults { throttle: Some(Plain { times: Some(2), matching: None }), ..Default::default() });
    dynamodb.put(&put("a", None), soon()).await.unwrap();
    assert_eq!(backends.dynamodb_requests()["PutItem"], 3);
    backends.dynamodb_faults(DynamoDbFaults { throttle: Some(Plain::default()), ..Default::default() });
    assert_eq!(code(dynamodb.put(&put("a", None), soon()).await), CallCode::Throttled);
    backends.embedded.status().reset();
    backends.dynamodb_faults(DynamoDbFaults { error_500: Some(Plain::default()), ..Default::default() });
    assert_eq!(code(dynamodb.put(&put("a", None), soon()).await), CallCode::OutcomeUnknown);
    assert_eq!(backends.dynamodb_requests()["PutItem"], 1);
}

#[tokio::test]
async fn a_stalled_read_ends_at_its_deadline_and_a_stalled_write_says_that_nobody_knows() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|config| config.max_in_flight = 1).await;
    backends.dynamodb_faults(DynamoDbFaults { stall: Some(Stall::default()), ..Default::default() });
    assert_eq!(code(dynamodb.get("Students", r#"{"id":"s1"}"#, &all(), within(100)).await), CallCode::Deadline);
    assert_eq!(code(dynamodb.put(&put("a", None), within(100)).await), CallCode::OutcomeUnknown);
    // Waiting for one's turn counts too, and a write that had none was not sent.
    let holder = dynamodb.clone();
    let first = tokio::spawn(async move { holder.put(&put("a", None), soon()).await });
    crate::backends::eventually("the first is under way", || dynamodb.status().in_flight == 1).await;
    assert_eq!(code(dynamodb.put(&put("b", None), within(50)).await), CallCode::Deadline);
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert_eq!((dynamodb.status().in_flight, dynamodb.status().waiting), (0, 0));
}

#[tokio::test]
async fn a_write_whose_connection_is_cut_says_that_nobody_knows_and_is_sent_once() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|_| ()).await;
    for (key, at, done) in [("a", DropAt::Before, "null"), ("b", DropAt::Inside, r#"{"grade":1,"id":"b"}"#)] {
        backends.embedded.status().reset();
        let drop = DropConnection { at, times: Some(1), matching: Some("PutItem".to_owned()) };
        backends.dynamodb_faults(DynamoDbFaults { drop: Some(drop), ..Default::default() });
        assert_eq!(code(dynamodb.put(&put(key, None), soon()).await), CallCode::OutcomeUnknown, "{at:?}");
        assert_eq!(backends.dynamodb_requests()["PutItem"], 1, "{at:?}");
        assert_eq!(dynamodb.get("Students", &format!(r#"{{"id":"{key}"}}"#), &all(), soon()).await.unwrap(), done, "{at:?}");
    }
}

#[tokio::test]
async fn an_outage_is_told_as_one_and_ends_by_itself() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|config| config.timeout = Duration::from_secs(5)).await;
    dynamodb.check(soon()).await.unwrap();
    backends.dynamodb_faults(DynamoDbFaults { refuse: true, ..Default::default() });
    let mut outcome = dynamodb.put(&put("a", None), soon()).await;
    // A connection that was open when the server went down may have taken the request with it.
    if code(outcome.clone()) == CallCode::OutcomeUnknown {
        outcome = dynamodb.put(&put("a", None), soon()).await;
    }
    assert_eq!(code(outcome), CallCode::Unavailable);
    assert_eq!(code(dynamodb.get("Students", r#"{"id":"s1"}"#, &all(), soon()).await), CallCode::Unavailable);
    assert_eq!(code(dynamodb.check(soon()).await), CallCode::Unavailable);
    backends.lift();
    let recovered = async {
        while dynamodb.check(soon()).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), recovered).await.unwrap();
    assert_eq!(dynamodb.put(&put("a", None), soon()).await.unwrap(), "null");
}

#[tokio::test]
async fn a_read_whose_attempt_is_stuck_is_sent_again_and_a_write_is_waited_for() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|config| config.attempt_timeout = Duration::from_millis(100)).await;
    dynamodb.check(soon()).await.unwrap();
    let once = || DynamoDbFaults { stall: Some(Stall { times: Some(1), matching: None }), ..Default::default() };
    backends.dynamodb_faults(once());
    assert_ne!(dynamodb.get("Students", r#"{"id":"s1"}"#, &all(), soon()).await.unwrap(), "null");
    assert_eq!(backends.dynamodb_requests()["GetItem"], 2);
    backends.dynamodb_faults(once());
    let write = dynamodb.clone();
    let write = tokio::spawn(async move { write.put(&put("a", None), soon()).await });
    crate::backends::eventually("it is out", || backends.dynamodb_requests().contains_key("PutItem")).await;
    // Much longer than an attempt of a read may take, as the endpoint's clock has it.
    backends.dynamodb_faults(DynamoDbFaults {
        stall: once().stall,
        slow: Some(Slow { ms: 300, ..Slow::default() }),
        ..Default::default()
    });
    dynamodb.put(&put("b", None), within(5)).await.unwrap_err();
    backends.lift();
    assert_eq!(write.await.unwrap().unwrap(), "null");
}

#[tokio::test]
async fn whoever_used_up_its_share_waits_for_itself_and_for_nobody_else() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|config| config.max_in_flight = 4).await;
    let (greedy, modest) = (dynamodb.with_share(3), dynamodb.with_share(3));
    dynamodb.check(soon()).await.unwrap();
    backends.dynamodb_faults(DynamoDbFaults {
        stall: Some(Stall { times: None, matching: Some("greedy".to_owned()) }),
        ..Default::default()
    });
    let stuck: Vec<_> = (0..10)
        .map(|i| {
            let greedy = greedy.clone();
            tokio::spawn(async move { greedy.put(&put(&format!("greedy{i}"), None), soon()).await })
        })
        .collect();
    crate::backends::eventually("its share is used up", || backends.embedded.status().get().dynamodb.in_flight == 3).await;
    for i in 1..=5 {
        assert_ne!(modest.get("Students", &format!(r#"{{"id":"s{i}"}}"#), &all(), soon()).await.unwrap(), "null");
    }
    assert_eq!(
        code(greedy.put(&put("greedy", None), within(50)).await),
        CallCode::Deadline,
        "waiting counts, and nothing was sent"
    );
    assert!(stuck.iter().all(|task| !task.is_finished()));
    backends.lift();
    for task in stuck {
        assert_eq!(task.await.unwrap().unwrap(), "null");
    }
    assert_eq!((dynamodb.status().in_flight, dynamodb.status().waiting), (0, 0));
}
