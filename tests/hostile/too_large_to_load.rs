//! Components with more than a component may have, which are refused when they are loaded: no request ever meets them.

use std::process::Output;

use mayfly_tests::{TestApp, mayfly};

const HANDLER: &str = r#"(func (export "mayfly:resolver/handler@0.1.0#resolve") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (unreachable))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (@custom "mayfly:fields" "Query.student\n")"#;

/// Builds a module of the sample app from text, and checks the app.
fn check(text: &str) -> (TestApp, Output) {
    let app = TestApp::students()
        .configured("source = \"modules/students\"", "source = \"bomb.wat\"")
        .configured("build/students.wasm", "bomb.wasm")
        .with_file("bomb.wat", text.as_bytes());
    let built = mayfly().arg("build").arg(app.path()).output().unwrap();
    assert_eq!(built.status.code(), Some(0), "{built:?}");
    let output = mayfly().arg("check").arg(app.path()).output().unwrap();
    (app, output)
}

/// What is said about a core module with more in it.
fn refused(more: &str) -> String {
    let (_app, output) = check(&format!("(module (memory (export \"memory\") 1)\n{more}\n{HANDLER})"));
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("module `students`: "), "{said}");
    said
}

#[test]
fn many_memories() {
    let said = refused(&"(memory 1)".repeat(10));
    assert!(said.contains("memories"), "{said}");
}

#[test]
fn many_tables() {
    let said = refused(&"(table 1 funcref)".repeat(100));
    assert!(said.contains("tables"), "{said}");
}

#[test]
fn a_table_with_many_elements() {
    let said = refused("(table 100000000 funcref)");
    assert!(said.contains("table"), "{said}");
}

#[test]
fn a_memory_over_every_cap() {
    let said = refused("(memory 60000)");
    assert!(said.contains("memory"), "{said}");
}

#[test]
fn many_data_segments_are_loaded_or_refused_and_end_in_time() {
    let segments = (0..50_000).map(|at| format!("(data (i32.const {at}) \"x\")")).collect::<String>();
    let (_app, output) = check(&format!("(module (memory (export \"memory\") 1)\n{segments}\n{HANDLER})"));
    assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
}
