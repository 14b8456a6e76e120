//! `[http.NAME]` and grants on routes: what is read, and the message of every mistake.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use mayfly_capabilities::ALL;
use mayfly_capabilities::http::configuration::{Base, RouteGrants, Section, Service};
use mayfly_config::{Config, Problems};
use mayfly_runtime::capability::readers;

const GOOD: &str = r#"
schema = "schema.graphql"

[modules.students]
component = "build/students.wasm"
[modules.students.grants]
http.enrolment = ["GET /students/{id}", "POST /enrolments"]

[http.enrolment]
base = "https://enrolment.internal/v1"
"#;

fn parse(text: &str) -> Result<Config, Problems> {
    let environment = |name: &str| match name {
        "SET" => Some("hunter2".to_owned()),
        "BROKEN" => Some("a\nb".to_owned()),
        _ => None,
    };
    Config::parse(Path::new("app"), text, &readers(ALL), &environment)
}

fn service(text: &str) -> Service {
    let config = parse(text).unwrap();
    let section = config.sections.get::<Section>().unwrap();
    section.service("enrolment").unwrap().clone()
}

#[test]
fn a_good_file_has_its_defaults() {
    let service = service(GOOD);
    assert_eq!(
        service.base,
        Base::parse("https://enrolment.internal/v1").unwrap()
    );
    assert_eq!(service.max_connections, 16);
    assert_eq!(service.connect_timeout, Duration::from_secs(1));
    assert_eq!(service.timeout, Duration::from_secs(5));
    assert_eq!(service.attempt_timeout, Duration::from_secs(1));
    assert_eq!(service.max_attempts, 3);
    assert_eq!(service.max_answer_bytes, 1 << 20);
    assert_eq!(service.max_idle, Duration::from_secs(4));
    assert_eq!(
        (service.circuit.failures, service.circuit.open),
        (10, Duration::from_secs(5))
    );
    assert!(service.forward.traceparent && !service.forward.authorization && !service.http2);
    assert_eq!(
        (service.probe, service.proxy, service.credentials),
        (None, None, None)
    );
    let config = parse(GOOD).unwrap();
    let grants = config.modules[0].grants.get::<RouteGrants>().unwrap();
    let routes: Vec<_> = grants.0["enrolment"]
        .routes
        .iter()
        .map(|route| route.path.as_str())
        .collect();
    assert_eq!(routes, ["/students/{id}", "/enrolments"]);
}

#[test]
fn everything_that_can_be_said_is_read() {
    let text = format!(
        "{GOOD}
bearer = {{ env = \"SET\" }}
max_connections = 4
connect_timeout = \"2 s\"
timeout = \"3 s\"
attempt_timeout = \"500 ms\"
max_attempts = 1
max_answer = \"2 MiB\"
max_idle = \"30 s\"
circuit_failures = 0
circuit_open = \"1 min\"
ca_file = \"ca.pem\"
client_certificate = \"client.pem\"
client_key = \"client.key\"
http2 = true
forward = [\"Accept-Language\"]
probe = \"/health\"
allow_addresses = [\"169.254.169.254\", \"fe80::1\"]
proxy = \"proxy.internal:3128\"
[server]
guest_headers = [\"accept-language\"]
"
    );
    let service = service(&text);
    let credentials = service.credentials.unwrap();
    assert_eq!(
        (credentials.name.as_str(), credentials.value.expose()),
        ("authorization", "Bearer hunter2")
    );
    assert_eq!(format!("{:?}", credentials.value), "***");
    assert!(
        !service.forward.traceparent,
        "what is said replaces the default"
    );
    assert_eq!(service.forward.headers, ["accept-language"]);
    assert_eq!(
        service.allow_addresses,
        ["169.254.169.254", "fe80::1"].map(|text| text.parse::<IpAddr>().unwrap())
    );
    let named: Vec<_> = parse(&text)
        .unwrap()
        .named_files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    assert_eq!(named, ["app/ca.pem", "app/client.key", "app/client.pem"]);

    let credentials = |line: &str| {
        self::service(&format!("{GOOD}{line}\n"))
            .credentials
            .unwrap()
    };
    let basic = credentials("basic = { user = \"mayfly\", password = { env = \"SET\" } }");
    assert_eq!(basic.value.expose(), "Basic bWF5Zmx5Omh1bnRlcjI=");
    let header = credentials("header = { name = \"X-API-Key\", value = { env = \"SET\" } }");
    assert_eq!(
        (header.name.as_str(), header.value.expose()),
        ("x-api-key", "hunter2")
    );
}

#[test]
fn each_mistake_in_a_service_is_named() {
    let table = [
        (
            "bearer = \"hunter2\"",
            "`http.enrolment.bearer` is a secret and must not be in the file itself; write bearer = { env = \"NAME\" } or { file = \"/run/secrets/NAME\" }",
        ),
        (
            "bearer = { env = \"BROKEN\" }",
            "`http.enrolment`: the credentials hold a character that no header may have, such as a line break; remove it",
        ),
        (
            "bearer = { env = \"SET\" }\nheader = { name = \"x-a\", value = { env = \"SET\" } }",
            "`http.enrolment` has several of `bearer`, `basic` and `header`; keep one",
        ),
        (
            "basic = { user = \"a\" }",
            "`http.enrolment.basic` lacks `password`; add password = { env = \"NAME\" } or { file = \"/run/secrets/NAME\" }",
        ),
        (
            "basic = { user = \"a:b\", password = { env = \"SET\" } }",
            "`http.enrolment.basic.user` must not contain a colon",
        ),
        (
            "header = { name = \"a b\", value = { env = \"SET\" } }",
            "`http.enrolment.header.name` is not a name of a header",
        ),
        (
            "header = { name = \"x-a\" }",
            "`http.enrolment.header` lacks `value`; add value = { env = \"NAME\" } or { file = \"/run/secrets/NAME\" }",
        ),
        (
            "max_connections = 0",
            "`http.enrolment.max_connections` must be a whole number from 1 to 1000",
        ),
        (
            "max_answer = \"1 GiB\"",
            "`http.enrolment.max_answer` must be from 1 KiB to 64 MiB",
        ),
        (
            "max_attempts = 11",
            "`http.enrolment.max_attempts` must be a whole number from 1 to 10",
        ),
        (
            "timeout = \"0 s\"",
            "`http.enrolment.timeout` must be from 10ms to 300s",
        ),
        (
            "client_key = \"a.key\"",
            "`http.enrolment` needs both `client_certificate` and `client_key`, or neither",
        ),
        (
            "forward = [\"host\"]",
            "`http.enrolment.forward` names `host`, which is not a header that can be passed on; remove it",
        ),
        (
            "forward = [\"a b\"]",
            "`http.enrolment.forward` names `a b`, which is not a header that can be passed on; remove it",
        ),
        (
            "forward = [\"x-tenant\"]",
            "`http.enrolment.forward` passes on `x-tenant`, which is not in `server.guest_headers`; add it there",
        ),
        (
            "forward = [\"authorization\"]",
            "`http.enrolment.forward` passes on the caller's token, which nobody verifies; add [callers]",
        ),
        (
            "forward = [\"authorization\"]\nbearer = { env = \"SET\" }",
            "`http.enrolment.forward` passes on `authorization` of the client and has credentials of its own in it; keep one",
        ),
        (
            "probe = \"health\"",
            "`http.enrolment.probe` must be a plain path such as \"/health\"",
        ),
        (
            "probe = \"/../x\"",
            "`http.enrolment.probe` must be a plain path such as \"/health\"",
        ),
        (
            "allow_addresses = [\"metadata\"]",
            "`http.enrolment.allow_addresses` has `metadata`, which is not an IP address; write one such as \"169.254.169.254\"",
        ),
        (
            "proxy = \"http://proxy:80\"",
            "`http.enrolment.proxy` must be \"host:port\", such as \"proxy.internal:3128\"",
        ),
        (
            "max_conections = 1",
            "unknown key `http.enrolment.max_conections`; did you mean `max_connections`?",
        ),
    ];
    for (line, expected) in table {
        let problems = parse(&format!("{GOOD}{line}\n")).unwrap_err().to_string();
        assert!(
            problems.lines().any(|found| found.ends_with(expected)),
            "\nexpected {expected}\nfound    {problems}"
        );
        assert!(!problems.contains("hunter2"), "{problems}");
    }
}

#[test]
fn each_mistake_in_a_base_or_a_grant_is_named() {
    let base = "base = \"https://enrolment.internal/v1\"";
    let grant = "http.enrolment = [\"GET /students/{id}\", \"POST /enrolments\"]";
    let table = [
        (
            base,
            "",
            "`http.enrolment.base` is not a URL; write a URL such as \"https://enrolment.internal/v1\"",
        ),
        (
            base,
            "base = \"https://a:hunter2@enrolment.internal\"",
            "`http.enrolment.base` holds a user or a password; remove it, and use `bearer`, `basic` or `header`",
        ),
        (
            base,
            "base = \"ftp://enrolment.internal\"",
            "`http.enrolment.base` must begin with https:// or http://",
        ),
        (
            base,
            "base = \"http://enrolment.internal\"\nca_file = \"ca.pem\"",
            "`http.enrolment` names certificates, and its base is not https; use https, or remove them",
        ),
        (
            grant,
            "http.enrolment = [\"FETCH /students\"]",
            "`modules.students.grants.http.enrolment`: the route `FETCH /students` has an unknown method; expected one of GET, HEAD, POST, PUT, PATCH, DELETE",
        ),
        (
            grant,
            "http.enrolment = [\"GET students\"]",
            "`modules.students.grants.http.enrolment`: the route `GET students` has a path that does not begin with a slash",
        ),
        (
            grant,
            "http.enrolment = [\"GET /a/{b}\", \"GET /a/{b = claims.sub}\"]",
            "`modules.students.grants.http.enrolment` has `GET /a/{b}` twice; keep one",
        ),
        (
            grant,
            "http.enrolment = [\"GET /a/{b = sub}\"]",
            "`modules.students.grants.http.enrolment`: the route `GET /a/{b = sub}` binds a parameter to something that is not a claim; write {id = claims.sub}",
        ),
        (
            grant,
            "http.enrolment = [\"GET /a/{b = claims.sub}\"]",
            "`modules.students.grants.http` binds a parameter to callers, and every caller is anonymous; add [callers]",
        ),
        (
            grant,
            "http.other = [\"GET /a\"]",
            "`modules.students.grants.http.other` grants routes of a service that is not declared; add [http.other]",
        ),
        (
            grant,
            "http.enrolment = \"GET /a\"",
            "`modules.students.grants.http.enrolment` is a string; write a list of strings",
        ),
    ];
    for (from, to, expected) in table {
        let problems = parse(&GOOD.replace(from, to)).unwrap_err().to_string();
        assert!(
            problems.lines().any(|found| found.ends_with(expected)),
            "\nexpected {expected}\nfound    {problems}"
        );
        assert!(!problems.contains("hunter2"), "{problems}");
    }
}
