//! A server that is down, goes down, or comes back.

use std::time::Duration;

use mayfly_embedded::{DropAt, DropConnection, LoginFailure, SlowLogin, SqlServerFaults};
use mayfly_error::CallCode;
use mayfly_pools::SqlServer;
use tokio::time::Instant;

use crate::backends::{Backends, closed, code, session, soon, within};

const ONE: &str = r#"{"n": 1}"#;

async fn recovers(server: &SqlServer) {
    let recovered = async {
        while server.check(soon()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), recovered)
        .await
        .expect("it never recovered");
}

#[tokio::test]
async fn while_the_server_is_down_callers_hear_so_at_once_and_it_recovers_by_itself() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    let session = session(&server);
    server.check(soon()).await.unwrap();
    backends.sql_faults(SqlServerFaults {
        refuse: true,
        ..Default::default()
    });
    let error = session.query("number", ONE, soon()).await.unwrap_err();
    assert_eq!(error.code, CallCode::Unavailable);
    let asked = Instant::now();
    for _ in 0..100 {
        let error = session.query("number", ONE, soon()).await.unwrap_err();
        assert_eq!(
            (error.code, error.message.as_str()),
            (
                CallCode::Unavailable,
                "statement `number`: backend `school` cannot be reached"
            )
        );
    }
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "a hundred refusals took {:?}",
        asked.elapsed()
    );
    assert_eq!(code(server.check(soon()).await), CallCode::Unavailable);
    backends.lift();
    recovers(&server).await;
    assert_eq!(
        session.query("number", ONE, soon()).await.unwrap(),
        r#"[{"n":1}]"#
    );
}

#[tokio::test]
async fn a_connection_the_server_closed_while_it_was_idle_is_never_handed_out() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    server.check(soon()).await.unwrap();
    backends.sql_faults(SqlServerFaults {
        refuse: true,
        ..Default::default()
    });
    crate::backends::eventually("the session is gone", || {
        backends.sql_counters().connections == 0
    })
    .await;
    backends.lift();
    // Not one caller sees that the server was away, except while the port was closed.
    recovers(&server).await;
    assert_eq!(
        (
            closed(&server, "closed_by_server"),
            closed(&server, "broken")
        ),
        (1, 0)
    );
}

#[tokio::test]
async fn a_connection_that_breaks_under_a_call_is_told_by_what_it_was_doing() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    let session = session(&server);
    let drop_at = |at| SqlServerFaults {
        drop: Some(DropConnection {
            at,
            matching: Some("Ledger".to_owned()),
            times: Some(1),
        }),
        ..Default::default()
    };
    backends.sql_faults(drop_at(DropAt::Before));
    assert_eq!(
        code(session.query("balance", r#"{"id": 1}"#, soon()).await),
        CallCode::Unavailable
    );
    backends.sql_faults(drop_at(DropAt::Inside));
    assert_eq!(
        code(session.execute("add", r#"{"amount": 1}"#, soon()).await),
        CallCode::OutcomeUnknown
    );
    // It did happen.
    assert_eq!(
        session
            .query("balance", r#"{"id": 1}"#, soon())
            .await
            .unwrap(),
        r#"[{"amount":101}]"#
    );
    assert_eq!(closed(&server, "broken"), 2);
}

#[tokio::test]
async fn a_login_that_fails_is_unavailable_and_its_reason_stays_in_the_log() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    backends.sql_faults(SqlServerFaults {
        login_failure: Some(LoginFailure {
            message: "secret".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    });
    let error = session(&server)
        .query("number", ONE, soon())
        .await
        .unwrap_err();
    assert_eq!(error.code, CallCode::Unavailable);
    assert!(!error.message.contains("secret") && error.detail.contains("secret"));
}

#[tokio::test]
async fn a_slow_login_takes_no_more_than_the_callers_time() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| config.connect_timeout = Duration::from_millis(150));
    backends.sql_faults(SqlServerFaults {
        slow_login: Some(SlowLogin {
            ms: 60_000,
            ..SlowLogin::default()
        }),
        ..Default::default()
    });
    assert_eq!(
        code(session(&server).query("number", ONE, within(50)).await),
        CallCode::Deadline
    );
    assert_eq!(
        code(session(&server).query("number", ONE, soon()).await),
        CallCode::Unavailable
    );
    backends.lift();
    recovers(&server).await;
}

#[tokio::test]
async fn a_server_without_tls_is_not_spoken_to_where_tls_is_required() {
    let backends = Backends::start().await;
    let server =
        backends.sqlserver(|config| config.encryption = mayfly_config::Encryption::Required);
    assert_eq!(
        code(session(&server).query("number", ONE, soon()).await),
        CallCode::Unavailable
    );
    assert_eq!(
        (
            backends.sql_counters().logins,
            backends.sql_counters().failed_logins
        ),
        (0, 0)
    );
}
