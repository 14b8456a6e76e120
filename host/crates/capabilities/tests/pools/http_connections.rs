//! Connections: how many there are, who has them, when they are closed.

use std::time::Duration;

use futures_util::future::join_all;
use mayfly_capabilities::http::Origin;
use mayfly_embedded::{HttpFaults, Slow, Stall};
use mayfly_error::CallCode;
use serde_json::json;

use crate::backends::{Backends, MAX_ANSWER_BYTES, code, eventually, soon, within};
use crate::http::{answer, call, client, document, get, post};

#[tokio::test]
async fn there_are_never_more_than_the_operator_allows() {
    let backends = Backends::start().await;
    let client = client(&backends, |service| service.max_connections = 3);
    backends.http_faults(HttpFaults {
        slow: Some(Slow {
            ms: 1,
            ..Slow::default()
        }),
        ..HttpFaults::default()
    });
    let ask = async |number: usize| {
        let request = get(&format!("/students/S{number}"));
        let answer = client
            .call(Origin::numbered(number), request, MAX_ANSWER_BYTES, soon())
            .await
            .unwrap();
        assert!(answer.contains(&format!("S{number}")), "{answer}");
        assert!(client.status().usage.size <= 3);
        assert!(backends.embedded.status().get().http.connections <= 3);
    };
    join_all((0..200).map(ask)).await;
    let status = client.status();
    assert_eq!((status.usage.in_use, status.usage.waiting), (0, 0));
    assert!((1..=3).contains(&status.usage.size), "{status:?}");
    backends.embedded.shutdown().await;
}

#[tokio::test]
async fn waiting_for_a_turn_is_part_of_a_calls_time_and_nothing_was_sent() {
    let backends = Backends::start().await;
    let client = client(&backends, |service| service.max_connections = 1);
    backends.http_faults(HttpFaults {
        stall: Some(Stall::default()),
        ..HttpFaults::default()
    });
    let holder = tokio::spawn(call(&client, get("/students/S1"), soon()));
    eventually("one is under way", || {
        backends.embedded.status().get().http.in_flight == 1
    })
    .await;
    let waiting = call(&client, post("/enrolments", &json!({})), within(50)).await;
    assert_eq!(code(waiting), CallCode::Deadline, "it was never sent");
    let of_students = |count| vec![("students".into(), count)];
    let usage = client.status().usage;
    assert_eq!(
        (usage.holders, usage.waiters),
        (of_students(1), of_students(0)),
        "it is known who has the turn, and who waited"
    );
    backends.lift();
    holder.await.unwrap().unwrap();
    assert_eq!(client.status().usage.holders, of_students(0));
    assert_eq!(
        backends.embedded.status().get().http.requests.get("POST"),
        None
    );
    backends.embedded.shutdown().await;
}

#[tokio::test]
async fn a_call_that_is_dropped_midway_closes_its_connection() {
    let backends = Backends::start().await;
    let client = client(&backends, |service| service.max_connections = 1);
    for round in 0..20 {
        backends.http_faults(HttpFaults {
            stall: Some(Stall::default()),
            ..HttpFaults::default()
        });
        let dropped = tokio::spawn(call(&client, get("/students/S1"), soon()));
        eventually("it is under way", || {
            backends.embedded.status().get().http.in_flight == 1
        })
        .await;
        dropped.abort();
        eventually("its turn is given back", || {
            client.status().usage.in_use == 0
        })
        .await;
        backends.lift();
        assert_eq!(
            document(&client, get("/students/S2")).await["studentId"],
            "S2",
            "round {round}"
        );
        eventually("its connection is closed", || {
            backends.embedded.status().get().http.connections == 1
        })
        .await;
    }
    backends.embedded.shutdown().await;
}

#[tokio::test]
async fn one_that_nobody_used_for_long_or_that_the_service_closed_is_not_used_again() {
    let backends = Backends::start().await;
    let short = client(&backends, |service| {
        service.max_idle = Duration::from_millis(10)
    });
    document(&short, get("/students/S1")).await;
    eventually("it is closed", || short.status().usage.size == 0).await;

    // The service closes it, and then a POST is sent on another, not lost.
    let kept = client(&backends, |_| ());
    document(&kept, get("/students/S1")).await;
    assert_eq!(kept.status().usage.size, 1);
    backends.http_faults(HttpFaults {
        refuse: true,
        ..HttpFaults::default()
    });
    eventually("the service has closed it", || {
        backends.embedded.status().get().http.connections == 0
    })
    .await;
    backends.lift();
    eventually("the host knows", || kept.status().usage.size == 0).await;
    let made = answer(&kept, post("/enrolments", &json!({ "id": "after" }))).await;
    assert_eq!(made.unwrap()["status"], 201);
    backends.embedded.shutdown().await;
}

#[tokio::test]
async fn a_client_that_nobody_has_any_more_leaves_no_connection() {
    let backends = Backends::start().await;
    let client = client(&backends, |_| ());
    document(&client, get("/students/S1")).await;
    assert_eq!(backends.embedded.status().get().http.connections, 1);
    drop(client);
    eventually("it is closed", || {
        backends.embedded.status().get().http.connections == 0
    })
    .await;
    backends.embedded.shutdown().await;
}

#[tokio::test]
async fn readiness_asks_the_probe_where_there_is_one() {
    let backends = Backends::start().await;
    let without = client(&backends, |_| ());
    let with = client(&backends, |service| {
        service.probe = Some("/_health".to_owned())
    });
    let wrong = client(&backends, |service| {
        service.probe = Some("/nowhere".to_owned())
    });
    with.check(soon()).await.unwrap();
    without.check(soon()).await.unwrap();
    without.reach(soon()).await.unwrap();
    let error = wrong.check(soon()).await.unwrap_err();
    assert_eq!(
        error.message,
        "GET /nowhere of service `enrolment`: the probe answered 404"
    );
    backends.http_faults(HttpFaults {
        refuse: true,
        ..HttpFaults::default()
    });
    without.check(soon()).await.unwrap();
    assert_eq!(code(without.reach(soon()).await), CallCode::Unavailable);
    assert_eq!(code(with.check(soon()).await), CallCode::Unavailable);
    backends.embedded.shutdown().await;
}
