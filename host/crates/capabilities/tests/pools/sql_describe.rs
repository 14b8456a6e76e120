//! What the server says of statements, before any is run.

use mayfly_capabilities::sql::SqlServer;
use mayfly_capabilities::sql::configuration::{Access, Body, Parameter, SqlType, Statement};
use mayfly_embedded::{DropAt, DropConnection, Plain, SqlServerFaults};
use mayfly_error::CallCode;

use crate::backends::{Backends, code, eventually, soon, statements};

fn statement(
    name: &str,
    body: Body,
    parameters: &[(&str, &str)],
    columns: &[(&str, &str)],
) -> Statement {
    let sql_type = |text: &str| SqlType::parse(text).unwrap();
    let mut statement = statements().remove(0);
    statement.name = name.to_owned();
    statement.body = body;
    statement.access = Access::Read;
    statement.parameters = parameters
        .iter()
        .map(|(name, text)| Parameter {
            name: (*name).to_owned(),
            sql_type: sql_type(
                text.trim_start_matches("list ")
                    .trim_start_matches("output "),
            ),
            list: text.starts_with("list "),
            output: text.starts_with("output "),
        })
        .collect();
    statement.columns = columns
        .iter()
        .map(|(name, text)| ((*name).to_owned(), sql_type(text)))
        .collect();
    statement
}

async fn problems(backends: &Backends, statements: &[Statement]) -> Vec<String> {
    let server: SqlServer = backends
        .sqlserver(|_| ())
        .with_statements(statements)
        .unwrap();
    let problems = server.describe(soon()).await.unwrap();
    eventually("the connection is as good as before", || {
        (server.status().size, server.status().in_use) == (1, 0)
    })
    .await;
    problems.iter().map(ToString::to_string).collect()
}

fn text(text: &str) -> Body {
    Body::Text(text.to_owned())
}

#[tokio::test]
async fn statements_that_are_as_declared_have_no_problem_and_none_is_run() {
    let backends = Backends::start().await;
    let statements = [
        statement(
            "by_student",
            text(
                "SELECT id, score, taken_on, taken_at FROM dbo.Assessments AS a
                 WHERE student_id IN (@ids) AND (@type IS NULL OR a.type = @type) AND score >= @least",
            ),
            &[("ids", "list nvarchar(64)"), ("type", "nvarchar(32)"), ("least", "int")],
            &[("id", "nvarchar(64)"), ("score", "decimal(5,2)"), ("taken_on", "date"), ("taken_at", "datetime2")],
        ),
        statement("add", text("UPDATE Ledger SET amount = amount + @n WHERE id = @id"), &[("n", "int"), ("id", "int")], &[]),
        statement("insert", text("INSERT INTO Ledger (id, amount) VALUES (@id, @n)"), &[("id", "int"), ("n", "int")], &[]),
        statement(
            "batch",
            text("DECLARE @x int = @n; IF @x > 0 SELECT n FROM Numbers WHERE n = @x"),
            &[("n", "int")],
            &[("n", "int")],
        ),
        statement(
            "latest",
            Body::Procedure("dbo.latest".to_owned()),
            &[
                ("student_id", "nvarchar(64)"),
                ("until", "date"),
                ("id", "output nvarchar(64)"),
                ("score", "output decimal(5,2)"),
                ("taken_on", "output date"),
                ("note", "output varchar(max)"),
            ],
            &[],
        ),
    ];
    assert_eq!(problems(&backends, &statements).await, Vec::<String>::new());
    let server = backends.sqlserver(|_| ());
    let balance = crate::backends::session(&server)
        .query("balance", r#"{"id": 1}"#, soon())
        .await
        .unwrap();
    assert_eq!(balance, r#"[{"amount":100}]"#);
}

#[tokio::test]
async fn what_is_not_as_declared_is_told_with_a_remedy() {
    let backends = Backends::start().await;
    let statements = [
        statement("a_table", text("SELECT id FROM Nowhere"), &[], &[]),
        statement(
            "b_columns",
            text("SELECT id, score, taken_on AS Day, type FROM Assessments"),
            &[],
            &[
                ("id", "int"),
                ("score", "decimal(5,1)"),
                ("day", "date"),
                ("grade", "int"),
                ("type", "nvarchar(16)"),
            ],
        ),
        statement(
            "c_parameters",
            text("SELECT n FROM Numbers WHERE n = @n AND text = @text"),
            &[("n", "nvarchar(8)"), ("text", "varchar(8)")],
            &[],
        ),
        statement("d_names", text("SELECT n, n, n + 1 FROM Numbers"), &[], &[]),
        statement(
            "e_procedure",
            Body::Procedure("nothing".to_owned()),
            &[],
            &[],
        ),
        statement(
            "f_argument",
            Body::Procedure("summary".to_owned()),
            &[("student", "int")],
            &[],
        ),
        statement(
            "g_output",
            Body::Procedure("summary".to_owned()),
            &[("student_id", "output nvarchar(64)")],
            &[],
        ),
        statement(
            "h_types",
            Body::Procedure("summary".to_owned()),
            &[
                ("student_id", "int"),
                ("minimum", "decimal(5,2)"),
                ("count", "output int"),
            ],
            &[],
        ),
        statement(
            "i_write",
            text("UPDATE Ledger SET amount = @amount"),
            &[("amount", "date")],
            &[],
        ),
    ];
    let found = problems(&backends, &statements).await;
    let expected = [
        "statements.a_table: the server cannot describe it: ",
        "statements.b_columns: result column `id` is declared int, and the server answers nvarchar(64); declare it as the server answers it, or cast it in the statement",
        "statements.b_columns: result column `score` is declared decimal(5, 1), and the server answers decimal(5,2); declare it as the server answers it, or cast it in the statement",
        "statements.b_columns: the result has no column `day`, which is declared; write it `Day`, as the server does",
        "statements.b_columns: the result has no column `grade`, which is declared; remove it from `columns`, or select it",
        "statements.b_columns: result column `type` is declared nvarchar(16), and the server answers nvarchar(32); declare it as the server answers it, or cast it in the statement",
        "statements.c_parameters: parameter `n` is declared nvarchar(8), and the server expects int; declare it as the server expects it",
        "statements.c_parameters: parameter `text` is declared varchar(8), and the server expects nvarchar(max); declare it as the server expects it",
        "statements.d_names: two result columns are named `n`; name one with AS",
        "statements.d_names: result column 3 has no name; name it with AS",
        "statements.e_procedure: the server cannot describe it: ",
        "statements.f_argument: the server cannot describe it: ",
        "statements.g_output: the server cannot describe it: ",
        "statements.h_types: parameter `student_id` is declared int, and the server expects nvarchar(64); declare it as the server expects it",
        "statements.i_write: parameter `amount` is declared date, and the server expects int; declare it as the server expects it",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\n{expected}");
    }
}

#[tokio::test]
async fn text_that_lies_in_utf8_is_told_before_it_is_read_as_another_code_page() {
    let backends = Backends::start().await;
    let statements = [
        statement(
            "cast",
            text(
                "SELECT CAST(text AS varchar(20)) AS a, CAST(text AS char(20)) AS b, text AS c, n FROM Numbers",
            ),
            &[],
            &[],
        ),
        statement("national", text("SELECT text FROM Numbers"), &[], &[]),
    ];
    assert_eq!(problems(&backends, &statements).await, [""; 0]);
    backends.sql_faults(SqlServerFaults {
        utf8_collation: Some(Plain::default()),
        ..Default::default()
    });
    let told = |column: &str| {
        format!(
            "statements.cast: result column `{column}` is text in UTF-8 (collation Latin1_General_100_CI_AS_SC_UTF8), which \
             would be read as another code page; CAST it AS nvarchar(n) in the statement"
        )
    };
    assert_eq!(
        problems(&backends, &statements).await,
        [told("a"), told("b")]
    );
}

#[tokio::test]
async fn a_server_that_cannot_be_asked_is_an_error_and_not_a_problem() {
    let backends = Backends::start().await;
    let server = backends.sqlserver(|_| ());
    backends.sql_faults(SqlServerFaults {
        refuse: true,
        ..Default::default()
    });
    assert_eq!(code(server.describe(soon()).await), CallCode::Unavailable);
}

#[tokio::test]
async fn a_connection_that_is_lost_while_describing_is_told_and_the_other_findings_stay() {
    let backends = Backends::start().await;
    let wrong = |name: &str, table: &str| {
        statement(
            name,
            text(&format!("SELECT id FROM {table}")),
            &[],
            &[("id", "date")],
        )
    };
    let server = backends
        .sqlserver(|_| ())
        .with_statements(&[
            wrong("a_before", "Ledger"),
            wrong("b_lost", "Assessments"),
            wrong("c_after", "Ledger"),
        ])
        .unwrap();
    server.check(soon()).await.unwrap();
    // The second procedure that is called is the one for the second statement.
    backends.sql_faults(SqlServerFaults {
        drop: Some(DropConnection {
            at: DropAt::After,
            matching: Some("sp_describe_first_result_set".to_owned()),
            times: Some(1),
        }),
        ..Default::default()
    });
    let found = server.describe(soon()).await.unwrap();
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    let starts = [
        "statements.a_before: result column `id` is declared date, and the server answers int",
        "statements.b_lost: the connection was lost while the server described it: ",
        "statements.c_after: result column `id` is declared date, and the server answers int",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (found, start) in found.iter().zip(starts) {
        assert!(found.starts_with(start), "{found}");
    }
    assert!(
        found[1].ends_with("; try again; if it happens again, the server's log says why"),
        "{found:#?}"
    );
}

#[tokio::test]
async fn findings_stay_when_the_server_goes_away_for_good() {
    let backends = Backends::start().await;
    let server = backends
        .sqlserver(|_| ())
        .with_statements(&[
            statement("a", text("SELECT id FROM Ledger"), &[], &[("id", "date")]),
            statement("b", text("SELECT id FROM Ledger"), &[], &[]),
            statement("c", text("SELECT id FROM Ledger"), &[], &[]),
        ])
        .unwrap();
    server.check(soon()).await.unwrap();
    backends.sql_faults(SqlServerFaults {
        drop: Some(DropConnection {
            at: DropAt::After,
            matching: Some("sp_describe_first_result_set".to_owned()),
            times: Some(1),
        }),
        login_failure: Some(mayfly_embedded::LoginFailure::default()),
        ..Default::default()
    });
    let found = server.describe(soon()).await.unwrap();
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(
        found[0].starts_with("statements.a: result column"),
        "{found:#?}"
    );
    assert!(
        found[1].starts_with("statements.b: the connection was lost"),
        "{found:#?}"
    );
    assert!(
        found[2].starts_with("sqlserver.school: 1 more statements could not be described: "),
        "{found:#?}"
    );
}
