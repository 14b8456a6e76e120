//! What a person types, and what it ends with.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Output;
use std::sync::mpsc::{Receiver, channel};

use mayfly_tests::{TestApp, mayfly, repository};
use serde_json::json;

use crate::callers;

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn check_says_what_an_app_is_made_of() {
    let app = TestApp::students();
    let output = mayfly().arg("check").arg(app.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = text(output.stdout);
    assert!(
        said.contains("module students: ")
            && said.contains("handles Query.student, Query.students"),
        "{said}"
    );
    assert!(
        said.contains("memory 16 MiB") && said.contains("deadline 2s"),
        "{said}"
    );
    assert!(said.ends_with("is fine\n"), "{said}");
}

#[test]
fn check_connect_lets_the_server_describe_each_statement() {
    let app = TestApp::students();
    let output = mayfly()
        .args(["check", "--connect"])
        .arg(app.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(output.stdout).contains("every statement matches its declaration"));

    let app = TestApp::students()
        .configured(
            "FROM Assessments\nWHERE student_id",
            "FROM Assesments\nWHERE student_id",
        )
        .configured(
            "score = \"decimal(5,2)\", taken_at = \"datetime2\" }\nmax_rows = 1\n",
            "score = \"int\" }\nmax_rows = 1\n",
        );
    let output = mayfly()
        .args(["check", "--connect"])
        .arg(app.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = text(output.stderr);
    let line = |name: &str| {
        let configuration = std::fs::read_to_string(app.path().join("mayfly.toml")).unwrap();
        configuration
            .lines()
            .position(|line| line == format!("[statements.{name}]"))
            .unwrap()
            + 1
    };
    let table = format!(
        "mayfly.toml:{}: statements.assessments_by_student: the server cannot describe it: ",
        line("assessments_by_student")
    );
    let column = format!(
        "mayfly.toml:{}: statements.assessment_by_key: result column `score` is declared int, and the server answers decimal(5,2); \
         declare it as the server answers it, or cast it in the statement",
        line("assessment_by_key")
    );
    assert!(
        said.contains(&table) && said.contains("Assesments") && said.contains(&column),
        "{said}"
    );
}

#[test]
fn check_connect_compares_grants_with_the_tables_there_are() {
    let check = |grants: &str| {
        let grants = format!("[modules.other-keys.grants.dynamodb]\n{grants}\n[modules.leaks]\n");
        let app = TestApp::hostile()
            .configured("[modules.leaks]\n", &grants)
            .with_configuration(&callers::section("secret = { env = \"TOKEN_SECRET\" }"));
        mayfly()
            .args(["check", "--connect"])
            .arg(app.path())
            .env("TOKEN_SECRET", callers::SECRET)
            .output()
            .unwrap()
    };
    let bound = |key: &str, index: &str, index_key: &str| {
        let claim = "{claims.sub}";
        format!(
            "Drawers = {{ actions = [\"query\"], key = \"{key} = {claim}\", index_keys.{index} = \"{index_key} = {claim}\" }}\n"
        )
    };
    let output = check(&bound("PK", "ByOwner", "owner"));
    assert_eq!(output.status.code(), Some(0), "{output:?}");

    for (grants, place, problem) in [
        (
            "Drawer = [\"get\"]\n".to_owned(),
            "Drawer`",
            ": there is no such table; create it, or grant one that exists",
        ),
        (
            bound("owner", "ByOwner", "owner"),
            "Drawers.key`",
            " binds `owner`, and the partition key is `PK`",
        ),
        (
            bound("PK", "ByOwner", "PK"),
            "Drawers.index_keys.ByOwner`",
            " binds `PK`, and the partition key is `owner`",
        ),
        (
            bound("PK", "ByName", "name"),
            "Drawers.index_keys.ByName`",
            ": the table has no such index",
        ),
    ] {
        let output = check(&grants);
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let said = text(output.stderr);
        let problem = format!("`modules.other-keys.grants.dynamodb.{place}{problem}");
        assert!(said.contains(&problem), "{problem}: {said}");
    }
}

/// A DynamoDB that has whatever it is asked for, and keeps whose requests came.
fn endpoint() -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, (sender, seen)) = (listener.local_addr().unwrap(), channel());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(&stream);
            let head: Vec<String> = reader
                .by_ref()
                .lines()
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .collect();
            let header = |name: &str| {
                head.iter()
                    .find(|line| line.to_ascii_lowercase().starts_with(name))
                    .cloned()
                    .unwrap_or_default()
            };
            let bytes = header("content-length:")
                .rsplit(' ')
                .next()
                .and_then(|bytes| bytes.parse().ok())
                .unwrap_or(0);
            let read = reader.read_exact(&mut vec![0; bytes]);
            let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            let answered = (&stream).write_all(answer.as_bytes());
            if read.is_err() || answered.is_err() || sender.send(header("authorization:")).is_err()
            {
                return;
            }
        }
    });
    (address, seen)
}

#[test]
fn dynamodb_is_asked_with_the_credentials_that_the_sdk_finds_first() {
    let (address, seen) = endpoint();
    let app = TestApp::students()
        .configured(
            "[dynamodb]\nendpoint = \"embedded\"",
            &format!("[dynamodb]\nendpoint = \"http://{address}\""),
        )
        .with_file(
            "credentials",
            b"[default]\naws_access_key_id = OFTHEFILE\naws_secret_access_key = x\n",
        );
    let check = |environment: &[(&str, &str)]| {
        let mut command = mayfly();
        command
            .args(["check", "--connect"])
            .arg(app.path())
            .env("AWS_EC2_METADATA_DISABLED", "true");
        for name in [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_PROFILE",
        ] {
            command.env_remove(name);
        }
        command
            .env(
                "AWS_SHARED_CREDENTIALS_FILE",
                app.path().join("credentials"),
            )
            .envs(environment.iter().copied());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        seen.try_iter().collect::<Vec<_>>()
    };
    let is_of = |requests: &[String], id: &str| {
        let signed = format!("Credential={id}/");
        assert!(
            !requests.is_empty() && requests.iter().all(|request| request.contains(&signed)),
            "{requests:?}"
        );
    };
    is_of(&check(&[]), "OFTHEFILE");
    is_of(
        &check(&[
            ("AWS_ACCESS_KEY_ID", "OFTHEENVIRONMENT"),
            ("AWS_SECRET_ACCESS_KEY", "x"),
        ]),
        "OFTHEENVIRONMENT",
    );
}

/// The sample app at an endpoint that is not embedded, in a home without anything of AWS.
fn without_aws(section: &str, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    let app = TestApp::students().configured(
        "[dynamodb]\nendpoint = \"embedded\"\nregion = \"us-east-1\"",
        section,
    );
    let mut command = mayfly();
    command.args(arguments).arg(app.path());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    command
        .env("HOME", app.path())
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

const NO_CREDENTIALS: &str = "no AWS credentials found; set a role, a profile or keys";
const NO_REGION: &str = "no AWS region found; set `dynamodb.region` or AWS_REGION";
const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "id"),
    ("AWS_SECRET_ACCESS_KEY", "key"),
];

#[test]
fn check_tells_that_there_are_no_credentials_and_no_region_and_asks_nobody() {
    // Whoever asks for the instance's metadata asks here, and is seen.
    let (address, seen) = endpoint();
    let metadata = format!("http://{address}");
    let asked = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.as_str())];
    let output = without_aws("[dynamodb]", &asked, &["check"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = text(output.stdout);
    for missing in [NO_CREDENTIALS, NO_REGION] {
        let line = format!(
            "warning: dynamodb: {missing} (the instance metadata service, which is asked last, was not asked)"
        );
        assert!(said.contains(&line), "{said}");
    }
    // A key without its secret is none.
    let output = without_aws("[dynamodb]", &[asked[0], KEYS[0]], &["check"]);
    assert!(text(output.stdout).contains(NO_CREDENTIALS));
    let with_both = [asked[0], KEYS[0], KEYS[1], ("AWS_REGION", "eu-central-1")];
    let output = without_aws("[dynamodb]", &with_both, &["check"]);
    assert!(!text(output.stdout).contains("warning: dynamodb"));
    assert_eq!(seen.try_iter().count(), 0, "the metadata service was asked");
}

#[test]
fn a_start_without_a_region_is_refused_and_one_without_credentials_says_so() {
    let nobody = [("AWS_EC2_METADATA_DISABLED", "true")];
    let output = without_aws(
        "[dynamodb]",
        &[nobody[0], KEYS[0], KEYS[1]],
        &["check", "--connect"],
    );
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = text(output.stderr);
    assert!(
        said.contains(&format!("mayfly.toml: dynamodb: {NO_REGION}\n")),
        "{said}"
    );

    let (address, seen) = endpoint();
    let section = format!("[dynamodb]\nregion = \"us-east-1\"\nendpoint = \"http://{address}\"");
    let output = without_aws(&section, &nobody, &["check", "--connect"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = text(output.stderr);
    assert!(
        said.contains("mayfly.toml: dynamodb: no AWS credentials found ("),
        "{said}"
    );
    assert_eq!(seen.try_iter().count(), 0, "nothing is sent unsigned");
}

#[test]
fn invoke_shows_the_answer_and_what_it_cost() {
    let app = TestApp::students();
    let output = mayfly()
        .arg("invoke")
        .arg(app.path())
        .args(["Query.student", "--args", r#"{"id": "S1"}"#])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let student: serde_json::Value = serde_json::from_str(&text(output.stdout)).unwrap();
    assert_eq!(student["id"], json!("S1"));
    let cost = text(output.stderr);
    for part in [
        "instantiated in ",
        "ran for ",
        "peak memory",
        "1 host calls",
    ] {
        assert!(cost.contains(part), "{cost}");
    }
}

#[test]
fn invoke_takes_parents_and_tells_errors() {
    let app = TestApp::students();
    let parent = |id: &str| json!({ "id": id, "grade": 3, "readingLevel": "L" }).to_string();
    let output = mayfly()
        .arg("invoke")
        .arg(app.path())
        .args([
            "Student.assessments",
            "--parent",
            &parent("S1"),
            "--parent",
            &parent("S2"),
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(
        text(output.stdout).lines().count(),
        2,
        "one answer per parent"
    );

    let output = mayfly()
        .arg("invoke")
        .arg(app.path())
        .args(["Query.assessments", "--args", r#"{"studentId": "S0"}"#])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5));
    assert!(
        text(output.stderr)
            .contains("student `S0` does not exist (GUEST_ERROR, reason STUDENT_NOT_FOUND)")
    );

    let output = mayfly()
        .arg("invoke")
        .arg(app.path())
        .arg("Query.pupil")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(output.stderr)
            .contains("no module answers `Query.pupil`; the fields are Query.student, ")
    );

    let output = mayfly()
        .arg("invoke")
        .arg(app.path())
        .args(["Query.student", "--args", "{"])
        .output()
        .unwrap();
    assert!(text(output.stderr).contains("--args is not JSON"));
}

#[test]
fn build_leaves_what_has_not_changed() {
    let component = repository().join("guest/apps/students/build/students.wasm");
    mayfly_tests::built();
    let before = std::fs::metadata(&component).unwrap().modified().unwrap();
    let output = mayfly()
        .args(["build", "guest/apps/students"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(output.stdout).contains("handles Query.student, Query.students"));
    assert_eq!(
        std::fs::metadata(&component).unwrap().modified().unwrap(),
        before
    );
}

#[test]
fn help_names_every_command_and_exit_code() {
    let output = mayfly().arg("--help").output().unwrap();
    let help = text(output.stdout);
    for part in [
        "serve",
        "check",
        "build",
        "invoke",
        "Exit codes: 0 done; 1 failed; 2 wrong arguments; 3 the app has problems",
    ] {
        assert!(help.contains(part), "{help}");
    }
    assert!(
        !help.contains("compile "),
        "the compiler's own command is nobody else's: {help}"
    );
    let output = mayfly().arg("serf").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test]
async fn a_host_that_starts_without_credentials_says_so_in_its_log() {
    let app = TestApp::students().configured("endpoint = \"embedded\"\n", "");
    let nothing = app.path().display().to_string();
    let environment = [
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", "/nonexistent"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
        ("HOME", nothing.as_str()),
    ];
    let host = mayfly_tests::TestHost::start_with(app, &environment).await;
    host.logged(&["ERROR", "no AWS credentials found ("]).await;
    let answer = host
        .query(r#"{ assessments(studentId: "S1") { id } }"#)
        .await;
    let code = &answer["errors"][0]["extensions"]["code"];
    assert_eq!(code, &json!("BACKEND_UNAVAILABLE"), "{answer}");
}
