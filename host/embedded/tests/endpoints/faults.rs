//! Each fault switch of the SQL Server endpoint does what it says, and is gone when it is lifted.

use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use mayfly_embedded::Embedded;
use serde_json::json;
use tiberius::Row;

use super::harness::{Sql, config, connect, sample, server_error, set_faults, try_connect, until};

const ROWS: &str = "SELECT TOP (3) id, score FROM Assessments ORDER BY id";

async fn rows(client: &mut Sql) -> tiberius::Result<Vec<Row>> {
    client.query(ROWS, &[]).await?.into_first_result().await
}

/// A new connection answers as it should.
async fn recovers(embedded: &Embedded) {
    embedded.faults().lift();
    assert_eq!(rows(&mut connect(embedded).await).await.unwrap().len(), 3);
}

/// Whether the connection was closed under the client, rather than answered.
fn closed<T>(result: tiberius::Result<T>) -> bool {
    matches!(
        result,
        Err(tiberius::error::Error::Io { .. } | tiberius::error::Error::Protocol(_))
    )
}

#[tokio::test]
async fn stall_holds_a_request_until_it_is_lifted() {
    let embedded = sample().await;
    let mut client = connect(&embedded).await;
    set_faults(&embedded, json!({"sqlserver": {"stall": {"times": 1}}}));
    let query = rows(&mut client);
    tokio::pin!(query);
    tokio::select! {
        result = &mut query => panic!("it was answered: {result:?}"),
        () = until(&embedded, |counters| counters.sqlserver.running == 1) => {}
    }
    assert!(
        tokio::time::timeout(Duration::from_millis(50), &mut query)
            .await
            .is_err()
    );
    embedded.faults().lift();
    assert_eq!(query.await.unwrap().len(), 3);
    embedded.shutdown().await;
}

#[tokio::test]
async fn stall_ends_with_an_attention() {
    let embedded = sample().await;
    let mut client = connect(&embedded).await;
    set_faults(
        &embedded,
        json!({"sqlserver": {"stall": {"matching": "Assessments"}}}),
    );
    tokio::select! {
        result = rows(&mut client) => panic!("it was answered: {result:?}"),
        () = until(&embedded, |counters| counters.sqlserver.running == 1) => {}
    }
    client.cancel_query().await.unwrap();
    let row = client
        .query("SELECT 5", &[])
        .await
        .unwrap()
        .into_row()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.get::<i32, _>(0), Some(5));
    recovers(&embedded).await;
    embedded.shutdown().await;
}

#[tokio::test]
async fn half_a_row_is_no_row_and_its_other_half_comes_when_the_switch_is_lifted() {
    let embedded = sample().await;
    let mut client = connect(&embedded).await;
    set_faults(
        &embedded,
        json!({"sqlserver": {"half_row": {"then": "stall"}}}),
    );
    {
        let mut stream = client.query(ROWS, &[]).await.unwrap().into_row_stream();
        assert!(
            tokio::time::timeout(Duration::from_millis(50), stream.try_next())
                .await
                .is_err()
        );
        embedded.faults().lift();
        assert_eq!(
            stream.try_next().await.unwrap().unwrap().get::<&str, _>(0),
            Some("A-S1-01")
        );
        assert_eq!(stream.try_collect::<Vec<_>>().await.unwrap().len(), 2);
    }
    set_faults(
        &embedded,
        json!({"sqlserver": {"half_row": {"then": "drop"}}}),
    );
    assert!(closed(rows(&mut client).await));
    recovers(&embedded).await;
    embedded.shutdown().await;
}

#[tokio::test]
async fn slow_delays_the_answer_and_each_row() {
    let embedded = sample().await;
    let mut client = connect(&embedded).await;
    set_faults(
        &embedded,
        json!({"sqlserver": {"slow": {"ms": 60, "row_ms": 30, "times": 1}}}),
    );
    let started = Instant::now();
    assert_eq!(rows(&mut client).await.unwrap().len(), 3);
    assert!(started.elapsed() >= Duration::from_millis(150));
    assert_eq!(
        embedded.faults().get(),
        mayfly_embedded::Switches::default(),
        "once is used up"
    );
    recovers(&embedded).await;
    embedded.shutdown().await;
}

#[tokio::test]
async fn drop_before_leaves_the_work_undone_and_inside_or_after_has_it_done() {
    let embedded = sample().await;
    for (at, done) in [("before", false), ("inside", true), ("after", true)] {
        let mut client = connect(&embedded).await;
        set_faults(
            &embedded,
            json!({"sqlserver": {"drop": {"at": at, "matching": "DELETE"}}}),
        );
        let student = format!("S{}", 100 + at.len());
        let result = client
            .execute(
                "DELETE FROM Assessments WHERE student_id = @P1",
                &[&student.as_str()],
            )
            .await;
        assert_eq!(result.is_ok(), at == "after", "{at}");
        assert!(closed(rows(&mut client).await), "{at}");
        embedded.faults().lift();
        let mut client = connect(&embedded).await;
        let counted = client
            .query(
                "SELECT COUNT(*) FROM Assessments WHERE student_id = @P1",
                &[&student.as_str()],
            )
            .await
            .unwrap();
        let left = counted
            .into_row()
            .await
            .unwrap()
            .unwrap()
            .get::<i32, _>(0)
            .unwrap();
        assert_eq!(left == 0, done, "{at}");
    }
    recovers(&embedded).await;
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_commit_can_be_done_and_its_answer_lost() {
    let embedded = sample().await;
    let mut client = connect(&embedded).await;
    client.begin_transaction().await.unwrap();
    client
        .execute("DELETE FROM Assessments WHERE student_id = N'S5'", &[])
        .await
        .unwrap();
    set_faults(
        &embedded,
        json!({"sqlserver": {"drop": {"at": "inside", "matching": "COMMIT"}}}),
    );
    assert!(closed(client.commit_transaction().await));
    assert_eq!(embedded.status().get().sqlserver.commits, 1);
    recovers(&embedded).await;
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_login_can_fail_and_be_slow() {
    let embedded = sample().await;
    set_faults(
        &embedded,
        json!({"sqlserver": {"login_failure": {"times": 1}, "slow_login": {"ms": 60}}}),
    );
    let started = Instant::now();
    assert_eq!(
        server_error(try_connect(config(&embedded, "mayfly", "mayfly", "")).await).0,
        18_456
    );
    assert!(started.elapsed() >= Duration::from_millis(60));
    set_faults(
        &embedded,
        json!({"sqlserver": {"login_failure": {"number": 40613, "message": "busy"}}}),
    );
    let failed = server_error(try_connect(config(&embedded, "mayfly", "mayfly", "")).await);
    assert_eq!(failed, (40_613, "busy".to_owned()));
    recovers(&embedded).await;
    embedded.shutdown().await;
}

#[tokio::test]
async fn an_error_comes_before_rows_or_between_them() {
    let embedded = sample().await;
    let mut client = connect(&embedded).await;
    set_faults(
        &embedded,
        json!({"sqlserver": {"sql_error": {"number": 1205, "class": 13, "message": "victim", "times": 1}}}),
    );
    assert_eq!(
        server_error(rows(&mut client).await),
        (1205, "victim".to_owned())
    );
    assert_eq!(rows(&mut client).await.unwrap().len(), 3);
    set_faults(
        &embedded,
        json!({"sqlserver": {"sql_error": {"number": 824, "after_rows": 2}}}),
    );
    {
        let mut stream = client.query(ROWS, &[]).await.unwrap().into_row_stream();
        assert!(stream.try_next().await.unwrap().is_some());
        assert!(stream.try_next().await.unwrap().is_some());
        assert_eq!(server_error(stream.try_next().await).0, 824);
    }
    recovers(&embedded).await;
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_deadlock_takes_the_transaction_and_a_grave_error_the_connection() {
    let embedded = sample().await;
    let mut client = connect(&embedded).await;
    client.begin_transaction().await.unwrap();
    set_faults(
        &embedded,
        json!({"sqlserver": {"sql_error": {"number": 1205, "class": 13, "times": 1}}}),
    );
    assert_eq!(server_error(rows(&mut client).await).0, 1205);
    assert_eq!(embedded.status().get().sqlserver.open_transactions, 0);
    set_faults(
        &embedded,
        json!({"sqlserver": {"sql_error": {"number": 21, "class": 20, "times": 1}}}),
    );
    assert_eq!(server_error(rows(&mut client).await).0, 21);
    assert!(closed(rows(&mut client).await));
    recovers(&embedded).await;
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_server_that_is_down_refuses_and_closes_and_comes_back_on_its_port() {
    let embedded = sample().await;
    for _ in 0..3 {
        let mut client = connect(&embedded).await;
        set_faults(&embedded, json!({"sqlserver": {"refuse": true}}));
        until(&embedded, |counters| counters.sqlserver.connections == 0).await;
        assert!(closed(rows(&mut client).await));
        let refused = try_connect(config(&embedded, "mayfly", "mayfly", "")).await;
        assert!(matches!(
            refused,
            Err(tiberius::error::Error::Io {
                kind: std::io::ErrorKind::ConnectionRefused,
                ..
            })
        ));
        embedded.faults().lift();
        let started = Instant::now();
        while try_connect(config(&embedded, "mayfly", "mayfly", ""))
            .await
            .is_err()
        {
            assert!(started.elapsed() < super::harness::PATIENCE);
            tokio::task::yield_now().await;
        }
        recovers(&embedded).await;
    }
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_switch_acts_only_on_what_it_matches_and_as_often_as_it_says() {
    let embedded = sample().await;
    let mut client = connect(&embedded).await;
    set_faults(
        &embedded,
        json!({"sqlserver": {"sql_error": {"number": 50001, "matching": "ORDER BY", "times": 2}}}),
    );
    for wanted in [Some(50_001), Some(50_001), None] {
        client
            .query("SELECT 1", &[])
            .await
            .unwrap()
            .into_results()
            .await
            .unwrap();
        let result = rows(&mut client).await;
        match wanted {
            Some(number) => assert_eq!(server_error(result).0, number),
            None => assert_eq!(result.unwrap().len(), 3),
        }
    }
    embedded.shutdown().await;
}

#[tokio::test]
async fn the_control_endpoint_sets_shows_and_lifts_switches() {
    let embedded = sample().await;
    let control = format!("http://{}", embedded.addresses().control);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let switches =
        json!({"sqlserver": {"stall": {"times": 2}}, "dynamodb": {"slow": {"ms": 5, "row_ms": 0}}});
    let set = http
        .put(format!("{control}/faults"))
        .json(&switches)
        .send()
        .await
        .unwrap();
    assert_eq!(set.status(), 204);
    let shown: serde_json::Value = http
        .get(format!("{control}/faults"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(shown, switches);
    let unknown = http
        .put(format!("{control}/faults"))
        .json(&json!({"sqlserver": {"stal": {}}}))
        .send()
        .await
        .unwrap();
    assert_eq!(unknown.status(), 400);
    assert!(
        unknown
            .text()
            .await
            .unwrap()
            .contains("unknown field `stal`")
    );
    assert_eq!(
        http.delete(format!("{control}/faults"))
            .send()
            .await
            .unwrap()
            .status(),
        204
    );
    let shown: serde_json::Value = http
        .get(format!("{control}/faults"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(shown, json!({}));
    embedded.shutdown().await;
}

#[tokio::test]
async fn the_control_endpoint_shows_counters_and_requests() {
    let embedded = sample().await;
    let control = format!("http://{}", embedded.addresses().control);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut client = connect(&embedded).await;
    rows(&mut client).await.unwrap();
    let get = |path: &str| http.get(format!("{control}{path}")).send();
    let status: serde_json::Value = get("/status").await.unwrap().json().await.unwrap();
    assert_eq!(
        status["sqlserver"],
        json!({"connections": 1, "openTransactions": 0, "queries": 1, "batches": 0, "calls": 1, "running": 0, "attentions": 0,
        "logins": 1, "failedLogins": 0, "commits": 0, "rollbacks": 0})
    );
    assert_eq!(
        status["dynamodb"],
        json!({"requests": {}, "inFlight": 0, "connections": 0})
    );
    let requests: serde_json::Value = get("/requests").await.unwrap().json().await.unwrap();
    assert_eq!(requests, json!([{"backend": "sqlserver", "text": ROWS}]));
    assert_eq!(
        http.post(format!("{control}/status/reset"))
            .send()
            .await
            .unwrap()
            .status(),
        204
    );
    let counters = embedded.status().get().sqlserver;
    assert_eq!(
        (counters.queries, counters.logins, counters.connections),
        (0, 0, 1)
    );
    assert!(embedded.status().requests().is_empty());
    embedded.shutdown().await;
}

#[tokio::test]
async fn no_error_266_leaves_a_mismatch_untold() {
    let embedded = sample().await;
    let mut client = connect(&embedded).await;
    set_faults(&embedded, json!({"sqlserver": {"no_error_266": {}}}));
    client.execute("BEGIN TRAN", &[]).await.unwrap();
    assert_eq!(embedded.status().get().sqlserver.open_transactions, 1);
    embedded.shutdown().await;
}

#[tokio::test]
async fn also_runs_what_no_text_says() {
    let embedded = sample().await;
    let mut client = connect(&embedded).await;
    set_faults(
        &embedded,
        json!({"sqlserver": {"also": {"text": "BEGIN TRAN", "matching": "UPDATE", "times": 1}, "no_error_266": {}}}),
    );
    rows(&mut client).await.unwrap();
    assert_eq!(embedded.status().get().sqlserver.open_transactions, 0);
    let update = "UPDATE Assessments SET score = 1 WHERE id = 'A-S1-01'";
    assert_eq!(client.execute(update, &[]).await.unwrap().total(), 1);
    assert_eq!(embedded.status().get().sqlserver.open_transactions, 1);
    // Behind the statement that changes rows, so that the rest of the text sees what was done.
    client
        .simple_query("ROLLBACK")
        .await
        .unwrap()
        .into_results()
        .await
        .unwrap();
    set_faults(
        &embedded,
        json!({"sqlserver": {"also": {"text": "BEGIN TRAN", "matching": "UPDATE"}}}),
    );
    let open = client
        .simple_query(format!("{update}; SELECT @@TRANCOUNT"))
        .await
        .unwrap();
    let row = open.into_row().await.unwrap().unwrap();
    assert_eq!(row.get::<i32, _>(0), Some(1));
    embedded.shutdown().await;
}

#[tokio::test]
async fn no_count_begins_sessions_that_count_nothing() {
    let embedded = sample().await;
    set_faults(&embedded, json!({"sqlserver": {"no_count": {"times": 1}}}));
    let mut client = connect(&embedded).await;
    let update = "UPDATE Assessments SET score = 1 WHERE id = 'A-S1-01'";
    assert_eq!(client.execute(update, &[]).await.unwrap().total(), 0);
    let mut other = connect(&embedded).await;
    assert_eq!(other.execute(update, &[]).await.unwrap().total(), 1);
    embedded.shutdown().await;
}

#[tokio::test]
async fn forget_answers_nothing_more_on_a_connection_that_was_open() {
    let embedded = sample().await;
    let mut client = connect(&embedded).await;
    set_faults(&embedded, json!({"sqlserver": {"forget": {}}}));
    let patience = Duration::from_millis(100);
    assert!(
        tokio::time::timeout(patience, rows(&mut client))
            .await
            .is_err()
    );
    assert_eq!(rows(&mut connect(&embedded).await).await.unwrap().len(), 3);
    // Neither end is told.
    until(&embedded, |counters| counters.sqlserver.connections == 1).await;
    assert_eq!(embedded.status().get().sqlserver.connections, 1);
    drop(client);
    recovers(&embedded).await;
    embedded.shutdown().await;
}

#[tokio::test]
async fn malformed_text_cannot_be_decoded() {
    let embedded = sample().await;
    for (with, query) in [
        ("lone_surrogate", "SELECT N'name' AS name"),
        ("code_page", "SELECT CAST('name' AS varchar(9)) AS name"),
    ] {
        let mut client = connect(&embedded).await;
        set_faults(
            &embedded,
            json!({"sqlserver": {"malformed_text": {"with": with, "times": 1}}}),
        );
        let answer = client.query(query, &[]).await.unwrap();
        assert!(answer.into_results().await.is_err(), "{with}");
        let answer = client.query(query, &[]).await.unwrap();
        let row = answer.into_row().await.unwrap().unwrap();
        assert_eq!(row.get::<&str, _>("name"), Some("name"), "{with}");
    }
    embedded.shutdown().await;
}
