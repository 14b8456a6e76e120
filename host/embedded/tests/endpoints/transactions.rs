//! Transactions: by command, by text, and between sessions.

use super::harness::{Sql, connect, run, server_error, set_faults, until, with_script};

const TABLE: &str = "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v NVARCHAR(20));";

async fn count(client: &mut Sql) -> i32 {
    let row = client
        .query("SELECT COUNT(*) FROM t", &[])
        .await
        .unwrap()
        .into_row()
        .await
        .unwrap()
        .unwrap();
    row.get(0).unwrap()
}

async fn insert(client: &mut Sql, id: i32) {
    let done = client
        .execute("INSERT INTO t (id, v) VALUES (@P1, N'x')", &[&id])
        .await
        .unwrap();
    assert_eq!(done.rows_affected(), [1]);
}

#[tokio::test]
async fn what_is_committed_stays() {
    let embedded = with_script(TABLE).await;
    let (mut client, mut other) = (connect(&embedded).await, connect(&embedded).await);
    client.begin_transaction().await.unwrap();
    insert(&mut client, 1).await;
    assert_eq!(embedded.status().get().sqlserver.open_transactions, 1);
    client.commit_transaction().await.unwrap();
    assert_eq!(count(&mut other).await, 1);
    let counters = embedded.status().get().sqlserver;
    assert_eq!(
        (
            counters.open_transactions,
            counters.commits,
            counters.rollbacks
        ),
        (0, 1, 0)
    );
    embedded.shutdown().await;
}

#[tokio::test]
async fn what_is_rolled_back_never_was() {
    let embedded = with_script(TABLE).await;
    let mut client = connect(&embedded).await;
    client.begin_transaction().await.unwrap();
    insert(&mut client, 1).await;
    assert_eq!(count(&mut client).await, 1);
    client.rollback_transaction().await.unwrap();
    assert_eq!(count(&mut client).await, 0);
    run(
        &mut client,
        "BEGIN TRAN; INSERT t VALUES (2, 'y'); SELECT @@TRANCOUNT; ROLLBACK",
    )
    .await
    .unwrap();
    assert_eq!(count(&mut client).await, 0);
    embedded.shutdown().await;
}

#[tokio::test]
async fn another_session_sees_nothing_before_the_commit_and_is_not_held_up() {
    let embedded = with_script(TABLE).await;
    let (mut client, mut other) = (connect(&embedded).await, connect(&embedded).await);
    client.begin_transaction().await.unwrap();
    insert(&mut client, 1).await;
    other.begin_transaction().await.unwrap();
    assert_eq!(count(&mut other).await, 0);
    client.commit_transaction().await.unwrap();
    // READ COMMITTED: the next statement of the same transaction sees it.
    assert_eq!(count(&mut other).await, 1);
    insert(&mut other, 2).await;
    other.commit_transaction().await.unwrap();
    assert_eq!(count(&mut client).await, 2);
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_snapshot_transaction_sees_the_same_all_along() {
    let embedded = with_script(TABLE).await;
    let (mut client, mut other) = (connect(&embedded).await, connect(&embedded).await);
    other
        .begin_transaction_with_isolation(tiberius::IsolationLevel::Snapshot)
        .await
        .unwrap();
    assert_eq!(count(&mut other).await, 0);
    insert(&mut client, 1).await;
    assert_eq!(count(&mut other).await, 0);
    other.rollback_transaction().await.unwrap();
    assert_eq!(count(&mut other).await, 1);
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_second_writer_waits_for_the_first() {
    let embedded = with_script(TABLE).await;
    let (mut client, mut other) = (connect(&embedded).await, connect(&embedded).await);
    client.begin_transaction().await.unwrap();
    insert(&mut client, 1).await;
    let waiting = tokio::spawn(async move {
        insert(&mut other, 2).await;
        other
    });
    until(&embedded, |counters| counters.sqlserver.running == 1).await;
    client.commit_transaction().await.unwrap();
    let mut other = waiting.await.unwrap();
    assert_eq!(count(&mut other).await, 2);
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_writer_that_waits_too_long_fails_and_can_go_on() {
    let embedded = with_script(TABLE).await;
    let (mut client, mut other) = (connect(&embedded).await, connect(&embedded).await);
    client.begin_transaction().await.unwrap();
    insert(&mut client, 1).await;
    run(&mut other, "SET LOCK_TIMEOUT 30").await.unwrap();
    assert_eq!(
        server_error(other.execute("INSERT INTO t VALUES (2, 'x')", &[]).await).0,
        1222
    );
    client.rollback_transaction().await.unwrap();
    insert(&mut other, 2).await;
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_connection_that_ends_rolls_its_transaction_back() {
    let embedded = with_script(TABLE).await;
    let (mut client, mut other) = (connect(&embedded).await, connect(&embedded).await);
    client.begin_transaction().await.unwrap();
    insert(&mut client, 1).await;
    drop(client);
    until(&embedded, |counters| {
        counters.sqlserver.open_transactions == 0 && counters.sqlserver.rollbacks == 1
    })
    .await;
    insert(&mut other, 1).await;
    embedded.shutdown().await;
}

#[tokio::test]
async fn the_statement_a_pool_resets_with_rolls_back_only_what_is_open() {
    let embedded = with_script(TABLE).await;
    let mut client = connect(&embedded).await;
    run(&mut client, "IF @@TRANCOUNT > 0 ROLLBACK")
        .await
        .unwrap();
    client.begin_transaction().await.unwrap();
    insert(&mut client, 1).await;
    run(&mut client, "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION")
        .await
        .unwrap();
    assert_eq!(embedded.status().get().sqlserver.open_transactions, 0);
    assert_eq!(count(&mut client).await, 0);
    // The client was told that its transaction is over.
    client.begin_transaction().await.unwrap();
    client.commit_transaction().await.unwrap();
    embedded.shutdown().await;
}

#[tokio::test]
async fn nested_transactions_end_with_the_outermost() {
    let embedded = with_script(TABLE).await;
    let mut client = connect(&embedded).await;
    let sets = run(
        &mut client,
        "BEGIN TRANSACTION outer_one; BEGIN TRAN; SELECT @@TRANCOUNT AS deep; COMMIT; SELECT @@TRANCOUNT AS shallow; COMMIT TRAN \
         SELECT @@TRANCOUNT AS outside",
    );
    let depths: Vec<i32> = sets
        .await
        .unwrap()
        .iter()
        .map(|rows| rows[0].get(0).unwrap())
        .collect();
    assert_eq!(depths, [2, 1, 0]);
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_call_that_leaves_another_number_of_transactions_than_it_found_is_error_266() {
    let embedded = with_script(TABLE).await;
    let mut client = connect(&embedded).await;
    let (number, text) = server_error(client.execute("BEGIN TRAN", &[]).await);
    assert_eq!(number, 266);
    assert!(
        text.ends_with("Previous count = 0, current count = 1."),
        "{text}"
    );
    let (number, text) = server_error(client.execute("ROLLBACK", &[]).await);
    assert_eq!(number, 266);
    assert!(
        text.ends_with("Previous count = 1, current count = 0."),
        "{text}"
    );
    // A batch may, and so may a call under XACT_ABORT, and one that ends what it began.
    run(&mut client, "BEGIN TRAN").await.unwrap();
    run(&mut client, "ROLLBACK").await.unwrap();
    client.execute("BEGIN TRAN; COMMIT", &[]).await.unwrap();
    client
        .execute("SET XACT_ABORT ON; BEGIN TRAN", &[])
        .await
        .unwrap();
    assert_eq!(embedded.status().get().sqlserver.open_transactions, 1);
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_transaction_has_a_number_that_no_other_of_its_session_has() {
    let embedded = with_script(TABLE).await;
    let mut client = connect(&embedded).await;
    let text = "BEGIN TRAN; SELECT CURRENT_TRANSACTION_ID() AS id; BEGIN TRAN; SELECT CURRENT_TRANSACTION_ID() AS id; \
                ROLLBACK; BEGIN TRAN; SELECT CURRENT_TRANSACTION_ID() AS id; ROLLBACK";
    let sets = run(&mut client, text).await.unwrap();
    let ids: Vec<i64> = sets.iter().map(|rows| rows[0].get("id").unwrap()).collect();
    assert!(ids[0] == ids[1] && ids[1] != ids[2], "{ids:?}");
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_save_point_can_be_gone_back_to() {
    let embedded = with_script(TABLE).await;
    let mut client = connect(&embedded).await;
    client.begin_transaction().await.unwrap();
    insert(&mut client, 1).await;
    client.save_transaction("here").await.unwrap();
    insert(&mut client, 2).await;
    run(&mut client, "ROLLBACK TRAN here").await.unwrap();
    client.commit_transaction().await.unwrap();
    assert_eq!(count(&mut client).await, 1);
    embedded.shutdown().await;
}

#[tokio::test]
async fn ending_what_was_not_begun_is_an_error() {
    let embedded = with_script(TABLE).await;
    let mut client = connect(&embedded).await;
    assert_eq!(server_error(client.commit_transaction().await).0, 3902);
    assert_eq!(server_error(client.rollback_transaction().await).0, 3903);
    assert_eq!(server_error(run(&mut client, "COMMIT").await).0, 3902);
    assert_eq!(count(&mut client).await, 0);
    embedded.shutdown().await;
}

#[tokio::test]
async fn an_error_keeps_the_transaction_unless_xact_abort_is_on() {
    let embedded = with_script(TABLE).await;
    let mut client = connect(&embedded).await;
    client.begin_transaction().await.unwrap();
    insert(&mut client, 1).await;
    assert_eq!(
        server_error(
            client
                .execute("INSERT INTO t VALUES (1, 'again')", &[])
                .await
        )
        .0,
        2627
    );
    client.commit_transaction().await.unwrap();
    assert_eq!(count(&mut client).await, 1);
    run(&mut client, "SET XACT_ABORT ON").await.unwrap();
    client.begin_transaction().await.unwrap();
    insert(&mut client, 2).await;
    assert_eq!(
        server_error(
            client
                .execute("INSERT INTO t VALUES (1, 'again')", &[])
                .await
        )
        .0,
        2627
    );
    assert_eq!(embedded.status().get().sqlserver.open_transactions, 0);
    assert_eq!(count(&mut client).await, 1);
    embedded.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_at_once_all_get_through() {
    let embedded = with_script(TABLE).await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..12 {
        let mut client = connect(&embedded).await;
        writers.spawn(async move {
            for round in 0..10 {
                client.begin_transaction().await.unwrap();
                insert(&mut client, writer * 100 + round).await;
                client.commit_transaction().await.unwrap();
                insert(&mut client, writer * 100 + round + 50).await;
            }
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended.unwrap();
    }
    assert_eq!(count(&mut connect(&embedded).await).await, 240);
    assert_eq!(embedded.status().get().sqlserver.commits, 120);
    embedded.shutdown().await;
}

/// The error of a batch, or of a statement with parameters, which goes through `sp_executesql`.
async fn executed(client: &mut Sql, sql: &str) -> tiberius::Result<u64> {
    Ok(client.execute(sql, &[]).await?.total())
}

async fn depth(client: &mut Sql) -> i32 {
    let sets = run(client, "SELECT @@TRANCOUNT").await.unwrap();
    sets[0][0].get(0).unwrap()
}

#[tokio::test]
async fn what_is_set_inside_sp_executesql_ends_with_it() {
    let embedded = with_script(TABLE).await;
    let mut client = connect(&embedded).await;
    executed(
        &mut client,
        "SET NOCOUNT ON; SET XACT_ABORT ON; SET TEXTSIZE 4",
    )
    .await
    .unwrap();
    insert(&mut client, 1).await;
    client.begin_transaction().await.unwrap();
    executed(&mut client, "INSERT INTO t VALUES (1, 'again')")
        .await
        .unwrap_err();
    assert_eq!(depth(&mut client).await, 1, "XACT_ABORT is off");
    client.rollback_transaction().await.unwrap();
    // In a batch it stays.
    run(&mut client, "SET NOCOUNT ON").await.unwrap();
    assert_eq!(executed(&mut client, "DELETE FROM t").await.unwrap(), 0);
    embedded.shutdown().await;
}

#[tokio::test]
async fn leaving_another_depth_of_transactions_is_error_266() {
    let embedded = with_script(TABLE).await;
    let mut client = connect(&embedded).await;
    let error = executed(&mut client, "BEGIN TRAN; INSERT INTO t VALUES (1, 'x')").await;
    let (number, message) = server_error(error);
    assert_eq!(number, 266);
    assert!(
        message.ends_with("Previous count = 0, current count = 1."),
        "{message}"
    );
    assert_eq!(depth(&mut client).await, 1, "it stays open");
    let error = executed(&mut client, "ROLLBACK").await;
    assert_eq!(server_error(error).0, 266);
    assert_eq!((depth(&mut client).await, count(&mut client).await), (0, 0));
    set_faults(
        &embedded,
        serde_json::json!({"sqlserver": {"no_error_266": {}}}),
    );
    executed(&mut client, "BEGIN TRAN").await.unwrap();
    assert_eq!(depth(&mut client).await, 1);
    embedded.shutdown().await;
}

#[tokio::test]
async fn an_error_of_a_conversion_takes_its_transaction_with_it() {
    let embedded = with_script(TABLE).await;
    let mut client = connect(&embedded).await;
    client.begin_transaction().await.unwrap();
    insert(&mut client, 1).await;
    let error = executed(&mut client, "SELECT CAST(v AS INT) FROM t").await;
    assert_eq!(server_error(error).0, 245);
    assert_eq!((depth(&mut client).await, count(&mut client).await), (0, 0));
    // A division by zero ends its statement only.
    run(
        &mut client,
        "BEGIN TRAN; INSERT INTO t VALUES (2, 'y'); SELECT 1 / 0; INSERT INTO t VALUES (3, 'z')",
    )
    .await
    .unwrap_err();
    assert_eq!(depth(&mut client).await, 1);
    run(&mut client, "COMMIT").await.unwrap();
    assert_eq!(count(&mut client).await, 2);
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_doomed_transaction_can_only_be_rolled_back() {
    let embedded = with_script(TABLE).await;
    let mut client = connect(&embedded).await;
    let caught = |handler: &str| {
        format!(
            "SET XACT_ABORT ON; BEGIN TRAN; INSERT INTO t VALUES (1, 'x'); \
             BEGIN TRY INSERT INTO t VALUES (1, 'y') END TRY BEGIN CATCH {handler} END CATCH"
        )
    };
    for handler in ["INSERT INTO t VALUES (2, 'z')", "COMMIT"] {
        assert_eq!(
            server_error(run(&mut client, &caught(handler)).await).0,
            3930
        );
        assert_eq!((depth(&mut client).await, count(&mut client).await), (0, 0));
    }
    // What the handler leaves open, the end of the batch ends.
    assert_eq!(
        server_error(run(&mut client, &caught("SELECT 1")).await).0,
        3998
    );
    assert_eq!((depth(&mut client).await, count(&mut client).await), (0, 0));
    run(&mut client, &caught("IF XACT_STATE() = -1 ROLLBACK"))
        .await
        .unwrap();
    assert_eq!((depth(&mut client).await, count(&mut client).await), (0, 0));
    embedded.shutdown().await;
}

#[tokio::test]
async fn the_usual_handler_of_procedures_rolls_back_and_tells_its_caller() {
    let embedded = with_script(TABLE).await;
    let mut client = connect(&embedded).await;
    let usual = "BEGIN TRY BEGIN TRAN; INSERT INTO t VALUES (1, 'x'); INSERT INTO t VALUES (1, 'y'); COMMIT; END TRY \
        BEGIN CATCH IF @@TRANCOUNT > 0 ROLLBACK; DECLARE @m NVARCHAR(200) = ERROR_MESSAGE(); RAISERROR('%s (%d)', 16, 1, @m, 7); END CATCH";
    let (number, message) = server_error(run(&mut client, usual).await);
    assert_eq!(number, 50_000);
    assert!(
        message.contains("PRIMARY KEY") && message.ends_with("(7)"),
        "{message}"
    );
    assert_eq!((depth(&mut client).await, count(&mut client).await), (0, 0));
    let sets = run(&mut client, "INSERT INTO t VALUES (NULL, 'x'); SELECT 1").await;
    assert_eq!(server_error(sets).0, 515);
    embedded.shutdown().await;
}
