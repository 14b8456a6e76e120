//! T-SQL in, SQLite out.
#![expect(
    clippy::unwrap_used,
    reason = "a test that meets something unexpected fails"
)]

use super::*;

fn translated(sql: &str) -> String {
    let globals = Globals {
        transaction_count: 2,
        transaction_id: 5,
        row_count: 7,
        session: 51,
        text_variables: vec!["@name".into()],
    };
    translate(&tokenize(sql).unwrap(), &globals).unwrap().sql
}

fn statements(sql: &str) -> usize {
    parse(tokenize(sql).unwrap()).unwrap().len()
}

#[test]
fn what_sqlite_spells_otherwise_is_rewritten() {
    let cases = [
        (
            "SELECT TOP (5) * FROM dbo.T ORDER BY a",
            "SELECT * FROM T ORDER BY a LIMIT ( 5 )",
        ),
        (
            "SELECT [a]]b] FROM School.dbo.[T x]",
            "SELECT \"a]b\" FROM \"T x\"",
        ),
        ("SELECT a FROM School..T", "SELECT a FROM T"),
        ("SELECT N'it''s' -- no\n, 0x0aB", "SELECT 'it''s' , X'00aB'"),
        (
            "SELECT a FROM T AS t WITH (NOLOCK, READPAST), U (NOLOCK)",
            "SELECT a FROM T AS t , U",
        ),
        (
            "SELECT ISNULL(a, LEN(b))",
            "SELECT ifnull ( a , LEN ( b ) )",
        ),
        ("SELECT @@TRANCOUNT, @@ROWCOUNT", "SELECT 2 , 7"),
        ("SELECT a + 'x' + b, c + d", "SELECT a || 'x' || b , c + d"),
        ("SELECT @Name + a", "SELECT @name || a"),
        ("SELECT f(a + 1) + 'x'", "SELECT f ( a + 1 ) || 'x'"),
        (
            "SELECT a WHERE b LIKE '%' + @P1 + '%' AND c = d + 1",
            "SELECT a WHERE b LIKE '%' || @p1 || '%' AND c = d + 1",
        ),
        (
            "SELECT a / -b.c % f(2)",
            "SELECT a / divisor ( - b . c ) % divisor ( f ( 2 ) )",
        ),
        (
            "SELECT CAST(a AS DECIMAL(5, 2))",
            "SELECT convert_to ( 'decimal(5,2)' , a )",
        ),
        (
            "SELECT a FROM T ORDER BY a OFFSET 5 ROWS FETCH NEXT @n ROWS ONLY",
            "SELECT a FROM T ORDER BY a LIMIT @n OFFSET 5",
        ),
        (
            "INSERT T (a) OUTPUT inserted.id VALUES (1)",
            "INSERT INTO T ( a ) VALUES ( 1 ) RETURNING id",
        ),
        ("DELETE T WHERE a = 1", "DELETE FROM T WHERE a = 1"),
        ("TRUNCATE TABLE T", "DELETE FROM T"),
        (
            "CREATE TABLE #t (a NVARCHAR(MAX))",
            "CREATE TEMP TABLE \"#t\" ( a NVARCHAR ( -1 ) )",
        ),
        (
            "SELECT DATEADD(day, 1, GETDATE())",
            "SELECT dateadd ( 'day' , 1 , GETDATE ( ) )",
        ),
    ];
    for (sql, wanted) in cases {
        assert_eq!(translated(sql), wanted);
    }
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
