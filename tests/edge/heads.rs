//! Heads that do not come, and connections without a request.

use super::client::{Client, head, post, status};
use super::{QUERY, closed, host, in_state, serves};

const HALF: &str = "POST /graphql HTTP/1.1\r\nhost: ";

#[tokio::test]
async fn a_head_that_does_not_arrive_in_time_is_answered_with_408() {
    let host = host("head_timeout = \"200 ms\"").await;
    let mut half = Client::saying(host.graphql, HALF).await;
    let answer = half.rest().await;
    assert_eq!(status(&answer), 408, "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    host.until(async || closed(&host, "head_timeout").await >= 1.0)
        .await;
    serves(&host).await;
}

#[tokio::test]
async fn a_head_that_trickles_is_not_waited_for_longer() {
    let host = host("head_timeout = \"500 ms\"").await;
    let mut slow = Client::saying(host.graphql, HALF).await;
    let mut sent = 0;
    while slow.try_send("x").await.is_ok() {
        sent += 1;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(sent > 0);
    host.until(async || closed(&host, "head_timeout").await >= 1.0)
        .await;
    serves(&host).await;
}

#[tokio::test]
async fn a_client_that_says_nothing_is_disconnected_without_an_answer() {
    let host = host("head_timeout = \"200 ms\"").await;
    let mut silent = Client::connect(host.graphql).await;
    assert_eq!(silent.rest().await, "");
    host.until(async || closed(&host, "head_timeout").await >= 1.0)
        .await;
}

#[tokio::test]
async fn half_a_preface_of_http2_is_not_waited_for() {
    let host = host("head_timeout = \"200 ms\"").await;
    let mut half = Client::saying(host.graphql, "PRI * HTTP/2.0\r\n").await;
    assert_eq!(half.rest().await, "");
    host.until(async || closed(&host, "head_timeout").await >= 1.0)
        .await;
}

#[tokio::test]
async fn a_connection_without_a_further_request_is_closed_after_the_idle_timeout() {
    let host = host("idle_timeout = \"300 ms\"").await;
    let mut idle = Client::saying(host.graphql, post(QUERY)).await;
    assert_eq!(status(&idle.answer().await), 200);
    assert_eq!(idle.rest().await, "");
    host.until(async || closed(&host, "idle_timeout").await >= 1.0)
        .await;
}

#[tokio::test]
async fn a_second_head_that_does_not_arrive_is_answered_with_408_too() {
    let host = host("head_timeout = \"3 s\"").await;
    let mut client = Client::saying(host.graphql, post(QUERY)).await;
    assert_eq!(status(&client.answer().await), 200);
    client.send(HALF).await;
    let answer = client.rest().await;
    assert_eq!(status(&answer), 408, "{answer}");
}

#[tokio::test]
async fn a_head_larger_than_64_kib_is_refused() {
    let host = host("").await;
    let text = format!(
        "GET /graphql HTTP/1.1\r\nhost: test\r\nx: {}\r\n\r\n",
        "x".repeat(200_000)
    );
    let mut large = Client::connect(host.graphql).await;
    // The host answers before it has read all of it.
    let _ = large.try_send(text).await;
    assert_eq!(status(&large.rest().await), 431);
    serves(&host).await;
}

#[tokio::test]
async fn connections_are_shown_by_what_they_do() {
    let host = host("").await;
    let mut idle = Client::saying(host.graphql, post(QUERY)).await;
    assert_eq!(status(&idle.answer().await), 200);
    let _silent = Client::connect(host.graphql).await;
    let _half = Client::saying(host.graphql, HALF).await;
    let _body = Client::saying(host.graphql, head(1_000)).await;
    host.until(async || {
        in_state(&host, "idle").await == 2.0
            && in_state(&host, "head").await == 1.0
            && in_state(&host, "body").await == 1.0
    })
    .await;
}
