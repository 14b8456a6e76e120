//! T-SQL in, statements out.
#![expect(
    clippy::unwrap_used,
    reason = "a test that meets something unexpected fails"
)]

use super::*;

fn statements(sql: &str) -> usize {
    parse(tokenize(sql).unwrap()).unwrap().len()
}

#[test]
fn statements_end_without_a_semicolon_where_the_next_one_starts() {
    let cases = [
        ("SELECT 1 SELECT 2", 2),
        ("SET NOCOUNT ON SELECT 1", 2),
        ("SELECT 1 UNION ALL SELECT 2", 1),
        (
            "INSERT INTO a SELECT 1 UPDATE a SET b = CASE WHEN c = 1 THEN 2 ELSE 3 END SET NOCOUNT OFF",
            3,
        ),
        ("WITH x AS (SELECT 1 AS n) SELECT n FROM x; SELECT 2", 2),
        ("WITH x AS (SELECT 1 AS n) DELETE FROM x", 1),
        (
            "DROP TABLE IF EXISTS a CREATE TABLE a (b INT REFERENCES c ON DELETE CASCADE ON UPDATE SET NULL)",
            2,
        ),
        (
            "IF 1 = 1 BEGIN SELECT 1 SELECT 2 END ELSE SELECT 3 SELECT 4",
            2,
        ),
        ("IF @@TRANCOUNT > 0 ROLLBACK", 1),
        (
            "BEGIN TRAN COMMIT TRANSACTION ROLLBACK TRAN here WAITFOR DELAY '00:00:01' RETURN",
            5,
        ),
        (
            "DECLARE @a INT = 1, @b DECIMAL(5,2) SET @a = (SELECT 2) SELECT @a = 3",
            3,
        ),
        (";;", 0),
        ("-- nothing", 0),
    ];
    for (sql, wanted) in cases {
        assert_eq!(statements(sql), wanted, "{sql}");
    }
}

#[test]
fn text_that_no_statement_begins_with_is_an_error() {
    for sql in [
        "SELEC 1",
        "1",
        "BEGIN SELECT 1",
        "SET @a 1",
        "DECLARE @a nothing",
        "'open",
        "[open",
        "END",
    ] {
        assert!(tokenize(sql).and_then(parse).is_err(), "{sql}");
    }
}
