//! Statements that begin and end transactions: nothing runs outside its transaction, and what was committed is committed.
//!
//! Each holds on a server that fails a call with error 266 where it left another number of transactions open, and on one that does
//! not; on one that numbers transactions, and on an older one that does not.

use mayfly_capabilities::sql::{SqlServer, SqlSession, Transaction};
use mayfly_embedded::{Also, Plain, SqlErrorFault, SqlServerFaults};
use mayfly_error::{CallCode, CallError};

use crate::backends::{Backends, code, eventually, session, soon};

const FIRST: &str = r#"{"id": 1}"#;
const A: &str = r#"{"id": 7, "amount": 1}"#;
const B: &str = r#"{"id": 8, "amount": 1}"#;

/// A server of a kind, and a pool of one connection.
async fn server(tells_266: bool, numbers: bool) -> (Backends, SqlServer) {
    let backends = Backends::start().await;
    let pool = backends.sqlserver(|config| config.max_connections = 1);
    if !numbers {
        backends.sql_faults(SqlServerFaults {
            sql_error: Some(SqlErrorFault {
                number: 195,
                class: 15,
                matching: Some("CURRENT_TRANSACTION_ID".to_owned()),
                ..SqlErrorFault::default()
            }),
            ..SqlServerFaults::default()
        });
    }
    pool.check(soon()).await.unwrap();
    backends.sql_faults(SqlServerFaults {
        no_error_266: (!tells_266).then(Plain::default),
        ..SqlServerFaults::default()
    });
    (backends, pool)
}

const KINDS: [(bool, bool); 4] = [(true, true), (true, false), (false, true), (false, false)];

/// How a statement is run in a transaction.
async fn run(transaction: &Transaction, statement: &str) -> Result<String, CallError> {
    match statement {
        "ends" | "leaves_open" => transaction.call(statement, "", soon()).await,
        _ => transaction.execute(statement, "", soon()).await,
    }
}

async fn is_there(session: &SqlSession, row: &str) -> bool {
    let id = if row == A { 7 } else { 8 };
    let rows = session
        .query("balance", &format!(r#"{{"id": {id}}}"#), soon())
        .await
        .unwrap();
    rows != "[]"
}

/// A statement is told as what it did to its transaction, and is not to be tried again.
fn is_told(error: &CallError, statement: &str, kind: &str) {
    let beginning = format!("statement `{statement}`: it ");
    assert!(error.message.starts_with(&beginning), "{kind}: {error:?}");
    assert!(!error.code.retryable(), "{kind}: {error:?}");
}

/// A transaction that a statement ended takes nothing any more, and leaves neither of the rows, nothing open and its connection.
async fn is_over(
    transaction: Transaction,
    (session, backends): (&SqlSession, &Backends),
    kind: &str,
) {
    let later = transaction.execute("insert", B, soon()).await;
    assert_eq!(code(later), CallCode::Invalid, "{kind}");
    let committed = transaction.commit(soon()).await;
    assert_eq!(code(committed), CallCode::Invalid, "{kind}");
    drop(transaction);
    for row in [A, B] {
        assert!(!is_there(session, row).await, "{kind}: {row}");
    }
    let counters = backends.sql_counters();
    assert_eq!(
        (counters.open_transactions, counters.logins),
        (0, 1),
        "{kind}"
    );
}

#[tokio::test]
async fn a_statement_that_ends_its_transaction_fails_and_nothing_runs_outside_of_it() {
    for (tells_266, numbers) in KINDS {
        for statement in [
            "rolls_back",
            "rolls_back_and_returns",
            "replaces",
            "replaces_all",
            "catches",
            "commits",
            "ends",
            "leaves_open",
            "opens",
            "opens_and_returns",
        ] {
            if statement == "replaces_all" && !numbers {
                continue;
            }
            let kind = format!("{statement}, 266: {tells_266}, numbers: {numbers}");
            let (backends, pool) = server(tells_266, numbers).await;
            let session = session(&pool);
            let transaction = session.begin();
            transaction.execute("insert", A, soon()).await.unwrap();
            let error = run(&transaction, statement).await.unwrap_err();
            is_told(&error, statement, &kind);
            is_over(transaction, (&session, &backends), &kind).await;
        }
    }
}

#[tokio::test]
async fn a_statement_says_what_it_did_to_its_transaction() {
    let (_backends, pool) = server(false, true).await;
    let session = session(&pool);
    for (statement, expected, text) in [
        (
            "rolls_back",
            CallCode::Backend,
            "it rolled back the transaction it was called in",
        ),
        (
            "commits",
            CallCode::Backend,
            "it ran a COMMIT without a BEGIN of its own in the transaction it was called in, which is rolled back",
        ),
        (
            "opens",
            CallCode::Backend,
            "it left a transaction open inside the one it was called in, which is rolled back; the statement must COMMIT its own",
        ),
        // It might as well have been COMMIT, COMMIT, ….
        (
            "ends",
            CallCode::OutcomeUnknown,
            "it ended the transaction it was called in, and whether that was committed or rolled back is not known",
        ),
    ] {
        let transaction = session.begin();
        transaction.execute("insert", A, soon()).await.unwrap();
        let error = run(&transaction, statement).await.unwrap_err();
        assert_eq!(
            (error.code, error.message),
            (expected, format!("statement `{statement}`: {text}"))
        );
    }
}

#[tokio::test]
async fn a_statement_that_commits_everything_is_told_as_one_whose_outcome_nobody_knows() {
    for (tells_266, numbers) in KINDS {
        let (_backends, pool) = server(tells_266, numbers).await;
        let session = session(&pool);
        let transaction = session.begin();
        transaction.execute("insert", A, soon()).await.unwrap();
        let error = run(&transaction, "commits_all").await.unwrap_err();
        assert_eq!(error.code, CallCode::OutcomeUnknown, "{error:?}");
        let later = transaction.execute("insert", B, soon()).await;
        assert_eq!(code(later), CallCode::Invalid);
        assert!(is_there(&session, A).await && !is_there(&session, B).await);
    }
}

#[tokio::test]
async fn a_statement_with_a_transaction_of_its_own_is_welcome_in_another_and_alone() {
    for (tells_266, numbers) in KINDS {
        let (backends, pool) = server(tells_266, numbers).await;
        let session = session(&pool);
        let amount = async || session.query("balance", FIRST, soon()).await.unwrap();
        let counted = r#"{"rowsAffected":1}"#;
        let alone = session.execute("own_transaction", "", soon()).await;
        assert_eq!(alone.unwrap(), counted);
        assert_eq!(amount().await, r#"[{"amount":101}]"#);
        let transaction = session.begin();
        assert_eq!(run(&transaction, "own_transaction").await.unwrap(), counted);
        transaction.commit(soon()).await.unwrap();
        assert_eq!(amount().await, r#"[{"amount":102}]"#);
        let transaction = session.begin();
        run(&transaction, "own_transaction").await.unwrap();
        transaction.rollback(soon()).await.unwrap();
        assert_eq!(amount().await, r#"[{"amount":102}]"#);
        assert_eq!(backends.sql_counters().open_transactions, 0);
    }
}

#[tokio::test]
async fn a_statement_that_leaves_a_transaction_open_fails_before_anything_is_acknowledged() {
    for (tells_266, numbers) in KINDS {
        let (backends, pool) = server(tells_266, numbers).await;
        let session = session(&pool);
        for statement in ["opens", "opens_and_returns", "leaves_open"] {
            let outcome = match statement {
                "leaves_open" => session.call(statement, "", soon()).await,
                _ => session.execute(statement, "", soon()).await,
            };
            let error = outcome.unwrap_err();
            assert_eq!(
                (error.code, error.message),
                (
                    CallCode::Backend,
                    format!(
                        "statement `{statement}`: it left a transaction open, and its changes are rolled back; \
                         the statement must COMMIT"
                    )
                )
            );
            assert_eq!(
                session.query("balance", FIRST, soon()).await.unwrap(),
                r#"[{"amount":100}]"#
            );
        }
        let stream = session.stream_rows("opens_and_reads", "");
        stream.next(10, soon()).await.unwrap();
        let error = async {
            loop {
                if let Err(error) = stream.next(1000, soon()).await {
                    return error;
                }
            }
        };
        let error = error.await;
        assert!(
            error.message.contains("it left a transaction open"),
            "{error:?}"
        );
        eventually("nothing is open", || {
            backends.sql_counters().open_transactions == 0 && pool.status().in_use == 0
        })
        .await;
        assert_eq!(backends.sql_counters().logins, 1);
    }
}

#[tokio::test]
async fn a_commit_that_finds_something_else_open_commits_nothing_and_says_what_it_found() {
    for (unseen, expected, text) in [
        (
            "BEGIN TRAN",
            CallCode::Backend,
            "not committed but rolled back, because a statement left another one open in it; let that COMMIT",
        ),
        (
            "COMMIT",
            CallCode::Backend,
            "not committed but rolled back, because a statement ran a COMMIT or ROLLBACK in it",
        ),
        (
            "ROLLBACK",
            CallCode::OutcomeUnknown,
            "a statement ended it, and whether it was committed or rolled back is not known",
        ),
    ] {
        for (tells_266, numbers) in KINDS {
            let (backends, pool) = server(tells_266, numbers).await;
            let session = session(&pool);
            let transaction = session.begin();
            transaction.execute("insert", A, soon()).await.unwrap();
            // A text that only reads is not compared.
            backends.sql_faults(SqlServerFaults {
                also: unseen_by("FROM Ledger", unseen),
                ..SqlServerFaults::default()
            });
            transaction.query("balance", FIRST, soon()).await.unwrap();
            let error = transaction.commit(soon()).await.unwrap_err();
            assert_eq!(
                (error.code, error.message),
                (expected, format!("transaction: {text}")),
                "{unseen}"
            );
            assert!(!is_there(&session, A).await, "{unseen}");
            let counters = backends.sql_counters();
            assert_eq!((counters.open_transactions, counters.logins), (0, 1));
        }
    }
}

#[tokio::test]
async fn a_commit_finds_as_many_other_transactions_where_the_server_numbers_them() {
    for tells_266 in [true, false] {
        let (backends, pool) = server(tells_266, true).await;
        let session = session(&pool);
        for unseen in ["ROLLBACK; BEGIN TRAN; BEGIN TRAN", "ROLLBACK; BEGIN TRAN"] {
            let transaction = session.begin();
            transaction.execute("insert", A, soon()).await.unwrap();
            backends.sql_faults(SqlServerFaults {
                also: unseen_by("FROM Ledger", unseen),
                ..SqlServerFaults::default()
            });
            transaction.query("balance", FIRST, soon()).await.unwrap();
            let error = transaction.commit(soon()).await.unwrap_err();
            // It might as well have been COMMIT, COMMIT, ….
            assert_eq!(
                (error.code, error.message.as_str()),
                (
                    CallCode::OutcomeUnknown,
                    "transaction: a statement ended it, and whether it was committed or rolled back is not known"
                ),
                "{unseen}"
            );
            assert!(!is_there(&session, A).await, "{unseen}");
            let counters = backends.sql_counters();
            assert_eq!((counters.open_transactions, counters.logins), (0, 1));
        }
    }
}

/// What is run by the next text with these words, as a trigger would.
fn unseen_by(words: &str, text: &str) -> Option<Also> {
    Some(Also {
        text: text.to_owned(),
        matching: Some(words.to_owned()),
        times: Some(1),
    })
}

/// Sets a trigger on inserts, and leaves the server of its kind otherwise.
fn trigger(backends: &Backends, tells_266: bool, text: &str) {
    backends.sql_faults(SqlServerFaults {
        also: unseen_by("INSERT", text),
        no_error_266: (!tells_266).then(Plain::default),
        ..SqlServerFaults::default()
    });
}

#[tokio::test]
async fn a_trigger_that_ends_the_transaction_fails_the_statement_and_nothing_runs_outside_of_it() {
    for (tells_266, numbers) in KINDS {
        for text in ["ROLLBACK", "ROLLBACK; BEGIN TRAN", "COMMIT", "BEGIN TRAN"] {
            let kind = format!("{text}, 266: {tells_266}, numbers: {numbers}");
            let (backends, pool) = server(tells_266, numbers).await;
            let session = session(&pool);
            let transaction = session.begin();
            transaction.query("balance", FIRST, soon()).await.unwrap();
            trigger(&backends, tells_266, text);
            let error = transaction.execute("insert", A, soon()).await.unwrap_err();
            is_told(&error, "insert", &kind);
            is_over(transaction, (&session, &backends), &kind).await;
        }
    }
}

#[tokio::test]
async fn a_trigger_that_ends_the_transaction_may_have_committed_it() {
    let (backends, pool) = server(false, true).await;
    let session = session(&pool);
    for text in ["ROLLBACK", "COMMIT; COMMIT"] {
        let transaction = session.begin();
        transaction.query("balance", FIRST, soon()).await.unwrap();
        trigger(&backends, false, text);
        let error = transaction.execute("insert", A, soon()).await.unwrap_err();
        assert_eq!(
            (error.code, error.message.as_str()),
            (
                CallCode::OutcomeUnknown,
                "statement `insert`: it ended the transaction it was called in, and whether that was committed or rolled back \
                 is not known"
            ),
            "{text}"
        );
        drop(transaction);
        assert_eq!(is_there(&session, A).await, text != "ROLLBACK", "{text}");
    }
}

#[tokio::test]
async fn a_trigger_that_leaves_a_transaction_open_fails_a_statement_outside_of_one() {
    for (tells_266, numbers) in KINDS {
        let (backends, pool) = server(tells_266, numbers).await;
        let session = session(&pool);
        trigger(&backends, tells_266, "BEGIN TRAN");
        let error = session.execute("insert", A, soon()).await.unwrap_err();
        assert_eq!(
            (error.code, error.message.as_str()),
            (
                CallCode::Backend,
                "statement `insert`: it left a transaction open, and its changes are rolled back; the statement must COMMIT"
            )
        );
        session.execute("insert", B, soon()).await.unwrap();
        assert!(is_there(&session, B).await);
        let counters = backends.sql_counters();
        assert_eq!((counters.open_transactions, counters.logins), (0, 1));
    }
}

#[tokio::test]
async fn an_ordinary_statement_takes_one_round_trip_and_so_does_one_that_is_compared() {
    let (backends, pool) = server(true, true).await;
    let session = session(&pool);
    let queries = async |statement: &str| {
        backends.embedded.status().reset();
        let outcome = match statement {
            "summary" => {
                session
                    .call("summary", r#"{"student_id": "s0", "minimum": 1}"#, soon())
                    .await
            }
            "insert" => session.execute("insert", A, soon()).await,
            "balance" => session.query("balance", FIRST, soon()).await,
            _ => session.execute(statement, "", soon()).await,
        };
        outcome.unwrap();
        eventually("it is given back", || pool.status().in_use == 0).await;
        backends.sql_counters().queries
    };
    for statement in ["insert", "balance", "own_transaction", "summary"] {
        assert_eq!(queries(statement).await, 1, "{statement}");
    }
}

#[tokio::test]
async fn a_transaction_takes_one_round_trip_for_each_call_its_begin_and_its_end() {
    let (backends, pool) = server(true, true).await;
    backends.embedded.status().reset();
    let transaction = session(&pool).begin();
    transaction.execute("insert", A, soon()).await.unwrap();
    run(&transaction, "own_transaction").await.unwrap();
    transaction.commit(soon()).await.unwrap();
    eventually("it is given back", || pool.status().in_use == 0).await;
    assert_eq!(backends.sql_counters().queries, 4);
}
