//! Every mistake has a message that names the key, the line and the remedy.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end by panicking")]

use super::*;

const GOOD: &str = r#"
schema = "schema.graphql"

[modules.students]
component = "build/students.wasm"

[modules.students.grants]
dynamodb.Students = ["get", "batch-get"]
sql = ["read_it"]

[dynamodb]
endpoint = "embedded"

[sqlserver.school]
address = "embedded"
database = "School"

[statements.read_it]
backend = "school"
text = "SELECT id FROM T WHERE id IN (@ids)"
access = "read"
parameters = { ids = "list<nvarchar(64)>", score = "decimal(5,2)" }
"#;

fn parse(text: &str) -> Result<Config, Problems> {
    Config::parse(Path::new("app"), text, &|name| match name {
        "SET" => Some("hunter2".to_owned()),
        "ADO" => Some("Server=db.internal,1433;Database=School;User ID=mayfly;Password=hunter2;Max Pool Size=3".to_owned()),
        _ => None,
    })
}

#[test]
fn a_good_file_has_its_defaults() {
    let config = parse(GOOD).unwrap();
    assert_eq!(config.schema, Path::new("app/schema.graphql"));
    let module = config.modules.first().unwrap();
    assert_eq!(module.memory_bytes, 16 << 20);
    assert_eq!(module.component, Path::new("app/build/students.wasm"));
    assert!(module.grants.dynamodb.get("Students").is_some_and(|actions| actions.contains(&Action::BatchGet)));
    let statement = config.statements.first().unwrap();
    assert!(statement.parameters.iter().any(|p| p.name == "ids" && p.list && p.sql_type == SqlType::NVarChar(Some(64))));
    assert!(config.uses_embedded());
}

#[test]
fn each_mistake_is_named_with_its_line_and_a_remedy() {
    let table = [
        ("schema = \"schema.graphql\"", "", "app/mayfly.toml:1: the file lacks `schema`; add schema = \"schema.graphql\""),
        (
            "component = \"build/students.wasm\"",
            "",
            "app/mayfly.toml:4: `modules.students` lacks `component`; add component = \"build/NAME.wasm\"",
        ),
        (
            "component = \"build/students.wasm\"",
            "component = \"x.wasm\"\nmemroy = \"1 MiB\"",
            "app/mayfly.toml:6: unknown key `modules.students.memroy`; did you mean `memory`?",
        ),
        (
            "component = \"build/students.wasm\"",
            "component = \"x.wasm\"\nmemory = \"1 TB\"",
            "app/mayfly.toml:6: `modules.students.memory` must be a size such as \"16 MiB\"",
        ),
        (
            "component = \"build/students.wasm\"",
            "component = \"x.wasm\"\nmemory = \"1 KiB\"",
            "app/mayfly.toml:6: `modules.students.memory` must be from 64 KiB to 4 GiB",
        ),
        (
            "component = \"build/students.wasm\"",
            "component = \"x.wasm\"\nmemory = \"2 GiB\"",
            "app/mayfly.toml:1: `modules.students.memory` is above `server.guest_memory` (1 GiB), so it could never run; lower the one or raise the other",
        ),
        (
            "component = \"build/students.wasm\"",
            "component = \"x.wasm\"\ndeadline = \"2\"",
            "app/mayfly.toml:6: `modules.students.deadline` must be a duration such as \"2 s\" or \"250 ms\"",
        ),
        (
            "component = \"build/students.wasm\"",
            "component = 3",
            "app/mayfly.toml:5: `modules.students.component` is a integer; write a string",
        ),
        (
            "component = \"build/students.wasm\"",
            "component = \"x.wasm\"\nmax_batch = 0",
            "app/mayfly.toml:6: `modules.students.max_batch` must be a whole number from 1 to 100000",
        ),
        (
            "\"batch-get\"",
            "\"scan\"",
            "app/mayfly.toml:8: `modules.students.grants.dynamodb.Students` grants `scan`, which is no action; use get, batch-get, query, put, update, delete, check",
        ),
        (
            "sql = [\"read_it\"]",
            "sql = [\"read\"]",
            "app/mayfly.toml:9: `modules.students.grants.sql` grants `read`, which is not declared; add [statements.read]",
        ),
        (
            "[dynamodb]\nendpoint = \"embedded\"",
            "",
            "app/mayfly.toml:1: `modules.students.grants.dynamodb` grants tables, but there is no [dynamodb]; add it",
        ),
        (
            "endpoint = \"embedded\"",
            "endpoint = \"localhost:8000\"",
            "app/mayfly.toml:12: `dynamodb.endpoint` must be \"embedded\" or a URL such as \"http://127.0.0.1:8000\"",
        ),
        (
            "database = \"School\"",
            "database = \"School\"\npassword = \"secret\"",
            "app/mayfly.toml:14: `sqlserver.school` holds a password in the file; write password = { env = \"NAME\" }",
        ),
        (
            "database = \"School\"",
            "database = \"School\"\npassword = { env = \"UNSET\" }",
            "app/mayfly.toml:17: `sqlserver.school.password` reads the environment variable UNSET, which is not set; set it",
        ),
        (
            "database = \"School\"",
            "database = \"School\"\nconnection_string = \"Server=db;Password=p\"",
            "app/mayfly.toml:14: `sqlserver.school.connection_string` holds a password in the file; write connection_string = { env = \"NAME\" }",
        ),
        (
            "address = \"embedded\"\ndatabase",
            "connection_string = { env = \"ADO\" }\ndatabase",
            "app/mayfly.toml:14: `sqlserver.school.database` is said by its connection string already; keep one",
        ),
        (
            "address = \"embedded\"\ndatabase = \"School\"",
            "connection_string = { env = \"ADO\" }\nmax_connections = 9",
            "app/mayfly.toml:14: `sqlserver.school.max_connections` is said by its connection string already; keep one",
        ),
        (
            "address = \"embedded\"\ndatabase = \"School\"",
            "connection_string = { env = \"SET\" }",
            "app/mayfly.toml:14: `sqlserver.school.connection_string`: pair 1 has no `=`; put the value before it in quotes if it holds a `;`",
        ),
        (
            "database = \"School\"",
            "database = \"School\"\nca_file = \"ca.pem\"",
            "app/mayfly.toml:14: `sqlserver.school` checks a certificate with encryption off; require encryption, or remove the check",
        ),
        (
            "database = \"School\"",
            "database = \"School\"\nwait_timeout = \"0 ms\"",
            "app/mayfly.toml:17: `sqlserver.school.wait_timeout` must be from 1ms to 300s",
        ),
        (
            "database = \"School\"",
            "database = \"School\"\nmax_uses = 0",
            "app/mayfly.toml:17: `sqlserver.school.max_uses` must be a whole number from 1 to 9223372036854775807",
        ),
        (
            "database = \"School\"",
            "database = \"School\"\nrecycle_timeout = \"1 ms\"",
            "app/mayfly.toml:17: `sqlserver.school.recycle_timeout` must be from 10ms to 60s",
        ),
        (
            "database = \"School\"",
            "database = \"School\"\nsession_procedures = \"p\"",
            "app/mayfly.toml:17: `sqlserver.school.session_procedures` is a string; write a list of strings",
        ),
        (
            "backend = \"school\"",
            "backend = \"scool\"",
            "app/mayfly.toml:18: `statements.read_it` names the backend `scool`, which is not declared; add [sqlserver.scool]",
        ),
        (
            "access = \"read\"",
            "access = \"wrote\"",
            "app/mayfly.toml:18: `statements.read_it.access` must be \"read\" or \"write\"",
        ),
        ("text = ", "query = ", "app/mayfly.toml:18: `statements.read_it` needs either `text` or `procedure`"),
        (
            "decimal(5,2)",
            "decimal(5,9)",
            "app/mayfly.toml:22: `statements.read_it.parameters.score` has the unknown type `decimal(5,9)`; use bit, tinyint, smallint, int, bigint, real, float, decimal(p,s), money, nvarchar(n), varchar(n), varbinary(n), date, time, datetime2, datetimeoffset or uniqueidentifier",
        ),
    ];
    for (good, bad, expected) in table {
        assert!(GOOD.contains(good), "{good}");
        let problems = parse(&GOOD.replacen(good, bad, 1)).unwrap_err().to_string();
        assert!(problems.lines().any(|line| line == expected), "\nexpected {expected}\nfound    {problems}");
    }
}

#[test]
fn all_problems_come_at_once_in_the_order_of_lines() {
    let text = GOOD.replace("\"get\"", "\"got\"").replace("access = \"read\"", "acces = \"read\"");
    let problems = parse(&text).unwrap_err().0;
    assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [8, 18, 21]);
}

#[test]
fn a_file_that_is_not_toml_says_where() {
    let problems = parse("schema = \"x\"\n[modules").unwrap_err().0;
    assert_eq!(problems.first().unwrap().line, 2);
}

#[test]
fn a_secret_comes_from_the_environment_and_never_shows() {
    let text = GOOD.replace("database = \"School\"", "database = \"School\"\npassword = { env = \"SET\" }");
    let config = parse(&text).unwrap();
    assert_eq!(config.sqlserver.first().unwrap().password.expose(), "hunter2");
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn a_connection_string_stands_for_the_keys_it_says() {
    let text = GOOD
        .replace("address = \"embedded\"\ndatabase = \"School\"", "connection_string = { env = \"ADO\" }\nmin_connections = 2");
    let config = parse(&text).unwrap();
    let school = config.sqlserver.first().unwrap();
    assert_eq!(school.address, Place::At("db.internal:1433".to_owned()));
    assert_eq!((school.database.as_str(), school.user.as_str(), school.password.expose()), ("School", "mayfly", "hunter2"));
    assert_eq!((school.encryption, school.max_connections, school.min_connections), (Encryption::Required, 3, 2));
    assert_eq!((school.line, config.statements.first().unwrap().line), (14, 18));
    assert!(!format!("{config:?}").contains("hunter2"));
}
