//! Requests of odd shapes: several at once, half closed, and such that two servers would read differently.

use tokio::io::AsyncWriteExt;

use super::client::{Client, chunked, post, status};
use super::{QUERY, host, serves};

#[tokio::test]
async fn requests_sent_at_once_are_answered_in_order() {
    let host = host("").await;
    let bodies: Vec<_> = (0..50)
        .map(|number| format!("{{\"query\":\"{{ a{number}: __typename }}\"}}"))
        .collect();
    let mut client = Client::connect(host.graphql).await;
    client
        .send(bodies.iter().map(|body| post(body)).collect::<String>())
        .await;
    for number in 0..50 {
        let answer = client.answer().await;
        assert!(
            answer.ends_with(&format!("{{\"data\":{{\"a{number}\":\"Query\"}}}}")),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_request_in_chunks_is_answered_and_another_after_it() {
    let host = host("").await;
    let mut client = Client::connect(host.graphql).await;
    for size in [1, 7, 1_000] {
        client.send(chunked(QUERY, size)).await;
        assert_eq!(status(&client.answer().await), 200, "chunks of {size}");
    }
}

#[tokio::test]
async fn what_two_servers_would_read_differently_is_refused_or_read_in_one_way() {
    let host = host("").await;
    let length = QUERY.len();
    let with = |headers: &str| {
        format!(
            "POST /graphql HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n{headers}\r\n\r\n{QUERY}"
        )
    };
    let refused = [
        (
            "two lengths",
            with(&format!("content-length: {length}\r\ncontent-length: 3")),
        ),
        (
            "a list of lengths",
            with(&format!("content-length: {length}, 3")),
        ),
        ("a negative length", with("content-length: -1")),
        (
            "a length with a sign",
            with(&format!("content-length: +{length}")),
        ),
        ("a length in hexadecimal", with("content-length: 0x10")),
        (
            "a length that is too long",
            with("content-length: 99999999999999999999999"),
        ),
        (
            "chunks that are not the last coding",
            with("transfer-encoding: chunked, identity"),
        ),
        ("an unknown coding", with("transfer-encoding: gzip")),
        (
            "two codings",
            with("transfer-encoding: gzip, chunked").replace(QUERY, "2\r\n{}\r\n0\r\n\r\n"),
        ),
        (
            "chunks in chunks",
            with("transfer-encoding: chunked\r\ntransfer-encoding: chunked")
                .replace(QUERY, "2\r\n{}\r\n0\r\n\r\n"),
        ),
        (
            "a header over two lines",
            with(&format!("x: a\r\n b\r\ncontent-length: {length}")),
        ),
        (
            "a space before the colon",
            with(&format!("content-length : {length}")),
        ),
        (
            "a line feed in a value",
            with(&format!("x: a\nb\r\ncontent-length: {length}")),
        ),
        (
            "a NUL in a value",
            with(&format!("x: a\0b\r\ncontent-length: {length}")),
        ),
        (
            "a chunk of no size",
            with("transfer-encoding: chunked").replace(QUERY, "x\r\n{}\r\n0\r\n\r\n"),
        ),
        (
            "a chunk whose size overflows",
            with("transfer-encoding: chunked")
                .replace(QUERY, "fffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        ),
        (
            "another version",
            with(&format!("content-length: {length}")).replace("HTTP/1.1", "HTTP/9.9"),
        ),
        (
            "TLS",
            "\x16\x03\x01\x02\x00\x01\x00\x01\u{fc}\x03\x03".to_owned(),
        ),
    ];
    for (shape, text) in refused {
        let mut client = Client::saying(host.graphql, text).await;
        let answer = client.rest().await;
        let found = status(&answer);
        assert!(
            (400..500).contains(&found) || found == 501,
            "{shape}: {answer}"
        );
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{shape}: {answer}");
    }
    serves(&host).await;
}

#[tokio::test]
async fn a_request_with_chunks_and_a_length_is_read_by_its_chunks_and_is_the_last() {
    let host = host("").await;
    // To whoever reads the length, a second request begins inside of the body.
    for order in [
        "content-length: 4\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 4",
    ] {
        let text = chunked(QUERY, 1_000).replace("transfer-encoding: chunked", order);
        let mut client = Client::saying(host.graphql, text + &post(QUERY)).await;
        let answers = client.rest().await;
        assert_eq!(
            answers.matches("HTTP/1.1 ").count(),
            1,
            "{order}: {answers}"
        );
    }
    serves(&host).await;
}

#[tokio::test]
async fn clients_that_vanish_at_any_moment_leave_nothing_behind() {
    let host = host("").await;
    let whole = post(QUERY);
    for cut in 0..whole.len() {
        let mut client = Client::saying(host.graphql, &whole[..cut]).await;
        if cut % 2 == 0 {
            drop(client.stream.shutdown().await);
        }
    }
    host.until(async || super::in_state(&host, "closing").await + open(&host).await == 0.0)
        .await;
    serves(&host).await;
}

/// How many connections are open and not closing.
async fn open(host: &mayfly_tests::TestHost) -> f64 {
    let mut open = 0.0;
    for state in ["idle", "head", "body", "operation", "answer"] {
        open += super::in_state(host, state).await;
    }
    open
}

#[tokio::test]
async fn what_is_not_json_in_utf8_is_refused_before_it_is_read() {
    let host = host("").await;
    let table = [
        ("content-type: application/json", 200),
        (
            "content-type: Application/JSON ; charset=\"UTF-8\"; v=1",
            200,
        ),
        ("content-type: application/json;", 200),
        (
            "content-type: application/json\r\ncontent-encoding: identity",
            200,
        ),
        (
            "content-type: application/json\r\ncontent-encoding: br",
            415,
        ),
        (
            "content-type: application/json\r\ncontent-encoding: br, identity",
            415,
        ),
        ("content-type: application/json; charset = latin1", 415),
        (
            "content-type: application/json; charset=utf-8; charset=utf-16",
            415,
        ),
        (
            "content-type: application/json\r\ncontent-type: text/plain",
            415,
        ),
        (
            "content-type: text/plain\r\ncontent-type: application/json",
            415,
        ),
        ("content-type: application/json, text/plain", 415),
        ("content-type: text/plain", 415),
        ("content-type:", 415),
        ("accept: */*", 415),
    ];
    for (headers, expected) in table {
        let length = QUERY.len();
        let text = format!(
            "POST /graphql HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{headers}\r\ncontent-length: {length}\r\n\r\n{QUERY}"
        );
        let mut client = Client::saying(host.graphql, text).await;
        assert_eq!(status(&client.rest().await), expected, "{headers}");
    }
}
