//! What is not executed, and that the host and its clients do not notice.

use mayfly_tests::TOKEN;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// A body with a token of the role `read`.
fn body(host: &TestHost, text: impl Into<reqwest::Body>) -> RequestBuilder {
    request(host, "").bearer_auth(READ).body(text)
}

#[tokio::test]
async fn only_json_by_post_is_read() {
    let host = host().await;
    let url = format!("http://{}/admin/graphql", host.admin);
    let query = json!({ "query": "{ process { state } }" }).to_string();
    for method in ["GET", "PUT", "DELETE", "PATCH", "HEAD"] {
        let request = reqwest::Client::new()
            .request(
                method.parse().unwrap(),
                format!("{url}?query=%7B__typename%7D"),
            )
            .bearer_auth(TOKEN);
        let answer = Answer::of(request).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("allow")),
            (405, "POST")
        );
    }
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "",
    ] {
        let request = reqwest::Client::new()
            .post(&url)
            .bearer_auth(TOKEN)
            .header("content-type", content_type)
            .body(query.clone());
        let answer = Answer::of(request).await;
        assert_eq!(refusal(&answer).0, 415, "{content_type}");
    }
    let accepts = request(&host, "{ __typename }").bearer_auth(TOKEN);
    assert_eq!(
        Answer::of(accepts.header("accept", "text/html"))
            .await
            .status,
        406
    );
    let subscription = request(&host, "subscription { process { state } }").bearer_auth(TOKEN);
    assert_eq!(Answer::of(subscription).await.status, 406);
}

#[tokio::test]
async fn what_is_no_request_is_refused_with_the_reason() {
    let host = host().await;
    let nested = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    let table = [
        (String::new(), "empty"),
        ("{".to_owned(), "not a GraphQL request"),
        ("[{\"query\":\"{ __typename }\"}]".to_owned(), "batches"),
        (json!({ "query": "{" }).to_string(), "Syntax Error"),
        (json!({ "query": 1 }).to_string(), "must be a string"),
        (json!({ "query": "" }).to_string(), "Syntax Error"),
        (json!({ "query": "{ a }", "variables": [] }).to_string(), "must be an object"),
        (format!("{{\"query\":\"{{ a }}\",\"variables\":{{\"a\":{nested}}}}}"), "nested arrays and objects"),
        (json!({ "query": format!("{{ a(b: {nested}) }}") }).to_string(), "opening brackets"),
        (json!({ "query": format!("{{ a(b: {}1{}) }}", "[".repeat(40), "]".repeat(40)) }).to_string(), "nest"),
        (json!({ "query": format!("# {}\n{{ a }}", "[".repeat(5_000)) }).to_string(), "opening brackets"),
        (json!({ "query": format!("{{ {} }}", "a ".repeat(4_000)) }).to_string(), "tokens"),
        (json!({ "query": "{ ...A } fragment A on Query { ...A }" }).to_string(), "A"),
        (json!({ "query": format!("{{ {} }}", (0..60).map(|n| format!("a{n}: __typename ")).collect::<String>()) }).to_string(), "root fields"),
    ];
    for (text, reason) in table {
        let shown: String = text.chars().take(60).collect();
        let answer = Answer::of(body(&host, text)).await;
        assert_eq!(answer.status, 400, "{shown}: {}", answer.text);
        let message = answer.json()["errors"][0]["message"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(message.contains(reason), "{shown}: {message}");
    }
    // Thirty fragments that each spread the next twice.
    let bomb: String = (0..30)
        .map(|n| format!("fragment F{n} on Query {{ ...F{0} ...F{0} }} ", n + 1))
        .collect();
    let bomb = format!("{{ ...F0 }} {bomb} fragment F30 on Query {{ __typename }}");
    assert_eq!(
        Answer::of(body(&host, json!({ "query": bomb }).to_string()))
            .await
            .status,
        400
    );
    assert_eq!(host.query("{ version }").await.get("errors"), None);
}

#[tokio::test]
async fn what_does_not_fit_the_schema_is_told() {
    let host = host().await;
    for query in [
        "{ nothing }",
        "{ module { name } }",
        "{ module(name: 1) { name } }",
        "{ errors(last: -1) { code } }",
        "{ errors(last: 99999999999999999999) { code } }",
        "mutation { apply(allowBreaking: \"yes\") { __typename } }",
    ] {
        let answer = ask_as(&host, TOKEN, query).await;
        let body = answer.json();
        assert_eq!(
            (answer.status.as_u16(), &body["data"]),
            (200, &Value::Null),
            "{query}"
        );
        assert!(body["errors"][0]["message"].is_string(), "{query}: {body}");
        let strict = request(&host, query).bearer_auth(TOKEN);
        let strict = strict.header("accept", "application/graphql-response+json");
        assert_eq!(Answer::of(strict).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn limits_of_this_api_and_codings_it_lacks_are_told_with_what_helps() {
    let host = host().await;
    let fields = (0..21).map(|number| format!("f{number}: __typename "));
    let answer = ask_as(
        &host,
        TOKEN,
        &format!("{{ {} }}", fields.collect::<String>()),
    )
    .await;
    let body = answer.json();
    assert_eq!(
        body["errors"][0]["extensions"]["code"],
        json!("LIMIT_EXCEEDED")
    );
    let message = body["errors"][0]["message"].as_str().unwrap();
    assert!(
        message.ends_with("over the limit of 20; ask for less at once"),
        "{message}"
    );
    let packed = request(&host, "{ __typename }").bearer_auth(TOKEN);
    let answer = Answer::of(packed.header("content-encoding", "gzip")).await;
    assert_eq!(answer.status, 415);
    assert!(
        answer
            .text
            .contains("the admin API takes no Content-Encoding"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn ten_megabytes_of_brackets_are_not_read() {
    let host = host().await;
    let before = host.resident_bytes();
    let brackets = "[".repeat(10 << 20);
    for (token, text) in [
        (Some(READ), brackets.clone()),
        (Some(TOKEN), format!("{{\"query\":\"{brackets}\"}}")),
    ] {
        let mut request = request(&host, "").body(text);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        assert_eq!(
            refusal(&Answer::of(request).await),
            (413, "BODY_TOO_LARGE".to_owned())
        );
    }
    // One that does not say how much it sends.
    let mut stream = tokio::net::TcpStream::connect(host.admin).await.unwrap();
    let head = format!(
        "POST /admin/graphql HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {READ}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let chunk = format!("{:x}\r\n{}\r\n", 60_000, "[".repeat(60_000));
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(chunk.as_bytes()).await.unwrap();
    stream.write_all(chunk.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(host.resident_bytes() < before + (64 << 20));
    assert_eq!(host.query("{ version }").await.get("errors"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_requests_at_once_are_answered_while_the_graphql_port_is_full() {
    let full = server("watch = false\nmax_operations = 1\nmax_queue = 1");
    let app = TestApp::swapping().with_configuration(&full).configured(
        "deadline = \"5 s\"\nmax_batch",
        "deadline = \"200 s\"\nmax_batch",
    );
    let host = TestHost::start(app).await;
    let slow = "{ slow(milliseconds: 100000) }";
    let clients: Vec<_> = (0..2)
        .map(|_| {
            let body = json!({ "query": slow }).to_string();
            let request = host.request().header("content-type", "application/json");
            tokio::spawn(request.body(body).send())
        })
        .collect();
    let status = async || {
        let data = host
            .ask_admin("{ process { running waiting } }", json!({}))
            .await;
        (
            data["process"]["running"].clone(),
            data["process"]["waiting"].clone(),
        )
    };
    host.until(async || status().await == (json!(1), json!(1)))
        .await;
    // It has its place before it is planned and listed.
    host.until(async || {
        let data = host
            .ask_admin("{ operations { modules } }", json!({}))
            .await;
        data["operations"][0]["modules"] == json!(["marked"])
    })
    .await;
    let refused = host.post(&json!({ "query": "{ version }" })).await;
    assert_eq!(refused.status, 503, "it is full");
    let everything = "{ process { state } modules { name active { digest fields } } pools { name } \
        operations { traceId kind modules } errors { code } changes { number } memory { lines { what usedBytes } } \
        configuration { sections { name text } } metrics { samples { requests } } }";
    let asked = (0..100).map(|_| ask_as(&host, READ, everything));
    for answer in futures_util::future::join_all(asked).await {
        let body = answer.json();
        assert_eq!(
            (answer.status.as_u16(), body.get("errors")),
            (200, None),
            "{body}"
        );
        assert_eq!(body["data"]["operations"][0]["modules"], json!(["marked"]));
    }
    // Nothing of that is held: the operations still run, and end with their clients.
    assert!(clients.iter().all(|client| !client.is_finished()));
    clients.iter().for_each(tokio::task::JoinHandle::abort);
    host.until(async || status().await == (json!(0), json!(0)))
        .await;
    assert_eq!(host.query("{ version }").await.get("errors"), None);
    assert_eq!(host.metric("mayfly_admin_streams ").await, 0.0);
}
