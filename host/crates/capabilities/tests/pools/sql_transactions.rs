//! Transactions.

use std::time::Duration;

use mayfly_embedded::{SqlErrorFault, SqlServerFaults, Stall};
use mayfly_error::CallCode;

use crate::backends::{Backends, PATIENCE, closed, code, eventually, session, soon, within};

const FIRST: &str = r#"{"id": 1}"#;
const ONE: &str = r#"{"amount": 1}"#;
const UNCHANGED: &str = r#"[{"amount":100}]"#;

#[tokio::test]
async fn a_committed_transaction_is_seen_and_one_rolled_back_is_not() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    let session = session(&server);
    let transaction = session.begin();
    transaction.execute("add", ONE, soon()).await.unwrap();
    assert_eq!(
        transaction.query("balance", FIRST, soon()).await.unwrap(),
        r#"[{"amount":101}]"#
    );
    assert_eq!(transaction.commit(soon()).await.unwrap(), "null");
    assert_eq!(
        transaction.commit(soon()).await.unwrap_err().message,
        "transaction: it was committed"
    );
    let transaction = session.begin();
    transaction.execute("add", ONE, soon()).await.unwrap();
    assert_eq!(transaction.rollback(soon()).await.unwrap(), "null");
    assert_eq!(
        code(transaction.query("balance", FIRST, soon()).await),
        CallCode::Invalid
    );
    assert_eq!(
        session.query("balance", FIRST, soon()).await.unwrap(),
        r#"[{"amount":101}]"#
    );
    // One connection served all of it, and went back clean each time.
    assert_eq!(backends.sql_counters().logins, 1);
}

#[tokio::test]
async fn a_transaction_that_is_dropped_is_rolled_back_without_waiting_for_the_next_caller() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    let transaction = session(&server).begin();
    transaction.execute("add", ONE, soon()).await.unwrap();
    assert_eq!(backends.sql_counters().open_transactions, 1);
    drop(transaction);
    eventually("it is rolled back", || {
        backends.sql_counters().open_transactions == 0 && server.status().in_use == 0
    })
    .await;
    assert_eq!(
        (backends.sql_counters().rollbacks, server.status().size),
        (1, 1)
    );
    assert_eq!(
        session(&server)
            .query("balance", FIRST, soon())
            .await
            .unwrap(),
        UNCHANGED
    );
}

#[tokio::test]
async fn a_transaction_whose_call_is_dropped_midway_is_over_and_its_connection_closed() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    let transaction = session(&server).begin();
    transaction.execute("add", ONE, soon()).await.unwrap();
    backends.sql_faults(SqlServerFaults {
        stall: Some(Stall {
            times: Some(1),
            matching: Some("SELECT".to_owned()),
        }),
        ..Default::default()
    });
    let cut_off = tokio::time::timeout(
        Duration::from_secs(1),
        transaction.query("balance", FIRST, soon()),
    )
    .await;
    assert!(cut_off.is_err());
    assert_eq!(
        transaction.commit(soon()).await.unwrap_err().message,
        "transaction: it was cut off"
    );
    eventually("it is closed", || {
        closed(&server, "cut_off") == 1 && backends.sql_counters().open_transactions == 0
    })
    .await;
    assert_eq!(
        session(&server)
            .query("balance", FIRST, soon())
            .await
            .unwrap(),
        UNCHANGED
    );
}

#[tokio::test]
async fn while_a_transaction_is_open_other_calls_of_the_invocation_are_busy() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    let session = session(&server);
    // Made before, it comes first, though it is polled later.
    let earlier = session.query("balance", FIRST, soon());
    let transaction = session.begin();
    let inside = transaction.execute("add", ONE, soon());
    let second = transaction.query("balance", FIRST, soon());
    assert_eq!(
        second.await.unwrap_err().message,
        "transaction: the previous call has not ended; wait for it"
    );
    let (inside, earlier) = tokio::join!(inside, earlier);
    assert_eq!(
        (inside.unwrap().as_str(), earlier.unwrap().as_str()),
        (r#"{"rowsAffected":1}"#, UNCHANGED)
    );
    let error = session.query("balance", FIRST, soon()).await.unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (
            CallCode::Busy,
            "a transaction or row stream of this invocation is open on backend `school`; end it first"
        )
    );
    let other = session.begin();
    assert_eq!(
        code(other.query("balance", FIRST, soon()).await),
        CallCode::Busy
    );
    transaction.rollback(soon()).await.unwrap();
    // The other one may begin now.
    assert_eq!(
        other.query("balance", FIRST, soon()).await.unwrap(),
        UNCHANGED
    );
    drop(other);
    assert_eq!(
        session.query("balance", FIRST, soon()).await.unwrap(),
        UNCHANGED
    );
}

#[tokio::test]
async fn after_an_error_a_transaction_goes_on_if_the_server_still_has_it() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    let transaction = session(&server).begin();
    transaction.execute("add", ONE, soon()).await.unwrap();
    assert_eq!(
        code(
            transaction
                .execute("insert", r#"{"id": 1, "amount": 1}"#, soon())
                .await
        ),
        CallCode::Conflict
    );
    assert_eq!(
        transaction.query("balance", FIRST, soon()).await.unwrap(),
        r#"[{"amount":101}]"#
    );
    transaction.commit(soon()).await.unwrap();
}

#[tokio::test]
async fn a_transaction_that_ends_with_its_connection_takes_no_more_statements() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    let transaction = session(&server).begin();
    transaction.execute("add", ONE, soon()).await.unwrap();
    let fatal = SqlErrorFault {
        number: 596,
        class: 21,
        times: Some(1),
        ..SqlErrorFault::default()
    };
    backends.sql_faults(SqlServerFaults {
        sql_error: Some(fatal),
        ..Default::default()
    });
    assert_eq!(
        code(transaction.execute("add", ONE, soon()).await),
        CallCode::Unavailable
    );
    let error = transaction.execute("add", ONE, soon()).await.unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (
            CallCode::Invalid,
            "transaction: it was rolled back because a call in it failed"
        )
    );
    eventually("the server let go of it", || {
        backends.sql_counters().open_transactions == 0
    })
    .await;
    assert_eq!(
        session(&server)
            .query("balance", FIRST, soon())
            .await
            .unwrap(),
        UNCHANGED
    );
}

#[tokio::test]
async fn a_commit_that_is_cut_off_says_that_nobody_knows() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    let transaction = session(&server).begin();
    transaction.execute("add", ONE, soon()).await.unwrap();
    backends.sql_faults(SqlServerFaults {
        stall: Some(Stall {
            times: Some(1),
            matching: Some("COMMIT".to_owned()),
        }),
        ..Default::default()
    });
    assert_eq!(
        code(transaction.commit(within(3_000)).await),
        CallCode::OutcomeUnknown
    );
}

#[tokio::test]
async fn a_transaction_that_cannot_begin_says_why_and_may_try_again() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    let transaction = session(&server).begin();
    backends.sql_faults(SqlServerFaults {
        refuse: true,
        ..Default::default()
    });
    assert_eq!(
        code(transaction.query("balance", FIRST, soon()).await),
        CallCode::Unavailable
    );
    backends.lift();
    let began = async {
        while transaction.query("balance", FIRST, soon()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, began)
        .await
        .expect("it never began");
    transaction.commit(soon()).await.unwrap();
}

#[tokio::test]
async fn a_transaction_nothing_was_done_in_ends_without_a_connection() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    let session = session(&server);
    assert_eq!(session.begin().commit(soon()).await.unwrap(), "null");
    drop(session.begin());
    assert_eq!(
        session.query("balance", FIRST, soon()).await.unwrap(),
        UNCHANGED
    );
    assert_eq!(backends.sql_counters().commits, 0);
}
