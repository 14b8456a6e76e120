//! What the program says when a person has to act.

use std::fs;
use std::process::Output;

use mayfly_tests::versions::{component, renamed};
use mayfly_tests::{TOKEN, TestApp, TestHost, mayfly};
use serde_json::{Value, json};

fn run(arguments: &[&str], token: Option<&str>) -> Output {
    let mut command = mayfly();
    command.args(arguments).env_remove("MAYFLY_ADMIN_TOKEN");
    if let Some(token) = token {
        command.env("MAYFLY_ADMIN_TOKEN", token);
    }
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const WITH_TOKEN: &str = "[server]\nadmin_token = { env = \"TEST_ADMIN_TOKEN\" }\n";

async fn swapping() -> TestHost {
    TestHost::start(TestApp::swapping().with_configuration(WITH_TOKEN)).await
}

#[tokio::test]
async fn a_component_that_is_too_large_is_told_so_before_it_is_sent_and_by_the_host() {
    let host = swapping().await;
    let admin = format!("http://{}", host.admin);
    let directory = tempfile::TempDir::new().unwrap();
    let file = directory.path().join("large.wasm");
    fs::File::create(&file).unwrap().set_len(65 << 20).unwrap();
    let file = file.to_str().unwrap();
    let pushed = run(
        &["module", "push", "marked", file, "--admin", &admin],
        Some(TOKEN),
    );
    let expected = format!("error: {file} is 65 MiB; a component may have at most 64 MiB\n");
    assert_eq!((pushed.status.code(), said(&pushed)), (Some(1), expected));

    let answer = host.push("marked", vec![0; 65 << 20]).await;
    assert_eq!(answer.status, 413);
    let message = answer.json()["error"]["message"].clone();
    assert_eq!(
        message,
        "the component is 65 MiB or more; at most 64 MiB are allowed"
    );
}

#[test]
fn a_host_that_says_nothing_is_told_in_time() {
    // The kernel accepts the connection; nobody reads from it.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let admin = format!("http://{}", silent.local_addr().unwrap());
    let expected = format!(
        "error: the host at {admin} did not answer within 300 ms: look at its log, or wait longer with --timeout\n"
    );
    for command in [&["status"][..], &["module", "list"], &["apply", "."]] {
        let arguments = [command, &["--admin", &admin, "--timeout", "300 ms"]].concat();
        let told = run(&arguments, Some(TOKEN));
        assert_eq!(
            (told.status.code(), said(&told)),
            (Some(1), expected.clone())
        );
    }
    let told = run(&["status", "--admin", &admin, "--timeout", "0 s"], None);
    assert_eq!(told.status.code(), Some(2), "{}", said(&told));
    assert!(
        said(&told).contains("a number and a unit (ms, s, min, m, h), such as '10 s'"),
        "{}",
        said(&told)
    );
}

#[tokio::test]
async fn an_address_that_is_no_admin_address_and_a_token_that_is_none_are_told() {
    let host = swapping().await;
    let graphql = format!("http://{}", host.graphql);
    let list = run(&["module", "list", "--admin", &graphql], Some(TOKEN));
    let expected = format!(
        "error: {graphql} is not an admin address (it answered 404 Not Found); choose another address with --admin\n"
    );
    assert_eq!((list.status.code(), said(&list)), (Some(1), expected));

    let admin = format!("http://{}", host.admin);
    let list = run(&["module", "list", "--admin", &admin], None);
    let expected = "error: the host wants the token of `server.admin_token`, or one of `server.admin_tokens`; set MAYFLY_ADMIN_TOKEN\n";
    assert_eq!(
        (list.status.code(), said(&list).as_str()),
        (Some(6), expected)
    );
    let help = String::from_utf8(run(&["module", "list", "--help"], None).stdout).unwrap();
    assert!(help.contains("MAYFLY_ADMIN_TOKEN"), "{help}");
}

#[tokio::test]
async fn rolling_back_forgets_nothing_and_goes_to_any_version_there_was() {
    let host = swapping().await;
    let admin = format!("http://{}", host.admin);
    let mut digests = vec![digest(&host).await];
    for number in 0..2 {
        assert_eq!(
            host.push("marked", renamed(component("marked"), number))
                .await
                .status,
            200
        );
        digests.push(digest(&host).await);
    }
    let [zero, one, two] = digests.as_slice() else {
        panic!("{digests:?}");
    };
    host.rolls_back("marked").await;
    assert_eq!(&digest(&host).await, one);
    assert_eq!(
        host.push("marked", renamed(component("marked"), 3))
            .await
            .status,
        200
    );

    let rollback = |to: &str| {
        run(
            &[
                "module", "rollback", "marked", "--to", to, "--admin", &admin,
            ],
            Some(TOKEN),
        )
    };
    // What was rolled back from before the push is still there.
    let done = rollback(&two[..12]);
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert_eq!(&digest(&host).await, two);
    assert_eq!(rollback(zero).status.code(), Some(0));
    assert_eq!(&digest(&host).await, zero);
    let undone = host.module("marked").await["rolledBack"].clone();
    assert!(
        undone.as_array().is_some_and(|list| list.len() == 3),
        "{undone}"
    );

    let none = rollback("0000");
    let expected = "error: module `marked`: there is no earlier version `0000`; `mayfly module show marked` lists the versions to roll back to\n";
    assert_eq!(
        (none.status.code(), said(&none).as_str()),
        (Some(6), expected)
    );
    let active = rollback(zero);
    assert!(said(&active).contains("is already active"), "{active:?}");

    let host = host.restarted().await;
    assert_eq!(&digest(&host).await, zero);
}

async fn digest(host: &TestHost) -> String {
    host.module("marked").await["active"]["digest"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn the_list_of_modules_shows_a_canary() {
    let host = swapping().await;
    let file = host.app.path().join("tried.wasm");
    std::fs::write(&file, renamed(component("marked"), 7)).unwrap();
    let admin = format!("http://{}", host.admin);
    let file = file.to_str().unwrap();
    let begun = run(
        &[
            "module", "canary", "marked", file, "--share", "5%", "--for", "1 h", "--admin", &admin,
        ],
        Some(TOKEN),
    );
    assert_eq!(begun.status.code(), Some(0), "{begun:?}");
    let list = run(&["module", "list", "--admin", &admin], Some(TOKEN));
    let list = String::from_utf8(list.stdout).unwrap();
    let line = list
        .lines()
        .find(|line| line.starts_with("marked  "))
        .unwrap();
    assert!(
        line.contains(", canary ") && line.ends_with(" on 5%"),
        "{list}"
    );
}

fn invoke(app: &TestApp, arguments: &[&str]) -> Output {
    let path = app.path().to_str().unwrap();
    run(&[&["invoke", path], arguments].concat(), None)
}

#[test]
fn invoke_checks_what_goes_in_and_what_comes_out_as_serve_does() {
    let app = TestApp::students();
    let wrong = invoke(&app, &["Query.student", "--args", "{\"id\": [1]}"]);
    assert_eq!(wrong.status.code(), Some(1), "{wrong:?}");
    assert!(
        said(&wrong).contains("Variable \"$id\" got invalid value"),
        "{wrong:?}"
    );

    let chosen = invoke(
        &app,
        &[
            "Query.student",
            "--args",
            "{\"id\": \"S1\"}",
            "--select",
            "id",
        ],
    );
    let student: Value = serde_json::from_slice(&chosen.stdout).unwrap();
    assert_eq!(student, json!({ "id": "S1" }));

    let none = invoke(&app, &["Student.assessments"]);
    let expected = "error: `Student.assessments` needs a parent: --parent '{\"id\": …, \"grade\": …, \"readingLevel\": …}'\n";
    assert_eq!(
        (none.status.code(), said(&none).as_str()),
        (Some(1), expected)
    );
    let lacking = invoke(
        &app,
        &["Student.assessments", "--parent", "{\"id\": \"S1\"}"],
    );
    assert_eq!(lacking.status.code(), Some(5), "{lacking:?}");
    assert!(
        said(&lacking)
            .contains("cannot return null for non-nullable field Student.grade (INVALID_OUTPUT)"),
        "{lacking:?}"
    );

    let hostile = TestApp::hostile();
    let broken = invoke(
        &hostile,
        &["Query.malformedJson", "--args", "{\"how\": \"TRUNCATED\"}"],
    );
    assert_eq!(broken.status.code(), Some(5), "{broken:?}");
    assert!(said(&broken).contains("(INVALID_OUTPUT)"), "{broken:?}");
}

/// An app with one module of WebAssembly text, built.
fn app_of_text(module: &str) -> tempfile::TempDir {
    let directory = tempfile::TempDir::new().unwrap();
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    write("m.wat", module);
    write(
        "schema.graphql",
        "directive @resolve(module: String!, needs: String) on FIELD_DEFINITION\ntype Query { f: Int @resolve(module: \"m\") }\n",
    );
    write(
        "mayfly.toml",
        "schema = \"schema.graphql\"\n[modules.m]\ncomponent = \"m.wasm\"\nsource = \"m.wat\"\n",
    );
    let built = run(&["build", directory.path().to_str().unwrap()], None);
    assert!(built.status.success(), "{built:?}");
    directory
}

/// A module that traps in `deeper`, which `resolve` calls; each is named so, if at all.
fn trapping(deeper: &str, resolve: &str) -> String {
    format!(
        "(module (memory (export \"memory\") 1)
           (func {deeper} (unreachable))
           (func {resolve} (export \"mayfly:resolver/handler@0.1.0#resolve\")
             (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (call 0) (i32.const 0))
           (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
           (@custom \"mayfly:fields\" \"Query.f\\n\"))"
    )
}

#[test]
fn a_trap_is_told_by_the_functions_names_or_how_to_get_them() {
    let told = |module: &str| {
        let app = app_of_text(module);
        let output = run(&["invoke", app.path().to_str().unwrap(), "Query.f"], None);
        assert_eq!(output.status.code(), Some(5), "{output:?}");
        said(&output)
    };
    let named = told(&trapping("$deeper", "$resolve"));
    assert!(
        named.contains("instruction executed in deeper, called by resolve ("),
        "{named}"
    );
    let nameless = told(&trapping("", ""));
    assert!(
        nameless.contains("instruction executed in function 0 ("),
        "{nameless}"
    );
    assert!(
        nameless.contains("the component has no names: build it without `strip` to see them here"),
        "{nameless}"
    );
}

#[test]
fn too_little_address_space_is_told_with_a_value_that_fits() {
    let app = TestApp::students();
    let check = |limit_kib: u64, app: &TestApp| {
        mayfly_tests::built();
        let mayfly = mayfly();
        let output = std::process::Command::new("sh")
            .current_dir(mayfly_tests::repository())
            .args([
                "-c",
                "ulimit -v \"$0\" && exec \"$@\"",
                &limit_kib.to_string(),
            ])
            .arg(mayfly.get_program())
            .arg("check")
            .arg(app.path())
            .output()
            .unwrap();
        (output.status.code(), said(&output))
    };
    let (code, told) = check(200 << 20, &app);
    assert_eq!(code, Some(3), "{told}");
    assert!(
        told.contains("the pool of instances needs ")
            && told.contains(", and `ulimit -v` allows 200 GiB; raise that to "),
        "{told}"
    );
    let fitting = told
        .split("or set `server.guest_memory` to \"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap_or_else(|| panic!("{told}"));
    let values = format!("[server]\nguest_memory = \"{fitting}\"\n");
    let smaller = TestApp::students().with_configuration(&values);
    assert_eq!(check(200 << 20, &smaller), (Some(0), String::new()));

    let (code, told) = check(12 << 20, &app);
    assert_eq!(code, Some(3), "{told}");
    assert!(
        told.contains("since no `server.guest_memory` is small enough"),
        "{told}"
    );
    let raised = told
        .split("raise that to ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next())
        .and_then(|kib| kib.parse().ok())
        .unwrap_or_else(|| panic!("{told}"));
    assert_eq!(check(raised, &app), (Some(0), String::new()));
}
