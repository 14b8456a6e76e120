//! Live values by server-sent events: bounded, counted, and ended with their client, their token and the host.

use mayfly_tests::TOKEN;
use mayfly_tests::versions::{mark, marked};

use super::*;

/// A stream of events that a client reads.
struct Events {
    response: reqwest::Response,
    text: String,
}

impl Events {
    async fn open(host: &TestHost, token: &str, query: &str) -> Self {
        let request = request(host, query)
            .bearer_auth(token)
            .header("accept", "text/event-stream");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            response,
            text: String::new(),
        }
    }

    /// The next event and its data; comments are left out.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                if let Some(kind) = field("event: ") {
                    let data = field("data:").unwrap_or_default().trim();
                    return Some((
                        kind.to_owned(),
                        serde_json::from_str(data).unwrap_or_default(),
                    ));
                }
                continue;
            }
            let chunk = self.response.chunk().await.ok()??;
            self.text += str::from_utf8(&chunk).unwrap();
        }
    }

    /// The data of the next answer.
    async fn data(&mut self) -> Value {
        let (kind, data) = self.next().await.expect("an event");
        assert_eq!(kind, "next", "{data}");
        assert_eq!(data.get("errors"), None, "{data}");
        data["data"].clone()
    }

    async fn is_complete(&mut self) {
        assert_eq!(
            self.next().await,
            Some(("complete".to_owned(), Value::Null))
        );
        assert_eq!(self.next().await, None);
    }
}

const PROCESS: &str = "subscription { process(everySeconds: 1) { state running } }";

async fn open_streams(host: &TestHost) -> f64 {
    host.metric("mayfly_admin_streams ").await
}

#[tokio::test]
async fn values_come_again_and_again() {
    let host = host().await;
    let mut events = Events::open(&host, READ, PROCESS).await;
    for _ in 0..2 {
        assert_eq!(
            events.data().await["process"],
            json!({ "state": "SERVING", "running": 0 })
        );
    }
    assert_eq!(open_streams(&host).await, 1.0);
    drop(events);
    host.until(async || open_streams(&host).await == 0.0).await;
}

#[tokio::test]
async fn changes_are_told_as_they_are_made_and_a_canary_until_it_ends() {
    let host = host().await;
    let mut changes = Events::open(
        &host,
        READ,
        "subscription { changes { number action who } }",
    )
    .await;
    // The stream begins with what is changed after it was opened, which is known once it is counted.
    host.until(async || open_streams(&host).await == 1.0).await;
    let staged = host.stage("marked", marked(&mark("good", 1))).await.json()["version"].clone();
    let begin = format!(
        "mutation {{ canary(module: \"marked\", digest: {staged}, settings: {{ for: \"1h\" }}) {{ __typename }} }}"
    );
    ask_as(&host, CI, &begin).await;
    let mut canary = Events::open(
        &host,
        READ,
        "subscription { canary(module: \"marked\") { __typename ... on Canary { digest } ... on PastCanary { verdict reason } } }",
    )
    .await;
    assert_eq!(
        canary.data().await["canary"],
        json!({ "__typename": "Canary", "digest": staged })
    );
    ask_as(
        &host,
        TOKEN,
        "mutation { abort(module: \"marked\") { __typename } }",
    )
    .await;
    let ended = loop {
        let event = canary.data().await["canary"].clone();
        if event["__typename"] != json!("Canary") {
            break event;
        }
    };
    assert_eq!(
        (&ended["verdict"], &ended["reason"]),
        (&json!("ABORTED"), &json!("aborted manually"))
    );
    canary.is_complete().await;
    for (number, action, who) in [
        (1, "STAGE", "default"),
        (2, "CANARY", "ci"),
        (3, "ABORT", "default"),
    ] {
        let change = changes.data().await["changes"].clone();
        assert_eq!(
            change,
            json!({ "number": number, "action": action, "who": who })
        );
    }
}

#[tokio::test]
async fn a_query_is_one_event_and_a_bad_one_too() {
    let host = host().await;
    let mut events = Events::open(&host, READ, "{ process { state } }").await;
    assert_eq!(events.data().await["process"]["state"], json!("SERVING"));
    events.is_complete().await;
    let mut events = Events::open(&host, READ, "subscription { nothing }").await;
    let (kind, data) = events.next().await.unwrap();
    assert!(
        kind == "next" && data["errors"][0]["message"].is_string(),
        "{data}"
    );
    events.is_complete().await;
    let change = request(&host, "mutation { apply { __typename } }").bearer_auth(READ);
    let change = Answer::of(change.header("accept", "text/event-stream")).await;
    assert_eq!(refusal(&change).0, 403);
}

#[tokio::test]
async fn a_token_that_is_taken_away_ends_its_streams_and_no_others() {
    let host = host().await;
    let mut reader = Events::open(&host, READ, PROCESS).await;
    let mut operator = Events::open(&host, TOKEN, PROCESS).await;
    reader.data().await;
    operator.data().await;
    let file = host.app.path().join("mayfly.toml");
    let text = std::fs::read_to_string(&file)
        .unwrap()
        .replace(&hash(READ), &hash("another-one-of-the-tokens"));
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, text).unwrap();
    host.ask_admin("mutation { apply { __typename } }", json!({}))
        .await;
    let last = loop {
        let (kind, data) = reader.next().await.expect("an event");
        assert_eq!(kind, "next");
        if data.get("errors").is_some() {
            break data;
        }
    };
    assert_eq!(
        last["errors"][0]["extensions"]["code"],
        json!("UNAUTHENTICATED")
    );
    reader.is_complete().await;
    operator.data().await;
    host.until(async || open_streams(&host).await == 1.0).await;
}

#[tokio::test]
async fn there_are_so_many_streams_and_no_more_and_they_end_with_the_host() {
    let host = host().await;
    let mut streams = Vec::new();
    for _ in 0..8 {
        let mut events = Events::open(&host, READ, PROCESS).await;
        events.data().await;
        streams.push(events);
    }
    let more = request(&host, PROCESS)
        .bearer_auth(READ)
        .header("accept", "text/event-stream");
    let more = Answer::of(more).await;
    assert_eq!(refusal(&more), (503, "OVERLOADED".to_owned()));
    // Other requests are still answered.
    assert_eq!(
        ask_as(&host, READ, "{ process { state } }").await.status,
        200
    );
    assert_eq!(host.query("{ version }").await.get("errors"), None);
    host.terminate();
    for mut events in streams {
        while let Some((kind, _)) = events.next().await {
            if kind == "complete" {
                break;
            }
        }
        assert_eq!(events.next().await, None);
    }
    assert!(host.ended().await.success());
}
