//! Gets that share a request.

use std::time::Duration;

use futures_util::future::join_all;
use mayfly_capabilities::dynamodb::{DynamoDb, PutRequest, ReadOptions};
use mayfly_embedded::{DynamoDbFaults, Slow, Stall, Unprocessed};
use mayfly_error::{CallCode, CallError};
use tokio::time::Instant;

use crate::backends::{Backends, PATIENCE, all, code, eventually, soon, within};

fn key(i: usize) -> String {
    format!(r#"{{"id":"s{i}"}}"#)
}

fn item(i: usize) -> String {
    format!(r#"{{"grade":{i},"id":"s{i}","name":"n{i}"}}"#)
}

fn requests(backends: &Backends) -> u64 {
    backends.dynamodb_requests().values().sum()
}

async fn grades(
    dynamodb: &DynamoDb,
    keys: impl Iterator<Item = usize>,
) -> Vec<Result<String, CallError>> {
    let options = ReadOptions {
        consistent: false,
        attributes: vec!["grade".to_owned()],
    };
    join_all(keys.map(|i| {
        let (dynamodb, options) = (dynamodb.clone(), options.clone());
        async move { dynamodb.get("Students", &key(i), &options, soon()).await }
    }))
    .await
}

#[tokio::test]
async fn fifty_gets_at_once_are_a_few_requests_and_each_gets_its_own_item() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|_| ()).await;
    let options = all();
    // Forty different ones, ten of them twice.
    let wanted = (1..=40).chain(1..=10);
    let answers = join_all(wanted.clone().map(|i| {
        let (dynamodb, options) = (&dynamodb, &options);
        async move {
            dynamodb
                .get("Students", &key(i), options, soon())
                .await
                .unwrap()
        }
    }))
    .await;
    assert_eq!(answers, wanted.map(item).collect::<Vec<_>>());
    assert!(
        requests(&backends) <= 4,
        "{:?}",
        backends.dynamodb_requests()
    );
    assert_eq!(dynamodb.status().coalesced_gets, 50);
}

#[tokio::test]
async fn gets_that_come_while_requests_are_out_wait_and_leave_together() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|_| ()).await;
    backends.dynamodb_faults(DynamoDbFaults {
        slow: Some(Slow {
            ms: 100,
            times: Some(4),
            ..Slow::default()
        }),
        ..Default::default()
    });
    let spawn = |i: usize| {
        let dynamodb = dynamodb.clone();
        tokio::spawn(async move {
            dynamodb
                .get("Students", &key(i), &all(), soon())
                .await
                .unwrap()
        })
    };
    let mut early = Vec::new();
    for i in 1..=4 {
        early.push(spawn(i));
        eventually("it is out", || dynamodb.status().in_flight == i).await;
    }
    let late: Vec<_> = (5..=150).map(spawn).collect();
    for (i, task) in early.into_iter().chain(late).enumerate() {
        assert_eq!(task.await.unwrap(), item(i + 1));
    }
    let sent = backends.dynamodb_requests();
    // Of 146 keys, a hundred fit into one request; more than four never went out at once.
    assert!(
        sent["GetItem"] <= 6 && (2..=4).contains(&sent["BatchGetItem"]),
        "{sent:?}"
    );
}

#[tokio::test]
async fn a_lone_get_is_a_request_for_one_item() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|_| ()).await;
    assert_eq!(
        dynamodb
            .get("Students", &key(1), &all(), soon())
            .await
            .unwrap(),
        item(1)
    );
    assert_eq!(
        dynamodb
            .get("Students", &key(0), &all(), soon())
            .await
            .unwrap(),
        "null"
    );
    assert_eq!(
        backends.dynamodb_requests().into_iter().collect::<Vec<_>>(),
        [("GetItem".to_owned(), 2)]
    );
}

#[tokio::test]
async fn only_what_was_asked_for_comes_back_from_either_request() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|_| ()).await;
    let alone = grades(&dynamodb, [3].into_iter()).await;
    let together = grades(&dynamodb, 1..=3).await;
    assert_eq!(alone[0].as_ref().unwrap(), r#"{"grade":3}"#);
    assert_eq!(together[2], alone[0]);
    assert_eq!(backends.dynamodb_requests()["BatchGetItem"], 1);
}

#[tokio::test]
async fn a_bad_key_fails_only_its_own_caller() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|_| ()).await;
    let keys = [
        key(1),
        format!(r#"{{"id":"{}"}}"#, "x".repeat(3000)),
        r#"{"name":"s2"}"#.to_owned(),
        r#"{"id":5}"#.to_owned(),
        key(2),
    ];
    let options = all();
    let answers = join_all(
        keys.iter()
            .map(|key| dynamodb.get("Students", key, &options, soon())),
    )
    .await;
    assert_eq!(answers[0].as_ref().unwrap(), &item(1));
    assert_eq!(answers[4].as_ref().unwrap(), &item(2));
    for bad in &answers[1..=3] {
        assert_eq!(code(bad.clone()), CallCode::Invalid);
    }
}

#[tokio::test]
async fn keys_that_were_left_out_are_asked_for_again() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|_| ()).await;
    backends.dynamodb_faults(DynamoDbFaults {
        unprocessed: Some(Unprocessed {
            keys: 30,
            times: Some(2),
            matching: None,
        }),
        ..Default::default()
    });
    let answers = grades(&dynamodb, 1..=50).await;
    for (i, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.unwrap(), format!(r#"{{"grade":{}}}"#, i + 1));
    }
    assert_eq!(backends.dynamodb_requests()["BatchGetItem"], 3);
}

#[tokio::test]
async fn keys_that_are_always_left_out_are_throttled_and_the_others_answered() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|_| ()).await;
    backends.dynamodb_faults(DynamoDbFaults {
        unprocessed: Some(Unprocessed {
            keys: 1,
            ..Default::default()
        }),
        ..Default::default()
    });
    let options = all();
    let deadline = within(3_000);
    let answers = join_all((1..=3).map(|i| {
        let (dynamodb, options) = (&dynamodb, &options);
        async move { dynamodb.get("Students", &key(i), options, deadline).await }
    }))
    .await;
    // The last key is left out until there is no time for another try; nobody else waits for it.
    assert_eq!(
        (answers[0].as_ref().unwrap(), answers[1].as_ref().unwrap()),
        (&item(1), &item(2))
    );
    assert!(matches!(
        code(answers[2].clone()),
        CallCode::Throttled | CallCode::Deadline
    ));
}

#[tokio::test]
async fn requests_that_bring_nothing_are_attempts() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|config| config.max_attempts = 2).await;
    let keys: Vec<String> = (1..=3).map(key).collect();
    backends.dynamodb_faults(DynamoDbFaults {
        unprocessed: Some(Unprocessed {
            keys: 100,
            ..Default::default()
        }),
        ..Default::default()
    });
    let options = all();
    let together = dynamodb.batch_get("Students", &keys, &options, 1 << 20, soon());
    let error = together.await.unwrap_err();
    assert_eq!(
        (error.code, error.retryable),
        (CallCode::Throttled, true),
        "{error:?}"
    );
    assert_eq!(backends.dynamodb_requests()["BatchGetItem"], 2);
    let gets = keys
        .iter()
        .map(|key| dynamodb.get("Students", key, &options, soon()));
    for got in join_all(gets).await {
        assert_eq!(code(got), CallCode::Throttled);
    }
    assert_eq!(backends.dynamodb_requests()["BatchGetItem"], 4);
}

#[tokio::test]
async fn all_requests_of_a_batch_have_the_time_of_one_call() {
    let backends = Backends::start().await;
    let dynamodb = backends
        .dynamodb(|config| {
            config.timeout = Duration::from_secs(1);
            config.max_attempts = 1_000;
        })
        .await;
    let keys: Vec<String> = (1..=3).map(key).collect();
    backends.dynamodb_faults(DynamoDbFaults {
        unprocessed: Some(Unprocessed {
            keys: 100,
            ..Default::default()
        }),
        ..Default::default()
    });
    let options = all();
    let began = Instant::now();
    let together = dynamodb.batch_get("Students", &keys, &options, 1 << 20, soon());
    assert!(is_late(together.await));
    let gets = keys
        .iter()
        .map(|key| dynamodb.get("Students", key, &options, soon()));
    for got in join_all(gets).await {
        assert!(is_late(got));
    }
    assert!(began.elapsed() < PATIENCE / 4);
}

/// Where the first request of all took its time, it was not throttled.
fn is_late<T: std::fmt::Debug>(outcome: Result<T, CallError>) -> bool {
    matches!(code(outcome), CallCode::Throttled | CallCode::Deadline)
}

#[tokio::test]
async fn a_get_that_is_not_answered_names_the_setting_that_ended_it() {
    let backends = Backends::start().await;
    for (timeout, attempt, told) in [
        (
            100,
            10_000,
            "get from table `Students`: no answer within 100ms (`dynamodb.timeout`)",
        ),
        (
            10_000,
            50,
            "get from table `Students`: no attempt was answered within `dynamodb.attempt_timeout`",
        ),
    ] {
        for coalesce in [true, false] {
            let dynamodb = backends
                .dynamodb(|config| {
                    config.timeout = Duration::from_millis(timeout);
                    config.attempt_timeout = Duration::from_millis(attempt);
                    config.coalesce = coalesce;
                })
                .await;
            backends.dynamodb_faults(DynamoDbFaults {
                stall: Some(Stall::default()),
                ..Default::default()
            });
            let got = dynamodb.get("Students", &key(1), &all(), soon()).await;
            let error = got.unwrap_err();
            assert_eq!(
                (
                    error.code,
                    error.is_backend_timeout,
                    error.message.as_str(),
                    error.detail.as_str()
                ),
                (CallCode::Deadline, true, told, "")
            );
            let got = dynamodb.get("Students", &key(1), &all(), within(20)).await;
            let error = got.unwrap_err();
            assert_eq!(
                (error.is_backend_timeout, error.message.as_str()),
                (false, "get from table `Students`: no answer in time")
            );
            backends.lift();
        }
    }
}

#[tokio::test]
async fn a_caller_that_leaves_takes_nothing_from_the_others() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|_| ()).await;
    backends.dynamodb_faults(DynamoDbFaults {
        stall: Some(Stall::default()),
        ..Default::default()
    });
    let spawn = |i: usize| {
        let dynamodb = dynamodb.clone();
        tokio::spawn(async move { dynamodb.get("Students", &key(i), &all(), soon()).await })
    };
    let (leaves, stays) = (spawn(1), spawn(2));
    eventually("they are out", || {
        backends.embedded.status().get().dynamodb.in_flight > 0
    })
    .await;
    leaves.abort();
    assert!(leaves.await.unwrap_err().is_cancelled());
    backends.lift();
    assert_eq!(stays.await.unwrap().unwrap(), item(2));
}

#[tokio::test]
async fn nothing_is_remembered_after_an_answer() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|_| ()).await;
    for _ in 0..3 {
        dynamodb
            .get("Students", &key(1), &all(), soon())
            .await
            .unwrap();
    }
    assert_eq!(requests(&backends), 3);
}

#[tokio::test]
async fn without_coalescing_each_get_is_a_request() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|config| config.coalesce = false).await;
    for (i, answer) in grades(&dynamodb, 1..=20).await.into_iter().enumerate() {
        assert_eq!(answer.unwrap(), format!(r#"{{"grade":{}}}"#, i + 1));
    }
    assert_eq!(backends.dynamodb_requests()["GetItem"], 20);
}

#[tokio::test]
async fn with_the_first_answer_held_a_hundred_gets_of_items_up_to_4_kb_cost_two_requests() {
    let backends = Backends::start().await;
    let dynamodb = backends.dynamodb(|_| ()).await;
    let padded = |i: usize| format!(r#"{{"id":"p{i}","text":"{}"}}"#, "x".repeat(i * 41 % 4_060));
    for i in 0..100 {
        let request = PutRequest {
            table: "Students".to_owned(),
            item: padded(i),
            condition: None,
        };
        dynamodb.put(&request, soon()).await.unwrap();
    }
    backends.embedded.status().reset();
    backends.dynamodb_faults(DynamoDbFaults {
        stall: Some(Stall {
            times: Some(1),
            matching: None,
        }),
        ..Default::default()
    });
    let spawn = |i: usize| {
        let dynamodb = dynamodb.clone();
        tokio::spawn(async move {
            dynamodb
                .get("Students", &format!(r#"{{"id":"p{i}"}}"#), &all(), soon())
                .await
                .unwrap()
        })
    };
    let first = spawn(0);
    eventually("it is out", || {
        backends.embedded.status().get().dynamodb.in_flight == 1
    })
    .await;
    let others: Vec<_> = (1..100).map(spawn).collect();
    for (i, task) in others.into_iter().enumerate() {
        assert_eq!(task.await.unwrap(), padded(i + 1));
    }
    assert!(
        !first.is_finished(),
        "nobody waited for the answer that is held"
    );
    backends.lift();
    assert_eq!(first.await.unwrap(), padded(0));
    let sent = backends.dynamodb_requests().into_iter().collect::<Vec<_>>();
    assert_eq!(
        sent,
        [("BatchGetItem".to_owned(), 1), ("GetItem".to_owned(), 1)]
    );
}
