//! A service that fails is left alone for a while.

use std::time::Duration;

use mayfly_capabilities::http::configuration::Circuit;
use mayfly_capabilities::http::{CircuitState, Client};
use mayfly_embedded::{HttpFaults, NotNow, Stall};
use mayfly_error::CallCode;
use serde_json::json;

use crate::backends::{Backends, code, eventually, within};
use crate::http::{answer, call, client, document, get, post};

fn with_circuit(backends: &Backends, failures: u32, open: Duration) -> Client {
    client(backends, |service| {
        service.circuit = Circuit { failures, open };
        service.max_attempts = 1;
        service.attempt_timeout = Duration::from_millis(100);
    })
}

fn busy() -> HttpFaults {
    HttpFaults {
        unavailable: Some(NotNow::default()),
        ..HttpFaults::default()
    }
}

fn requests(backends: &Backends) -> u64 {
    backends
        .embedded
        .status()
        .get()
        .http
        .requests
        .values()
        .sum()
}

#[tokio::test]
async fn failures_open_the_circuit_and_nothing_is_sent_while_it_is_open() {
    let backends = Backends::start().await;
    let client = with_circuit(&backends, 3, Duration::from_secs(3_600));
    backends.http_faults(busy());
    for _ in 0..3 {
        assert_eq!(client.status().circuit, CircuitState::Closed);
        let refused = answer(&client, get("/students/S1")).await.unwrap();
        assert_eq!(refused["status"], 503);
    }
    assert_eq!(client.status().circuit, CircuitState::Open);
    backends.lift();
    for asked in [get("/students/S1"), post("/enrolments", &json!({}))] {
        let error = answer(&client, asked).await.unwrap_err();
        assert_eq!(error.code, CallCode::Unavailable);
        assert!(
            error.message.contains("left alone for a moment"),
            "{}",
            error.message
        );
        assert!(error.retryable);
    }
    assert_eq!(requests(&backends), 3);
    backends.embedded.shutdown().await;
}

#[tokio::test]
async fn one_trial_closes_it_or_keeps_it_open() {
    let backends = Backends::start().await;
    let client = with_circuit(&backends, 1, Duration::from_millis(50));
    backends.http_faults(busy());
    assert_eq!(
        answer(&client, get("/students/S1")).await.unwrap()["status"],
        503
    );
    assert_eq!(client.status().circuit, CircuitState::Open);

    // Trials fail as long as the service does.
    let trials = requests(&backends) + 2;
    while requests(&backends) < trials {
        let _ = answer(&client, get("/students/S1")).await;
    }
    assert_eq!(client.status().circuit, CircuitState::Open);

    // One alone tries: the others are told at once.
    backends.http_faults(HttpFaults {
        stall: Some(Stall::default()),
        ..HttpFaults::default()
    });
    let before = requests(&backends);
    let trial = loop {
        let asked = client.clone();
        let trial = tokio::spawn(async move { answer(&asked, get("/students/S1")).await });
        let is_sent = async {
            while client.status().circuit != CircuitState::Trial && !trial.is_finished() {
                tokio::task::yield_now().await;
            }
        };
        is_sent.await;
        if client.status().circuit == CircuitState::Trial {
            break trial;
        }
    };
    let error = answer(&client, get("/students/S2")).await.unwrap_err();
    assert_eq!(error.code, CallCode::Unavailable);
    eventually("the trial is sent", || requests(&backends) == before + 1).await;
    backends.lift();
    trial.await.unwrap().unwrap();
    assert_eq!(client.status().circuit, CircuitState::Closed);
    assert_eq!(
        document(&client, get("/students/S2")).await["studentId"],
        "S2"
    );
    backends.embedded.shutdown().await;
}

#[tokio::test]
async fn callers_in_a_hurry_and_refusals_of_what_is_asked_open_nothing() {
    let backends = Backends::start().await;
    let client = with_circuit(&backends, 1, Duration::from_secs(3_600));
    // 404 is an answer.
    assert_eq!(
        answer(&client, get("/nowhere")).await.unwrap()["status"],
        404
    );
    backends.http_faults(HttpFaults {
        stall: Some(Stall::default()),
        ..HttpFaults::default()
    });
    let late = call(&client, get("/students/S1"), within(20)).await;
    assert_eq!(code(late), CallCode::Deadline);
    assert_eq!(client.status().circuit, CircuitState::Closed);
    // Somebody who waited as long as an attempt may take says something about the service.
    let late = call(&client, get("/students/S1"), within(200)).await;
    assert_eq!(code(late), CallCode::Deadline);
    assert_eq!(client.status().circuit, CircuitState::Open);
    backends.embedded.shutdown().await;
}
