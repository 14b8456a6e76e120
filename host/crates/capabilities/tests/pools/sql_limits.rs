//! The limits of a pool, and what it tells of who holds, who waits, and why a connection was closed.

use std::fs;
use std::time::Duration;

use mayfly_capabilities::Borrower;
use mayfly_capabilities::sql::{SqlServer, SqlSession};
use mayfly_embedded::{Also, SqlErrorFault, SqlServerFaults, Stall};
use mayfly_error::CallCode;

use crate::backends::{
    Backends, MAX_ANSWER_BYTES, any_rows, closed, code, eventually, session, soon,
    sqlserver_config, statements, within,
};

const ONE: &str = r#"{"n": 1}"#;

fn stall(matching: &str) -> SqlServerFaults {
    SqlServerFaults {
        stall: Some(Stall {
            times: Some(1),
            matching: Some(matching.to_owned()),
        }),
        ..Default::default()
    }
}

fn of_module(server: &SqlServer, module: &str) -> SqlSession {
    SqlSession::new(
        server,
        Borrower {
            module: module.into(),
            trace_id: "t".into(),
        },
        MAX_ANSWER_BYTES,
        any_rows(),
    )
}

#[tokio::test]
async fn a_connection_is_used_as_often_as_it_may_be_and_then_replaced() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| config.max_uses = 3);
    for _ in 0..7 {
        assert_eq!(
            session(&server).query("number", ONE, soon()).await.unwrap(),
            r#"[{"n":1}]"#
        );
    }
    assert_eq!(
        (closed(&server, "max_uses"), backends.sql_counters().logins),
        (2, 3)
    );
}

#[tokio::test]
async fn a_connection_that_had_to_be_rolled_back_counts_its_uses_too() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| config.max_uses = 1);
    let transaction = session(&server).begin();
    transaction
        .execute("add", r#"{"amount": 1}"#, soon())
        .await
        .unwrap();
    drop(transaction);
    eventually("it is closed", || {
        closed(&server, "max_uses") == 1 && server.status().size == 0
    })
    .await;
    assert_eq!(backends.sql_counters().rollbacks, 1);
}

#[tokio::test]
async fn a_connection_older_than_allowed_is_replaced_at_its_next_use_without_any_upkeep() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| config.max_age = Duration::ZERO);
    for _ in 0..3 {
        session(&server).query("number", ONE, soon()).await.unwrap();
    }
    assert_eq!(
        (closed(&server, "max_age"), backends.sql_counters().logins),
        (2, 3)
    );
}

#[tokio::test]
async fn a_call_waits_for_a_connection_no_longer_than_the_operator_says() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| {
        config.max_connections = 1;
        config.wait_timeout = Duration::from_millis(50);
    });
    let transaction = of_module(&server, "greedy").begin();
    transaction.query("number", ONE, soon()).await.unwrap();
    let error = session(&server)
        .query("number", ONE, soon())
        .await
        .unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (
            CallCode::Throttled,
            "statement `number`: no connection to backend `school` was free within 50ms (`sqlserver.school.wait_timeout`)"
        )
    );
    drop(transaction);
    eventually("the connection is free", || server.status().in_use == 0).await;
    session(&server).query("number", ONE, soon()).await.unwrap();
}

#[tokio::test]
async fn a_statement_that_is_not_answered_names_the_setting_that_ended_it() {
    let backends = Backends::start().await;
    let mut statements = statements();
    for statement in &mut statements {
        statement.timeout = Duration::from_millis(100);
    }
    let at = backends.embedded.addresses().sqlserver;
    let server = SqlServer::new(&sqlserver_config(), Some(at), &statements).unwrap();
    server.check(soon()).await.unwrap();
    for deadline in [soon(), within(50)] {
        backends.sql_faults(SqlServerFaults {
            stall: Some(Stall {
                times: None,
                matching: Some("Numbers".to_owned()),
            }),
            ..Default::default()
        });
        let session = session(&server);
        let errors = [
            session.query("number", ONE, deadline).await.unwrap_err(),
            session
                .stream_rows("number", ONE)
                .next(1, deadline)
                .await
                .unwrap_err(),
        ];
        let is_own = deadline > within(1_000);
        let told = if is_own {
            "statement `number`: no answer within 100ms (`statements.number.timeout`)"
        } else {
            "statement `number`: no answer in time"
        };
        // The second statement of a caller in a hurry may not even get a connection.
        for error in errors.iter().take(if is_own { 2 } else { 1 }) {
            assert_eq!(
                (error.code, error.is_backend_timeout, error.message.as_str()),
                (CallCode::Deadline, is_own, told)
            );
        }
    }
}

#[tokio::test]
async fn a_rollback_that_takes_too_long_closes_the_connection() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| config.recycle_timeout = Duration::from_millis(50));
    let transaction = session(&server).begin();
    transaction
        .execute("add", r#"{"amount": 1}"#, soon())
        .await
        .unwrap();
    backends.sql_faults(stall("ROLLBACK"));
    drop(transaction);
    eventually("it is closed", || {
        closed(&server, "not_rolled_back") == 1 && server.status().size == 0
    })
    .await;
    eventually("closing rolled back", || {
        backends.sql_counters().open_transactions == 0
    })
    .await;
    assert_eq!(
        session(&server)
            .query("balance", r#"{"id": 1}"#, soon())
            .await
            .unwrap(),
        r#"[{"amount":100}]"#
    );
}

#[tokio::test]
async fn a_connection_that_is_being_closed_counts_until_it_is() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| config.max_connections = 1);
    server.check(soon()).await.unwrap();
    backends.sql_faults(stall("Numbers"));
    let cut_off = session(&server).query("number", ONE, within(1_000));
    assert_eq!(code(cut_off.await), CallCode::Deadline);
    // Nothing else has run since, on a runtime of one thread: the server was not even told to stop yet.
    let status = server.status();
    assert_eq!(
        (status.size, status.in_use, closed(&server, "cut_off")),
        (1, 1, 0),
        "{status:?}"
    );
    // The host itself held it for the check.
    assert_eq!(status.holders, [("host".into(), 0), ("tests".into(), 1)]);
    // The next one gets its connection when the first is closed, and not before.
    assert_eq!(
        session(&server)
            .query("balance", r#"{"id": 1}"#, soon())
            .await
            .unwrap(),
        r#"[{"amount":100}]"#
    );
    assert_eq!(
        (
            closed(&server, "cut_off"),
            server.status().size,
            backends.sql_counters().logins
        ),
        (1, 1, 2)
    );
}

#[tokio::test]
async fn the_pool_tells_which_modules_hold_connections_and_which_wait() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| config.max_connections = 2);
    let (first, second) = (
        of_module(&server, "first").begin(),
        of_module(&server, "second").begin(),
    );
    first.query("number", ONE, soon()).await.unwrap();
    second.query("number", ONE, soon()).await.unwrap();
    let third = tokio::spawn(of_module(&server, "third").query("number", ONE, soon()));
    eventually("the third waits", || server.status().waiting == 1).await;
    let status = server.status();
    assert_eq!(status.holders, [("first".into(), 1), ("second".into(), 1)]);
    // Everybody asked for one, and two were given theirs at once.
    assert_eq!(
        status.waiters,
        [
            ("first".into(), 0),
            ("second".into(), 0),
            ("third".into(), 1)
        ]
    );
    drop((first, second));
    third.await.unwrap().unwrap();
    eventually("nobody holds any", || server.status().in_use == 0).await;
    // Who held one stays with zero, so that a gauge does not stay where it was.
    let holders = server.status().holders;
    assert!(
        holders.len() >= 2 && holders.iter().all(|(_, count)| *count == 0),
        "{holders:?}"
    );
}

#[tokio::test]
async fn an_error_of_the_server_in_the_middle_of_a_transaction_leaves_no_transaction_behind() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    let transaction = session(&server).begin();
    transaction
        .execute("add", r#"{"amount": 1}"#, soon())
        .await
        .unwrap();
    let error = SqlErrorFault {
        number: 8134,
        class: 16,
        times: Some(1),
        ..SqlErrorFault::default()
    };
    backends.sql_faults(SqlServerFaults {
        sql_error: Some(error),
        ..Default::default()
    });
    assert_eq!(
        code(transaction.query("number", ONE, soon()).await),
        CallCode::Backend
    );
    drop(transaction);
    eventually("it is rolled back", || {
        backends.sql_counters().open_transactions == 0 && server.status().in_use == 0
    })
    .await;
    assert_eq!(server.status().size, 1);
}

#[tokio::test]
async fn a_value_that_the_server_does_not_cut_off_is_not_read_to_its_end() {
    let backends = Backends::start_with(|options| {
        let seed = options.seed.as_ref().unwrap().join("sqlserver/School.sql");
        let mut school = fs::read_to_string(&seed).unwrap();
        school.push_str(
            "CREATE TABLE Long (text nvarchar(max)); INSERT INTO Long VALUES (printf('%.*c', 20000000, 'x'));",
        );
        fs::write(seed, school).unwrap();
    })
    .await;
    // As for values of type xml, and where the server has no `TEXTSIZE`.
    backends.sql_faults(SqlServerFaults {
        also: Some(Also {
            text: "SET TEXTSIZE 2147483647".to_owned(),
            matching: Some("TEXTSIZE".to_owned()),
            times: None,
        }),
        ..Default::default()
    });
    let server = backends.sqlserver(|_| ());
    let session = session(&server);
    let error = session.query("long", "", soon()).await.unwrap_err();
    let expected = "statement `long`: the answer is longer than may be read; select fewer rows, or a part of the value";
    assert_eq!(
        (error.code, error.message.as_str()),
        (CallCode::Budget, expected)
    );
    let error = session.stream_rows("long", "").next(1, soon()).await;
    assert_eq!(error.unwrap_err().message, expected);
    assert_eq!(
        session.query("number", ONE, soon()).await.unwrap(),
        r#"[{"n":1}]"#
    );
    eventually("both were cut off", || closed(&server, "cut_off") == 2).await;
}
