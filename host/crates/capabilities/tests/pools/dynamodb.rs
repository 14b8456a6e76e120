//! Requests and errors of DynamoDB.

use std::time::Duration;

use mayfly_capabilities::dynamodb::{
    CheckRequest, Expression, PutRequest, QueryRequest, TransactItem, UpdateRequest,
};
use mayfly_embedded::{DropAt, DropConnection, DynamoDbFaults, ForeignAnswer, Plain, Slow, Stall};
use mayfly_error::CallCode;

use crate::backends::{Backends, PATIENCE, all, code, soon, within};

pub fn expression(text: &str, names: &str, values: &str) -> Expression {
    Expression {
        text: text.to_owned(),
        names: names.to_owned(),
        values: values.to_owned(),
    }
}

pub fn put(id: &str, condition: Option<Expression>) -> PutRequest {
    PutRequest {
        table: "Students".to_owned(),
        item: format!(r#"{{"id":"{id}","grade":1}}"#),
        condition,
    }
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
    let error = dynamodb
        .transact_write(&failing, None, soon())
        .await
        .unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (
            CallCode::ConditionFailed,
            "transact-write: the condition does not hold (reasons: None, ConditionalCheckFailed)"
        )
    );
    assert_eq!(
        dynamodb
            .get("Students", r#"{"id":"new"}"#, &all(), soon())
            .await
            .unwrap(),
        "null"
    );
    let fine = [TransactItem::Put(put("new", None)), check("s1")];
    assert_eq!(
        dynamodb
            .transact_write(&fine, Some("token".to_owned()), soon())
            .await
            .unwrap(),
        "null"
    );
    assert_ne!(
        dynamodb
            .get("Students", r#"{"id":"new"}"#, &all(), soon())
            .await
            .unwrap(),
        "null"
    );
}

#[tokio::test]
async fn a_write_that_is_throttled_is_sent_again_and_a_failed_one_is_not() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|_| ()).await;
    backends.dynamodb_faults(DynamoDbFaults {
        throttle: Some(Plain {
            times: Some(2),
            matching: None,
        }),
        ..Default::default()
    });
    dynamodb.put(&put("a", None), soon()).await.unwrap();
    assert_eq!(backends.dynamodb_requests()["PutItem"], 3);
    backends.dynamodb_faults(DynamoDbFaults {
        throttle: Some(Plain::default()),
        ..Default::default()
    });
    assert_eq!(
        code(dynamodb.put(&put("a", None), soon()).await),
        CallCode::Throttled
    );
    backends.embedded.status().reset();
    backends.dynamodb_faults(DynamoDbFaults {
        error_500: Some(Plain::default()),
        ..Default::default()
    });
    assert_eq!(
        code(dynamodb.put(&put("a", None), soon()).await),
        CallCode::OutcomeUnknown
    );
    assert_eq!(backends.dynamodb_requests()["PutItem"], 1);
}

#[tokio::test]
async fn a_stalled_read_ends_at_its_deadline_and_a_stalled_write_says_that_nobody_knows() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|config| config.max_in_flight = 1).await;
    backends.dynamodb_faults(DynamoDbFaults {
        stall: Some(Stall::default()),
        ..Default::default()
    });
    assert_eq!(
        code(
            dynamodb
                .get("Students", r#"{"id":"s1"}"#, &all(), within(100))
                .await
        ),
        CallCode::Deadline
    );
    assert_eq!(
        code(dynamodb.put(&put("a", None), within(3_000)).await),
        CallCode::OutcomeUnknown
    );
    // Waiting for one's turn counts too, and a write that had none was not sent.
    let holder = dynamodb.clone();
    let first = tokio::spawn(async move { holder.put(&put("a", None), soon()).await });
    crate::backends::eventually("the first is under way", || {
        dynamodb.status().in_flight == 1
    })
    .await;
    assert_eq!(
        code(dynamodb.put(&put("b", None), within(50)).await),
        CallCode::Deadline
    );
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert_eq!(
        (dynamodb.status().in_flight, dynamodb.status().waiting),
        (0, 0)
    );
}

#[tokio::test]
async fn a_write_whose_connection_is_cut_says_that_nobody_knows_and_is_sent_once() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|_| ()).await;
    for (key, at, done) in [
        ("a", DropAt::Before, "null"),
        ("b", DropAt::Inside, r#"{"grade":1,"id":"b"}"#),
    ] {
        backends.embedded.status().reset();
        let drop = DropConnection {
            at,
            times: Some(1),
            matching: Some("PutItem".to_owned()),
        };
        backends.dynamodb_faults(DynamoDbFaults {
            drop: Some(drop),
            ..Default::default()
        });
        assert_eq!(
            code(dynamodb.put(&put(key, None), soon()).await),
            CallCode::OutcomeUnknown,
            "{at:?}"
        );
        assert_eq!(backends.dynamodb_requests()["PutItem"], 1, "{at:?}");
        assert_eq!(
            dynamodb
                .get("Students", &format!(r#"{{"id":"{key}"}}"#), &all(), soon())
                .await
                .unwrap(),
            done,
            "{at:?}"
        );
    }
}

/// A page of a load balancer, and other answers that are not DynamoDB's, with what is told of a read and of a write.
const FOREIGN: [(u16, &str, &str, CallCode, CallCode); 9] = [
    (
        503,
        "text/html",
        "<html>503</html>",
        CallCode::Unavailable,
        CallCode::OutcomeUnknown,
    ),
    (
        502,
        "text/html",
        "",
        CallCode::Unavailable,
        CallCode::OutcomeUnknown,
    ),
    (
        500,
        "application/x-amz-json-1.0",
        r#"{"__type":"a#SomethingNew"}"#,
        CallCode::Unavailable,
        CallCode::OutcomeUnknown,
    ),
    (
        503,
        "application/x-amz-json-1.0",
        r#"{"__type":"a#ServiceUnavailable"}"#,
        CallCode::Unavailable,
        CallCode::OutcomeUnknown,
    ),
    (
        200,
        "text/html",
        "<html>hello</html>",
        CallCode::Unavailable,
        CallCode::OutcomeUnknown,
    ),
    (
        200,
        "application/x-amz-json-1.0",
        "",
        CallCode::Unavailable,
        CallCode::OutcomeUnknown,
    ),
    (
        200,
        "application/x-amz-json-1.0",
        r#"{"Item": 1"#,
        CallCode::Unavailable,
        CallCode::OutcomeUnknown,
    ),
    (
        403,
        "text/html",
        "<html>no</html>",
        CallCode::Denied,
        CallCode::Denied,
    ),
    (
        429,
        "text/plain",
        "slow down",
        CallCode::Throttled,
        CallCode::Throttled,
    ),
];

#[tokio::test]
async fn an_answer_of_something_in_between_says_no_more_than_it_knows() {
    let backends = Backends::start().await;
    for coalesce in [true, false] {
        let dynamodb = backends.dynamodb(|config| config.coalesce = coalesce).await;
        for (status, content_type, body, read, write) in FOREIGN {
            backends.dynamodb_faults(DynamoDbFaults {
                foreign_answer: Some(ForeignAnswer {
                    status,
                    content_type: Some(content_type.to_owned()),
                    body: Some(body.to_owned()),
                    carried_out: true,
                    ..Default::default()
                }),
                ..Default::default()
            });
            let case = format!("{status} {content_type} {body}");
            let key = r#"{"id":"s1"}"#;
            let got = dynamodb.get("Students", key, &all(), soon()).await;
            assert_eq!(code(got), read, "get: {case}");
            let keys = [key.to_owned()];
            let got = dynamodb
                .batch_get("Students", &keys, &all(), 1 << 20, soon())
                .await;
            assert_eq!(code(got), read, "batch-get: {case}");
            let written = dynamodb.put(&put("a", None), soon()).await;
            assert_eq!(code(written), write, "put: {case}");
            let items = [TransactItem::Put(put("b", None))];
            let written = dynamodb.transact_write(&items, None, soon()).await;
            assert_eq!(code(written), write, "transact-write: {case}");
        }
    }
    // They were carried out, all of them, which nobody was told of and nobody was told the contrary.
    backends.lift();
    let dynamodb = backends.dynamodb(|_| ()).await;
    let stored = dynamodb
        .get("Students", r#"{"id":"a"}"#, &all(), soon())
        .await;
    assert_ne!(stored.unwrap(), "null");
}

#[tokio::test]
async fn what_dynamodb_said_is_for_the_operator_and_not_for_the_guest() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|_| ()).await;
    let error = dynamodb
        .put(
            &PutRequest {
                item: r#"{"name":"no key"}"#.to_owned(),
                ..put("a", None)
            },
            soon(),
        )
        .await
        .unwrap_err();
    assert_eq!(error.code, CallCode::Invalid);
    assert!(error.said_by_backend);
    assert!(
        error
            .detail
            .starts_with("AWS answered ValidationException: ")
            && error.detail.contains("HTTP 400")
            && error.detail.contains("key"),
        "{}",
        error.detail
    );
    assert!(!error.message.contains("HTTP 400"), "{}", error.message);
    backends.dynamodb_faults(DynamoDbFaults {
        foreign_answer: Some(ForeignAnswer::default()),
        ..Default::default()
    });
    let error = dynamodb.put(&put("a", None), soon()).await.unwrap_err();
    assert!(
        error.detail.contains("HTTP 503") && error.detail.contains("Temporarily Unavailable"),
        "{}",
        error.detail
    );
}

#[tokio::test]
async fn what_dynamodb_always_says_in_the_same_words_reaches_the_guest() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|_| ()).await;
    let update = |text: &str| UpdateRequest {
        table: "Students".to_owned(),
        key: r#"{"id":"s1"}"#.to_owned(),
        update: expression(text, "", r#"{":v":1}"#),
        condition: None,
    };
    let error = dynamodb
        .update(&update("SET secret.b = :v"), soon())
        .await
        .unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (
            CallCode::Invalid,
            "update of table `Students`: DynamoDB refused the request as invalid: The document path provided in the update expression is invalid for update"
        )
    );
    // What names something of the request is left out.
    let error = dynamodb
        .update(&update("SET a = :secret"), soon())
        .await
        .unwrap_err();
    assert!(
        error.message.ends_with(
            ": Invalid UpdateExpression: An expression attribute value used in expression is not defined"
        ) || error
            .message
            .ends_with(": Value provided in ExpressionAttributeValues unused in expressions"),
        "{}",
        error.message
    );

    let put_new = TransactItem::Put(put("new", None));
    let invalid = [put_new, TransactItem::Update(update("SET a.b = :v"))];
    let error = dynamodb
        .transact_write(&invalid, None, soon())
        .await
        .unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (
            CallCode::Invalid,
            "transact-write: DynamoDB refused the request as invalid; item 2: The document path provided in the update expression is invalid for update (reasons: None, ValidationError)"
        )
    );

    let token = Some("a token".to_owned());
    let once = [TransactItem::Put(put("once", None))];
    dynamodb
        .transact_write(&once, token.clone(), soon())
        .await
        .unwrap();
    let other = [TransactItem::Put(put("other", None))];
    let error = dynamodb
        .transact_write(&other, token, soon())
        .await
        .unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (
            CallCode::Invalid,
            "transact-write: the token was given before with other items (IdempotentParameterMismatchException)"
        )
    );
}

#[tokio::test]
async fn the_last_key_is_null_or_begins_the_next_page() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|_| ()).await;
    let key_condition = expression(
        "PK = :pk",
        r##"{"#h":"holder"}"##,
        r#"{":pk":"a",":no":"nothing"}"#,
    );
    let without_filter = expression("PK = :pk", "", r#"{":pk":"a"}"#);
    for empty_last_key in [false, true] {
        backends.dynamodb_faults(DynamoDbFaults {
            empty_last_key: empty_last_key.then(Plain::default),
            ..Default::default()
        });
        for (filter, limit, items) in [
            (None, None, 2),
            (None, Some(1), 2),
            (None, Some(2), 2),
            (Some("holder = :no OR #h = :no"), Some(1), 0),
            (Some("holder = :no OR #h = :no"), None, 0),
        ] {
            let mut request = QueryRequest {
                table: "Notes".to_owned(),
                key_condition: if filter.is_some() {
                    key_condition.clone()
                } else {
                    without_filter.clone()
                },
                filter: filter.map(str::to_owned),
                limit,
                ascending: true,
                ..Default::default()
            };
            let mut found = 0;
            let mut pages = 0;
            loop {
                let page = dynamodb.query(&request, soon()).await.unwrap();
                let page: serde_json::Value = serde_json::from_str(&page).unwrap();
                found += page["items"].as_array().unwrap().len();
                pages += 1;
                assert!(pages < 5, "it ends: {filter:?} {limit:?}");
                if page["lastKey"].is_null() {
                    break;
                }
                request.start_key = Some(page["lastKey"].to_string());
            }
            assert_eq!(found, items, "{filter:?} {limit:?}");
        }
    }
    // What was said of the last page may be handed back.
    let request = QueryRequest {
        table: "Notes".to_owned(),
        key_condition: without_filter,
        start_key: Some("null".to_owned()),
        ascending: true,
        ..Default::default()
    };
    dynamodb.query(&request, soon()).await.unwrap();
}

#[tokio::test]
async fn an_outage_is_told_as_one_and_ends_by_itself() {
    let backends = Backends::start().await;
    let dynamodb = backends
        .dynamodb(|config| config.timeout = Duration::from_secs(5))
        .await;
    dynamodb.check(soon()).await.unwrap();
    backends.dynamodb_faults(DynamoDbFaults {
        refuse: true,
        ..Default::default()
    });
    let mut outcome = dynamodb.put(&put("a", None), soon()).await;
    // A connection that was open when the server went down may have taken the request with it.
    if code(outcome.clone()) == CallCode::OutcomeUnknown {
        outcome = dynamodb.put(&put("a", None), soon()).await;
    }
    assert_eq!(code(outcome), CallCode::Unavailable);
    assert_eq!(
        code(
            dynamodb
                .get("Students", r#"{"id":"s1"}"#, &all(), soon())
                .await
        ),
        CallCode::Unavailable
    );
    assert_eq!(code(dynamodb.check(soon()).await), CallCode::Unavailable);
    backends.lift();
    let recovered = async {
        while dynamodb.check(soon()).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, recovered).await.unwrap();
    assert_eq!(dynamodb.put(&put("a", None), soon()).await.unwrap(), "null");
}

#[tokio::test]
async fn a_read_whose_attempt_is_stuck_is_sent_again_and_a_write_is_waited_for() {
    let backends = Backends::start().await;
    let dynamodb = backends
        .dynamodb(|config| config.attempt_timeout = Duration::from_secs(1))
        .await;
    dynamodb.check(soon()).await.unwrap();
    let once = || DynamoDbFaults {
        stall: Some(Stall {
            times: Some(1),
            matching: None,
        }),
        ..Default::default()
    };
    backends.dynamodb_faults(once());
    assert_ne!(
        dynamodb
            .get("Students", r#"{"id":"s1"}"#, &all(), soon())
            .await
            .unwrap(),
        "null"
    );
    assert_eq!(backends.dynamodb_requests()["GetItem"], 2);
    backends.dynamodb_faults(once());
    let write = dynamodb.clone();
    let write = tokio::spawn(async move { write.put(&put("a", None), soon()).await });
    crate::backends::eventually("it is out", || {
        backends.dynamodb_requests().contains_key("PutItem")
    })
    .await;
    // Much longer than an attempt of a read may take, as the endpoint's clock has it.
    backends.dynamodb_faults(DynamoDbFaults {
        stall: once().stall,
        slow: Some(Slow {
            ms: 3_000,
            ..Slow::default()
        }),
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
        stall: Some(Stall {
            times: None,
            matching: Some("greedy".to_owned()),
        }),
        ..Default::default()
    });
    let stuck: Vec<_> = (0..10)
        .map(|i| {
            let greedy = greedy.clone();
            tokio::spawn(async move { greedy.put(&put(&format!("greedy{i}"), None), soon()).await })
        })
        .collect();
    crate::backends::eventually("its share is used up", || {
        backends.embedded.status().get().dynamodb.in_flight == 3
    })
    .await;
    for i in 1..=5 {
        assert_ne!(
            modest
                .get("Students", &format!(r#"{{"id":"s{i}"}}"#), &all(), soon())
                .await
                .unwrap(),
            "null"
        );
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
    assert_eq!(
        (dynamodb.status().in_flight, dynamodb.status().waiting),
        (0, 0)
    );
}
