//! Apps that cannot be served: each mistake is named with its place and a remedy, and nothing is left running.

use mayfly_tests::{TestApp, mayfly};

/// Serves an app that has to be refused, and gives what was said, with the app's directory shown as APP.
fn refused(app: &TestApp) -> String {
    let output = mayfly()
        .arg("serve")
        .arg(app.path())
        .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .args(["--log-format", "text"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = String::from_utf8(output.stderr)
        .unwrap()
        .replace(&app.path().display().to_string(), "APP");
    let lines = said
        .lines()
        .filter(|line| !line.starts_with("compiling module"));
    lines
        .collect::<Vec<_>>()
        .join("\n")
        .trim_start_matches("error: ")
        .to_owned()
}

const MODULE: &str = "build/students.wasm";

fn with_module(bytes: &[u8]) -> String {
    refused(&TestApp::students().with_file(MODULE, bytes))
}

#[test]
fn a_module_file_that_is_missing() {
    insta::assert_snapshot!(refused(&TestApp::students().without_file(MODULE)), @"APP/build/students.wasm: module `students`: read: APP/build/students.wasm does not exist; run `mayfly build` or correct `component`");
}

#[test]
fn a_module_file_that_is_empty() {
    insta::assert_snapshot!(with_module(b""), @"APP/build/students.wasm: module `students`: validate: the file is empty; run `mayfly build`");
}

#[test]
fn a_module_file_of_garbage() {
    insta::assert_snapshot!(with_module(b"#!/bin/sh\necho hello\n"), @"APP/build/students.wasm: module `students`: validate: the file is not WebAssembly; give the component that `mayfly build` makes");
}

#[test]
fn a_component_cut_short() {
    let app = TestApp::students();
    let whole = std::fs::read(app.path().join(MODULE)).unwrap();
    let said = with_module(&whole[..whole.len() / 2]);
    assert!(
        said.starts_with("APP/build/students.wasm: module `students`: validate: "),
        "{said}"
    );
}

#[test]
fn a_core_module() {
    insta::assert_snapshot!(with_module(b"\0asm\x01\0\0\0"), @"APP/build/students.wasm: module `students`: validate: the file is a core module, not a component; make it one with `mayfly build` or `wasm-tools component new`");
}

#[test]
fn a_component_that_exports_nothing_of_the_world() {
    insta::assert_snapshot!(with_module(b"\0asm\x0d\0\x01\0"), @"APP/build/students.wasm: module `students`: type-check: no exported instance named `mayfly:resolver/handler@0.1.0`; build the component against the world `mayfly:resolver/resolver@0.1.0` of this host");
}

/// A component that imports `name` as an instance without anything in it: binary form of `(component (import "name" (instance)))`.
fn importing(name: &str) -> Vec<u8> {
    let length = u8::try_from(name.len()).unwrap();
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    // A type section with one empty instance type, and an import section that uses it.
    bytes.extend([7, 3, 1, 0x42, 0]);
    bytes.extend([10, length + 5, 1, 0, length]);
    bytes.extend(name.as_bytes());
    bytes.extend([5, 0]);
    bytes
}

#[test]
fn a_component_of_another_world() {
    let said = with_module(&importing("wasi:http/types@0.2.0"));
    assert!(said.contains("module `students`: type-check: "), "{said}");
    assert!(said.contains("mayfly:resolver/handler@0.1.0"), "{said}");
}

#[test]
fn a_component_of_another_wit_version() {
    let app = TestApp::students();
    let component = std::fs::read(app.path().join(MODULE)).unwrap();
    let other = replace_all(
        &component,
        b"mayfly:resolver/handler@0.1.0",
        b"mayfly:resolver/handler@9.9.9",
    );
    let said = with_module(&other);
    assert!(said.contains("module `students`: type-check: "), "{said}");
    assert!(said.contains("mayfly:resolver/resolver@0.1.0"), "{said}");
}

fn replace_all(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let mut found = 0;
    for at in 0..=bytes.len() - from.len() {
        if &bytes[at..at + from.len()] == from {
            bytes[at..at + from.len()].copy_from_slice(to);
            found += 1;
        }
    }
    assert!(
        found > 0,
        "the bytes hold no {:?}",
        String::from_utf8_lossy(from)
    );
    bytes
}

#[test]
fn a_component_that_does_not_handle_a_field_the_schema_gives_it() {
    let app = TestApp::students().edited(
        "schema.graphql",
        "@resolve(module: \"assessments\", needs: \"id grade readingLevel\")",
        "@resolve(module: \"students\", needs: \"id grade readingLevel\")",
    );
    insta::assert_snapshot!(refused(&app), @"APP/build/students.wasm: module `students`: fields: the schema gives it Student.assessments, which the component does not handle (it handles Query.student, Query.students, Student.enrolment); add it to `resolvers!` (Rust), to `resolvers` (JavaScript), with MAYFLY_RESOLVER (C++) or to the section `mayfly:fields` (other languages), or change @resolve");
}

fn with_schema(from: &str, to: &str) -> String {
    refused(&TestApp::students().edited("schema.graphql", from, to))
}

#[test]
fn a_schema_with_an_unknown_type() {
    let said = with_schema("name: String!", "name: Strin!");
    insta::assert_snapshot!(said, @r#"APP/schema.graphql:46:9: unknown type "Strin"; did you mean "String"?"#);
}

#[test]
fn a_schema_that_names_an_unknown_module() {
    let said = with_schema(
        "student(\"The student's id.\" id: ID!): Student @resolve(module: \"students\")",
        "student(id: ID!): Student @resolve(module: \"pupils\")",
    );
    insta::assert_snapshot!(said, @"APP/schema.graphql:16:3: `Query.student` names the module `pupils`, which is not declared; add [modules.pupils] to mayfly.toml");
}

#[test]
fn a_root_field_without_a_module() {
    let said = with_schema(
        "student(\"The student's id.\" id: ID!): Student @resolve(module: \"students\")",
        "student(id: ID!): Student",
    );
    assert!(
        said.contains("APP/schema.graphql:16:3: \"Query.student\" has no @resolve"),
        "{said}"
    );
}

#[test]
fn a_schema_that_is_missing() {
    let said = refused(&TestApp::students().without_file("schema.graphql"));
    assert!(
        said.starts_with("APP/schema.graphql: cannot be read:"),
        "{said}"
    );
}

#[test]
fn an_unknown_key() {
    let app = TestApp::students().configured("max_batch = 100", "max_bach = 100");
    let said = refused(&app);
    assert!(
        said.contains(
            "APP/mayfly.toml:9: unknown key `modules.students.max_bach`; did you mean `max_batch`?"
        ),
        "{said}"
    );
}

#[test]
fn a_statement_with_a_parameter_that_is_not_declared() {
    let app = TestApp::students().configured(
        "WHERE idempotency_key = @key",
        "WHERE idempotency_key = @kee",
    );
    let said = refused(&app);
    assert!(
        said.contains("assessment_by_key") && said.contains("@kee"),
        "{said}"
    );
}

#[test]
fn a_directory_without_an_app() {
    let directory = tempfile::TempDir::new().unwrap();
    let output = mayfly()
        .arg("check")
        .arg(directory.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("an app is a directory with a mayfly.toml"),
        "{said}"
    );
}

#[test]
fn every_problem_is_told_at_once() {
    let app = TestApp::students()
        .edited(
            "schema.graphql",
            "student(\"The student's id.\" id: ID!): Student @resolve(module: \"students\")",
            "student(id: ID!): Student @resolve(module: \"pupils\")",
        )
        .with_file(MODULE, b"garbage");
    let said = refused(&app);
    assert!(
        said.contains("`pupils`") && said.contains("not WebAssembly"),
        "{said}"
    );
}

#[test]
fn a_port_in_use() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let app = TestApp::students();
    for (flag, other) in [
        ("--listen", "--admin-listen"),
        ("--admin-listen", "--listen"),
    ] {
        let output = mayfly()
            .arg("serve")
            .arg(app.path())
            .args([flag, &address, other, "127.0.0.1:0"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(4));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains(&format!(
                "cannot listen on {address}; choose another address with {flag}"
            )),
            "{said}"
        );
    }
}

#[test]
fn key_files_that_can_check_no_token() {
    let said = |setting: &str, contents: Option<&str>| {
        let callers =
            format!("[callers]\n{setting} = \"issuer\"\nissuer = \"i\"\naudience = \"a\"");
        let app = TestApp::students().with_configuration(&callers);
        refused(&match contents {
            Some(contents) => app.with_file("issuer", contents.as_bytes()),
            None => app,
        })
    };
    let missing = said("public_key", None);
    assert!(
        missing.starts_with("APP/issuer: cannot be read: ")
            && missing.ends_with("; correct `callers.public_key`"),
        "{missing}"
    );
    let garbage = said("public_key", Some("ssh-rsa AAAA"));
    insta::assert_snapshot!(garbage, @"APP/issuer: contains no RSA (2,048 to 8,192 bits) or P-256 public key in PEM; use the one the issuer publishes");
    let private = said(
        "public_key",
        Some("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
    );
    insta::assert_snapshot!(private, @"APP/issuer: contains a private key; use the public one, and keep this one with the issuer");
    let none = said(
        "key_set",
        Some(r#"{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}"#),
    );
    insta::assert_snapshot!(none, @"APP/issuer: has no RS256 or ES256 signature key: number 1 is of kind \"oct\", not RSA or EC; use the set the issuer publishes");
    let text = said("key_set", Some("keys"));
    insta::assert_snapshot!(text, @"APP/issuer: is not a JSON Web Key Set: invalid JSON at line 1, column 1; write {\"keys\": [..]}");
}
