//! Bodies that come slowly, in pieces, or not at all.

use std::time::Duration;

use super::client::{Client, chunked, head, post, status};
use super::{QUERY, closed, host, in_state, serves};

/// A query of this many bytes.
fn padded(bytes: usize) -> String {
    format!("{{\"query\":\"{{ __typename }} #{}\"}}", "x".repeat(bytes))
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_with_408() {
    let host = host("body_timeout = \"300 ms\"").await;
    let mut slow = Client::saying(host.graphql, head(1_000) + "{").await;
    let answer = slow.rest().await;
    assert_eq!(status(&answer), 408, "{answer}");
    assert!(answer.contains("too slowly"), "{answer}");
    host.until(async || closed(&host, "body_timeout").await >= 1.0)
        .await;
    serves(&host).await;
}

#[tokio::test]
async fn most_of_a_body_at_once_buys_no_time_for_the_rest() {
    let host = host("body_timeout = \"500 ms\"\nmin_rate = \"1 KiB\"").await;
    let body = padded(500_000);
    let (most, _) = body.split_at(body.len() - 1_000);
    let mut slow = Client::saying(host.graphql, head(body.len()) + most).await;
    let trickling = async {
        while slow.try_send("x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), trickling)
        .await
        .expect("it is cut off before its last thousand bytes have trickled in, or refused as it is not JSON");
    host.until(async || closed(&host, "body_timeout").await >= 1.0)
        .await;
}

#[tokio::test]
async fn a_body_that_is_slow_and_steady_is_served() {
    let host = host("body_timeout = \"5 s\"\nmin_rate = \"1 B\"").await;
    let body = padded(20);
    let mut slow = Client::saying(host.graphql, head(body.len())).await;
    for byte in body.as_bytes() {
        slow.send([*byte]).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(status(&slow.answer().await), 200);
}

#[tokio::test]
async fn a_body_that_was_only_announced_takes_no_memory_of_others() {
    let host = host("request_memory = \"64 MiB\"").await;
    let mut slow = Vec::new();
    for _ in 0..100 {
        slow.push(Client::saying(host.graphql, head(1 << 20) + "{").await);
    }
    host.until(async || in_state(&host, "body").await == 100.0)
        .await;
    for _ in 0..20 {
        serves(&host).await;
    }
    let mut large = Client::saying(host.graphql, post(&padded(500_000))).await;
    assert_eq!(status(&large.answer().await), 200);
}

#[tokio::test]
async fn bodies_in_chunks_count_as_they_come() {
    let host = host("request_memory = \"64 MiB\"").await;
    let text = chunked(QUERY, 10);
    let (start, end) = text.split_at(text.len() - 5);
    let mut clients = Vec::new();
    for _ in 0..100 {
        clients.push(Client::saying(host.graphql, start).await);
    }
    host.until(async || in_state(&host, "body").await == 100.0)
        .await;
    for client in &mut clients {
        client.send(end).await;
        assert_eq!(status(&client.answer().await), 200);
    }
}

#[tokio::test]
async fn past_the_memory_for_requests_a_body_is_refused_and_others_are_served_again() {
    let host = host("request_memory = \"1 MiB\"\nmax_body = \"2 MiB\"").await;
    // Twice its size is more than there is.
    let body = padded(900_000);
    let (most, _) = body.split_at(800_000);
    let mut first = Client::saying(host.graphql, head(body.len()) + most).await;
    let mut second = Client::connect(host.graphql).await;
    let _ = second.try_send(head(body.len()) + most).await;
    let refused = async {
        tokio::select! {
            answer = first.rest() => answer,
            answer = second.rest() => answer,
        }
    };
    let answer = refused.await;
    assert_eq!(status(&answer), 503, "{answer}");
    assert!(answer.contains("OVERLOADED"), "{answer}");
    drop((first, second));
    host.until(async || in_state(&host, "body").await == 0.0)
        .await;
    serves(&host).await;
}

#[tokio::test]
async fn a_body_announced_as_too_large_is_refused_before_it_comes() {
    let host = host("").await;
    let mut large = Client::saying(host.graphql, head(2_000_000)).await;
    let answer = large.answer().await;
    assert_eq!(status(&answer), 413, "{answer}");
}

#[tokio::test]
async fn a_client_that_goes_on_sending_can_read_why_it_was_refused() {
    let host = host("max_body = \"1 KiB\"").await;
    for text in [post(&padded(3 << 20)), chunked(&padded(3 << 20), 60_000)] {
        let mut large = Client::connect(host.graphql).await;
        let (mut reader, mut writer) = large.stream.split();
        let mut answer = Vec::new();
        let (sent, read) = tokio::join!(
            tokio::io::AsyncWriteExt::write_all(&mut writer, text.as_bytes()),
            tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut answer),
        );
        sent.expect("the host reads on for a while");
        read.expect("the connection is closed in order");
        assert_eq!(status(&String::from_utf8_lossy(&answer)), 413);
    }
}

#[tokio::test]
async fn chunks_of_one_byte_are_not_taken_for_ever() {
    let host = host("max_body = \"16 MiB\"").await;
    let text = chunked(&padded(1 << 20), 1);
    let mut client = Client::connect(host.graphql).await;
    let sent = client.try_send(text).await;
    drop(sent);
    let answer = client.rest().await;
    assert_eq!(answer, "");
    host.until(async || closed(&host, "flood").await >= 1.0)
        .await;
    serves(&host).await;
}
