//! Batches: several statements, session settings, variables, and the T-SQL that SQLite does not speak.

use super::harness::{Sql, connect, run, sample, server_error, with_script};

async fn sets(client: &mut Sql, sql: &str) -> Vec<Vec<tiberius::Row>> {
    run(client, sql).await.unwrap()
}

async fn text(client: &mut Sql, sql: &str) -> String {
    let sets = sets(client, sql).await;
    sets.last().unwrap()[0]
        .get::<&str, _>(0)
        .unwrap()
        .to_owned()
}

async fn number(client: &mut Sql, sql: &str) -> i32 {
    let sets = sets(client, sql).await;
    sets.last().unwrap()[0].get(0).unwrap()
}

#[tokio::test]
async fn every_select_of_a_batch_is_a_result_set() {
    let embedded = sample().await;
    let mut client = connect(&embedded).await;
    let sets = sets(
        &mut client,
        "SET NOCOUNT ON SELECT 1 AS a; SELECT 2 AS b, 3 AS c WHERE 1 = 0 SELECT N'x' AS d",
    )
    .await;
    assert_eq!(sets.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0, 1]);
    let mut client = connect(&embedded).await;
    let sets = client
        .query("SELECT @P1 AS a; SELECT @P1 + 1 AS b", &[&1_i32])
        .await
        .unwrap()
        .into_results()
        .await
        .unwrap();
    assert_eq!(
        (sets[0][0].get::<i32, _>(0), sets[1][0].get::<i32, _>(0)),
        (Some(1), Some(2))
    );
    embedded.shutdown().await;
}

#[tokio::test]
async fn text_size_cuts_long_values_off_and_leaves_limited_ones() {
    let embedded = with_script(
        "CREATE TABLE t (long NVARCHAR(MAX), short NVARCHAR(20), bytes VARBINARY(MAX), ansi VARCHAR(MAX)); \
         INSERT INTO t VALUES ('0123456789', '0123456789', X'00010203040506070809', '0123456789');",
    )
    .await;
    let mut client = connect(&embedded).await;
    sets(&mut client, "SET TEXTSIZE 8").await;
    let row = client
        .query("SELECT * FROM t", &[])
        .await
        .unwrap()
        .into_row()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.get::<&str, _>("long"), Some("0123"));
    assert_eq!(row.get::<&str, _>("short"), Some("0123456789"));
    assert_eq!(
        row.get::<&[u8], _>("bytes"),
        Some(&[0, 1, 2, 3, 4, 5, 6, 7][..])
    );
    assert_eq!(row.get::<&str, _>("ansi"), Some("01234567"));
    sets(&mut client, "SET TEXTSIZE 2147483647").await;
    let row = client
        .query("SELECT long FROM t", &[])
        .await
        .unwrap()
        .into_row()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.get::<&str, _>("long"), Some("0123456789"));
    embedded.shutdown().await;
}

#[tokio::test]
async fn settings_that_drivers_send_are_taken() {
    let embedded = sample().await;
    let mut client = connect(&embedded).await;
    let sql = "SET ANSI_NULLS, QUOTED_IDENTIFIER ON; SET ARITHABORT ON SET LANGUAGE us_english; SET DATEFORMAT mdy \
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED SET XACT_ABORT ON; SET LOCK_TIMEOUT -1; USE School; SELECT @@SPID";
    assert!(number(&mut client, sql).await > 50);
    embedded.shutdown().await;
}

#[tokio::test]
async fn top_and_offset_limit_rows() {
    let embedded = sample().await;
    let mut client = connect(&embedded).await;
    let ids = |rows: &[tiberius::Row]| {
        rows.iter()
            .map(|row| row.get::<&str, _>(0).unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let rows = &sets(
        &mut client,
        "SELECT TOP (2) id FROM Assessments ORDER BY id DESC",
    )
    .await[0];
    assert_eq!(ids(rows), ["A-S999-20", "A-S999-19"]);
    let rows =
        &sets(&mut client, "SELECT id FROM Assessments WHERE student_id = 'S7' ORDER BY id OFFSET 1 ROWS FETCH NEXT 2 ROWS ONLY")
            .await[0];
    assert_eq!(ids(rows), ["A-S7-02", "A-S7-03"]);
    let sql = "SELECT TOP 1 'a' AS x FROM Assessments UNION ALL SELECT x FROM (SELECT TOP 2 'b' AS x FROM Assessments) AS inner_one";
    assert_eq!(ids(&sets(&mut client, sql).await[0]), ["a", "b", "b"]);
    let row =
        client.query("SELECT DISTINCT TOP (@P1) type FROM dbo.Assessments AS a WITH (NOLOCK, READPAST) ORDER BY type", &[&1_i64]);
    assert_eq!(
        ids(&row.await.unwrap().into_first_result().await.unwrap()),
        ["COMPREHENSION"]
    );
    embedded.shutdown().await;
}

#[tokio::test]
async fn an_output_clause_gives_what_was_written() {
    let embedded =
        with_script("CREATE TABLE t (id INTEGER PRIMARY KEY, v NVARCHAR(20), n DECIMAL(5,2));")
            .await;
    let mut client = connect(&embedded).await;
    let sql =
        "INSERT INTO t (v, n) OUTPUT inserted.id, inserted.v AS what, inserted.n VALUES (@P1, 1.5)";
    let row = client
        .query(sql, &[&"x"])
        .await
        .unwrap()
        .into_row()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (row.get::<i32, _>("id"), row.get::<&str, _>("what")),
        (Some(1), Some("x"))
    );
    assert_eq!(
        row.get::<rust_decimal::Decimal, _>("n")
            .unwrap()
            .to_string(),
        "1.50"
    );
    let rows =
        sets(&mut client, "UPDATE t SET v = 'y' OUTPUT inserted.v WHERE id = 1; DELETE t OUTPUT deleted.id WHERE id = 1").await;
    assert_eq!(
        (rows[0][0].get::<&str, _>(0), rows[1][0].get::<i32, _>(0)),
        (Some("y"), Some(1))
    );
    embedded.shutdown().await;
}

#[tokio::test]
async fn variables_conditions_and_counts_work() {
    let embedded = sample().await;
    let mut client = connect(&embedded).await;
    let sql = "DECLARE @n INT = 3, @name NVARCHAR(20); SET @name = N'S' + CAST(@n AS NVARCHAR(5)); \
        IF EXISTS (SELECT 1 FROM Assessments WHERE student_id = @name) BEGIN SET @n = @n + 1 END ELSE SET @n = 0 \
        SELECT @name = @name + '/' + type FROM Assessments WHERE id = 'A-S3-04'; SELECT @name + CAST(@n AS VARCHAR(3))";
    assert_eq!(text(&mut client, sql).await, "S3/FLUENCY4");
    assert_eq!(
        number(
            &mut client,
            "UPDATE Assessments SET score = score WHERE student_id = 'S1'; SELECT @@ROWCOUNT"
        )
        .await,
        20
    );
    assert_eq!(
        number(
            &mut client,
            "IF 1 = 2 SELECT 1 ELSE IF 2 = 2 SELECT 2 ELSE SELECT 3"
        )
        .await,
        2
    );
    embedded.shutdown().await;
}

#[tokio::test]
async fn functions_of_t_sql_have_their_answers() {
    let embedded = sample().await;
    let mut client = connect(&embedded).await;
    let texts = [
        ("SELECT ISNULL(NULL, N'x')", "x"),
        ("SELECT LEFT('abcdef', 2) + RIGHT('abcdef', 2)", "abef"),
        (
            "SELECT [name] FROM (SELECT 'a''b]' AS [name]) AS [odd]] table]",
            "a'b]",
        ),
        (
            "SELECT 'a -- no comment' /* a /* nested */ one */ -- the end",
            "a -- no comment",
        ),
        (
            "SELECT 'a' + CAST(1 AS NVARCHAR) + 'b' + IIF(1 = 1, 'c', 'd')",
            "a1bc",
        ),
        (
            "SELECT CONVERT(NVARCHAR(10), DATEADD(month, 1, CAST('2026-01-31' AS DATE)))",
            "2026-02-28",
        ),
        (
            "SELECT SUBSTRING('abc', 2, 1) + UPPER('x') + REPLACE('aba', 'a', 'c') + ''",
            "bXcbc",
        ),
        ("SELECT CASE WHEN 2 > 1 THEN 'yes' ELSE 'no' END", "yes"),
    ];
    for (sql, wanted) in texts {
        assert_eq!(text(&mut client, sql).await, wanted, "{sql}");
    }
    let numbers = [
        ("SELECT LEN('abc  ')", 3),
        (
            "SELECT DATEDIFF(day, '2026-01-31 23:59:00', '2026-02-01 00:01:00')",
            1,
        ),
        (
            "SELECT DATEPART(year, '2026-02-01') + MONTH('2026-02-01')",
            2028,
        ),
        ("SELECT CHARINDEX('b', 'abc')", 2),
        ("SELECT 7 / 2", 3),
        ("SELECT 7 % -4", 3),
        ("SELECT 1 + 2 * 3", 7),
    ];
    for (sql, wanted) in numbers {
        assert_eq!(number(&mut client, sql).await, wanted, "{sql}");
    }
    embedded.shutdown().await;
}

#[tokio::test]
async fn temporary_tables_are_the_sessions_own() {
    let embedded = sample().await;
    let (mut client, mut other) = (connect(&embedded).await, connect(&embedded).await);
    sets(
        &mut client,
        "CREATE TABLE #t (id INT, v NVARCHAR(MAX)); INSERT #t VALUES (1, 'x')",
    )
    .await;
    assert_eq!(number(&mut client, "SELECT id FROM #t").await, 1);
    assert_eq!(
        server_error(run(&mut other, "SELECT id FROM #t").await).0,
        208
    );
    embedded.shutdown().await;
}
