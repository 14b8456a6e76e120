//! Counts and cells: what cannot be told is told as that, and the connection is as good as before.

use mayfly_capabilities::sql::SqlSession;
use mayfly_embedded::{Malformed, MalformedText, Plain, SqlErrorFault, SqlServerFaults};
use mayfly_error::CallCode;

use crate::backends::{Backends, eventually, session, soon, statements};

const ONE: &str = r#"{"n": 1}"#;

#[tokio::test]
async fn rows_are_counted_whatever_the_servers_options_say() {
    let backends = Backends::start().await;
    backends.sql_faults(SqlServerFaults {
        no_count: Some(Plain::default()),
        ..Default::default()
    });
    let session = session(&backends.sqlserver(|_| ()));
    counts_one_row(&session).await;
}

/// A statement that changes one row is told to have.
async fn counts_one_row(session: &SqlSession) {
    let added = session.execute("add", r#"{"amount": 1}"#, soon()).await;
    assert_eq!(added.unwrap(), r#"{"rowsAffected":1}"#);
}

#[tokio::test]
async fn a_statement_that_switches_counting_off_has_an_unknown_count() {
    let backends = Backends::start().await;
    let session = session(&backends.sqlserver(|_| ()));
    assert_eq!(
        session.execute("quietly", "", soon()).await.unwrap(),
        r#"{"rowsAffected":null}"#
    );
}

#[tokio::test]
async fn where_only_a_part_may_be_counted_the_count_is_unknown() {
    let backends = Backends::start().await;
    let session = session(&backends.sqlserver(|_| ()));
    for (statement, rows) in [
        ("quietly_from_here", "null"),
        ("adds_and_more", "null"),
        ("adds_twice", "null"),
        ("adds_quietly", "null"),
        ("adds", "1"),
    ] {
        assert_eq!(
            session.execute(statement, "", soon()).await.unwrap(),
            format!(r#"{{"rowsAffected":{rows}}}"#),
            "{statement}"
        );
    }
}

#[tokio::test]
async fn a_procedure_that_switches_counting_off_does_so_for_itself_only() {
    let backends = Backends::start().await;
    let session = session(&backends.sqlserver(|config| config.max_connections = 1));
    for _ in 0..2 {
        session.execute("adds_quietly", "", soon()).await.unwrap();
        session.call("call_adds_quietly", "", soon()).await.unwrap();
        counts_one_row(&session).await;
    }
    assert_eq!(backends.sql_counters().logins, 1);
}

fn malformed(with: Malformed, matching: &str) -> SqlServerFaults {
    SqlServerFaults {
        malformed_text: Some(MalformedText {
            with,
            matching: Some(matching.to_owned()),
            times: None,
        }),
        ..Default::default()
    }
}

/// A pool with the tests' statements but those that are read lossily.
fn strict(backends: &Backends) -> mayfly_capabilities::sql::SqlServer {
    let mut statements = statements();
    statements.retain(|statement| !statement.lossy);
    // A pool that was lossy once stays so, and this one never was.
    let mut config = crate::backends::sqlserver_config();
    config.max_connections = 1;
    let address = backends.embedded.addresses().sqlserver;
    mayfly_capabilities::sql::SqlServer::new(&config, Some(address), &statements).unwrap()
}

#[tokio::test]
async fn text_that_cannot_be_decoded_fails_with_column_and_remedy_and_closes_no_connection() {
    let backends = Backends::start().await;
    for (pool, with, statement, expected) in [
        (
            strict(&backends),
            Malformed::LoneSurrogate,
            "names",
            "statement `names`: text of column `text` is not valid UTF-16; correct the data, or set `lossy = true` for the \
             statement to read it with U+FFFD in its place",
        ),
        (
            backends.sqlserver(|config| config.max_connections = 1),
            Malformed::LoneSurrogate,
            "names",
            "statement `names`: text of column `text` is not valid UTF-16; correct the data, or set `lossy = true` for the \
             statement to read it with U+FFFD in its place",
        ),
        (
            strict(&backends),
            Malformed::CodePage,
            "code_page",
            "statement `code_page`: text of one of the columns `text`, `other` is not valid in its code page; correct the data, \
             or CAST the column AS nvarchar in the statement",
        ),
    ] {
        backends.embedded.status().reset();
        backends.sql_faults(malformed(with, "Numbers"));
        let session = session(&pool);
        for _ in 0..3 {
            let error = session.query(statement, "", soon()).await.unwrap_err();
            assert_eq!(
                (error.code, error.message.as_str()),
                (CallCode::Backend, expected)
            );
            let stream = session.stream_rows(statement, "");
            assert_eq!(stream.next(10, soon()).await.unwrap_err().message, expected);
        }
        // Inside a transaction, too, which goes on.
        let transaction = session.begin();
        transaction
            .execute("insert", r#"{"id": 9, "amount": 1}"#, soon())
            .await
            .unwrap();
        let error = transaction.query(statement, "", soon()).await.unwrap_err();
        assert_eq!(error.message, expected);
        transaction
            .query("balance", ONE.replace('n', "id").as_str(), soon())
            .await
            .unwrap();
        transaction.rollback(soon()).await.unwrap();
        backends.lift();
        assert_eq!(
            session.query("number", ONE, soon()).await.unwrap(),
            r#"[{"n":1}]"#
        );
        eventually("it is given back", || pool.status().in_use == 0).await;
        assert_eq!(
            (backends.sql_counters().logins, pool.status().size),
            (1, 1),
            "{statement}"
        );
    }
}

#[tokio::test]
async fn outputs_that_cannot_be_decoded_are_named_and_so_is_that_execute_reads_no_rows() {
    const LOSSY: &str = "is not valid UTF-16; correct the data, or set `lossy = true` for the statement to read it with U+FFFD \
                         in its place";
    let backends = Backends::start().await;
    let pools = [
        strict(&backends),
        backends.sqlserver(|config| config.max_connections = 1),
    ];
    for pool in pools {
        backends.lift();
        backends.embedded.status().reset();
        let session = session(&pool);
        let call = || session.call("latest", r#"{"student_id": "s1", "until": null}"#, soon());
        for (with, expected) in [
            (
                Malformed::CodePage,
                "output `note` is not valid in its code page; correct the data, or declare the parameter as nvarchar".to_owned(),
            ),
            (Malformed::LoneSurrogate, format!("output `id` {LOSSY}")),
        ] {
            backends.sql_faults(malformed(with, "latest"));
            let error = call().await.unwrap_err();
            assert_eq!(
                error.message,
                format!("statement `latest`: text of {expected}")
            );
        }
        backends.lift();
        call().await.unwrap();
        assert_eq!(backends.sql_counters().logins, 1);
    }
    let pool = strict(&backends);
    let session = session(&pool);
    backends.sql_faults(malformed(Malformed::LoneSurrogate, "Numbers"));
    let expected = "statement `renames`: text of a row that `execute` does not read is not valid UTF-16; correct the data, or \
                    leave its column out of the statement";
    let transaction = session.begin();
    let error = transaction
        .execute("renames", "", soon())
        .await
        .unwrap_err();
    assert_eq!(error.message, expected);
    drop(transaction);
    // Alone it may have been done: the log has why.
    let error = session.execute("renames", "", soon()).await.unwrap_err();
    assert_eq!(error.code, CallCode::OutcomeUnknown);
    assert_eq!(error.detail, expected);
}

#[tokio::test]
async fn a_lossy_statement_reads_it_with_a_replacement() {
    let backends = Backends::start().await;
    let pool = backends.sqlserver(|config| config.max_connections = 1);
    backends.sql_faults(malformed(Malformed::LoneSurrogate, "Numbers"));
    let rows = session(&pool)
        .query("names_lossily", "", soon())
        .await
        .unwrap();
    assert!(
        rows.starts_with("[{\"n\":1,\"text\":\"row \u{fffd}\"}"),
        "{rows}"
    );
}

#[tokio::test]
async fn a_pool_reads_lossily_from_when_a_statement_asks_for_it() {
    let backends = Backends::start().await;
    let before = strict(&backends);
    before.check(soon()).await.unwrap();
    let after = before.with_statements(&statements()).unwrap();
    backends.sql_faults(malformed(Malformed::LoneSurrogate, "Numbers"));
    let rows = session(&after)
        .query("names_lossily", "", soon())
        .await
        .unwrap();
    assert!(rows.contains('\u{fffd}'), "{rows}");
    assert_eq!(
        (backends.sql_counters().logins, after.status().size),
        (2, 1)
    );
}

#[tokio::test]
async fn a_duplicate_key_is_not_retryable_and_a_deadlock_is() {
    let backends = Backends::start().await;
    let session = session(&backends.sqlserver(|_| ()));
    let insert = || session.execute("insert", r#"{"id": 1, "amount": 5}"#, soon());
    let error = insert().await.unwrap_err();
    assert_eq!((error.code, error.retryable), (CallCode::Conflict, false));
    for (number, retryable) in [(2601, false), (1205, true), (3960, true)] {
        backends.sql_faults(SqlServerFaults {
            sql_error: Some(SqlErrorFault {
                number,
                matching: Some("INSERT".to_owned()),
                times: Some(1),
                ..SqlErrorFault::default()
            }),
            ..Default::default()
        });
        let error = insert().await.unwrap_err();
        assert_eq!(
            (error.code, error.retryable),
            (CallCode::Conflict, retryable),
            "{number}"
        );
    }
}
