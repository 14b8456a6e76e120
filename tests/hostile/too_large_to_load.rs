//! Components with more than a component may have, which are refused when they are loaded: no request ever meets them.

use std::process::Output;

use mayfly_tests::{TestApp, mayfly, repository};

const HANDLER: &str = r#"(func (export "mayfly:resolver/handler@0.1.0#resolve") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (unreachable))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (@custom "mayfly:fields" "Query.student\nQuery.students\nStudent.enrolment\n")"#;

/// Builds a module of the sample app from text, and checks the app.
fn check(text: &str) -> Output {
    check_with(TestApp::students(), text)
}

fn check_with(app: TestApp, text: &str) -> Output {
    let app = app
        .configured("source = \"modules/students\"", "source = \"bomb.wat\"")
        .configured("build/students.wasm", "bomb.wasm")
        .with_file("bomb.wat", text.as_bytes());
    let built = mayfly().arg("build").arg(app.path()).output().unwrap();
    assert_eq!(built.status.code(), Some(0), "{built:?}");
    mayfly().arg("check").arg(app.path()).output().unwrap()
}

/// What is said about a component that has to be refused.
fn refused(text: &str) -> String {
    let output = check(text);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("module `students`: compile: it asks for more than a component may have"),
        "{said}"
    );
    said
}

/// A core module with more in it.
fn module(more: &str) -> String {
    format!("(module (memory (export \"memory\") 1)\n{more}\n{HANDLER})")
}

#[test]
fn many_memories() {
    let said = refused(&module(&"(memory 1)".repeat(10)));
    assert!(said.contains("memories"), "{said}");
}

#[test]
fn as_many_memories_as_a_component_may_have_may_stand_in_one_module() {
    let output = check(&module(&"(memory 1)".repeat(3)));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn what_uses_a_proposal_that_is_refused() {
    for (more, name) in [
        ("(memory 1 1 shared)", "threads and shared memory (threads)"),
        ("(memory i64 1)", "64-bit memories (memory64)"),
        ("(tag) (func (throw 0))", "exceptions (exception-handling)"),
        (
            "(type (struct (field i32))) (func (drop (struct.new_default 0)))",
            "garbage collection (gc)",
        ),
    ] {
        let output = check(&module(more));
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains(&format!(
                "module `students`: compile: it uses {name}, which is not supported"
            )),
            "{said}"
        );
    }
}

#[test]
fn many_tables() {
    let said = refused(&module(&"(table 1 funcref)".repeat(100)));
    assert!(said.contains("tables"), "{said}");
}

#[test]
fn a_table_with_many_elements() {
    let said = refused(&module("(table 100000000 funcref)"));
    assert!(said.contains("table"), "{said}");
}

#[test]
fn a_memory_over_every_cap() {
    let said = refused(&module("(memory 60000)"));
    assert!(said.contains("memory"), "{said}");
}

#[test]
fn many_core_instances() {
    let text = std::fs::read_to_string(repository().join("guest/hostile/modules/many-tables.wat"))
        .unwrap();
    let more = format!(
        "(core module $empty) {}",
        "(core instance (instantiate $empty))".repeat(100)
    );
    let said = refused(&text.replacen("(component", &format!("(component {more}"), 1));
    assert!(said.contains("core module instances"), "{said}");
}

#[test]
fn many_functions_that_may_be_referred_to() {
    let functions = (0..20_000)
        .map(|number| format!("(func $f{number})"))
        .collect::<String>();
    let names = (0..20_000)
        .map(|number| format!(" $f{number}"))
        .collect::<String>();
    let said = refused(&module(&format!(
        "{functions}(table funcref (elem{names}))"
    )));
    assert!(said.contains("instance"), "{said}");
}

#[test]
fn many_data_segments_are_no_harm() {
    let segments = (0..50_000)
        .map(|at| format!("(data (i32.const {at}) \"x\")"))
        .collect::<String>();
    let output = check(&module(&segments));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

/// Why the compiler gives up a component within these limits; none when it does not.
fn given_up(limits: &str, more: &str) -> Option<String> {
    let output = check_with(
        TestApp::students().with_configuration(&format!("[server]\n{limits}")),
        &module(more),
    );
    if output.status.code() == Some(0) {
        return None;
    }
    let said = String::from_utf8(output.stderr).unwrap();
    let refused = said.split_once("module `students`: compile: ");
    let (_, reason) = refused.unwrap_or_else(|| panic!("{said}"));
    Some(reason.lines().next().unwrap().to_owned())
}

/// A function in which every value lives to its end: what allocating registers takes grows faster than it.
fn tangle(values: usize) -> String {
    let locals = "(local i64)".repeat(values);
    let sets = (0..values)
        .map(|at| format!("(local.set {at} (i64.load (local.get $at)))"))
        .collect::<String>();
    let branches = (0..values)
        .map(|at| format!("(br_if 0 (i64.eqz (local.get {at})))"))
        .collect::<String>();
    let sums = (0..values)
        .map(|at| format!("(local.get {at}) (i64.add)"))
        .collect::<String>();
    let (sets, sums) = (sets.replace("$at", "$address"), sums);
    format!(
        "(func (export \"tangle\") (result i64) {locals} (local $address i32) \
         (block (loop {sets} {branches} (br 0))) (i64.const 0) {sums})"
    )
}

#[test]
fn a_bomb_of_time() {
    // The smallest that takes this machine longer than it may.
    let sizes = (0..8).map(|doubled| 2_500 << doubled);
    let reason = sizes
        .into_iter()
        .find_map(|values| given_up("compile_time = \"1 s\"", &tangle(values)));
    assert_eq!(
        reason.unwrap(),
        "the compiler used up its 1 s of processor time; make the component smaller, or raise `server.compile_time`"
    );
}

#[test]
fn a_bomb_of_memory() {
    let limits = "compile_memory = \"700 MiB\"\ncompile_time = \"1 h\"";
    let reason = given_up(limits, &tangle(40_000));
    assert_eq!(
        reason.unwrap(),
        "the compiler used up its 700 MiB of memory; make the component smaller, or raise `server.compile_memory`"
    );
}
