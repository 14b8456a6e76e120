//! Every mistake has a message that names the key, the line and the remedy.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests end by panicking"
)]

use std::path::Path;

use mayfly_capabilities::ALL;
use mayfly_capabilities::dynamodb::configuration::{
    self as dynamodb, Action, BoundKey, KeyPart, TableGrants,
};
use mayfly_capabilities::sql::configuration::{self as sql, Encryption, SqlType};
use mayfly_config::{Config, Endpoint, ErrorDetail, FILE, HostName, Problems, TokenKey};
use mayfly_runtime::capability::readers;

fn parse_with(
    root: &Path,
    text: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, Problems> {
    Config::parse(root, text, &readers(ALL), environment)
}

fn sql(config: &Config) -> &sql::Section {
    config.sections.get().unwrap()
}

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
    parse_with(Path::new("app"), text, &|name| {
        match name {
        "SET" => Some("hunter2".to_owned()),
        "ADO" => Some("Server=db.internal,1433;Database=School;User ID=mayfly;Password=hunter2;Max Pool Size=3".to_owned()),
        _ => None,
    }
    })
}

#[test]
fn a_good_file_has_its_defaults() {
    let config = parse(GOOD).unwrap();
    assert_eq!(config.schema, Path::new("app/schema.graphql"));
    let module = config.modules.first().unwrap();
    assert_eq!(module.memory_bytes, 16 << 20);
    assert_eq!(module.component, Path::new("app/build/students.wasm"));
    assert!(
        module
            .grants
            .get::<TableGrants>()
            .unwrap()
            .0
            .get("Students")
            .is_some_and(|grant| grant.actions.contains(&Action::BatchGet))
    );
    let statement = sql(&config).statements.first().unwrap();
    assert!(
        statement
            .parameters
            .iter()
            .any(|p| p.name == "ids" && p.list && p.sql_type == SqlType::NVarChar(Some(64)))
    );
    let backend = sql(&config).backends.first().unwrap();
    assert_eq!(
        (backend.max_idle.as_secs(), backend.check_after.as_secs()),
        (180, 30)
    );
    assert!(config.uses_embedded);
}

#[test]
fn each_mistake_is_named_with_its_line_and_a_remedy() {
    let table = [
        (
            "schema = \"schema.graphql\"",
            "",
            "app/mayfly.toml:1: the file lacks `schema`; add schema = \"schema.graphql\"",
        ),
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
            "app/mayfly.toml:5: `modules.students.component` is an integer; write a string",
        ),
        (
            "component = \"build/students.wasm\"",
            "component = \"x.wasm\"\nshare = 0.5",
            "app/mayfly.toml:6: `modules.students.share` must be a percentage such as \"75 %\"",
        ),
        (
            "component = \"build/students.wasm\"",
            "component = \"x.wasm\"\nshare = \"0 %\"",
            "app/mayfly.toml:6: `modules.students.share` must be from 1 % to 100 %",
        ),
        (
            "component = \"build/students.wasm\"",
            "component = \"x.wasm\"\nmax_batch = 0",
            "app/mayfly.toml:6: `modules.students.max_batch` must be a whole number from 1 to 100000",
        ),
        (
            "\"batch-get\"",
            "\"scan\"",
            "app/mayfly.toml:8: `modules.students.grants.dynamodb.Students` grants the unknown action `scan`; expected one of get, batch-get, query, put, update, delete, check",
        ),
        (
            "sql = [\"read_it\"]",
            "sql = [\"read\"]",
            "app/mayfly.toml:9: `modules.students.grants.sql` grants `read`, which is not declared; add [statements.read]",
        ),
        (
            "[dynamodb]\nendpoint = \"embedded\"",
            "",
            "app/mayfly.toml:8: `modules.students.grants.dynamodb` grants tables, but there is no [dynamodb]; add it",
        ),
        (
            "endpoint = \"embedded\"",
            "endpoint = \"localhost:8000\"",
            "app/mayfly.toml:12: `dynamodb.endpoint` must be \"embedded\" or a URL such as \"http://127.0.0.1:8000\"",
        ),
        (
            "database = \"School\"",
            "database = \"School\"\npassword = \"secret\"",
            "app/mayfly.toml:17: `sqlserver.school.password` is a secret and must not be in the file itself; write password = { env = \"NAME\" } or { file = \"/run/secrets/NAME\" }",
        ),
        (
            "database = \"School\"",
            "database = \"School\"\npassword = { env = \"UNSET\" }",
            "app/mayfly.toml:17: `sqlserver.school.password` reads the environment variable UNSET, which is not set; set it",
        ),
        (
            "database = \"School\"",
            "database = \"School\"\nconnection_string = \"Server=db;Password=p\"",
            "app/mayfly.toml:17: `sqlserver.school.connection_string` is a secret and must not be in the file itself; write connection_string = { env = \"NAME\" } or { file = \"/run/secrets/NAME\" }",
        ),
        (
            "address = \"embedded\"\ndatabase",
            "connection_string = { env = \"ADO\" }\ndatabase",
            "app/mayfly.toml:14: `sqlserver.school.database` is already set by its connection string; keep one of the two",
        ),
        (
            "address = \"embedded\"\ndatabase = \"School\"",
            "connection_string = { env = \"ADO\" }\nmax_connections = 9",
            "app/mayfly.toml:14: `sqlserver.school.max_connections` is already set by its connection string; keep one of the two",
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
            "database = \"School\"\ncheck_after = \"500 ms\"",
            "app/mayfly.toml:17: `sqlserver.school.check_after` must be from 1s to 86400s",
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
        (
            "text = ",
            "query = ",
            "app/mayfly.toml:18: `statements.read_it` needs either `text` or `procedure`",
        ),
        (
            "decimal(5,2)",
            "decimal(5,9)",
            "app/mayfly.toml:22: `statements.read_it.parameters.score` has the unknown type `decimal(5,9)`; use bit, tinyint, smallint, int, bigint, real, float, decimal(p,s), money, nvarchar(n), varchar(n), varbinary(n), date, time, datetime2, datetimeoffset or uniqueidentifier",
        ),
    ];
    for (good, bad, expected) in table {
        assert!(GOOD.contains(good), "{good}");
        let problems = parse(&GOOD.replacen(good, bad, 1)).unwrap_err().to_string();
        assert!(
            problems.lines().any(|line| line == expected),
            "\nexpected {expected}\nfound    {problems}"
        );
    }
}

#[test]
fn a_module_that_is_not_alone_has_a_share_and_always_something() {
    let alone = parse(GOOD).unwrap();
    assert_eq!(
        (alone.modules[0].share_percent, alone.modules[0].share_of(8)),
        (100, 8)
    );
    let more = "\n[modules.other]\ncomponent = \"o.wasm\"\n[modules.small]\ncomponent = \"s.wasm\"\nshare = \"10 %\"\n";
    let several = parse(&format!("{GOOD}{more}")).unwrap();
    let shares: Vec<_> = several
        .modules
        .iter()
        .map(|module| (module.share_of(8), module.share_of(1)))
        .collect();
    assert_eq!(shares, [(6, 1), (6, 1), (1, 1)]);
}

/// A file with a `[callers]` section, in which one thing is wrong.
#[test]
fn each_mistake_about_callers_is_named_with_a_remedy() {
    let good = "\n[callers]\npublic_key = \"keys/issuer.pem\"\nissuer = \"https://id.example.org\"\naudience = \"mayfly\"\n";
    let config = parse(&format!("{GOOD}{good}")).unwrap();
    let callers = config.callers.unwrap();
    let issuer = callers.issuers.first().unwrap();
    assert_eq!(
        issuer.key,
        TokenKey::PublicKey("app/keys/issuer.pem".into())
    );
    assert_eq!(
        (issuer.name.as_str(), issuer.path.as_str()),
        ("default", "callers")
    );
    assert!(!callers.anonymous);
    let table = [
        (
            "public_key = \"keys/issuer.pem\"",
            "",
            "app/mayfly.toml:24: `callers` needs exactly one of `secret`, `public_key`, `key_set`, `key_set_url` and `discovery`; it has 0",
        ),
        (
            "public_key = \"keys/issuer.pem\"",
            "public_key = \"a.pem\"\nkey_set = \"b.json\"",
            "app/mayfly.toml:24: `callers` needs exactly one of `secret`, `public_key`, `key_set`, `key_set_url` and `discovery`; it has 2",
        ),
        (
            "public_key = \"keys/issuer.pem\"",
            "secret = \"hunter2\"",
            "app/mayfly.toml:25: `callers.secret` is a secret and must not be in the file itself; write secret = { env = \"NAME\" } or { file = \"/run/secrets/NAME\" }",
        ),
        (
            "public_key = \"keys/issuer.pem\"",
            "secret = { env = \"SET\" }",
            "app/mayfly.toml:24: `callers.secret` is 7 bytes long; use at least 32 random bytes",
        ),
        (
            "public_key = \"keys/issuer.pem\"",
            "secret = { env = \"UNSET\" }",
            "app/mayfly.toml:25: `callers.secret` reads the environment variable UNSET, which is not set; set it",
        ),
        (
            "issuer = \"https://id.example.org\"",
            "",
            "app/mayfly.toml:24: `callers` lacks `issuer`; add issuer = \"https://id.example.org\"",
        ),
        (
            "audience = \"mayfly\"",
            "",
            "app/mayfly.toml:24: `callers` lacks `audience`; add audience = \"https://api.example.org\"",
        ),
        (
            "audience = \"mayfly\"",
            "audience = \"mayfly\"\nleeway = \"1 h\"",
            "app/mayfly.toml:28: `callers.leeway` must be from 0ns to 300s",
        ),
        (
            "audience = \"mayfly\"",
            "audience = \"mayfly\"\nclient_id = \"app\"",
            "app/mayfly.toml:24: `callers` has both `audience` and `client_id`; keep `client_id` for access tokens of Cognito, and `audience` otherwise",
        ),
        (
            "audience = \"mayfly\"",
            "audience = \"mayfly\"\nrequired = true",
            "app/mayfly.toml:24: `callers.required` is now `anonymous`, its opposite; remove it if it was true, or write anonymous = true if it was false",
        ),
        (
            "audience = \"mayfly\"",
            "audience = \"mayfly\"\nca_file = \"ca.pem\"",
            "app/mayfly.toml:28: `callers.ca_file` is for keys that are fetched; remove it, or add `key_set_url` or `discovery`",
        ),
        (
            "public_key = \"keys/issuer.pem\"",
            "key_set_url = \"http://id.example.org/keys\"",
            "app/mayfly.toml:25: `callers.key_set_url` must be an https URL, or an http one on the loopback address, not \"http://id.example.org/keys\"",
        ),
        (
            "public_key = \"keys/issuer.pem\"\nissuer = \"https://id.example.org\"",
            "discovery = true\nissuer = \"accounts\"",
            "app/mayfly.toml:24: `callers.discovery` asks the issuer for its keys, but `issuer` is neither an https URL nor an http one on the loopback address; use `key_set_url` instead",
        ),
        (
            "audience = \"mayfly\"",
            "audience = \"mayfly\"\napi_key_header = \"Authorization\"",
            "app/mayfly.toml:28: `callers.api_key_header` must be the name of a header other than Authorization, such as \"x-api-key\"",
        ),
        (
            "audience = \"mayfly\"\n",
            "audience = \"mayfly\"\n[callers.issuers.default]\nissuer = \"a\"\naudience = \"b\"\nkey_set = \"c\"\n",
            "app/mayfly.toml:28: `callers.issuers.default` has the name of the issuer in `[callers]` itself; choose another name",
        ),
        (
            "audience = \"mayfly\"\n",
            "audience = \"mayfly\"\n[callers.issuers.other]\nissuer = \"https://id.example.org\"\naudience = \"mayfly\"\nkey_set = \"c\"\n",
            "app/mayfly.toml:24: the issuers `default` and `other` accept the same tokens; remove one",
        ),
        (
            good,
            "\n[callers]\n",
            "app/mayfly.toml:24: `callers` names no issuer and no API key, so nobody could call; add [callers.issuers.NAME] or [callers.api_keys.NAME]",
        ),
    ];
    for (right, wrong, expected) in table {
        assert!(good.contains(right), "{right}");
        finds(&good.replacen(right, wrong, 1), expected);
    }
}

/// Whether a file with this at its end has this problem.
fn finds(text: &str, expected: &str) {
    let problems = parse(&format!("{GOOD}{text}")).unwrap_err().to_string();
    assert!(
        problems.lines().any(|line| line == expected),
        "\nexpected {expected}\nfound    {problems}"
    );
}

#[test]
fn each_mistake_about_api_keys_is_named_with_a_remedy() {
    let hash = "0123456789abcdef".repeat(4);
    let good = format!(
        "\n[callers.api_keys.batch]\nsha256 = \"{hash}\"\nexpires = \"2027-01-31T12:00:00Z\"\ngroups = [\"staff\"]\n\
         scopes = [\"students:read\"]\nclaims = {{ sub = \"batch\" }}\n"
    );
    let config = parse(&format!("{GOOD}{good}")).unwrap();
    let callers = config.callers.unwrap();
    assert_eq!(callers.api_key_header, "x-api-key");
    let key = callers.api_keys.first().unwrap();
    assert_eq!(key.claims, [("sub".to_owned(), "batch".to_owned())]);
    assert!(
        !format!("{callers:?}").contains("0123"),
        "hashes do not show"
    );
    let table = [
        (
            hash.as_str(),
            "0123",
            "app/mayfly.toml:24: `callers.api_keys.batch.sha256` must be the SHA-256 of the key, 64 hexadecimal digits; `printf %s \"$KEY\" | sha256sum` computes it",
        ),
        (
            "2027-01-31T12:00:00Z",
            "next year",
            "app/mayfly.toml:26: `callers.api_keys.batch.expires` must be a time in UTC such as \"2027-01-31\" or \"2027-01-31T12:00:00Z\"",
        ),
        (
            "\"students:read\"",
            "\"students:read students:write\"",
            "app/mayfly.toml:28: `callers.api_keys.batch.scopes` has \"students:read students:write\"; write each word separately",
        ),
        (
            "sub = \"batch\"",
            "scope = \"all\"",
            "app/mayfly.toml:29: `callers.api_keys.batch.claims.scope` is set by `groups`, `scopes` or `expires`; write it there",
        ),
    ];
    for (right, wrong, expected) in table {
        assert!(good.contains(right), "{right}");
        finds(&good.replacen(right, wrong, 1), expected);
    }
    let twice = format!("{good}[callers.api_keys.second]\nsha256 = \"{hash}\"\n");
    finds(
        &twice,
        "app/mayfly.toml:30: `callers.api_keys.second` has the same key as `batch`; give each caller a key of its own",
    );
    finds(
        &format!("{good}[server]\nguest_headers = [\"X-API-Key\"]\n"),
        "app/mayfly.toml:1: `server.guest_headers` has \"x-api-key\", the header with the API key, which guests would read; remove it",
    );
}

#[test]
fn a_grant_may_bind_the_key_to_the_caller() {
    let bound = |grant: &str| {
        let text = GOOD.replace(
            "dynamodb.Students = [\"get\", \"batch-get\"]",
            &format!("dynamodb.Students = {grant}"),
        );
        let callers = "\n[callers]\nkey_set = \"keys.json\"\nissuer = \"i\"\naudience = \"a\"\n";
        parse(&(text + callers)).map(|config| {
            config.modules[0].grants.get::<TableGrants>().unwrap().0["Students"].clone()
        })
    };
    let grant = bound(
        r#"{ actions = ["get"], key = "PK = STUDENT#{claims.sub}#{claims.custom:school}!", index_keys.ByOwner = "owner={claims.sub}" }"#,
    )
    .unwrap();
    let claim = |name: &str| KeyPart::Claim(name.to_owned());
    let text = |text: &str| KeyPart::Text(text.to_owned());
    let key = grant.key.unwrap();
    assert_eq!(key.attribute, "PK");
    assert_eq!(
        key.parts,
        [
            text("STUDENT#"),
            claim("sub"),
            text("#"),
            claim("custom:school"),
            text("!")
        ]
    );
    assert_eq!(
        grant.index_keys["ByOwner"],
        BoundKey {
            attribute: "owner".to_owned(),
            parts: vec![claim("sub")]
        }
    );
    let start = "app/mayfly.toml:8: `modules.students.grants.dynamodb.Students";
    let example = "write ATTRIBUTE = VALUE, such as \"PK = STUDENT#{claims.sub}\"";
    let table = [
        (r#"{ key = "PK = {claims.sub}" }"#, "` grants no `actions`; add actions = [\"get\"]".to_owned()),
        (
            r#"{ actions = ["got"] }"#,
            ".actions` grants the unknown action `got`; expected one of get, batch-get, query, put, update, delete, check".to_owned(),
        ),
        (r#"{ actions = ["get"], keys = "PK = {claims.sub}" }"#, ".keys`; did you mean `key`?".to_owned()),
        (r#"{ actions = ["get"], key = "STUDENT#{claims.sub}" }"#, format!(".key` binds nothing; {example}")),
        (r#"{ actions = ["get"], key = " = {claims.sub}" }"#, format!(".key` names no attribute; {example}")),
        (r#"{ actions = ["get"], key = "PK = STUDENT" }"#, format!(".key` is the same for every caller; {example}")),
        (r#"{ actions = ["get"], key = "PK = {sub}" }"#, ".key` refers to `{sub}`; write {claims.NAME}".to_owned()),
        (r#"{ actions = ["get"], key = "PK = {claims.}" }"#, ".key` refers to `{claims.}`; write {claims.NAME}".to_owned()),
        (r#"{ actions = ["get"], key = "PK = {claims.sub" }"#, ".key` has a `{` without `}`; write {claims.NAME}".to_owned()),
        (r#"{ actions = ["get"], key = "PK = {claims.sub}}" }"#, ".key` has a `}` without `{`; write {claims.NAME}".to_owned()),
        (
            r#"{ actions = ["get"], key = "PK = {claims.a}{claims.b}" }"#,
            ".key` has two claims with nothing between them, so two callers may share a key; put text between".to_owned(),
        ),
        (
            r#"{ actions = ["get"], index_keys.ByOwner = "owner = {claims.sub}" }"#,
            "` binds indexes and leaves the table open; add key = \"PK = {claims.sub}\"".to_owned(),
        ),
    ];
    for (grant, expected) in table {
        let problems = bound(grant).unwrap_err().to_string();
        let start = if expected.contains("did you mean") {
            start.replace("`modules", "unknown key `modules")
        } else {
            start.to_owned()
        };
        assert!(
            problems
                .lines()
                .any(|line| line == format!("{start}{expected}")),
            "\nexpected {start}{expected}\nfound    {problems}"
        );
    }
    let text = GOOD.replace(
        "[\"get\", \"batch-get\"]",
        r#"{ actions = ["get"], key = "PK = {claims.sub}" }"#,
    );
    let problems = parse(&text).unwrap_err().to_string();
    assert_eq!(
        problems,
        "app/mayfly.toml:1: `modules.students.grants.dynamodb` binds keys to callers, and every caller is anonymous; add [callers]"
    );
}

#[test]
fn all_problems_come_at_once_in_the_order_of_lines() {
    let text = GOOD
        .replace("\"get\"", "\"got\"")
        .replace("access = \"read\"", "acces = \"read\"");
    let problems = parse(&text).unwrap_err().0;
    assert_eq!(
        problems
            .iter()
            .map(|problem| problem.line)
            .collect::<Vec<_>>(),
        [8, 18, 21]
    );
}

#[test]
fn a_file_that_is_not_toml_says_where() {
    let problems = parse("schema = \"x\"\n[modules").unwrap_err().0;
    assert_eq!(problems.first().unwrap().line, 2);
}

#[test]
fn a_secret_comes_from_the_environment_and_never_shows() {
    let text = GOOD.replace(
        "database = \"School\"",
        "database = \"School\"\npassword = { env = \"SET\" }",
    );
    let config = parse(&text).unwrap();
    assert_eq!(
        sql(&config).backends.first().unwrap().password.expose(),
        "hunter2"
    );
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn a_connection_string_stands_for_the_keys_it_says() {
    let text = GOOD.replace(
        "address = \"embedded\"\ndatabase = \"School\"",
        "connection_string = { env = \"ADO\" }\nmin_connections = 2",
    );
    let config = parse(&text).unwrap();
    let school = sql(&config).backends.first().unwrap();
    assert_eq!(school.address, Endpoint::At("db.internal:1433".to_owned()));
    assert_eq!(
        (
            school.database.as_str(),
            school.user.as_str(),
            school.password.expose()
        ),
        ("School", "mayfly", "hunter2")
    );
    assert_eq!(
        (
            school.encryption,
            school.max_connections,
            school.min_connections
        ),
        (Encryption::Required, 3, 2)
    );
    assert_eq!(
        (school.line, sql(&config).statements.first().unwrap().line),
        (14, 18)
    );
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn a_probe_is_read_as_it_is_asked() {
    let probe = r#"
[[modules.students.probe]]
field = "Student.assessments"
arguments = '{"type": null}'
parents = ['{"id": "S1"}', '{"id": "S2"}']
selection = ["score"]
answer = '[[], [{"score": 1}]]'

[[modules.students.probe]]
field = "Query.student"
"#;
    let config = parse(&format!("{GOOD}{probe}")).unwrap();
    let [first, second] = config.modules.first().unwrap().probes.as_slice() else {
        panic!("two probes")
    };
    assert_eq!(
        first.field,
        ("Student".to_owned(), "assessments".to_owned())
    );
    assert_eq!(first.parents.len(), 2);
    let answer = first.answer.as_deref().and_then(mayfly_json::length);
    assert_eq!(answer, Some(2));
    assert_eq!((second.arguments.as_str(), &second.answer), ("{}", &None));
}

#[test]
fn each_mistake_in_a_probe_or_in_who_may_swap_is_named() {
    let table = [
        (
            "[[modules.students.probe]]\n",
            "`modules.students.probe` lacks `field`; add field = \"Query.student\"",
        ),
        (
            "[[modules.students.probe]]\nfield = \"student\"\n",
            "`modules.students.probe.field` is not a field; write it as \"Type.field\"",
        ),
        (
            "[[modules.students.probe]]\nfield = \"Query.student\"\narguments = \"id\"\n",
            "`modules.students.probe.arguments` must be a JSON object in quotes, such as '{\"id\": \"S1\"}'",
        ),
        (
            "[[modules.students.probe]]\nfield = \"Query.student\"\nparents = [\"1\"]\n",
            "`modules.students.probe.parents` must be JSON objects in quotes, such as '{\"id\": \"S1\"}'",
        ),
        (
            "[[modules.students.probe]]\nfield = \"Query.student\"\nanswer = \"Ada\"\n",
            "`modules.students.probe.answer` must be JSON in quotes, such as '{\"name\": \"Ada\"}'",
        ),
        (
            "[[modules.students.probe]]\nfield = \"Query.student\"\nparents = [\"{}\"]\nanswer = \"1\"\n",
            "`modules.students.probe.answer` must be a JSON list with one answer for each of `parents`",
        ),
        (
            "[server]\nadmin_token = \"secret\"\n",
            "`server.admin_token` is a secret and must not be in the file itself; write admin_token = { env = \"NAME\" } or { file = \"/run/secrets/NAME\" }",
        ),
        (
            "[server]\nadmin_token = { env = \"SET\" }\n",
            "`server.admin_token` is shorter than 16 characters; use a long random one",
        ),
        (
            "[server]\nadmin_token = { env = \"UNSET\" }\n",
            "`server.admin_token` reads the environment variable UNSET, which is not set; set it",
        ),
        (
            "[server.admin_tokens.ci]\nsha256 = \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"\n",
            "`server.admin_tokens.ci` lacks `role`; add role = \"read\"",
        ),
        (
            "[server.admin_tokens.ci]\nrole = \"read\"\nsha256 = \"00\"\n",
            "`server.admin_tokens.ci.sha256` must be the SHA-256 of the token, 64 hexadecimal digits; `printf %s \"$TOKEN\" | sha256sum` computes it",
        ),
        (
            "[server.admin_tokens.ci]\nrole = \"admin\"\nsha256 = \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"\n",
            "`server.admin_tokens.ci.role` must be \"read\" or \"deploy\"",
        ),
        (
            "[server.admin_tokens.ci]\nrole = \"read\"\n",
            "`server.admin_tokens.ci` lacks `sha256`; add sha256 = the output of `printf %s \"$TOKEN\" | sha256sum`",
        ),
        (
            "[server]\nadmin_hosts = [\"http://a\"]\n",
            "`server.admin_hosts` has the invalid name \"http://a\"; write a host name such as \"api.example.org\" or \"localhost:8080\"",
        ),
        (
            "[server]\nlive_versions = 2\n",
            "`server.live_versions` must be a whole number from 3 to 64",
        ),
        (
            "[server]\ncompile_priority = \"high\"\n",
            "`server.compile_priority` must be \"normal\", \"low\" or \"idle\"",
        ),
        (
            "[server]\ncompile_priority = 5\n",
            "`server.compile_priority` is an integer; write a string",
        ),
    ];
    for (text, said) in table {
        let problems = parse(&format!("{GOOD}{text}")).unwrap_err().to_string();
        let messages: Vec<_> = problems
            .lines()
            .filter_map(|line| line.splitn(3, ':').nth(2))
            .map(str::trim)
            .collect();
        assert_eq!(messages, [said], "{text}");
    }
}

#[test]
fn a_value_may_stand_outside_wherever_it_stands_in_the_file() {
    let directory = tempfile::TempDir::new().unwrap();
    std::fs::write(directory.path().join("database"), "School\r\n").unwrap();
    std::fs::write(directory.path().join("password"), "two\nlines\n").unwrap();
    let text = GOOD
        .replace(
            "address = \"embedded\"\ndatabase = \"School\"",
            "address = { env = \"ADDRESS\" }\ndatabase = { file = \"database\" }\nuser = { env = \"UNSET\", default = \"mayfly\" }\n\
             password = { file = \"password\" }\nmax_connections = { env = \"EIGHT\", default = 3 }\nmin_connections = { env = \"UNSET\", default = 2 }\n\
             max_idle = { env = \"IDLE\" }\nsession_procedures = [\"a\", { env = \"PROCEDURE\" }]",
        )
        .replace("component = \"build", "max_batch = { env = \"EIGHT\" }\nmemory = { env = \"UNSET\", default = \"1 MiB\" }\ncomponent = \"build")
        .replace("[dynamodb]\n", "[server]\nwatch = { env = \"NO\" }\n[dynamodb]\nregion = { env = \"UNSET\", default = \"eu-west-1\" }\n");
    let config = parse_with(directory.path(), &text, &|name| {
        let value = match name {
            "ADDRESS" => "db.internal:1433",
            "EIGHT" => "8",
            "IDLE" => "3 min",
            "PROCEDURE" => "b",
            "NO" => "false",
            _ => return None,
        };
        Some(value.to_owned())
    })
    .unwrap();
    let school = sql(&config).backends.first().unwrap();
    assert_eq!(school.address, Endpoint::At("db.internal:1433".to_owned()));
    assert_eq!(
        (school.database.as_str(), school.user.as_str()),
        ("School", "mayfly")
    );
    assert_eq!(school.password.expose(), "two\nlines");
    assert_eq!((school.max_connections, school.min_connections), (8, 2));
    assert_eq!(school.max_idle, std::time::Duration::from_secs(180));
    assert_eq!(school.session_procedures, ["a", "b"]);
    let module = config.modules.first().unwrap();
    assert_eq!((module.max_batch, module.memory_bytes), (8, 1 << 20));
    assert!(!config.server.watch);
    let region = config
        .sections
        .get::<dynamodb::Section>()
        .unwrap()
        .region
        .clone();
    assert_eq!(region.as_deref(), Some("eu-west-1"));
    let watched: Vec<_> = config.watched_files().collect();
    let in_directory = |name: &str| directory.path().join(name);
    assert_eq!(
        watched,
        [in_directory("database"), in_directory("password")]
    );
}

#[test]
fn each_mistake_with_what_stands_outside_is_named_with_its_line() {
    let directory = tempfile::TempDir::new().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    std::fs::write(path("binary"), [0xff, 0xfe]).unwrap();
    std::fs::write(path("large"), vec![b'x'; (64 << 10) + 1]).unwrap();
    let reads = |what: &str| format!("`sqlserver.school.database` reads {what}");
    let table = [
        ("{ env = \"UNSET\" }", reads("the environment variable UNSET, which is not set; set it")),
        ("{ file = \"none\" }", reads(&format!("{}, which does not exist; create it", path("none")))),
        ("{ file = \".\" }", reads(&format!("{}, which cannot be read: it is a directory", path(".")))),
        ("{ file = \"binary\" }", reads(&format!("{}, which is not UTF-8 text", path("binary")))),
        (
            "{ file = \"large\" }",
            reads(&format!("{}, which is larger than 64 KiB; name a file that holds the value alone", path("large"))),
        ),
        (
            "{ env = \"UNSET\", file = \"none\" }",
            "`sqlserver.school.database` has both `env` and `file`; keep one".to_owned(),
        ),
        (
            "{ env = 3 }",
            "`sqlserver.school.database` reads the environment variable 3, which is not set; set it".to_owned(),
        ),
        ("{ env = [] }", "`sqlserver.school.database.env` is an array; write a string".to_owned()),
        ("{ environment = \"UNSET\" }", "`sqlserver.school.database` is a table; write a string".to_owned()),
        (
            "{ env = \"SET\", defualt = \"x\" }",
            "unknown key `sqlserver.school.database.defualt`; did you mean `default`?".to_owned(),
        ),
        (
            "\"${SCHOOL}\"",
            "`sqlserver.school.database`: \"${SCHOOL}\" is not replaced; write { env = \"SCHOOL\" }".to_owned(),
        ),
        (
            "\"in-${SCHOOL_2}-x\"",
            "`sqlserver.school.database`: \"${SCHOOL_2}\" is not replaced; write { env = \"SCHOOL_2\" }".to_owned(),
        ),
    ];
    for (value, expected) in table {
        let text = GOOD.replace("database = \"School\"", &format!("database = {value}"));
        let set = |name: &str| (name == "SET").then(|| "x".to_owned());
        let problems = parse_with(directory.path(), &text, &set).unwrap_err().0;
        let found = problems
            .iter()
            .any(|problem| problem.message == expected && problem.line == 16);
        assert!(found, "\nexpected {expected}\nfound    {problems:?}");
    }
    for fine in ["\"$School\"", "\"${}\"", "\"${a b}\"", "\"{SCHOOL}\""] {
        let text = GOOD.replace("database = \"School\"", &format!("database = {fine}"));
        assert!(parse(&text).is_ok(), "{fine}");
    }
}

#[test]
fn a_secret_has_no_default_in_the_file() {
    let text = GOOD.replace(
        "database = \"School\"",
        "database = \"School\"\npassword = { env = \"SET\", default = \"hunter3\" }",
    );
    let problems = parse(&text).unwrap_err().to_string();
    assert!(
        problems.starts_with(
            "app/mayfly.toml:17: `sqlserver.school.password` is a secret and must not be in the file itself"
        ),
        "{problems}"
    );
}

#[test]
fn building_needs_nothing_that_stands_outside() {
    let directory = tempfile::TempDir::new().unwrap();
    let outside = "address = { env = \"NO_SUCH_VARIABLE\" }\ndatabase = { file = \"none\" }\n\
                   user = { env = \"NO_SUCH_VARIABLE\" }\npassword = { env = \"NO_SUCH_VARIABLE\" }";
    let with = |text: &str| std::fs::write(directory.path().join(FILE), text).unwrap();
    let text = GOOD.replace("address = \"embedded\"\ndatabase = \"School\"", outside);
    let text = text.replace(
        "[dynamodb]\n",
        "[server]\nadmin_token = { env = \"NO_SUCH_VARIABLE\" }\n\
         [callers]\nsecret = { file = \"none\" }\nissuer = \"i\"\naudience = { env = \"NO_SUCH_VARIABLE\" }\n[dynamodb]\n",
    );
    with(&text);
    let config = Config::load_for_build(directory.path(), &readers(ALL)).unwrap();
    assert_eq!(config.modules.first().unwrap().name, "students");
    assert_eq!(
        Config::load(directory.path(), &readers(ALL))
            .unwrap_err()
            .0
            .len(),
        7
    );

    with(&text.replace("user = {", "usr = {"));
    let problems = Config::load_for_build(directory.path(), &readers(ALL))
        .unwrap_err()
        .0;
    let [problem] = problems.as_slice() else {
        panic!("{problems:?}");
    };
    let expected = "unknown key `sqlserver.school.usr`; did you mean `user`?";
    assert_eq!(problem.message, expected, "a mistake is one all the same");
}

#[test]
fn how_much_clients_are_told_is_one_of_two_words() {
    let with = |word: &str| parse(&format!("{GOOD}[server]\nerror_detail = {word}\n"));
    assert_eq!(parse(GOOD).unwrap().server.error_detail, ErrorDetail::Code);
    assert_eq!(
        with("\"full\"").unwrap().server.error_detail,
        ErrorDetail::Full
    );
    let problems = with("\"all\"").unwrap_err().to_string();
    assert_eq!(
        problems,
        "app/mayfly.toml:24: `server.error_detail` must be \"code\" or \"full\""
    );
}

#[test]
fn each_mistake_about_clients_is_named_with_a_remedy() {
    let parse_server = |line: &str| parse(&format!("{GOOD}\n[server]\n{line}\n"));
    let server = parse_server("hosts = [\"API.example.org\", \"[::1]:8080\"]\nhead_timeout = \"5 s\"\ndrain_delay = \"0 s\"")
        .unwrap()
        .server;
    assert_eq!(server.clients.head_timeout.as_secs(), 5);
    assert_eq!(server.drain_delay, Some(std::time::Duration::ZERO));
    assert_eq!(
        server.hosts,
        ["api.example.org", "[::1]:8080"].map(|name| HostName::parse(name).unwrap())
    );
    let table = [
        (
            "head_timeout = \"1 ms\"",
            "`server.head_timeout` must be from 10ms to 3600s",
        ),
        (
            "body_timeout = 5",
            "`server.body_timeout` must be a duration such as \"2 s\" or \"250 ms\"",
        ),
        (
            "write_timeout = \"2 h\"",
            "`server.write_timeout` must be from 10ms to 3600s",
        ),
        (
            "idle_timeout = \"0 s\"",
            "`server.idle_timeout` must be from 10ms to 3600s",
        ),
        (
            "min_rate = \"0 B\"",
            "`server.min_rate` must be from 1 B to 1 GiB",
        ),
        (
            "max_streams = 0",
            "`server.max_streams` must be a whole number from 1 to 1000",
        ),
        (
            "answer_memory = \"1 KiB\"",
            "`server.answer_memory` must be from 1 MiB to 1024 GiB",
        ),
        (
            "drain_delay = \"2 h\"",
            "`server.drain_delay` must be from 0ns to 3600s",
        ),
        (
            "hosts = \"a.org\"",
            "`server.hosts` is a string; write a list of strings",
        ),
        (
            "hosts = [\"http://a.org\"]",
            "`server.hosts` has the invalid name \"http://a.org\"; write a host name such as \"api.example.org\" or \"localhost:8080\"",
        ),
    ];
    for (line, expected) in table {
        let problems = parse_server(line).unwrap_err().to_string();
        assert!(
            problems.lines().any(|found| found.ends_with(expected)),
            "\nexpected {expected}\nfound    {problems}"
        );
    }
}

#[test]
fn each_limit_of_documents_is_held_to_its_range() {
    let parse_limits = |line: &str| parse(&format!("{GOOD}\n[limits]\n{line}\n"));
    assert_eq!(
        parse_limits("plan = \"3 MiB\"").unwrap().limits.plan_bytes,
        3 << 20
    );
    let table = [
        (
            "plan = \"1 KiB\"",
            "`limits.plan` must be from 64 KiB to 1 GiB",
        ),
        (
            "plan = 5",
            "`limits.plan` must be a size such as \"16 MiB\"",
        ),
        (
            "response = \"2 GiB\"",
            "`limits.response` must be from 1 KiB to 1 GiB",
        ),
        (
            "nesting = 201",
            "`limits.nesting` must be a whole number from 1 to 200",
        ),
        (
            "tokens = 0",
            "`limits.tokens` must be a whole number from 1 to 1000000",
        ),
        (
            "list_sise = 5",
            "unknown key `limits.list_sise`; did you mean `list_size`?",
        ),
    ];
    for (line, expected) in table {
        let problems = parse_limits(line).unwrap_err().to_string();
        assert!(
            problems.lines().any(|found| found.ends_with(expected)),
            "\nexpected {expected}\nfound    {problems}"
        );
    }
}

#[test]
fn origins_documents_and_certificates_are_read_and_their_mistakes_named() {
    let text = "[cors]\norigins = [\"https://app.example.org\", \"http://localhost:3000\"]\n\n\
                [documents]\nmanifest = \"documents.json\"\ntrusted_only = false\nmax_batch = 10\n\n\
                [server.tls]\ncertificate = \"tls.crt\"\nkey = \"tls.key\"\n";
    let config = parse(&format!("{GOOD}{text}")).unwrap();
    assert!(!config.cors.unwrap().credentials);
    assert!(!config.documents.enforces());
    assert_eq!(config.documents.max_batch, 10);
    assert!(config.server.tls.is_some() && config.server.admin_tls.is_none());
    let named: Vec<_> = config
        .named_files
        .iter()
        .map(|file| file.display())
        .collect();
    assert_eq!(named.len(), 3, "changes of the files are seen: {named:?}");
    for (wrong, expected) in [
        (
            "[cors]\n",
            "`cors` lists no origin; add origins = [\"https://app.example.org\"]",
        ),
        (
            "[cors]\norigins = [\"*\"]\ncredentials = true\n",
            "`cors.origins` is \"*\" and `cors.credentials` is true, so any page could act as the visitor; list the origins",
        ),
        (
            "[cors]\norigins = [\"*\", \"https://a.example\"]\n",
            "`cors.origins` has \"*\" besides other origins; keep \"*\" or the others",
        ),
        (
            "[cors]\norigins = [\"null\"]\n",
            "`cors.origins`: \"null\" is sent by anybody's sandboxed pages and never allowed; remove it",
        ),
        (
            "[cors]\norigins = [\"https://app.example.org/\"]\n",
            "`cors.origins`: \"https://app.example.org/\" is not an origin; write scheme, name and port as in \"https://app.example.org\" or \"http://localhost:3000\"",
        ),
        (
            "[cors]\norigins = [\"app.example.org\"]\n",
            "\"app.example.org\" is not an origin",
        ),
        (
            "[cors]\norigins = [\"https://app.example.org:443\"]\n",
            "is not an origin",
        ),
        (
            "[cors]\norigins = [\"*\"]\nheaders = [\"a b\"]\n",
            "`cors.headers`: \"a b\" is not the name of a header",
        ),
        (
            "[cors]\norigins = [\"https://a.example\"]\nheaders = [\"*\"]\ncredentials = true\n",
            "`cors.headers`: \"*\" is not supported here; list the headers",
        ),
        (
            "[cors]\norigins = [\"https://a.example\"]\nheaders = [\"authorization\", \"*\"]\n",
            "`cors.headers`: \"*\" is not supported here; list the headers",
        ),
        (
            "[documents]\ntrusted_only = true\n",
            "`documents.trusted_only` has no effect without `manifest`; add manifest = \"persisted-documents.json\"",
        ),
        (
            "[documents]\nmax_batch = 0\n",
            "`documents.max_batch` must be a whole number from 1 to 100",
        ),
        (
            "[server.tls]\nkey = \"tls.key\"\n",
            "`server.tls` lacks `certificate`; add certificate = \"/etc/mayfly/tls.crt\"",
        ),
    ] {
        let problems = parse(&format!("{GOOD}{wrong}")).unwrap_err().to_string();
        assert!(problems.contains(expected), "\n{expected}\n{problems}");
    }
}
