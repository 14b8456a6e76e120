#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use super::{Arrivals, Clients, OpenLoad};
use crate::answer::Target;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\n\r\n";

/// A server that gives some bodies, one per request of a connection, and then the last one for ever.
fn serve(bodies: &'static [&'static str]) -> Target {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut bodies = bodies.iter();
                let mut body = "";
                let mut request = [0; REQUEST.len()];
                while stream.read_exact(&mut request).is_ok() {
                    body = bodies.next().unwrap_or(&body);
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
                        body.len()
                    );
                    stream.write_all(answer.as_bytes()).unwrap();
                }
            });
        }
    });
    Target {
        address,
        request: REQUEST.to_vec(),
        body: b"right".to_vec(),
    }
}

fn open_load(rate: f64) -> OpenLoad {
    OpenLoad {
        rate,
        duration: Duration::from_millis(200),
        seed: 1,
        spin: false,
    }
}

#[test]
fn a_closed_load_lasts_as_long_as_it_should_and_waits_for_all_answers() {
    let target = serve(&["right"]);
    let mut clients = Clients::connect(&target, 3).unwrap();
    for spin in [false, true] {
        let outcome = clients
            .closed_load(Duration::from_millis(50), spin)
            .unwrap();
        assert!(
            outcome.elapsed >= Duration::from_millis(50),
            "{:?}",
            outcome.elapsed
        );
        assert!(
            outcome.latencies.len() >= 3 && outcome.latencies.is_sorted(),
            "{:?}",
            outcome.latencies
        );
        assert!(clients.all_idle());
    }
}

#[test]
fn an_open_load_sends_every_request_that_falls_due() {
    let target = serve(&["right"]);
    let mut clients = Clients::connect(&target, 2).unwrap();
    let outcome = clients.open_load(&open_load(500.0)).unwrap().unwrap();
    let mut arrivals = Arrivals {
        state: 1,
        rate: 500.0,
    };
    let mut due = Duration::ZERO;
    let expected = std::iter::from_fn(|| {
        due += arrivals.gap();
        (due < Duration::from_millis(200)).then_some(due)
    });
    assert_eq!(outcome.latencies.len(), expected.count());
}

#[test]
fn a_wrong_answer_ends_the_load() {
    let target = serve(&["right", "right", "wrong"]);
    let mut clients = Clients::connect(&target, 1).unwrap();
    let error = clients
        .closed_load(Duration::from_secs(60), false)
        .map(|_| ())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "an answer under load differs: status 200, wrong"
    );
}

#[test]
fn gaps_have_the_mean_that_the_rate_says() {
    let mut arrivals = Arrivals {
        state: 7,
        rate: 1_000.0,
    };
    let seconds: f64 = (0..100_000).map(|_| arrivals.gap().as_secs_f64()).sum();
    assert!(
        (99.0..101.0).contains(&seconds),
        "100,000 requests at 1,000 a second took {seconds} s"
    );
}
