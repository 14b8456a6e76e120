//! Everything that services do wrong: what a guest is told, and that nothing of it reaches the next call.

use std::time::Duration;

use http::header::HeaderValue;
use mayfly_capabilities::http::Client;
use mayfly_capabilities::http::configuration::Method;
use mayfly_embedded::{
    DropAt, DropConnection, Gzip, Half, HttpFaults, Large, NotNow, Page, Plain, Redirect, Slow,
    Stall, Surplus, Then, WrongLength,
};
use mayfly_error::CallCode;
use serde_json::json;

use crate::backends::{Backends, code, eventually, soon, within};
use crate::http::{answer, call, client, client_at, document, get, post, request};

fn faults() -> HttpFaults {
    HttpFaults::default()
}

fn dropped(at: DropAt) -> Option<DropConnection> {
    Some(DropConnection {
        at,
        ..DropConnection::default()
    })
}

/// Faults that break the connection or the answer, whatever is asked.
fn breaking() -> Vec<(&'static str, HttpFaults)> {
    vec![
        (
            "closed before",
            HttpFaults {
                drop: dropped(DropAt::Before),
                ..faults()
            },
        ),
        (
            "closed inside",
            HttpFaults {
                drop: dropped(DropAt::Inside),
                ..faults()
            },
        ),
        (
            "reset before",
            HttpFaults {
                reset: dropped(DropAt::Before),
                ..faults()
            },
        ),
        (
            "reset inside",
            HttpFaults {
                reset: dropped(DropAt::Inside),
                ..faults()
            },
        ),
        (
            "half an answer",
            HttpFaults {
                half: Some(Half {
                    then: Then::Drop,
                    ..Half::default()
                }),
                ..faults()
            },
        ),
        (
            "a length above the body's",
            HttpFaults {
                wrong_length: Some(WrongLength {
                    by: 10,
                    ..WrongLength::default()
                }),
                ..faults()
            },
        ),
        (
            "another protocol",
            HttpFaults {
                other_protocol: Some(Plain::default()),
                ..faults()
            },
        ),
        (
            "packed",
            HttpFaults {
                packed: Some(Plain::default()),
                ..faults()
            },
        ),
    ]
}

/// The next request has its own answer.
async fn is_well(backends: &Backends, client: &Client, what: &str) {
    backends.lift();
    let answer = document(client, get("/students/S7")).await;
    assert_eq!(answer["studentId"], "S7", "after {what}");
    let status = client.status();
    assert_eq!(
        (status.usage.in_use, status.usage.waiting),
        (0, 0),
        "after {what}"
    );
}

#[tokio::test]
async fn a_broken_answer_is_unavailable_for_what_reads_and_unknown_for_what_writes() {
    let backends = Backends::start().await;
    let client = client(&backends, |service| service.max_attempts = 1);
    for (what, set) in breaking() {
        backends.http_faults(set.clone());
        let read = answer(&client, get("/students/S1")).await;
        assert_eq!(code(read), CallCode::Unavailable, "{what}");
        is_well(&backends, &client, what).await;

        for method in [Method::Post, Method::Patch, Method::Put] {
            backends.http_faults(set.clone());
            let write = answer(&client, request(method, "/enrolments")).await;
            assert_eq!(code(write), CallCode::OutcomeUnknown, "{what}, {method:?}");
            is_well(&backends, &client, what).await;
        }
    }
    backends.embedded.shutdown().await;
}

#[tokio::test]
async fn what_reads_is_sent_again_and_what_writes_is_not() {
    let backends = Backends::start().await;
    let client = client(&backends, |_| ());
    let once = |mut set: HttpFaults| {
        for drop in [&mut set.drop, &mut set.reset].into_iter().flatten() {
            drop.times = Some(2);
        }
        set
    };
    for (what, set) in breaking().into_iter().take(4) {
        backends.embedded.status().reset();
        backends.http_faults(once(set.clone()));
        let read = document(&client, get("/students/S1")).await;
        assert_eq!(read["studentId"], "S1", "{what}");
        assert_eq!(
            backends.embedded.status().get().http.requests["GET"],
            3,
            "{what}"
        );

        backends.http_faults(once(set));
        let write = answer(&client, post("/enrolments", &json!({ "id": what }))).await;
        assert_eq!(code(write), CallCode::OutcomeUnknown, "{what}");
        assert_eq!(
            backends.embedded.status().get().http.requests["POST"],
            1,
            "{what}"
        );
        backends.lift();
    }
    backends.embedded.shutdown().await;
}

#[tokio::test]
async fn a_service_that_does_not_answer_ends_at_the_setting_that_the_error_names() {
    let backends = Backends::start().await;
    for (timeout, attempt_timeout, told) in [
        (
            100,
            10_000,
            "GET /students/S1 of service `enrolment`: no answer within 100ms (`http.enrolment.timeout`)",
        ),
        (
            150,
            140,
            "GET /students/S1 of service `enrolment`: no answer within 140ms (`http.enrolment.attempt_timeout`)",
        ),
    ] {
        backends.http_faults(HttpFaults {
            stall: Some(Stall::default()),
            ..faults()
        });
        let client = client(&backends, |service| {
            service.timeout = Duration::from_millis(timeout);
            service.attempt_timeout = Duration::from_millis(attempt_timeout);
            service.max_attempts = 2;
        });
        let read = call(&client, get("/students/S1"), soon()).await;
        let error = read.unwrap_err();
        // Whether there is time for a second attempt is left to chance where both settings are close to each other.
        let at_the_end = told
            .replace("140ms", "150ms")
            .replace("attempt_timeout", "timeout");
        assert_eq!(
            (error.code, error.is_backend_timeout),
            (CallCode::Deadline, true)
        );
        assert!([told, &at_the_end].contains(&&*error.message), "{error:?}");
        let read = call(&client, get("/students/S1"), within(30)).await;
        let error = read.unwrap_err();
        assert_eq!(
            (error.is_backend_timeout, error.message.as_str()),
            (
                false,
                "GET /students/S1 of service `enrolment`: no answer in time"
            )
        );
        backends.lift();
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_ends_at_the_deadline() {
    let backends = Backends::start().await;
    let client = client(&backends, |_| ());
    let stall = || HttpFaults {
        stall: Some(Stall::default()),
        ..faults()
    };
    let half = || HttpFaults {
        half: Some(Half {
            then: Then::Stall,
            ..Half::default()
        }),
        ..faults()
    };
    for (what, set) in [("stalled", stall()), ("half, then nothing", half())] {
        backends.http_faults(set.clone());
        let read = call(&client, get("/students/S1"), within(200)).await;
        assert_eq!(code(read), CallCode::Deadline, "{what}");
        let write = call(&client, post("/enrolments", &json!({})), within(200)).await;
        assert_eq!(code(write), CallCode::OutcomeUnknown, "{what}");
        eventually("the connections are closed", || {
            client.status().usage.size == 0
        })
        .await;
        eventually("nobody waits at the service", || {
            backends.embedded.status().get().http.in_flight == 0
        })
        .await;
        is_well(&backends, &client, what).await;
    }
    // A late answer is nobody's.
    backends.http_faults(HttpFaults {
        slow: Some(Slow {
            ms: 300,
            times: Some(1),
            ..Slow::default()
        }),
        ..faults()
    });
    let read = call(&client, get("/students/S1"), within(100)).await;
    assert_eq!(code(read), CallCode::Deadline);
    for number in 0..20 {
        let id = format!("S{number}");
        let read = document(&client, get(&format!("/students/{id}"))).await;
        assert_eq!(read["studentId"], id.as_str());
    }
    backends.embedded.shutdown().await;
}

#[tokio::test]
async fn an_attempt_that_takes_too_long_is_sent_again() {
    let backends = Backends::start().await;
    let client = client(&backends, |service| {
        service.attempt_timeout = Duration::from_millis(100)
    });
    backends.http_faults(HttpFaults {
        stall: Some(Stall {
            times: Some(1),
            ..Stall::default()
        }),
        ..faults()
    });
    let read = document(&client, get("/students/S1")).await;
    assert_eq!(read["studentId"], "S1");
    assert_eq!(backends.embedded.status().get().http.requests["GET"], 2);
    backends.embedded.shutdown().await;
}

#[tokio::test]
async fn an_answer_is_not_read_beyond_the_limit() {
    let backends = Backends::start().await;
    let client = client(&backends, |service| service.max_answer_bytes = 10_000);
    let large = |bytes, chunked| HttpFaults {
        large: Some(Large {
            bytes,
            chunked,
            ..Large::default()
        }),
        ..faults()
    };
    let endless = HttpFaults {
        endless: Some(Plain::default()),
        ..faults()
    };
    for (what, set) in [
        ("1 GB", large(0, false)),
        ("1 GB in chunks", large(0, true)),
        ("one byte too many", large(10_001, false)),
        ("a body without end", endless),
    ] {
        backends.http_faults(set.clone());
        let error = answer(&client, get("/students/S1")).await.unwrap_err();
        assert_eq!(error.code, CallCode::Budget, "{what}");
        assert_eq!(
            error.message,
            "GET /students/S1 of service `enrolment`: the answer is larger than 10000 bytes; ask for less or raise `http.enrolment.max_answer`"
        );
        let write = answer(&client, post("/enrolments", &json!({}))).await;
        assert_eq!(code(write), CallCode::OutcomeUnknown, "{what}");
        eventually("the connections are closed", || {
            client.status().usage.size == 0
        })
        .await;
        is_well(&backends, &client, what).await;
    }
    backends.http_faults(large(10_000, false));
    let whole = answer(&client, get("/students/S1")).await.unwrap();
    assert_eq!(whole["text"].as_str().unwrap().len(), 10_000);
    backends.embedded.shutdown().await;
}

#[tokio::test]
async fn what_comes_behind_an_answer_is_nobodys_answer() {
    let backends = Backends::start().await;
    let client = client(&backends, |service| service.max_attempts = 1);
    for round in 0..20 {
        for set in [
            HttpFaults {
                surplus: Some(Surplus {
                    times: Some(1),
                    ..Surplus::default()
                }),
                ..faults()
            },
            HttpFaults {
                wrong_length: Some(WrongLength {
                    by: -3,
                    times: Some(1),
                    ..WrongLength::default()
                }),
                ..faults()
            },
        ] {
            backends.http_faults(set);
            let first = answer(&client, get("/students/S1")).await.unwrap();
            assert_eq!(first["status"], 200);
            let second = document(&client, get("/students/S2")).await;
            assert_eq!(second["studentId"], "S2", "round {round}");
        }
    }
    // One that comes later finds a connection that nobody uses, which is closed.
    backends.http_faults(HttpFaults {
        surplus: Some(Surplus {
            ms: 30,
            times: Some(1),
            ..Surplus::default()
        }),
        ..faults()
    });
    document(&client, get("/students/S1")).await;
    eventually("the connection is closed", || {
        backends.embedded.status().get().http.connections == 0
    })
    .await;
    assert_eq!(
        document(&client, get("/students/S2")).await["studentId"],
        "S2"
    );
    backends.embedded.shutdown().await;
}

#[tokio::test]
async fn redirects_and_pages_and_other_bytes_are_answers_like_any_other() {
    let backends = Backends::start().await;
    let client = client(&backends, |_| ());
    backends.http_faults(HttpFaults {
        redirect: Some(Redirect {
            to: "http://169.254.169.254/latest".to_owned(),
            ..Redirect::default()
        }),
        ..faults()
    });
    let moved = answer(&client, get("/students/S1")).await.unwrap();
    assert_eq!(moved["status"], 302);
    assert_eq!(
        moved["headers"]["location"],
        "http://169.254.169.254/latest"
    );
    assert_eq!(
        backends.embedded.status().get().http.requests["GET"],
        1,
        "nobody followed it"
    );

    backends.http_faults(HttpFaults {
        html: Some(Page::default()),
        ..faults()
    });
    let page = answer(&client, get("/students/S1")).await.unwrap();
    assert_eq!(page["headers"]["content-type"], "text/html; charset=utf-8");
    assert!(page["text"].as_str().unwrap().contains("Sign in"), "{page}");

    backends.http_faults(HttpFaults {
        invalid_utf8: Some(Plain::default()),
        ..faults()
    });
    let bytes = answer(&client, get("/students/S1")).await.unwrap();
    assert_eq!(bytes["base64"], "eyJuYW1lIjogIkr8cmdlbiJ9");
    assert!(bytes.get("text").is_none(), "{bytes}");
    is_well(&backends, &client, "other answers").await;
    backends.embedded.shutdown().await;
}

#[tokio::test]
async fn a_service_that_is_busy_is_asked_again_and_else_its_answer_is_given() {
    let backends = Backends::start().await;
    let client = client(&backends, |_| ());
    let busy = |times, retry_after| HttpFaults {
        unavailable: Some(NotNow {
            retry_after,
            times: Some(times),
            ..NotNow::default()
        }),
        ..faults()
    };
    backends.http_faults(busy(2, None));
    assert_eq!(
        document(&client, get("/students/S1")).await["studentId"],
        "S1"
    );
    assert_eq!(backends.embedded.status().get().http.requests["GET"], 3);

    // More than there are attempts; or it asks for more time than there is.
    for (set, requests) in [(busy(9, None), 3), (busy(9, Some(60)), 1)] {
        backends.embedded.status().reset();
        backends.http_faults(set);
        let refused = answer(&client, get("/students/S1")).await.unwrap();
        assert_eq!(refused["status"], 503);
        assert_eq!(
            backends.embedded.status().get().http.requests["GET"],
            requests
        );
    }
    backends.embedded.status().reset();
    backends.http_faults(busy(1, None));
    let refused = answer(&client, post("/enrolments", &json!({})))
        .await
        .unwrap();
    assert_eq!(
        refused["status"], 503,
        "the service said that it did not do it, and its guest decides"
    );
    assert_eq!(backends.embedded.status().get().http.requests["POST"], 1);
    backends.embedded.shutdown().await;
}

#[tokio::test]
async fn a_service_that_is_down_is_unavailable_for_everything_and_nothing_is_unknown() {
    let backends = Backends::start().await;
    let client = client(&backends, |_| ());
    backends.http_faults(HttpFaults {
        refuse: true,
        ..faults()
    });
    for asked in [get("/students/S1"), post("/enrolments", &json!({}))] {
        let error = answer(&client, asked).await.unwrap_err();
        assert_eq!(error.code, CallCode::Unavailable);
        assert!(
            error.message.ends_with("the service cannot be reached"),
            "{}",
            error.message
        );
        let address = backends.embedded.addresses().http.to_string();
        assert!(error.detail.contains(&address), "{}", error.detail);
        assert!(!error.message.contains(&address), "{}", error.message);
    }
    is_well(&backends, &client, "an outage").await;
    backends.embedded.shutdown().await;
}

#[tokio::test]
async fn nothing_that_a_service_or_a_guest_says_makes_another_request() {
    // Whatever crosses is checked before; this is what the connection does with the rest.
    let backends = Backends::start().await;
    let client = client(&backends, |_| ());
    let mut asked = post(
        "/_echo/x",
        &json!("GET /enrolment/students/S2 HTTP/1.1\r\nhost: x\r\n\r\n"),
    );
    asked.headers.insert("x-a", HeaderValue::from_static("b"));
    let seen = document(&client, asked).await;
    assert_eq!(seen["method"], "POST");
    assert_eq!(backends.embedded.status().requests().len(), 1);
    backends.embedded.shutdown().await;
}

#[tokio::test]
async fn names_that_lead_to_link_local_addresses_lead_nowhere() {
    for base in [
        "http://169.254.169.254",
        "http://[fe80::1]",
        "http://[::ffff:169.254.169.254]",
        "http://[fd00:ec2::254]",
    ] {
        let client = client_at(base, |service| service.max_attempts = 1);
        let error = answer(&client, get("/latest/meta-data")).await.unwrap_err();
        assert_eq!(error.code, CallCode::Unavailable, "{base}");
        assert!(
            error.detail.contains("link-local or metadata address")
                && error.detail.contains("allow_addresses"),
            "{}",
            error.detail
        );
        assert!(!error.message.contains("169.254"), "{}", error.message);
    }
}

#[tokio::test]
async fn an_answer_in_gzip_is_unpacked_and_counts_as_what_it_unpacks_to() {
    let backends = Backends::start().await;
    let client = client(&backends, |service| {
        service.accept_gzip = true;
        service.max_answer_bytes = 100_000;
    });
    let packed = |spaces| HttpFaults {
        gzip: Some(Gzip {
            spaces,
            ..Gzip::default()
        }),
        ..faults()
    };

    let plain = answer(&client, get("/students/S1")).await.unwrap();
    backends.http_faults(packed(0));
    let unpacked = answer(&client, get("/students/S1")).await.unwrap();
    assert_eq!(unpacked["text"], plain["text"]);
    assert!(unpacked["headers"].get("content-encoding").is_none());
    assert!(unpacked["headers"].get("content-length").is_none());
    assert_eq!(
        client.status().usage.size,
        1,
        "the connection is used again"
    );

    // About 60 kB on the wire.
    backends.http_faults(packed(64 << 20));
    let bomb = answer(&client, get("/students/S1")).await.unwrap_err();
    assert_eq!(bomb.code, CallCode::Budget);
    is_well(&backends, &client, "a bomb").await;
    backends.embedded.shutdown().await;
}
