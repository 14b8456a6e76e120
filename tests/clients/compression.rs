//! Compressed answers and requests.

use std::io::Write;

use mayfly_tests::{Answer, TestApp, TestHost};
use reqwest::StatusCode;
use serde_json::json;

const INTROSPECTION: &str =
    "{ __schema { types { name description fields { name description type { name kind } } } } }";

async fn answer(host: &TestHost, accept: &str, query: &str) -> reqwest::Response {
    let request = host
        .request()
        .header("content-type", "application/json")
        .header("accept-encoding", accept)
        .body(json!({ "query": query }).to_string());
    request.send().await.unwrap()
}

/// What a program of the system makes of bytes.
fn through(program: &str, options: &[&str], bytes: &[u8]) -> Vec<u8> {
    let mut child = std::process::Command::new(program)
        .args(options)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let mut input = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let writer = std::thread::spawn(move || input.write_all(&bytes));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    output.stdout
}

/// Compresses or unpacks with Node, which has all of these.
fn node(function: &str, bytes: &[u8]) -> Vec<u8> {
    let program =
        format!("process.stdout.write(require('zlib').{function}(require('fs').readFileSync(0)))");
    through("node", &["-e", &program], bytes)
}

#[tokio::test]
async fn answers_are_compressed_as_the_client_accepts() {
    let host = TestHost::start(TestApp::students()).await;
    let plain = answer(&host, "identity", INTROSPECTION).await;
    assert!(plain.headers().get("content-encoding").is_none());
    assert_eq!(plain.headers()["vary"], "accept-encoding");
    let plain = plain.bytes().await.unwrap();
    for (accept, coding, function) in [
        ("gzip", "gzip", "gunzipSync"),
        ("br", "br", "brotliDecompressSync"),
        ("gzip;q=0.5, br;q=0.9", "br", "brotliDecompressSync"),
        ("gzip, *;q=0", "gzip", "gunzipSync"),
    ] {
        let compressed = answer(&host, accept, INTROSPECTION).await;
        assert_eq!(compressed.headers()["content-encoding"], coding, "{accept}");
        let length = compressed.content_length();
        let bytes = compressed.bytes().await.unwrap();
        assert_eq!(length, Some(bytes.len() as u64));
        assert!(bytes.len() < plain.len() / 2);
        assert_eq!(node(function, &bytes), plain, "{accept}");
    }
    let zstd = answer(&host, "zstd", INTROSPECTION).await;
    assert_eq!(zstd.headers()["content-encoding"], "zstd");
    let zstd = zstd.bytes().await.unwrap();
    assert_eq!(zstd[..4], [0x28, 0xb5, 0x2f, 0xfd], "the magic number");
    for accept in ["deflate", "compress", "gzip;q=0"] {
        let as_it_is = answer(&host, accept, INTROSPECTION).await;
        assert!(
            as_it_is.headers().get("content-encoding").is_none(),
            "{accept}"
        );
    }
    let small = answer(&host, "gzip", "{ __typename }").await;
    assert!(small.headers().get("content-encoding").is_none());
    let unknown: Vec<_> = (0..30).map(|index| format!("nothing{index}")).collect();
    let error = answer(&host, "gzip", &format!("{{ {} }}", unknown.join(" "))).await;
    assert_eq!(error.headers()["content-encoding"], "gzip", "errors, too");
}

#[tokio::test]
async fn nothing_is_compressed_where_that_is_switched_off() {
    let app = TestApp::students().with_configuration("[server]\ncompression = false\n");
    let host = TestHost::start(app).await;
    let answer = answer(&host, "gzip", INTROSPECTION).await;
    assert!(answer.headers().get("content-encoding").is_none());
    assert!(answer.headers().get("vary").is_none());
}

async fn send(host: &TestHost, coding: &str, body: Vec<u8>) -> Answer {
    let request = host
        .request()
        .header("content-type", "application/json")
        .header("content-encoding", coding);
    Answer::of(request.body(body)).await
}

#[tokio::test]
async fn compressed_requests_are_read_and_bounded_in_what_they_unpack_to() {
    let app = TestApp::students().with_configuration("[server]\nmax_body = \"64 KiB\"\n");
    let host = TestHost::start(app).await;
    let body = br#"{"query": "{ student(id: \"S1\") { id } }"}"#;
    for (coding, function) in [
        ("gzip", "gzipSync"),
        ("GZIP", "gzipSync"),
        ("x-gzip", "gzipSync"),
        ("deflate", "deflateSync"),
    ] {
        let answer = send(&host, coding, node(function, body)).await;
        assert_eq!(
            answer.json(),
            json!({ "data": { "student": { "id": "S1" } } }),
            "{coding}"
        );
    }
    // A body may be compressed in parts (RFC 1952, 2.2), of which some may be empty.
    let (first, second) = body.split_at(20);
    let members = [b"".as_slice(), first, b"", second].map(|part| node("gzipSync", part));
    let answer = send(&host, "gzip", members.concat()).await;
    assert_eq!(
        answer.json(),
        json!({ "data": { "student": { "id": "S1" } } })
    );
    // A thousand times its size: 16 MiB of spaces in 16 kB.
    let bomb = node("gzipSync", &vec![b' '; 16 << 20]);
    assert!(bomb.len() < 20_000);
    let refused = send(&host, "gzip", bomb.clone()).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    // Much that unpacks to nothing.
    let nothing = node("gzipSync", b"").repeat(1_000);
    let refused = send(&host, "gzip", nothing).await;
    assert!(refused.status.is_client_error(), "{}", refused.status);
    let cut = node("gzipSync", body);
    let cut = cut[..cut.len() - 6].to_vec();
    let trailed = [node("gzipSync", body), b"more".to_vec()].concat();
    for damaged in [cut, trailed, b"not gzip at all".to_vec()] {
        let refused = send(&host, "gzip", damaged).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
        assert!(
            refused.text.contains("cannot be decompressed"),
            "{}",
            refused.text
        );
    }
    for coding in ["br", "zstd", "gzip, gzip", "x"] {
        let refused = send(&host, coding, body.to_vec()).await;
        assert_eq!(
            refused.status,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "{coding}"
        );
    }
    for codings in [["gzip", "gzip"], ["gzip", "identity"], ["identity", "gzip"]] {
        let request = host
            .request()
            .header("content-type", "application/json")
            .header("content-encoding", codings[0])
            .header("content-encoding", codings[1]);
        let refused = Answer::of(request.body(node("gzipSync", body))).await;
        assert_eq!(
            refused.status,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "{codings:?}: {}",
            refused.text
        );
    }
}
