//! Lists: as SQL says, however many values they have.

use mayfly_capabilities::sql::configuration::{Access, Body, Statement};

use crate::backends::{Backends, session, soon, statements};

async fn numbers(statement: &str, parameters: &str) -> String {
    let backends = Backends::start().await;
    let session = session(&backends.sqlserver(|_| ()));
    let rows = session.query(statement, parameters, soon()).await.unwrap();
    rows.replace(r#"{"n":"#, "").replace('}', "")
}

fn range(from: u32, to: u32) -> String {
    let numbers: Vec<String> = (from..to).map(|n| n.to_string()).collect();
    format!("[{}]", numbers.join(","))
}

#[tokio::test]
async fn a_list_without_values_has_nothing_in_it() {
    assert_eq!(numbers("within", r#"{"ids": []}"#).await, "[]");
    assert_eq!(numbers("outside_of", r#"{"ids": []}"#).await, "[1,2,3,4,5]");
    assert_eq!(numbers("outside_of", r#"{"ids": [2, 4]}"#).await, "[1,3,5]");
    // Among other values it leaves those.
    assert_eq!(
        numbers("within_two", r#"{"a": [0, 1, 2], "b": []}"#).await,
        "[1,2]"
    );
}

#[tokio::test]
async fn so_it_is_inside_an_aggregate_and_for_null() {
    let backends = Backends::start().await;
    let session = session(&backends.sqlserver(|_| ()));
    let counts = async |types: &str| {
        let parameters = format!(r#"{{"types": {types}}}"#);
        session
            .query("counted_by_list", &parameters, soon())
            .await
            .unwrap()
    };
    assert_eq!(
        counts("[]").await,
        r#"[{"inside":0,"outside":40,"with_nulls":40}]"#
    );
    assert_eq!(
        counts(r#"["math"]"#).await,
        r#"[{"inside":20,"outside":20,"with_nulls":20}]"#
    );
}

/// A statement with this text and a list of numbers, `@ids`.
fn with_ids(name: &str, access: Access, text: &str) -> Statement {
    let mut statement = statements()
        .into_iter()
        .find(|statement| statement.name == "within")
        .unwrap();
    statement.name = name.to_owned();
    statement.access = access;
    statement.body = Body::Text(text.to_owned());
    statement
}

#[tokio::test]
async fn so_it_is_in_every_clause_of_a_statement() {
    let cases = [
        (
            "SELECT type, COUNT(*) AS n FROM Assessments GROUP BY type HAVING COUNT(*) NOT IN (@ids) ORDER BY type",
            r#"[{"type":"math","n":20},{"type":"reading","n":20}]"#,
            "[]",
        ),
        (
            "SELECT type FROM Assessments GROUP BY type HAVING COUNT(*) IN (@ids) ORDER BY type",
            "[]",
            r#"[{"type":"math"},{"type":"reading"}]"#,
        ),
        (
            "SELECT COUNT(*) AS n FROM Ledger AS l JOIN Numbers AS m ON m.n <= 25 AND m.n NOT IN (@ids)",
            r#"[{"n":25}]"#,
            r#"[{"n":23}]"#,
        ),
        (
            "SELECT COUNT(*) AS n FROM Ledger AS l JOIN Numbers AS m ON m.n <= 25 AND m.n IN (@ids)",
            r#"[{"n":0}]"#,
            r#"[{"n":2}]"#,
        ),
        (
            "SELECT IIF(n IN (@ids), 'in', 'out') AS a, IIF(n NOT IN (@ids), 'out', 'in') AS b FROM Numbers WHERE n = 3",
            r#"[{"a":"out","b":"out"}]"#,
            r#"[{"a":"in","b":"in"}]"#,
        ),
        (
            "SELECT n FROM Numbers WHERE n <= 4 ORDER BY CASE WHEN n IN (@ids) THEN 0 ELSE 1 END, n",
            r#"[{"n":1},{"n":2},{"n":3},{"n":4}]"#,
            r#"[{"n":3},{"n":1},{"n":2},{"n":4}]"#,
        ),
    ];
    let backends = Backends::start().await;
    for (text, without, with) in cases {
        let statement = with_ids("tried", Access::Read, text);
        let pool = backends.sqlserver(|_| ());
        let pool = pool.with_statements(&[statement]).unwrap();
        let session = session(&pool);
        for (ids, expected) in [("[]", without), ("[3, 20]", with)] {
            let parameters = format!(r#"{{"ids": {ids}}}"#);
            assert_eq!(
                session.query("tried", &parameters, soon()).await.unwrap(),
                expected,
                "{text} {ids}"
            );
        }
    }
}

#[tokio::test]
async fn so_it_is_in_what_an_update_sets() {
    let backends = Backends::start().await;
    let pool = backends.sqlserver(|_| ());
    let pool = pool
        .with_statements(&[
            with_ids(
                "set",
                Access::Write,
                "UPDATE Ledger SET amount = CASE WHEN id IN (@ids) THEN 1 WHEN id NOT IN (@ids) THEN 2 ELSE 3 END",
            ),
            with_ids(
                "read",
                Access::Read,
                "SELECT amount FROM Ledger WHERE id NOT IN (@ids)",
            ),
        ])
        .unwrap();
    let session = session(&pool);
    for (ids, amount) in [("[]", 2), ("[1]", 1)] {
        let set = session.execute("set", &format!(r#"{{"ids": {ids}}}"#), soon());
        assert_eq!(set.await.unwrap(), r#"{"rowsAffected":1}"#);
        let read = session.query("read", r#"{"ids": []}"#, soon());
        assert_eq!(
            read.await.unwrap(),
            format!(r#"[{{"amount":{amount}}}]"#),
            "{ids}"
        );
    }
}

#[tokio::test]
async fn as_many_values_work_as_the_server_takes_alone_or_over_several_lists() {
    for count in [2_048, 2_049, 2_098] {
        let parameters = format!(r#"{{"ids": {}}}"#, range(0, count));
        assert_eq!(
            numbers("within", &parameters).await,
            "[1,2,3,4,5]",
            "{count}"
        );
    }
    for (a, b) in [(1_025, 60), (1_000, 1_098), (2_097, 1)] {
        let parameters = format!(r#"{{"a": {}, "b": {}}}"#, range(0, a), range(3, 3 + b));
        let rows = numbers("within_two", &parameters).await;
        assert!(rows.starts_with("[1,2"), "{a} and {b}: {rows}");
    }
    let backends = Backends::start().await;
    let session = session(&backends.sqlserver(|_| ()));
    let parameters = format!(r#"{{"a": {}, "b": [1]}}"#, range(0, 2_098));
    let error = session
        .query("within_two", &parameters, soon())
        .await
        .unwrap_err();
    assert_eq!(
        error.message,
        "statement `within_two`: more than 2098 values; SQL Server takes no more, so pass shorter lists"
    );
}
