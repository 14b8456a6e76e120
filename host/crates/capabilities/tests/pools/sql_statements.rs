//! Statements, their values, their answers and errors.

use mayfly_capabilities::sql::configuration::Body;
use mayfly_capabilities::sql::{SqlServer, SqlSession};
use mayfly_config::Endpoint;
use mayfly_embedded::{SqlErrorFault, SqlServerFaults};
use mayfly_error::CallCode;

use crate::backends::{
    Backends, any_rows, borrower, closed, code, eventually, session, soon, sqlserver_config,
};

#[tokio::test]
async fn rows_are_objects_and_a_list_finds_any_of_its_values() {
    let backends = Backends::start().await;
    let session = session(&backends.sqlserver(|_| ()));
    let rows = session
        .query(
            "by_student",
            r#"{"ids": ["s1", "s3", "nobody"], "type": "math"}"#,
            soon(),
        )
        .await
        .unwrap();
    assert!(
        rows.starts_with(r#"[{"id":"a1","student_id":"s1","score":"50.13"},"#),
        "{rows}"
    );
    assert_eq!(rows.matches("\"id\"").count(), 20);
    let rows = session
        .query("by_student", r#"{"ids": ["s1"], "type": null}"#, soon())
        .await
        .unwrap();
    assert_eq!(rows.matches("\"id\"").count(), 10);
    assert_eq!(
        session
            .query("by_student", r#"{"ids": [], "type": null}"#, soon())
            .await
            .unwrap(),
        "[]"
    );
}

#[tokio::test]
async fn every_type_of_column_has_its_json() {
    let backends = Backends::start().await;
    let session = session(&backends.sqlserver(|_| ()));
    let row = session
        .query("everything", r#"{"id": "a1"}"#, soon())
        .await
        .unwrap();
    assert_eq!(
        row,
        r#"[{"id":"a1","student_id":"s1","type":"math","score":"50.13","taken_at":"2026-01-31T10:00:00.0000000","taken_on":"2026-01-31","passed":true,"ref":"6f9619ff-8b86-d011-b42d-00c04fc964ff","raw":"AP8=","cost":"12.5000","weight":0.1,"attempts":9007199254740993}]"#
    );
}

#[tokio::test]
async fn writes_count_their_rows_and_a_key_that_exists_is_a_conflict() {
    let backends = Backends::start().await;
    let session = session(&backends.sqlserver(|_| ()));
    let insert = |json: &str| session.execute("insert", json, soon());
    assert_eq!(
        insert(r#"{"id": 2, "amount": 5}"#).await.unwrap(),
        r#"{"rowsAffected":1}"#
    );
    let error = insert(r#"{"id": 2, "amount": 5}"#).await.unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (
            CallCode::Conflict,
            "statement `insert`: a row with this key exists (error 2627)"
        )
    );
    assert!(error.detail.contains("2627"), "{}", error.detail);
    assert_eq!(
        session
            .execute("add", r#"{"amount": 1}"#, soon())
            .await
            .unwrap(),
        r#"{"rowsAffected":2}"#
    );
    assert_eq!(
        session
            .query("balance", r#"{"id": 2}"#, soon())
            .await
            .unwrap(),
        r#"[{"amount":6}]"#
    );
}

#[tokio::test]
async fn a_procedure_gives_its_result_sets_outputs_and_return_value() {
    let backends = Backends::start().await;
    let session = session(&backends.sqlserver(|_| ()));
    let answer = session
        .call(
            "summary",
            r#"{"student_id": "s0", "minimum": 54.5}"#,
            soon(),
        )
        .await
        .unwrap();
    assert_eq!(
        answer,
        r#"{"resultSets":[[{"id":"a40"},{"id":"a36"}],[{"name":"second"}]],"output":{"count":2},"returnValue":0}"#
    );
    let all = session
        .call(
            "summary",
            r#"{"student_id": "s0", "minimum": null}"#,
            soon(),
        )
        .await
        .unwrap();
    assert!(
        all.ends_with(r#""output":{"count":10},"returnValue":0}"#),
        "{all}"
    );
    let none = session
        .call(
            "summary",
            r#"{"student_id": "nobody", "minimum": 1}"#,
            soon(),
        )
        .await
        .unwrap();
    assert_eq!(
        none,
        r#"{"resultSets":[[],[{"name":"second"}]],"output":{"count":0},"returnValue":-7}"#
    );
}

#[tokio::test]
async fn a_transaction_that_a_procedure_leaves_open_is_rolled_back_before_the_next_call() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| config.max_connections = 1);
    let session = session(&server);
    let _ = session.call("leaves_open", "", soon()).await;
    assert_eq!(
        session
            .query("balance", r#"{"id": 1}"#, soon())
            .await
            .unwrap(),
        r#"[{"amount":100}]"#
    );
    eventually("no transaction is open", || {
        backends.sql_counters().open_transactions == 0
    })
    .await;
}

#[tokio::test]
async fn a_statement_is_called_the_way_it_is_meant() {
    let backends = Backends::start().await;
    let session = session(&backends.sqlserver(|_| ()));
    let message = |error: mayfly_error::CallError| error.message;
    assert_eq!(
        message(session.query("nothing", "", soon()).await.unwrap_err()),
        "no statement `nothing` on backend `school`"
    );
    assert_eq!(
        message(session.query("elsewhere", "", soon()).await.unwrap_err()),
        "no statement `elsewhere` on backend `school`"
    );
    assert_eq!(
        message(session.query("summary", "", soon()).await.unwrap_err()),
        "statement `summary` is a procedure; use `call`"
    );
    assert_eq!(
        message(session.call("number", "", soon()).await.unwrap_err()),
        "statement `number` is a text; use `query` or `execute`"
    );
    assert_eq!(
        message(
            session
                .query("number", r#"{"n": "seven"}"#, soon())
                .await
                .unwrap_err()
        ),
        "statement `number`: parameter `n`: text where an integer of 32 bits (int) was expected"
    );
    // None of them needed a connection.
    assert_eq!(backends.sql_counters().logins, 0);
}

#[tokio::test]
async fn more_rows_than_allowed_are_over_budget_and_the_connection_is_not_used_again() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    let session = session(&server);
    let error = session.query("few", "", soon()).await.unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (
            CallCode::Budget,
            "statement `few`: more than 100 rows; select fewer, or stream them"
        )
    );
    eventually("it is closed", || {
        closed(&server, "cut_off") == 1 && server.status().size == 0
    })
    .await;
    assert_eq!(
        session
            .query("number", r#"{"n": 7}"#, soon())
            .await
            .unwrap(),
        r#"[{"n":7}]"#
    );
}

#[tokio::test]
async fn values_and_answers_larger_than_allowed_are_over_budget() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    let error = session(&server)
        .query("large", "", soon())
        .await
        .unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (
            CallCode::Budget,
            "statement `large`: a value of column `text` is larger than 1000 bytes"
        )
    );
    // The server cuts it off, one character beyond what is allowed, so that no more of it is ever held.
    assert!(
        backends
            .embedded
            .status()
            .requests()
            .iter()
            .any(|request| request.text.starts_with("SET TEXTSIZE 2002;"))
    );
    let error = SqlSession::new(&server, borrower(), 5000, any_rows())
        .query("numbers", "", soon())
        .await
        .unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (
            CallCode::Budget,
            "statement `numbers`: the rows are larger than 5000 bytes; select fewer, or stream them"
        )
    );
}

#[tokio::test]
async fn answers_that_are_not_as_declared_or_cannot_be_told_are_refused() {
    let backends = Backends::start().await;
    let session = session(&backends.sqlserver(|_| ()));
    let error = session
        .query("wrong_columns", "", soon())
        .await
        .unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (
            CallCode::Backend,
            "statement `wrong_columns`: column `score` is declared int, and the server answers decimal"
        )
    );
    let error = session.query("unnamed", "", soon()).await.unwrap_err();
    assert_eq!(
        error.message,
        "statement `unnamed`: result column 1 has no name; name it with AS"
    );
    assert_eq!(
        code(session.query("no_table", "", soon()).await),
        CallCode::NotFound
    );
}

#[tokio::test]
async fn errors_of_the_server_have_words_and_leave_the_connection_usable() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| config.max_connections = 1);
    let session = session(&server);
    for (number, expected) in [
        (1205, CallCode::Conflict),
        (8134, CallCode::Backend),
        (229, CallCode::Denied),
    ] {
        let fault = SqlErrorFault {
            number,
            class: 13,
            times: Some(1),
            matching: Some("Numbers".to_owned()),
            message: "secret".to_owned(),
            ..SqlErrorFault::default()
        };
        backends.sql_faults(SqlServerFaults {
            sql_error: Some(fault),
            ..Default::default()
        });
        let error = session
            .query("number", r#"{"n": 1}"#, soon())
            .await
            .unwrap_err();
        assert_eq!(error.code, expected);
        assert!(!error.message.contains("secret") && error.detail.contains("secret"));
        assert!(
            error.message.contains(&format!("error {number}")),
            "{error:?}"
        );
    }
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
async fn a_connection_whose_session_may_be_altered_is_closed_after_use() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    let session = session(&server);
    for (closings, statement) in
        (1..).zip(["speak_german", "use_database", "own_word", "run_marked"])
    {
        session.query(statement, "", soon()).await.unwrap();
        assert_eq!(
            (closed(&server, "session_altered"), server.status().size),
            (closings, 0),
            "{statement}"
        );
    }
    session.call("marked", "", soon()).await.unwrap();
    assert_eq!(
        (closed(&server, "session_altered"), server.status().size),
        (5, 0)
    );
    session
        .query("number", r#"{"n": 1}"#, soon())
        .await
        .unwrap();
    assert_eq!(
        (closed(&server, "session_altered"), server.status().size),
        (5, 1)
    );
}

#[tokio::test]
async fn an_application_lock_is_gone_with_the_call_that_took_it() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    let lock = r#"{"Resource": "rollup", "LockMode": "Exclusive", "LockOwner": "Session"}"#;
    for _ in 0..3 {
        let answer = session(&server).call("lock", lock, soon()).await.unwrap();
        assert!(answer.ends_with(r#""returnValue":0}"#), "{answer}");
        // The server hears of the closed connection a little later.
        eventually("the session is gone", || {
            backends.sql_counters().connections == 0
        })
        .await;
    }
    assert_eq!(closed(&server, "session_altered"), 3);
}

#[tokio::test]
async fn nobody_finds_the_temporary_table_of_another() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|config| config.max_connections = 1);
    session(&server)
        .execute("make_temporary", "", soon())
        .await
        .unwrap();
    assert_eq!(
        code(session(&server).query("read_temporary", "", soon()).await),
        CallCode::NotFound
    );
    // Inside one transaction it is there, because the connection is the same.
    let transaction = session(&server).begin();
    transaction
        .execute("make_temporary", "", soon())
        .await
        .unwrap();
    assert_eq!(
        transaction
            .query("read_temporary", "", soon())
            .await
            .unwrap(),
        "[]"
    );
    drop(transaction);
    eventually("they are closed", || {
        closed(&server, "session_altered") == 3 && server.status().size == 0
    })
    .await;
}

#[tokio::test]
async fn outputs_of_every_type_come_back_and_dates_may_be_null() {
    let backends = Backends::start().await;
    let session = session(&backends.sqlserver(|_| ()));
    let answer = session
        .call(
            "latest",
            r#"{"student_id": "s1", "until": null, "note": "x"}"#,
            soon(),
        )
        .await
        .unwrap();
    assert_eq!(
        answer,
        r#"{"resultSets":[[{"until_day":null}]],"output":{"id":"a37","score":"54.63","taken_on":"2026-01-31","note":"note of s1 x"},"returnValue":3}"#
    );
    let until = r#"{"student_id": "s1", "until": "2026-01-30"}"#;
    let answer = session.call("latest", until, soon()).await.unwrap();
    assert_eq!(
        answer,
        r#"{"resultSets":[[{"until_day":"2026-01-30"}]],"output":{"id":null,"score":null,"taken_on":null,"note":"note of s1"},"returnValue":3}"#
    );
    // A procedure without outputs is called by name, except with a NULL date; the server had defaults for what was left out.
    let error = session
        .call("until", r#"{"student_id": "s1", "until": null}"#, soon())
        .await
        .unwrap_err();
    assert!(
        error.detail.contains("expects parameter '@id'"),
        "{error:?}"
    );
    let requests = backends.embedded.status().requests();
    let calls: Vec<_> = requests
        .iter()
        .filter(|request| request.text.contains("latest"))
        .map(|request| &request.text)
        .collect();
    assert!(
        calls.iter().all(|text| text.contains("date")),
        "a NULL date has a type: {calls:?}"
    );
}

#[test]
fn problems_of_backends_and_statements_are_told_at_once_with_remedies() {
    let mut config = sqlserver_config();
    config.address = Endpoint::At("sql.example".to_owned());
    let statement = |name: &str, body: Body| mayfly_capabilities::sql::configuration::Statement {
        name: name.to_owned(),
        line: 1,
        backend: "school".to_owned(),
        body,
        access: mayfly_capabilities::sql::configuration::Access::Read,
        parameters: Vec::new(),
        columns: Vec::new(),
        max_rows: 1,
        timeout: std::time::Duration::from_secs(1),
        bigint_as_string: false,
        lossy: false,
        alters_session: false,
    };
    let statements = [
        statement("a", Body::Text("SELECT @x".to_owned())),
        statement("b", Body::Procedure("drop table".to_owned())),
    ];
    let problems = SqlServer::new(&config, None, &statements).unwrap_err();
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "statements.a: the text uses `@x`, which is not declared; add `x` to its parameters, or correct the name",
            "statements.b: `drop table` is not the name of a procedure; write `schema.name`, in brackets if need be",
            "sqlserver.school: address `sql.example` has no port; write `address = \"host:port\"`",
        ]
    );
}

#[tokio::test]
async fn a_pool_takes_other_statements_without_losing_its_connections() {
    let backends = Backends::start().await;
    let before = backends.sqlserver(|_| ());
    before.check(soon()).await.unwrap();
    let after = before.with_statements(&[]).unwrap();
    assert_eq!(
        code(session(&after).query("number", r#"{"n": 1}"#, soon()).await),
        CallCode::NotFound
    );
    assert_eq!(
        session(&before)
            .query("number", r#"{"n": 1}"#, soon())
            .await
            .unwrap(),
        r#"[{"n":1}]"#
    );
    assert_eq!(
        (backends.sql_counters().logins, after.status().size),
        (1, 1)
    );
}
