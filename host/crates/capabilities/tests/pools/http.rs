//! Requests to services over HTTP, and what the host adds to them.

use std::collections::BTreeMap;
use std::time::Duration;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use mayfly_capabilities::Borrower;
use mayfly_capabilities::http::configuration::{
    Base, Circuit, Credentials, Forward, Method, Service,
};
use mayfly_capabilities::http::{Client, Origin, Request};
use mayfly_config::Secret;
use mayfly_error::{CallCode, CallError};
use mayfly_runtime::imports::Call;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::backends::{Backends, MAX_ANSWER_BYTES, code, eventually, soon};

/// A service of the tests, which waits for nobody longer than it has to.
pub fn service() -> Service {
    Service {
        name: "enrolment".to_owned(),
        line: 1,
        base: Base::Embedded,
        base_is_told: false,
        credentials: None,
        max_connections: 4,
        connect_timeout: Duration::from_secs(5),
        timeout: Duration::from_secs(60),
        attempt_timeout: Duration::from_secs(20),
        max_attempts: 3,
        max_answer_bytes: MAX_ANSWER_BYTES,
        max_idle: Duration::from_secs(60),
        circuit: Circuit {
            failures: 0,
            open: Duration::from_secs(5),
        },
        ca_file: None,
        client_certificate: None,
        http2: false,
        accept_gzip: false,
        forward: Forward::default(),
        probe: None,
        allow_addresses: Vec::new(),
        proxy: None,
    }
}

/// A client of the embedded service.
pub fn client(backends: &Backends, change: impl FnOnce(&mut Service)) -> Client {
    let mut service = service();
    change(&mut service);
    let address = backends.embedded.addresses().http;
    Client::new(&service, Some(address), &BTreeMap::new(), false).unwrap()
}

/// A client of a server of the tests.
pub fn client_at(base: &str, change: impl FnOnce(&mut Service)) -> Client {
    let mut service = service();
    service.base = Base::parse(base).unwrap();
    change(&mut service);
    Client::new(&service, None, &BTreeMap::new(), false).unwrap()
}

pub fn request(method: Method, target: &str) -> Request {
    Request {
        method,
        route: target.to_owned(),
        target: target.to_owned(),
        headers: HeaderMap::new(),
        trace: None,
        body: bytes::Bytes::new(),
        borrower: Borrower::of("students", "0123456789abcdef0123456789abcdef"),
    }
}

pub fn get(target: &str) -> Request {
    request(Method::Get, target)
}

pub fn post(target: &str, body: &Value) -> Request {
    Request {
        body: body.to_string().into(),
        ..request(Method::Post, target)
    }
}

/// A request of an operation of its own.
pub fn call(client: &Client, request: Request, deadline: Instant) -> Call {
    client.call(Origin::numbered(0), request, MAX_ANSWER_BYTES, deadline)
}

/// An answer.
pub async fn answer(client: &Client, request: Request) -> Result<Value, CallError> {
    let answer = call(client, request, soon()).await?;
    Ok(serde_json::from_str(&answer).unwrap())
}

/// The JSON in the body of an answer.
pub async fn document(client: &Client, request: Request) -> Value {
    let answer = answer(client, request).await.unwrap();
    serde_json::from_str(answer["text"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_request_is_answered_with_status_headers_and_text() {
    let backends = Backends::start().await;
    let client = client(&backends, |_| ());
    let found = answer(&client, get("/students/S1")).await.unwrap();
    assert_eq!(found["status"], 200);
    let length = found["text"].as_str().unwrap().len().to_string();
    let headers = json!({ "content-type": "application/json", "content-length": length });
    assert_eq!(found["headers"], headers);
    let found = document(&client, get("/students/S1")).await;
    assert_eq!(found, json!({ "studentId": "S1", "status": "ENROLLED" }));
    let none = answer(&client, get("/students/nobody")).await.unwrap();
    assert_eq!(none["status"], 404, "{none}");
    backends.embedded.shutdown().await;
}

#[tokio::test]
async fn documents_are_written_changed_and_removed() {
    let backends = Backends::start().await;
    let client = client(&backends, |_| ());
    let made = answer(
        &client,
        post("/enrolments", &json!({ "id": "e1", "year": 2026 })),
    )
    .await
    .unwrap();
    assert_eq!(
        (&made["status"], &made["headers"]["location"]),
        (&json!(201), &json!("/enrolment/enrolments/e1"))
    );
    let mut put = request(Method::Put, "/enrolments/e1");
    put.body = json!({ "id": "e1", "year": 2027 }).to_string().into();
    assert_eq!(answer(&client, put).await.unwrap()["status"], 200);
    assert_eq!(document(&client, get("/enrolments/e1")).await["year"], 2027);
    let head = answer(&client, request(Method::Head, "/enrolments/e1"))
        .await
        .unwrap();
    assert_eq!((&head["status"], &head["text"]), (&json!(200), &json!("")));
    let gone = answer(&client, request(Method::Delete, "/enrolments/e1"))
        .await
        .unwrap();
    assert_eq!((&gone["status"], &gone["text"]), (&json!(204), &json!("")));
    assert_eq!(
        answer(&client, get("/enrolments/e1")).await.unwrap()["status"],
        404
    );
    let status = client.status();
    assert_eq!(
        (status.usage.size, status.usage.in_use, status.usage.waiting),
        (1, 0, 0),
        "one connection served them all"
    );
    backends.embedded.shutdown().await;
}

#[tokio::test]
async fn the_host_adds_its_credentials_the_trace_and_what_the_service_needs_to_know() {
    let backends = Backends::start().await;
    let client = client(&backends, |service| {
        service.credentials = Some(Credentials {
            name: HeaderName::from_static("x-api-key"),
            value: Secret::new("a secret".to_owned()),
        });
    });
    let mut asked = post("/_echo/a%20b?c=d", &json!({ "year": 2026 }));
    asked
        .headers
        .insert("content-type", HeaderValue::from_static("application/json"));
    asked.trace = Some(HeaderValue::from_static(
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ));
    let seen = document(&client, asked).await;
    assert_eq!(
        seen,
        json!({
            "method": "POST",
            "target": "/enrolment/_echo/a%20b?c=d",
            "headers": {
                "accept-encoding": "identity",
                "content-length": "13",
                "content-type": "application/json",
                "host": backends.embedded.addresses().http.to_string(),
                "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "user-agent": "mayfly",
                "x-api-key": "a secret",
            },
            "body": "{\"year\":2026}",
        })
    );
    backends.embedded.shutdown().await;
}

#[tokio::test]
async fn identical_gets_of_one_operation_are_sent_once() {
    let backends = Backends::start().await;
    let client = client(&backends, |_| ());
    let sent = || {
        backends
            .embedded
            .status()
            .get()
            .http
            .requests
            .get("GET")
            .copied()
            .unwrap_or(0)
    };
    let in_operation =
        |number, request| client.call(Origin::numbered(number), request, MAX_ANSWER_BYTES, soon());
    let with_header = |value| {
        let mut request = get("/students/S1");
        request
            .headers
            .insert("accept-language", HeaderValue::from_static(value));
        request
    };
    let same = [
        get("/students/S1"),
        get("/students/S1"),
        get("/students/S1"),
    ];
    let answers =
        futures_util::future::join_all(same.map(|request| in_operation(1, request))).await;
    assert_eq!(sent(), 1);
    assert!(
        answers
            .iter()
            .all(|answer| answer == &answers[0] && answer.is_ok()),
        "{answers:?}"
    );

    // Another path, query, header, or operation.
    let different = [
        in_operation(1, get("/students/S1")),
        in_operation(1, get("/students/S2")),
        in_operation(1, get("/students/S1?a=b")),
        in_operation(1, with_header("de")),
        in_operation(1, with_header("fr")),
        in_operation(2, get("/students/S1")),
    ];
    let answers = futures_util::future::join_all(different).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(sent(), 1 + 6);

    // Nothing is remembered after an answer.
    in_operation(1, get("/students/S1")).await.unwrap();
    assert_eq!(sent(), 1 + 6 + 1);
    let posts = [(); 3].map(|()| in_operation(1, post("/enrolments", &json!({}))));
    futures_util::future::join_all(posts).await;
    assert_eq!(
        backends.embedded.status().get().http.requests["POST"],
        3,
        "a POST is never joined"
    );
    backends.embedded.shutdown().await;
}

#[tokio::test]
async fn whoever_leaves_takes_nothing_away_from_those_who_asked_the_same() {
    let backends = Backends::start().await;
    let client = client(&backends, |_| ());
    backends.http_faults(mayfly_embedded::HttpFaults {
        stall: Some(mayfly_embedded::Stall::default()),
        ..mayfly_embedded::HttpFaults::default()
    });
    let in_operation = || {
        client.call(
            Origin::numbered(1),
            get("/students/S1"),
            MAX_ANSWER_BYTES,
            soon(),
        )
    };
    let mut first = in_operation();
    assert!(futures_util::poll!(&mut first).is_pending());
    let mut second = tokio::spawn(in_operation());
    eventually("the request arrives", || {
        backends.embedded.status().get().http.in_flight == 1
    })
    .await;
    drop(first);
    assert!(futures_util::poll!(&mut second).is_pending());
    backends.lift();
    let answer = second.await.unwrap().unwrap();
    assert!(answer.contains("S1"), "{answer}");
    assert_eq!(backends.embedded.status().get().http.requests["GET"], 1);

    // When all have left, it is given up.
    backends.http_faults(mayfly_embedded::HttpFaults {
        stall: Some(mayfly_embedded::Stall::default()),
        ..mayfly_embedded::HttpFaults::default()
    });
    let mut alone = in_operation();
    assert!(futures_util::poll!(&mut alone).is_pending());
    let second = tokio::spawn(in_operation());
    eventually("it arrives", || {
        backends.embedded.status().get().http.in_flight == 1
    })
    .await;
    second.abort();
    drop(alone);
    eventually("it is given up", || {
        backends.embedded.status().get().http.in_flight == 0
    })
    .await;
    eventually("its connection is closed", || {
        client.status().usage.size == 0
    })
    .await;
    backends.embedded.shutdown().await;
}

#[tokio::test]
async fn a_joined_request_is_not_bound_by_the_limits_of_the_other() {
    let backends = Backends::start().await;
    let client = client(&backends, |_| ());
    let of = |most| client.call(Origin::numbered(1), get("/students/S1"), most, soon());
    let (small, large) = futures_util::future::join(of(10), of(MAX_ANSWER_BYTES)).await;
    assert_eq!(code(small), CallCode::Budget);
    assert!(large.unwrap().contains("S1"));
    backends.embedded.shutdown().await;
}
