//! Logging in.

use super::harness::{config, connect, sample, server_error, try_connect};

#[tokio::test]
async fn the_right_password_lets_in_and_counts_a_login() {
    let embedded = sample().await;
    let mut client = try_connect(config(&embedded, "mayfly", "mayfly", "school"))
        .await
        .unwrap();
    let row = client
        .query("SELECT 1", &[])
        .await
        .unwrap()
        .into_row()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.get::<i32, _>(0), Some(1));
    let counters = embedded.status().get().sqlserver;
    assert_eq!(
        (counters.logins, counters.connections, counters.queries),
        (1, 1, 1)
    );
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_wrong_password_is_error_18456() {
    let embedded = sample().await;
    let (number, message) =
        server_error(try_connect(config(&embedded, "mayfly", "wrong", "School")).await);
    assert_eq!(
        (number, message.as_str()),
        (18_456, "Login failed for user 'mayfly'.")
    );
    assert_eq!(embedded.status().get().sqlserver.failed_logins, 1);
    embedded.shutdown().await;
}

#[tokio::test]
async fn an_unknown_database_is_error_4060() {
    let embedded = sample().await;
    let (number, _) =
        server_error(try_connect(config(&embedded, "mayfly", "mayfly", "Nowhere")).await);
    assert_eq!(number, 4060);
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_password_of_any_letters_is_read_right() {
    let options = mayfly_embedded::Options {
        password: "pä$$ wörd✓".into(),
        ..Default::default()
    };
    let embedded = mayfly_embedded::Embedded::start(options).await.unwrap();
    try_connect(config(&embedded, "MAYFLY", "pä$$ wörd✓", "master"))
        .await
        .unwrap();
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_packet_size_the_client_asks_for_is_kept() {
    let embedded = sample().await;
    let mut config = config(&embedded, "mayfly", "mayfly", "");
    config.packet_size(512);
    let mut client = try_connect(config).await.unwrap();
    let long = "x".repeat(20_000);
    let row = client
        .query("SELECT @P1", &[&long.as_str()])
        .await
        .unwrap()
        .into_row()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.get::<&str, _>(0), Some(long.as_str()));
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_connection_that_ends_is_not_counted_any_more() {
    let embedded = sample().await;
    let client = connect(&embedded).await;
    super::harness::until(&embedded, |counters| counters.sqlserver.connections == 1).await;
    client.close().await.unwrap();
    super::harness::until(&embedded, |counters| counters.sqlserver.connections == 0).await;
    embedded.shutdown().await;
}
