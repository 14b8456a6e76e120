//! A server that is down, goes down, or comes back.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use mayfly_capabilities::sql::SqlServer;
use mayfly_embedded::{
    DropAt, DropConnection, LoginFailure, Plain, SlowLogin, SqlErrorFault, SqlServerFaults,
};
use mayfly_error::CallCode;
use tokio::time::Instant;

use crate::backends::{Backends, PATIENCE, closed, code, eventually, session, soon, within};

const ONE: &str = r#"{"n": 1}"#;

async fn recovers(server: &SqlServer) {
    let recovered = async {
        while server.check(soon()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, recovered)
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
        asked.elapsed() < Duration::from_secs(60),
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
async fn a_server_that_gives_up_may_have_done_what_it_was_asked() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    let session = session(&server);
    let gives_up_at = |text: &str| {
        backends.sql_faults(SqlServerFaults {
            sql_error: Some(SqlErrorFault {
                number: 40197,
                class: 20,
                matching: Some(text.to_owned()),
                times: Some(1),
                ..SqlErrorFault::default()
            }),
            ..Default::default()
        });
    };
    let (add, amount) = ("add", r#"{"amount": 1}"#);
    gives_up_at("UPDATE");
    let outcome = session.execute(add, amount, soon()).await;
    assert_eq!(code(outcome), CallCode::OutcomeUnknown);
    gives_up_at("Numbers");
    let outcome = session.query("number", ONE, soon()).await;
    assert_eq!(code(outcome), CallCode::Unavailable);
    // What was done in a transaction is undone with it; its commit is another matter.
    let transaction = session.begin();
    gives_up_at("UPDATE");
    let outcome = transaction.execute(add, amount, soon()).await;
    assert_eq!(code(outcome), CallCode::Unavailable);
    drop(transaction);
    let transaction = session.begin();
    transaction.execute(add, amount, soon()).await.unwrap();
    gives_up_at("COMMIT");
    let outcome = transaction.commit(soon()).await;
    assert_eq!(code(outcome), CallCode::OutcomeUnknown);
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
    let server = backends.sqlserver(|config| config.connect_timeout = Duration::from_secs(1));
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
    let server = backends.sqlserver(|config| {
        config.encryption = mayfly_capabilities::sql::configuration::Encryption::Required
    });
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

/// Refuses logins for good, or closes connections that answer what contains the text.
fn refused_logins(closing: Option<&str>) -> SqlServerFaults {
    SqlServerFaults {
        login_failure: Some(LoginFailure::default()),
        drop: closing.map(|text| DropConnection {
            at: DropAt::After,
            times: Some(1),
            matching: Some(text.to_owned()),
        }),
        ..Default::default()
    }
}

#[tokio::test]
async fn refused_logins_fail_nobody_while_a_connection_is_alive_and_end_by_themselves() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| config.max_connections = 8);
    // Eight connections, all in use at once.
    let holders: Vec<_> = (0..8).map(|_| session(&server).begin()).collect();
    for holder in &holders {
        holder.query("number", ONE, soon()).await.unwrap();
    }
    drop(holders);
    eventually("they are back", || server.status().in_use == 0).await;
    backends.sql_faults(refused_logins(Some("Ledger")));
    session(&server)
        .query("balance", r#"{"id": 1}"#, soon())
        .await
        .unwrap();
    eventually("the server has closed it", || {
        backends.sql_counters().connections == 7
    })
    .await;
    let calls = |workers: u64, until: Instant| {
        let server = server.clone();
        (0..workers).map(move |_| {
            let server = server.clone();
            tokio::spawn(async move {
                let mut answered = 0u64;
                while Instant::now() < until {
                    let answer = session(&server).query("number", ONE, soon()).await;
                    assert_eq!(answer.unwrap(), r#"[{"n":1}]"#);
                    answered += 1;
                }
                answered
            })
        })
    };
    for worker in join_all(calls(32, within(1_000))).await {
        assert!(worker.unwrap() > 0);
    }
    assert!(backends.sql_counters().failed_logins > 0);
    assert_eq!(server.status().size, 7);
    backends.lift();
    for worker in join_all(calls(32, within(1_000))).await {
        assert!(worker.unwrap() > 0);
    }
    // The place is filled as soon as somebody waits and the pause is over.
    let filled = async {
        while server.status().size < 8 {
            for worker in join_all(calls(32, within(50))).await {
                worker.unwrap();
            }
        }
    };
    tokio::time::timeout(PATIENCE, filled)
        .await
        .expect("the eighth never came back");
}

#[tokio::test]
async fn whoever_waits_keeps_the_turn_while_connecting_fails() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| config.max_connections = 2);
    let holder = session(&server).begin();
    holder.query("number", ONE, soon()).await.unwrap();
    backends.sql_faults(refused_logins(None));
    let first = tokio::spawn(session(&server).query("number", ONE, soon()));
    eventually("a login was refused", || {
        backends.sql_counters().failed_logins > 0
    })
    .await;
    let second = tokio::spawn(session(&server).query("number", r#"{"n": 2}"#, soon()));
    eventually("both wait", || server.status().waiting == 2).await;
    drop(holder);
    assert_eq!(first.await.unwrap().unwrap(), r#"[{"n":1}]"#);
    assert_eq!(second.await.unwrap().unwrap(), r#"[{"n":2}]"#);
    assert_eq!(server.status().size, 1);
}

#[tokio::test]
async fn those_who_wait_hear_at_once_that_the_last_connection_is_gone_and_none_can_be_made() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| config.max_connections = 2);
    let holder = session(&server).begin();
    holder.query("number", ONE, soon()).await.unwrap();
    backends.sql_faults(refused_logins(Some("Ledger")));
    let waiting = tokio::spawn(session(&server).query("number", ONE, soon()));
    eventually("a login was refused", || {
        backends.sql_counters().failed_logins > 0
    })
    .await;
    holder
        .query("balance", r#"{"id": 1}"#, soon())
        .await
        .unwrap();
    drop(holder);
    assert_eq!(code(waiting.await.unwrap()), CallCode::Unavailable);
    eventually("nobody waits", || server.status().waiting == 0).await;
}

#[tokio::test]
async fn a_pool_that_begins_survives_one_refused_login_of_several() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| config.max_connections = 4);
    backends.sql_faults(SqlServerFaults {
        login_failure: Some(LoginFailure {
            times: Some(1),
            ..Default::default()
        }),
        ..Default::default()
    });
    let calls = (0..4).map(|_| session(&server).query("number", ONE, soon()));
    for answer in join_all(calls).await {
        assert_eq!(answer.unwrap(), r#"[{"n":1}]"#);
    }
    assert_eq!(backends.sql_counters().failed_logins, 1);
}

#[tokio::test]
async fn a_login_that_got_stuck_fails_nobody_when_another_succeeded_since() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| {
        config.max_connections = 2;
        config.connect_timeout = Duration::from_millis(500);
    });
    backends.sql_faults(SqlServerFaults {
        slow_login: Some(SlowLogin {
            ms: 60_000,
            times: Some(1),
            ..SlowLogin::default()
        }),
        ..Default::default()
    });
    let calls = (0..2).map(|_| session(&server).query("number", ONE, soon()));
    for answer in join_all(calls).await {
        answer.unwrap();
    }
    // Until the stuck one has been given up.
    tokio::time::sleep(Duration::from_millis(700)).await;
    backends.sql_faults(SqlServerFaults {
        stall: Some(mayfly_embedded::Stall {
            matching: Some("Numbers".to_owned()),
            times: Some(1),
        }),
        ..Default::default()
    });
    // The only connection is lost with a caller who runs out of time.
    assert_eq!(
        code(session(&server).query("hasty", "", soon()).await),
        CallCode::Deadline
    );
    let answer = session(&server).query("number", ONE, soon()).await;
    assert_eq!(answer.unwrap(), r#"[{"n":1}]"#);
}

/// A pool with four idle connections.
async fn four_idle(backends: &Backends, check_after: Duration) -> SqlServer {
    let server = backends.sqlserver(|config| {
        config.max_connections = 4;
        config.check_after = check_after;
    });
    let holders: Vec<_> = (0..4).map(|_| session(&server).begin()).collect();
    for holder in &holders {
        holder.query("number", ONE, soon()).await.unwrap();
    }
    drop(holders);
    eventually("they are back", || server.status().in_use == 0).await;
    assert_eq!(server.status().size, 4);
    server
}

fn forget() -> SqlServerFaults {
    SqlServerFaults {
        forget: Some(Plain::default()),
        ..Default::default()
    }
}

#[tokio::test]
async fn connections_that_a_firewall_forgot_cost_one_call() {
    let backends = Backends::start().await;
    let server = four_idle(&backends, Duration::from_secs(3600)).await;
    backends.sql_faults(forget());
    // It waits for an answer as long as it may.
    assert_eq!(
        code(session(&server).query("hasty", "", soon()).await),
        CallCode::Deadline
    );
    for _ in 0..8 {
        let answer = session(&server).query("number", ONE, soon()).await;
        assert_eq!(answer.unwrap(), r#"[{"n":1}]"#);
    }
    eventually("its siblings were found out", || {
        (
            closed(&server, "cut_off"),
            closed(&server, "did_not_answer"),
        ) == (1, 3)
    })
    .await;
}

#[tokio::test]
async fn connections_that_a_firewall_forgot_cost_one_call_of_many_at_once() {
    let backends = Backends::start().await;
    // So they have proven nothing for a moment at once, but not for long.
    let server = four_idle(&backends, Duration::from_secs(30)).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    backends.sql_faults(forget());
    let mut calls: FuturesUnordered<_> = (0..4)
        .map(|_| session(&server).query("number", ONE, soon()))
        .collect();
    for _ in 0..3 {
        let answer = tokio::time::timeout(Duration::from_secs(15), calls.next()).await;
        let answer = answer.expect("more than one call waits for what was forgotten");
        assert_eq!(answer.unwrap().unwrap(), r#"[{"n":1}]"#);
    }
    assert_eq!(closed(&server, "did_not_answer"), 3);
    drop(calls);
    eventually("the fourth is closed", || closed(&server, "cut_off") == 1).await;
}

#[tokio::test]
async fn one_call_at_a_time_is_not_delayed_by_a_check() {
    let backends = Backends::start().await;
    let server = four_idle(&backends, Duration::from_secs(30)).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    backends.embedded.status().reset();
    for _ in 0..4 {
        session(&server).query("number", ONE, soon()).await.unwrap();
    }
    assert_eq!(backends.sql_counters().batches, 0);
}

#[tokio::test]
async fn idle_connections_are_checked_in_the_background_and_the_dead_ones_closed() {
    let backends = Backends::start().await;
    let server = four_idle(&backends, Duration::from_millis(50)).await;
    server.start_upkeep();
    backends.embedded.status().reset();
    eventually("they are checked, again and again", || {
        backends.sql_counters().batches >= 12
    })
    .await;
    assert_eq!(
        (server.status().size, backends.sql_counters().logins),
        (4, 0)
    );
    backends.sql_faults(forget());
    eventually("they are found out", || {
        closed(&server, "did_not_answer") == 4 && server.status().size == 0
    })
    .await;
    // Nobody noticed.
    let answer = session(&server).query("number", ONE, soon()).await;
    assert_eq!(answer.unwrap(), r#"[{"n":1}]"#);
}

#[tokio::test]
async fn a_connection_that_nobody_has_looked_after_is_checked_before_it_is_lent() {
    let backends = Backends::start().await;
    // Without upkeep, as after a host was asleep.
    let server = four_idle(&backends, Duration::from_nanos(1)).await;
    backends.sql_faults(forget());
    let answer = session(&server).query("number", ONE, soon()).await;
    assert_eq!(answer.unwrap(), r#"[{"n":1}]"#);
    assert_eq!(closed(&server, "cut_off"), 0);
}

#[tokio::test]
async fn a_connection_that_is_slow_makes_no_healthy_one_close() {
    let backends = Backends::start().await;
    let server = four_idle(&backends, Duration::from_secs(3600)).await;
    backends.embedded.status().reset();
    backends.sql_faults(SqlServerFaults {
        stall: Some(mayfly_embedded::Stall {
            matching: Some("Numbers".to_owned()),
            times: Some(1),
        }),
        ..Default::default()
    });
    assert_eq!(
        code(session(&server).query("hasty", "", soon()).await),
        CallCode::Deadline
    );
    eventually("its siblings were asked", || {
        backends.sql_counters().batches == 3
    })
    .await;
    eventually("it is closed", || server.status().size == 3).await;
    assert_eq!(closed(&server, "did_not_answer"), 0);
}
