//! Errors have SQL Server's numbers, and leave the connection usable.

use super::harness::{connect, run, sample, server_error, with_script};

const SCRIPT: &str = "CREATE TABLE parent (id INT NOT NULL PRIMARY KEY);
CREATE TABLE t (id INT NOT NULL PRIMARY KEY, code NVARCHAR(10) UNIQUE, k NVARCHAR(10), n INT NOT NULL DEFAULT 0 CHECK (n >= 0),
  parent INT REFERENCES parent (id));
CREATE UNIQUE INDEX UX_t_k ON t (k) WHERE k IS NOT NULL;
INSERT INTO t (id, code, k) VALUES (1, 'a', 'x');";

#[tokio::test]
async fn each_failure_has_its_number() {
    let embedded = with_script(SCRIPT).await;
    let mut client = connect(&embedded).await;
    let failures = [
        ("INSERT INTO t (id) VALUES (1)", 2627),
        ("INSERT INTO t (id, code) VALUES (2, 'a')", 2627),
        ("INSERT INTO t (id, k) VALUES (2, 'x')", 2601),
        ("INSERT INTO t (id) VALUES (NULL)", 515),
        ("INSERT INTO t (id, n) VALUES (2, -1)", 547),
        ("INSERT INTO t (id, parent) VALUES (2, 7)", 547),
        ("SELECT * FROM Nowhere", 208),
        ("SELECT absent FROM t", 207),
        ("SELECT [absent] FROM t", 207),
        ("SELECT absent(1)", 195),
        ("SELEC 1", 102),
        ("SELECT FROM WHERE", 102),
        ("SELECT 'open", 105),
        ("SELECT 1 / 0", 8134),
        ("SELECT id % (1 - id) FROM t", 8134),
        ("SELECT @missing", 137),
        ("SELECT CAST('x' AS INT)", 245),
        ("SELECT CAST('1.2.3' AS DATE)", 241),
        ("SELECT CAST(1000 AS TINYINT)", 8115),
        ("SELECT CAST(1 AS thing)", 243),
        ("SET NONSENSE ON", 195),
        ("THROW 50123, 'mine', 1", 50_123),
        ("RAISERROR ('mine', 16, 1)", 50_000),
        ("SAVE TRAN nowhere", 628),
    ];
    for (sql, number) in failures {
        assert_eq!(server_error(run(&mut client, sql).await).0, number, "{sql}");
    }
    let row = client
        .query("SELECT COUNT(*) FROM t", &[])
        .await
        .unwrap()
        .into_row()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.get::<i32, _>(0), Some(1));
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_duplicate_idempotency_key_names_its_index() {
    let embedded = sample().await;
    let mut client = connect(&embedded).await;
    let sql = "INSERT INTO Assessments (id, student_id, type, score, taken_at, idempotency_key) \
        VALUES (@P1, N'S1', N'FLUENCY', 90, SYSUTCDATETIME(), @P2)";
    client.execute(sql, &[&"A-new-1", &"key-1"]).await.unwrap();
    let (number, message) = server_error(client.execute(sql, &[&"A-new-2", &"key-1"]).await);
    assert_eq!(number, 2601);
    assert!(
        message.contains("UX_Assessments_IdempotencyKey"),
        "{message}"
    );
    assert_eq!(
        server_error(client.execute(sql, &[&"A-new-1", &"key-2"]).await).0,
        2627
    );
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_statement_error_lets_the_batch_go_on_and_a_binding_error_ends_it() {
    let embedded = with_script(SCRIPT).await;
    let mut client = connect(&embedded).await;
    let result = run(
        &mut client,
        "INSERT INTO t (id) VALUES (1); INSERT INTO t (id) VALUES (2)",
    )
    .await;
    assert_eq!(server_error(result).0, 2627);
    let result = run(
        &mut client,
        "SELECT * FROM Nowhere; INSERT INTO t (id) VALUES (3)",
    )
    .await;
    assert_eq!(server_error(result).0, 208);
    let row = client
        .query("SELECT COUNT(*) FROM t", &[])
        .await
        .unwrap()
        .into_row()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.get::<i32, _>(0), Some(2));
    embedded.shutdown().await;
}
