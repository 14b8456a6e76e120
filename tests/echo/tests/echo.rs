//! A capability that the product does not know, from its section of the configuration to the answer of a guest that calls it.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use mayfly_tests::{TOKEN, TestApp, TestHost, built, repository};
use serde_json::json;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const SCHEMA: &str = r#"
directive @resolve(module: String!, needs: String) on FIELD_DEFINITION
type Query { said: String @resolve(module: "granted") unsaid: String @resolve(module: "denied") }
"#;

const CONFIGURATION: &str = r#"
schema = "schema.graphql"
[server]
admin_token = { env = "TEST_ADMIN_TOKEN" }
[echo]
greeting = "hello"
[modules.granted]
component = "granted.wasm"
grants.echo = true
[modules.denied]
component = "denied.wasm"
"#;

/// A guest that says `world` and answers with what came back, or with the error.
fn guest(field: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
  (import "mayfly-tests:echo/echo@0.1.0" "say" (func $say (param i32 i32 i32)))
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 4096))
  (data (i32.const 512) "world")
  (data (i32.const 520) "denied")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "mayfly:resolver/handler@0.1.0#resolve")
    (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (call $say (i32.const 512) (i32.const 5) (i32.const 96))
    ;; A list of one result: a text, or an error of code, message and whether to try again.
    (i32.store (i32.const 64) (i32.const 128))
    (i32.store (i32.const 68) (i32.const 1))
    (i32.store8 (i32.const 128) (i32.load8_u (i32.const 96)))
    (if (i32.load8_u (i32.const 96))
      (then
        (i32.store (i32.const 132) (i32.const 520))
        (i32.store (i32.const 136) (i32.const 6))
        (i32.store (i32.const 140) (i32.load (i32.const 100)))
        (i32.store (i32.const 144) (i32.load (i32.const 104))))
      (else
        (i32.store (i32.const 132) (i32.load (i32.const 100)))
        (i32.store (i32.const 136) (i32.load (i32.const 104)))))
    (i32.const 64))
  (@custom "mayfly:fields" "Query.{field}\n"))"#
    );
    let mut core = wat::parse_str(text).unwrap();
    let mut resolve = Resolve::default();
    resolve.push_path(repository().join("wit")).unwrap();
    let (package, _) = resolve
        .push_path(repository().join("tests/echo/echo.wit"))
        .unwrap();
    let world = resolve.select_world(&[package], Some("guest")).unwrap();
    embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8).unwrap();
    let encoder = ComponentEncoder::default().module(&core).unwrap();
    encoder.validate(true).encode().unwrap()
}

fn app() -> TestApp {
    TestApp::empty()
        .with_file("schema.graphql", SCHEMA.as_bytes())
        .with_file("mayfly.toml", CONFIGURATION.as_bytes())
        .with_file("granted.wasm", &guest("said"))
        .with_file("denied.wasm", &guest("unsaid"))
}

fn program() -> Command {
    Command::new(built().join("mayfly-echo"))
}

fn check(app: &Path) -> Output {
    let mut check = program();
    check.arg("check").arg(app).env("TEST_ADMIN_TOKEN", TOKEN);
    check.output().unwrap()
}

#[tokio::test]
async fn a_capability_of_the_tests_is_served_like_any_other() {
    let host = TestHost::start_program(app(), program()).await;
    assert_eq!(
        host.query("{ said }").await,
        json!({ "data": { "said": "hello, world" } })
    );
    let denied = host.query("{ unsaid }").await;
    assert_eq!(
        denied["errors"][0]["message"], "echo is not granted",
        "{denied}"
    );
    let ready = host.admin("/readyz").await;
    assert!(ready.text.contains("echo"), "{}", ready.text);
    assert_eq!(host.metric("mayfly_pool_size{backend=\"echo\"}").await, 1.0);

    let changed = CONFIGURATION.replace("hello", "good day");
    fs::write(host.app.path().join("mayfly.toml"), changed).unwrap();
    let applied = host
        .ask_admin("mutation { apply { __typename } }", json!({}))
        .await;
    assert_eq!(applied["apply"]["__typename"], json!("Applied"));
    assert_eq!(
        host.query("{ said }").await,
        json!({ "data": { "said": "good day, world" } })
    );
}

#[tokio::test]
async fn its_calls_count_against_the_budget() {
    let app = app().configured(
        "grants.echo = true",
        "grants.echo = true\nlimits.host_calls = 0",
    );
    let host = TestHost::start_program(app, program()).await;
    let answer = host.query("{ said }").await;
    assert_eq!(
        answer["errors"][0]["message"], "limit of 0 host calls reached",
        "{answer}"
    );
}

#[test]
fn its_configuration_is_checked_and_its_memory_planned() {
    let good = app();
    let output = check(good.path());
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(
        said.contains("1 MiB  what is said back  (echo.room)"),
        "{said}"
    );

    let bad = app().configured("greeting", "greting");
    let output = check(bad.path());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(
        said.contains("unknown key `echo.greting`; did you mean `greeting`?"),
        "{said}"
    );
}
