//! Connections: how many, how old, and what a call that is dropped leaves behind.

use std::time::Duration;

use futures_util::future::join_all;
use mayfly_embedded::{LateAttentionAck, Slow, SqlServerFaults, Stall};
use mayfly_error::CallCode;

use crate::backends::{Backends, closed, code, eventually, session, soon, within};

fn number(n: i32) -> String {
    format!(r#"{{"n": {n}}}"#)
}

#[tokio::test]
async fn calls_that_are_dropped_midway_never_give_anyone_anothers_answer() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| config.max_connections = 3);
    // An acknowledgement that comes after the answer is what puts a connection off by one, if it is used again.
    backends.sql_faults(SqlServerFaults {
        slow: Some(Slow {
            ms: 3,
            ..Slow::default()
        }),
        late_attention_ack: Some(LateAttentionAck {
            ms: 2,
            ..LateAttentionAck::default()
        }),
        ..Default::default()
    });
    let workers = (0..6).map(|worker| {
        let server = server.clone();
        tokio::spawn(async move {
            for i in worker * 10..worker * 10 + 10 {
                // Each gives up a little later than the one before: while connecting, sending, waiting, reading.
                let patience = Duration::from_micros(u64::try_from(i).unwrap() * 500);
                let _ =
                    tokio::time::timeout(patience, session(&server).query("numbers", "", soon()))
                        .await;
                let answer = session(&server)
                    .query("number", &number(i), soon())
                    .await
                    .unwrap();
                let expected = if i == 0 {
                    "[]".to_owned()
                } else {
                    format!(r#"[{{"n":{i}}}]"#)
                };
                assert_eq!(answer, expected);
            }
        })
    });
    for outcome in join_all(workers).await {
        outcome.unwrap();
    }
    assert!(closed(&server, "cut_off") > 0);
    eventually("nothing is in use", || server.status().in_use == 0).await;
    assert!(server.status().size <= 3);
}

#[tokio::test]
async fn a_call_that_runs_out_of_time_stops_the_server_and_frees_its_place() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| config.max_connections = 1);
    let session = session(&server);
    // The time is for the answer, not for connecting.
    server.check(soon()).await.unwrap();
    backends.sql_faults(SqlServerFaults {
        stall: Some(Stall {
            times: Some(2),
            matching: Some("Numbers".to_owned()),
        }),
        ..Default::default()
    });
    assert_eq!(
        code(session.query("number", &number(1), within(3_000)).await),
        CallCode::Deadline
    );
    // The place is free again only when the connection is closed; the next call waits for that.
    assert_eq!(
        code(session.query("hasty", "", soon()).await),
        CallCode::Deadline
    );
    assert_eq!(
        session.query("number", &number(1), soon()).await.unwrap(),
        r#"[{"n":1}]"#
    );
    eventually("both were closed", || closed(&server, "cut_off") == 2).await;
    assert_eq!(backends.sql_counters().attentions, 2);
}

#[tokio::test]
async fn a_write_that_is_cut_off_says_that_nobody_knows_and_one_that_was_not_sent_says_deadline() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| config.max_connections = 1);
    backends.sql_faults(SqlServerFaults {
        stall: Some(Stall {
            matching: Some("UPDATE".to_owned()),
            times: Some(1),
        }),
        ..Default::default()
    });
    let writer = session(&server);
    let first = tokio::spawn(writer.execute("add", r#"{"amount": 1}"#, within(5_000)));
    eventually("it is sent", || backends.sql_counters().running == 1).await;
    // This one never had a connection.
    assert_eq!(
        code(
            session(&server)
                .execute("add", r#"{"amount": 1}"#, within(50))
                .await
        ),
        CallCode::Deadline
    );
    assert_eq!(code(first.await.unwrap()), CallCode::OutcomeUnknown);
}

#[tokio::test]
async fn more_callers_than_connections_wait_their_turn() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| config.max_connections = 2);
    let calls = (1..=20).map(|i| {
        let call = session(&server).query("number", &number(i), soon());
        async move { assert_eq!(call.await.unwrap(), format!(r#"[{{"n":{i}}}]"#)) }
    });
    join_all(calls).await;
    // The first may have answered all of them before the second was there.
    eventually("two are open", || server.status().size == 2).await;
    assert_eq!(backends.sql_counters().logins, 2);
    let status = server.status();
    assert_eq!(
        (
            status.size,
            status.in_use,
            status.waiting,
            status.max_connections
        ),
        (2, 0, 0, 2)
    );
}

#[tokio::test]
async fn the_calls_of_one_invocation_share_one_connection() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    let session = session(&server);
    join_all((1..=8).map(|i| session.query("number", &number(i), soon())))
        .await
        .into_iter()
        .for_each(|answer| drop(answer.unwrap()));
    assert_eq!(backends.sql_counters().logins, 1);
}

#[tokio::test]
async fn idle_and_old_connections_are_closed_and_some_kept_ready() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| {
        config.min_connections = 2;
        config.max_idle = Duration::from_secs(1);
        config.max_age = Duration::from_secs(5);
    });
    server.start_upkeep();
    eventually("two are ready", || server.status().size == 2).await;
    let sessions: Vec<_> = (0..4).map(|_| session(&server)).collect();
    backends.sql_faults(SqlServerFaults {
        slow: Some(Slow {
            ms: 50,
            ..Slow::default()
        }),
        ..Default::default()
    });
    join_all(
        sessions
            .iter()
            .map(|session| session.query("number", &number(1), soon())),
    )
    .await;
    assert_eq!(server.status().size, 4);
    eventually("idle ones were closed", || {
        closed(&server, "max_idle") >= 2 && server.status().size == 2
    })
    .await;
    eventually("old ones were closed, and replaced", || {
        closed(&server, "max_age") >= 2 && server.status().size == 2
    })
    .await;
}

#[tokio::test]
async fn a_pool_that_is_dropped_closes_its_connections() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| config.min_connections = 2);
    server.start_upkeep();
    eventually("two are ready", || backends.sql_counters().connections == 2).await;
    drop(server);
    eventually("none is left", || backends.sql_counters().connections == 0).await;
}

#[tokio::test]
async fn a_call_that_waits_is_small() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    let session = session(&server);
    let dynamodb = backends.dynamodb(|_| ()).await;
    let options = crate::backends::all();
    let sizes = [
        size_of_val(&session.query("number", &number(1), soon())),
        size_of_val(&session.begin().query("number", &number(1), soon())),
        size_of_val(&session.stream_rows("numbers", "").next(1, soon())),
        size_of_val(&dynamodb.get("Students", "{}", &options, soon())),
    ];
    // They are part of every invocation that waits, and pass through the stack while they are built.
    assert!(sizes.iter().all(|size| *size <= 8 * 1024), "{sizes:?}");
}

#[tokio::test]
async fn whoever_asked_first_is_served_first_and_the_connection_used_last_is_used_next() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| config.max_connections = 2);
    let holders = [session(&server).begin(), session(&server).begin()];
    for holder in &holders {
        holder.query("number", &number(1), soon()).await.unwrap();
    }
    let (served, mut order) = tokio::sync::mpsc::unbounded_channel();
    for place in 0..20 {
        let (call, served) = (session(&server), served.clone());
        tokio::spawn(async move {
            let transaction = call.begin();
            transaction
                .query("number", &number(1), soon())
                .await
                .unwrap();
            served.send(place).unwrap();
        });
        eventually("it waits", || server.status().waiting == place + 1).await;
    }
    let [first, second] = holders;
    let used_last = second.query("connection", "", soon()).await.unwrap();
    // One goes round; the other comes back last.
    drop(first);
    for place in 0..20 {
        assert_eq!(order.recv().await.unwrap(), place);
    }
    eventually("one is back", || server.status().in_use == 1).await;
    drop(second);
    eventually("both are back", || server.status().in_use == 0).await;
    for _ in 0..10 {
        let used = session(&server).query("connection", "", soon()).await;
        assert_eq!(used.unwrap(), used_last);
    }
}
