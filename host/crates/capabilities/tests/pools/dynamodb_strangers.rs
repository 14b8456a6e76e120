//! Something that answers in DynamoDB's place, and answers what DynamoDB would not.

use std::time::Duration;

use futures_util::future::join_all;
use mayfly_capabilities::dynamodb::configuration::Section;
use mayfly_capabilities::dynamodb::{Chain, DynamoDb, QueryRequest};
use mayfly_config::Endpoint;
use mayfly_error::CallCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::backends::{PATIENCE, all, code, soon};
use crate::dynamodb::{expression, put};

const KEY: &str = r#"{"id":"a"}"#;

/// A client of a server that gives every request the same answer.
async fn client_of(answer: &'static str, coalesce: bool) -> DynamoDb {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, answer));
        }
    });
    DynamoDb::connect(&config_of(endpoint, coalesce), None, Chain::Offline).await
}

fn config_of(endpoint: String, coalesce: bool) -> Section {
    Section {
        answer_memory_bytes: 256 << 20,
        endpoint: Endpoint::At(endpoint),
        region: Some("eu-west-1".to_owned()),
        max_in_flight: 64,
        coalesce,
        timeout: Duration::from_secs(3),
        attempt_timeout: Duration::from_secs(1),
        max_attempts: 2,
    }
}

/// Answers until the client leaves.
async fn serve(mut stream: TcpStream, answer: &'static str) -> std::io::Result<()> {
    let mut request = Vec::new();
    loop {
        while !is_whole(&request) {
            if stream.read_buf(&mut request).await? == 0 {
                return Ok(());
            }
        }
        request.clear();
        stream.write_all(answer.as_bytes()).await?;
        if answer.contains("Connection: close") {
            return Ok(());
        }
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    body.len() >= length.unwrap_or(0)
}

/// Successes of something in between, none of which is an answer to anything.
const FOREIGN: [&str; 7] = [
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 202 Accepted\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 2\r\n\r\n{}",
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}",
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 2\r\n\r\n[]",
    "SSH-2.0-OpenSSH_9\r\n",
];

#[tokio::test]
async fn a_success_that_is_not_dynamodbs_is_no_success() {
    for answer in FOREIGN {
        for coalesce in [true, false] {
            let dynamodb = client_of(answer, coalesce).await;
            let got = dynamodb.get("Students", KEY, &all(), soon()).await;
            assert_eq!(code(got), CallCode::Unavailable, "get: {answer}");
            let written = dynamodb.put(&put("a", None), soon()).await;
            assert_eq!(code(written), CallCode::OutcomeUnknown, "put: {answer}");
        }
    }
}

#[tokio::test]
async fn an_answer_without_what_was_asked_for_is_not_taken_for_nothing_found() {
    let empty = "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 2\r\n\r\n{}";
    let dynamodb = client_of(empty, false).await;
    // DynamoDB says just that of an item that does not exist, and of one that was written.
    let got = dynamodb.get("Students", KEY, &all(), soon()).await;
    assert_eq!(got.unwrap(), "null");
    dynamodb.put(&put("a", None), soon()).await.unwrap();
    let keys = [KEY.to_owned()];
    let got = dynamodb
        .batch_get("Students", &keys, &all(), 1 << 20, soon())
        .await;
    assert_eq!(code(got), CallCode::Unavailable);
    let query = QueryRequest {
        table: "Students".to_owned(),
        key_condition: expression("id = :id", "", r#"{":id":"a"}"#),
        ..QueryRequest::default()
    };
    assert_eq!(
        code(dynamodb.query(&query, soon()).await),
        CallCode::Unavailable
    );
    let coalesced = client_of(empty, true).await;
    let options = all();
    let keys = ["a", "b", "c"].map(|id| format!(r#"{{"id":"{id}"}}"#));
    let gets = keys
        .iter()
        .map(|key| coalesced.get("Students", key, &options, soon()));
    for got in join_all(gets).await {
        assert!(got.is_err_and(|error| error.code == CallCode::Unavailable));
    }
}

#[tokio::test]
async fn an_answer_that_does_not_match_its_checksum_is_no_answer() {
    for (checksum, is_right) in [("2745614147", true), ("2745614148", false)] {
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nx-amz-crc32: {checksum}\r\nContent-Length: 2\r\n\r\n{{}}"
        );
        let dynamodb = client_of(answer.leak(), false).await;
        let got = dynamodb.get("Students", KEY, &all(), soon()).await;
        let written = dynamodb.put(&put("a", None), soon()).await;
        if is_right {
            assert_eq!(got.unwrap(), "null");
            written.unwrap();
            continue;
        }
        let error = got.unwrap_err();
        assert_eq!(error.code, CallCode::Unavailable, "{error:?}");
        assert!(
            error
                .detail
                .contains("the answer does not match its checksum (`x-amz-crc32`)"),
            "{error:?}"
        );
        assert_eq!(code(written), CallCode::OutcomeUnknown);
    }
}

#[tokio::test]
async fn an_answer_without_end_is_read_to_a_limit() {
    for status in ["200 OK", "400 Bad Request"] {
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Type: application/x-amz-json-1.0\r\n\r\n{{");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let head = head.clone();
                tokio::spawn(async move {
                    let mut request = [0; 64 << 10];
                    let _ = stream.read(&mut request).await;
                    let mut next = head.into_bytes();
                    while stream.write_all(&next).await.is_ok() {
                        next = vec![b' '; 64 << 10];
                    }
                });
            }
        });
        let mut config = config_of(endpoint, false);
        config.timeout = PATIENCE;
        config.attempt_timeout = PATIENCE;
        let dynamodb = DynamoDb::connect(&config, None, Chain::Offline).await;
        let error = dynamodb
            .get("Students", KEY, &all(), soon())
            .await
            .unwrap_err();
        assert_eq!(error.code, CallCode::Unavailable, "{error:?}");
        assert!(
            error
                .detail
                .contains("the answer is longer than 33554432 bytes"),
            "{error:?}"
        );
    }
}
