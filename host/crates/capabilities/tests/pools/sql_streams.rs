//! Row streams.

use mayfly_capabilities::sql::SqlSession;
use mayfly_embedded::{SqlErrorFault, SqlServerFaults, Stall};
use mayfly_error::CallCode;

use crate::backends::{
    Backends, MAX_ANSWER_BYTES, any_rows, borrower, closed, code, eventually, session, soon, within,
};

#[tokio::test]
async fn a_stream_gives_all_rows_in_order_and_then_none() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    let session = session(&server);
    let stream = session.stream_rows("numbers", "");
    let mut seen = 0;
    loop {
        let page = stream.next(700, soon()).await.unwrap();
        let rows = page.matches("\"n\":").count();
        if rows == 0 {
            assert_eq!(page, "[]");
            break;
        }
        assert!(
            page.starts_with(&format!(r#"[{{"n":{},"#, seen + 1)),
            "{}",
            &page[..40]
        );
        seen += rows;
    }
    assert_eq!(seen, 5000);
    assert_eq!(stream.next(1, soon()).await.unwrap(), "[]");
    // It was read to its end, so the connection is good for the next call, also while the stream is still there.
    assert_eq!(
        session
            .query("number", r#"{"n": 1}"#, soon())
            .await
            .unwrap(),
        r#"[{"n":1}]"#
    );
    assert_eq!(backends.sql_counters().logins, 1);
}

#[tokio::test]
async fn pages_stay_within_what_an_answer_may_be() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    let stream = SqlSession::new(&server, borrower(), 1000, any_rows()).stream_rows("numbers", "");
    for _ in 0..20 {
        let page = stream.next(u32::MAX, soon()).await.unwrap();
        assert!((400..=1000).contains(&page.len()), "{}", page.len());
    }
}

#[tokio::test]
async fn a_stream_that_is_dropped_stops_the_server_and_frees_its_place() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| config.max_connections = 1);
    let session = session(&server);
    let stream = session.stream_rows("numbers", "");
    stream.next(10, soon()).await.unwrap();
    assert_eq!(
        code(session.query("number", r#"{"n": 1}"#, soon()).await),
        CallCode::Busy
    );
    drop(stream);
    eventually("it is closed", || {
        closed(&server, "cut_off") == 1 && server.status().size == 0
    })
    .await;
    assert_eq!(
        session
            .query("number", r#"{"n": 1}"#, soon())
            .await
            .unwrap(),
        r#"[{"n":1}]"#
    );
}

#[tokio::test]
async fn a_stream_is_read_no_further_than_it_is_asked_for_and_its_end_stops_the_server() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    let stream = session(&server).stream_rows("endless", "");
    for _ in 0..3 {
        assert_eq!(
            stream
                .next(10, soon())
                .await
                .unwrap()
                .matches("\"n\":")
                .count(),
            10
        );
        // 25 million rows: the server is held up by whoever does not read them.
        assert_eq!(
            (backends.sql_counters().running, server.status().in_use),
            (1, 1)
        );
    }
    drop(stream);
    eventually("the server has stopped", || {
        backends.sql_counters().running == 0 && server.status().size == 0
    })
    .await;
    assert_eq!(
        (
            backends.sql_counters().attentions,
            closed(&server, "cut_off")
        ),
        (1, 1)
    );
}

#[tokio::test]
async fn a_stream_whose_reader_stops_waiting_is_over() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    // The time is for the rows, not for connecting.
    server.check(soon()).await.unwrap();
    let stream = session(&server).stream_rows("numbers", "");
    backends.sql_faults(SqlServerFaults {
        stall: Some(Stall {
            times: Some(1),
            matching: Some("Numbers".to_owned()),
        }),
        ..Default::default()
    });
    assert_eq!(
        code(stream.next(10, within(3_000)).await),
        CallCode::Deadline
    );
    assert_eq!(code(stream.next(10, soon()).await), CallCode::Invalid);
    eventually("it is closed", || {
        closed(&server, "cut_off") == 1 && server.status().in_use == 0
    })
    .await;
}

#[tokio::test]
async fn an_error_after_some_rows_ends_the_stream() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| config.max_connections = 1);
    let session = session(&server);
    let error = SqlErrorFault {
        number: 8134,
        class: 16,
        after_rows: Some(20),
        times: Some(1),
        matching: Some("Numbers".to_owned()),
        ..SqlErrorFault::default()
    };
    backends.sql_faults(SqlServerFaults {
        sql_error: Some(error),
        ..Default::default()
    });
    let stream = session.stream_rows("numbers", "");
    assert!(
        stream
            .next(10, soon())
            .await
            .unwrap()
            .starts_with(r#"[{"n":1,"#)
    );
    let error = stream.next(1000, soon()).await.unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (
            CallCode::Backend,
            "statement `numbers` failed with error 8134"
        )
    );
    assert_eq!(
        session
            .query("number", r#"{"n": 1}"#, soon())
            .await
            .unwrap(),
        r#"[{"n":1}]"#
    );
    assert_eq!(backends.sql_counters().logins, 1);
}

#[tokio::test]
async fn what_is_wrong_with_a_stream_is_told_by_its_first_call() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    let session = SqlSession::new(&server, borrower(), MAX_ANSWER_BYTES, any_rows());
    assert_eq!(
        code(session.stream_rows("nothing", "").next(1, soon()).await),
        CallCode::NotFound
    );
    assert_eq!(
        code(session.stream_rows("number", "{}").next(1, soon()).await),
        CallCode::Invalid
    );
    assert_eq!(
        code(session.stream_rows("numbers", "").next(0, soon()).await),
        CallCode::Invalid
    );
    let (one, two) = (
        session.stream_rows("numbers", ""),
        session.stream_rows("numbers", ""),
    );
    one.next(1, soon()).await.unwrap();
    assert_eq!(code(two.next(1, soon()).await), CallCode::Busy);
}

#[tokio::test]
async fn a_call_made_right_after_a_stream_was_dropped_waits_for_its_end() {
    let backends = Backends::start().await;
    let session = session(&backends.sqlserver(|config| config.max_connections = 1));
    for _ in 0..3 {
        let stream = session.stream_rows("numbers", "");
        stream.next(10, soon()).await.unwrap();
        drop(stream);
        assert_eq!(
            session
                .query("number", r#"{"n": 1}"#, soon())
                .await
                .unwrap(),
            r#"[{"n":1}]"#
        );
    }
}
