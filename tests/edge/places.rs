//! The places for connections, and who keeps whom from one.

use super::client::{Client, head, post, status};
use super::{QUERY, closed, host, in_state, serves};

#[tokio::test]
async fn idle_connections_make_room_for_a_client_without_a_place() {
    let host = host("max_connections = 4").await;
    let mut idle = Vec::new();
    for number in 1..=4_u8 {
        let mut client = Client::saying(host.graphql, post(QUERY)).await;
        assert_eq!(status(&client.answer().await), 200);
        idle.push(client);
        host.until(async || in_state(&host, "idle").await == f64::from(number))
            .await;
    }
    serves(&host).await;
    assert_eq!(closed(&host, "made_room").await, 1.0);
    let first = idle.remove(0).rest().await;
    assert_eq!(first, "", "the one that was idle for longest is closed");
    for client in &mut idle {
        client.send(post(QUERY)).await;
        assert_eq!(status(&client.answer().await), 200, "the others are kept");
    }
}

#[tokio::test]
async fn clients_that_say_nothing_make_room_too() {
    let host = host("max_connections = 4\nhead_timeout = \"600 s\"").await;
    let mut silent = Vec::new();
    for _ in 0..4 {
        silent.push(Client::connect(host.graphql).await);
    }
    host.until(async || in_state(&host, "idle").await == 4.0)
        .await;
    serves(&host).await;
    assert_eq!(closed(&host, "made_room").await, 1.0);
}

#[tokio::test]
async fn nobody_is_disconnected_while_nobody_waits() {
    let host = host("max_connections = 2").await;
    let mut idle = Vec::new();
    for _ in 0..2 {
        let mut client = Client::saying(host.graphql, post(QUERY)).await;
        assert_eq!(status(&client.answer().await), 200);
        idle.push(client);
    }
    // Longer than a connection has to be idle to make room.
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    assert_eq!(closed(&host, "made_room").await, 0.0);
    for client in &mut idle {
        client.send(post(QUERY)).await;
        assert_eq!(status(&client.answer().await), 200);
    }
}

#[tokio::test]
async fn health_readiness_and_metrics_answer_while_every_place_is_taken() {
    let host = host("max_connections = 8").await;
    host.ready().await;
    let mut busy = Vec::new();
    for _ in 0..8 {
        busy.push(Client::saying(host.graphql, head(1_000) + "{").await);
    }
    host.until(async || in_state(&host, "body").await == 8.0)
        .await;
    let _waiting = Client::saying(host.graphql, post(QUERY)).await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(host.admin(path).await.status, 200, "{path}");
    }
    drop(busy);
    serves(&host).await;
}

#[tokio::test]
async fn a_client_that_waits_for_a_place_is_served_once_there_is_one() {
    let host = host("max_connections = 1").await;
    let busy = Client::saying(host.graphql, head(1_000) + "{").await;
    host.until(async || in_state(&host, "body").await == 1.0)
        .await;
    let mut waiting = Client::saying(host.graphql, post(QUERY)).await;
    drop(busy);
    assert_eq!(status(&waiting.answer().await), 200);
}

#[tokio::test]
async fn heads_that_do_not_arrive_make_room_when_nobody_is_idle() {
    let host = host("max_connections = 4\nhead_timeout = \"600 s\"").await;
    let http1 = "POST /graphql HTTP/1.1\r\n";
    let http2 = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0";
    let mut halves = Vec::new();
    for (number, half) in [http1, http2, http1, http2].into_iter().enumerate() {
        halves.push(Client::saying(host.graphql, half).await);
        host.until(async || in_state(&host, "head").await == number as f64 + 1.0)
            .await;
    }
    serves(&host).await;
    assert_eq!(closed(&host, "made_room").await, 1.0);
    let first = halves.remove(0).rest().await;
    assert_eq!(first, "", "the one that began first is closed");
}
